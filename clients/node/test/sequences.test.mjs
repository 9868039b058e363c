// The shared vectors that are several calls in a row: what the client has seen in one shows in the next.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as dynamodb from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { lastwriter, StampError } from "lastwriter";

import { DOCUMENT_COMMANDS, native, notebook, offline, sequences, settings } from "./support.mjs";

const LOST = Symbol("lost");

/** A client and what it takes and gives: DynamoDB JSON, or JavaScript values in one of the forms of a document client. */
const CLIENTS = {
  client: { make: (operation, input) => new dynamodb[`${operation}Command`](input) },
  "document client": { convert: native, answers: (value) => unmarshalled(value, {}), translation: {} },
  "document client that keeps the text of numbers": {
    convert: native,
    answers: (value) => unmarshalled(value, { wrapNumbers: true }),
    translation: { unmarshallOptions: { wrapNumbers: true } },
  },
};

/** The attribute values in an answer, as a document client gives them. */
function unmarshalled(value, options) {
  if (Array.isArray(value)) return value.map((one) => unmarshalled(one, options));
  if (typeof value !== "object" || value === null) return value;
  const [only, ...others] = Object.keys(value);
  if (others.length === 0 && ["S", "N", "SS", "L", "BOOL", "NULL", "B"].includes(only)) {
    return unmarshall({ value }, options).value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, unmarshalled(one, options)]));
}

/** Makes the calls of a vector, and yields each step with what was sent and what came back. */
async function* play(vector, { convert = (value) => value, translation, make }, strict) {
  let now = vector.clock;
  const { client, document, sent, answers } = offline({}, translation);
  client.middlewareStack.use(
    lastwriter({ strict, logger: notebook(), ...settings(vector, now), clock: () => now }),
  );
  for (const step of vector.steps) {
    now = step.clock ?? vector.clock;
    const Command = DOCUMENT_COMMANDS[step.operation];
    const isDocument = make === undefined && Command !== undefined;
    const given = isDocument ? convert(structuredClone(step.input)) : structuredClone(step.input);
    const before = structuredClone(given);
    sent.length = 0;
    answers.length = 0;
    if (step.lost) answers.push(new Error("the connection was closed"));
    else answers.push(step.error ? [400, step.error] : [200, step.answer]);
    let returned;
    try {
      const target = isDocument ? document : client;
      returned = await target.send(isDocument ? new Command(given) : new dynamodb[`${step.operation}Command`](given));
    } catch (error) {
      if (error instanceof StampError) {
        yield { step };
        return;
      }
      returned = step.lost ? LOST : error;
    }
    assert.deepEqual(structuredClone(given), before, "the caller's own objects must stay as they are");
    const { ClientRequestToken, ...body } = sent[0];
    if (step.input.ClientRequestToken !== undefined) body.ClientRequestToken = ClientRequestToken;
    yield { step, body, returned, isDocument };
  }
}

/** The members of an answer or an error that are DynamoDB's, and not the SDK's own. */
function content(returned, expected) {
  if (!(returned instanceof Error)) {
    const { $metadata, ...answer } = returned;
    return Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== undefined));
  }
  return Object.fromEntries(Object.keys(expected).map((name) => [name, returned[name]]));
}

for (const [kind, how] of Object.entries(CLIENTS)) {
  describe(`a ${kind} does what the vector says`, () => {
    for (const vector of sequences()) {
      test(`${vector.file}: ${vector.name}`, async () => {
        for await (const { step, body, returned, isDocument } of play(vector, how, false)) {
          assert.deepEqual(body, step.sent === "input" ? step.input : step.sent);
          if (returned === LOST) continue;
          const { __type, message, Message, ...expected } = step.returned ?? step.answer ?? step.error;
          // A document client leaves errors in DynamoDB JSON.
          const converted = isDocument && !step.error ? how.answers(expected) : expected;
          assert.deepEqual(content(returned, expected), converted);
        }
      });
    }
  });
}

describe("strict fails where the vector says", () => {
  for (const vector of sequences()) {
    test(`${vector.file}: ${vector.name}`, async () => {
      for await (const { step, body } of play(vector, CLIENTS.client, true)) {
        assert.equal(body === undefined, step.strictFails ?? false);
      }
    });
  }
});
