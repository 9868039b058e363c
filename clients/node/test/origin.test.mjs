// A consumer of a stream that acts on each write once, in the Region where it was made, with the events of the whole project.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { origin } from "lastwriter";

const EVENTS = path.join(import.meta.dirname, "..", "..", "..", "events");
const eventOf = (name) => JSON.parse(readFileSync(path.join(EVENTS, `${name}.json`), "utf8"));

/** The consumer: what it would act on. */
function handler(event) {
  return event.Records.filter((record) => origin(record).kind === "local").map(({ eventID }) => eventID);
}

test("writes made in this Region are acted on", () => {
  const event = eventOf("local");
  assert.deepEqual(handler(event), event.Records.map(({ eventID }) => eventID));
});

for (const name of ["replicated", "update_update", "hard_delete", "legacy_unstamped"]) {
  test(`what was made elsewhere, or cannot be told, is not acted on: ${name}`, () => {
    assert.deepEqual(handler(eventOf(name)), []);
  });
}

test("an expiry is acted on where time to live removed the item", () => {
  const event = eventOf("ttl_expiry");
  assert.deepEqual(handler(event), event.Records.map(({ eventID }) => eventID));
});

for (const odd of [undefined, null, "record", {}, { dynamodb: null }, { eventName: "MODIFY", dynamodb: {} }]) {
  test(`what is no record has no origin: ${JSON.stringify(odd)}`, () => {
    assert.deepEqual(origin(odd), { kind: "unknown" });
  });
}
