// The rules that are about calls and clients, not about one request's text. Nothing leaves the process.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { test } from "node:test";

import {
  BatchWriteItemCommand,
  GetItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { BatchWriteCommand, DynamoDBDocument, PutCommand, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { lastwriter, NotInstrumented, revive, softDelete, stamps, StampError, withoutStamps } from "lastwriter";
import * as document from "lastwriter/document";

import { microseconds, neverBack } from "../dist/esm/clock.js";
import { TokenMemory } from "../dist/esm/tokens.js";
import { NOW, notebook, offline, ticking } from "./support.mjs";

const TIME = "lw:t:us-east-1";
const COUNT = "lw:n:us-east-1";
const KEY = { id: { S: "o-1" } };
const UPDATE = {
  TableName: "orders",
  Key: KEY,
  UpdateExpression: "SET a = :a",
  ExpressionAttributeValues: { ":a": { S: "v" } },
};
const THROTTLED = [400, { __type: "com.amazonaws.dynamodb.v20120810#ThrottlingException" }];
const stampedTime = (body) => Number(body.ExpressionAttributeValues[":lwt"].N);
const secretFailure = () => {
  throw new TypeError("secret-key-of-an-item");
};

/** A client that sends nothing, stamped with these settings. */
function stamping(options, clientOptions) {
  const made = offline(clientOptions);
  made.client.middlewareStack.use(lastwriter(options));
  return made;
}

const update = (client, changes = {}) => client.send(new UpdateItemCommand({ ...UPDATE, ...changes }));

// One stamp a call

test("a retry of the SDK sends the same stamp", async () => {
  const { client, sent, answers } = stamping({ clock: ticking() });
  answers.push(THROTTLED);
  await update(client);
  assert.equal(sent.length, 2);
  assert.deepEqual(sent[0], sent[1]);
});

test("the same call made again is a write of its own", async () => {
  const { client, sent } = stamping({ clock: ticking() });
  const command = new UpdateItemCommand(UPDATE);
  await client.send(command);
  await client.send(command);
  assert.deepEqual(sent.map(stampedTime), [NOW, NOW + 1]);
  assert.ok(sent.every((body) => body.UpdateExpression.split("#lwt").length === 2));
});

// The clock

test("time never goes back", () => {
  const readings = [100, 50, 99n, 101];
  const clock = neverBack(() => readings.shift());
  assert.deepEqual([clock(), clock(), clock(), clock()], [100n, 100n, 100n, 101n]);
});

test("the system's time is in microseconds", async () => {
  const { client, sent } = stamping();
  await update(client);
  // From this decade to the end of the century: neither milliseconds nor nanoseconds fit.
  assert.ok(stampedTime(sent[0]) > 1_700_000_000_000_000 && stampedTime(sent[0]) < 4_102_444_800_000_000);
});

test("between two milliseconds of the wall clock the finer clock goes on", () => {
  let wall = 1000;
  let fine = 0.25;
  const clock = microseconds(() => wall, () => fine);
  assert.equal(clock(), 1_000_000);
  fine = 0.75;
  assert.equal(clock(), 1_000_500);
  [wall, fine] = [1001, 1.3];
  assert.equal(clock(), 1_001_050);
});

test("the finer clock follows the wall clock when that is set or the machine slept", () => {
  let wall = 1000;
  let fine = 0;
  const clock = microseconds(() => wall, () => fine);
  clock();
  [wall, fine] = [90_000, 5];
  assert.equal(clock(), 90_000_000);
  [wall, fine] = [80_000, 6];
  assert.equal(clock(), 80_000_000);
  fine = 6.5;
  assert.equal(clock(), 80_000_500);
});

for (const wrong of [-1, 1.5, "now", undefined, 253402300800000000]) {
  test(`a time that a stamp cannot hold is an error: ${wrong}`, async () => {
    const { client, sent } = stamping({ clock: () => wrong, strict: true });
    await assert.rejects(update(client), StampError);
    assert.deepEqual(sent, []);
  });
}

// Errors

test("an error in the hook does not fail the write and is logged once, without item contents", async () => {
  const logger = notebook();
  const { client, sent } = stamping({ clock: secretFailure, logger });
  await update(client);
  await update(client);
  assert.deepEqual(sent, [UPDATE, UPDATE]);
  assert.equal(logger.lines.length, 1);
  assert.match(logger.lines[0], /us-east-1.*TypeError/);
  assert.doesNotMatch(logger.lines[0], /secret/);
});

test("without a logger the console is told", async (t) => {
  const told = t.mock.method(console, "error", () => {});
  const { client } = stamping({ clock: secretFailure });
  await update(client);
  assert.equal(told.mock.callCount(), 1);
});

test("strict fails the write instead", async () => {
  const { client, sent } = stamping({ clock: secretFailure, strict: true });
  await assert.rejects(update(client), { name: "StampError", message: /TypeError/ });
  assert.deepEqual(sent, []);
});

const tooLong = {
  ...UPDATE,
  UpdateExpression: `SET ${Array.from({ length: 151 }, (_, n) => `attribute_number_${String(n).padStart(3, "0")} = :a`).join(", ")}`,
};

test("an expression without room for the stamp is told", async () => {
  const logger = notebook();
  const { client, sent } = stamping({ logger });
  await update(client, tooLong);
  assert.deepEqual(sent, [tooLong]);
  assert.match(logger.lines[0], /4096 bytes/);
});

test("strict fails a write without room for the stamp, in a transaction too", async () => {
  const { client, sent } = stamping({ strict: true });
  await assert.rejects(update(client, tooLong), StampError);
  const transaction = new TransactWriteItemsCommand({ TransactItems: [{ Update: tooLong }] });
  await assert.rejects(client.send(transaction), StampError);
  assert.deepEqual(sent, []);
});

// Transactions with a token

const transaction = (ClientRequestToken) =>
  new TransactWriteItemsCommand({
    TransactItems: [{ Update: UPDATE }, { Put: { TableName: "orders", Item: { id: { S: "o-2" } } } }],
    ClientRequestToken,
  });

test("a transaction sent again with its token is the same transaction", async () => {
  const { client, sent } = stamping({ clock: ticking(), tokens: "remember" });
  const token = randomUUID();
  for (const one of [token, randomUUID(), token]) await client.send(transaction(one));
  assert.deepEqual(sent[0], sent[2]);
  assert.notDeepEqual(sent[0].TransactItems, sent[1].TransactItems);
});

test("another client of the process remembers the token too, also a document client loaded by require", async () => {
  const token = randomUUID();
  const first = stamping({ clock: ticking(), tokens: "remember" });
  await first.client.send(transaction(token));
  const second = offline();
  const required = createRequire(import.meta.url)("lastwriter");
  assert.notEqual(required.lastwriter, lastwriter);
  second.client.middlewareStack.use(required.lastwriter({ clock: ticking(NOW + 1000), tokens: "remember" }));
  await second.document.send(
    new TransactWriteCommand({
      TransactItems: [
        { Update: { ...UPDATE, Key: { id: "o-1" }, ExpressionAttributeValues: { ":a": "v" } } },
        { Put: { TableName: "orders", Item: { id: "o-2" } } },
      ],
      ClientRequestToken: token,
    }),
  );
  assert.deepEqual(first.sent, second.sent);
});

test("a token that the SDK makes up is not the caller's", async () => {
  const { client, sent } = stamping({ tokens: "leave" });
  await client.send(transaction());
  assert.ok(sent[0].ClientRequestToken);
  assert.ok(sent[0].TransactItems[0].Update.ExpressionAttributeValues[":lwt"]);
});

test("a token is remembered for ten minutes after its last use", () => {
  let now = 0;
  let made = 0n;
  const memory = new TokenMemory(() => now);
  const recall = () => memory.recall("a", () => (made += 1n));
  const answers = [0, 599_000, 1_198_000, 1_798_000].map((at) => {
    now = at;
    return recall();
  });
  assert.deepEqual(answers, [1n, 1n, 1n, 2n]);
});

test("the memory for tokens is bounded and forgets the oldest", () => {
  let made = 0n;
  const memory = new TokenMemory(() => 0, 600_000, 2);
  const answers = ["a", "b", "a", "c", "a", "b"].map((token) => memory.recall(token, () => (made += 1n)));
  assert.deepEqual(answers, [1n, 2n, 1n, 3n, 1n, 4n]);
});

test("an update in a transaction without an expression, which DynamoDB rejects, stays as it is", async () => {
  const { client, sent } = stamping();
  const TransactItems = [{ Update: { TableName: "orders", Key: KEY } }];
  await client.send(new TransactWriteItemsCommand({ TransactItems }));
  assert.deepEqual(sent[0].TransactItems, TransactItems);
});

// Batches

const stampedPut = (time) => ({
  id: { S: "o-1" },
  [COUNT]: { N: "1" },
  [TIME]: { N: String(time) },
  "lw:reset": { N: String(time) },
});

test("puts that were not processed come back as they were", async () => {
  const { client, sent, answers } = stamping({ clock: ticking() });
  const RequestItems = { orders: [{ PutRequest: { Item: { id: { S: "o-1" } } } }] };
  const unprocessed = { orders: [{ PutRequest: { Item: stampedPut(NOW) } }] };
  answers.push([200, { UnprocessedItems: unprocessed }]);
  const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems }));
  assert.deepEqual(sent[0].RequestItems, unprocessed);
  assert.deepEqual(UnprocessedItems, RequestItems);
});

test("a document client that sends them again counts them once", async () => {
  const { document: client, sent, answers } = stamping({ clock: ticking() });
  answers.push([200, { UnprocessedItems: { orders: [{ PutRequest: { Item: stampedPut(NOW) } }] } }]);
  const first = await client.send(
    new BatchWriteCommand({ RequestItems: { orders: [{ PutRequest: { Item: { id: "o-1" } } }] } }),
  );
  assert.deepEqual(first.UnprocessedItems, { orders: [{ PutRequest: { Item: { id: "o-1" } } }] });
  await client.send(new BatchWriteCommand({ RequestItems: first.UnprocessedItems }));
  assert.deepEqual(sent[1].RequestItems.orders[0].PutRequest.Item, stampedPut(NOW + 1));
});

// Clients and settings

test("all ways to make a document client of a stamped client are stamped", async () => {
  const { client, sent } = stamping({ clock: () => NOW });
  await DynamoDBDocument.from(client).put({ TableName: "orders", Item: { id: "o-1" } });
  assert.deepEqual(sent[0].Item, stampedPut(NOW));
});

test("the plugin can be used on the document client itself", async () => {
  const { document: client, sent } = offline();
  client.middlewareStack.use(lastwriter({ clock: () => NOW }));
  await client.send(new PutCommand({ TableName: "orders", Item: { id: "o-1" } }));
  assert.deepEqual(sent[0].Item, stampedPut(NOW));
});

test("reads and parameters set to undefined are fine", async () => {
  const { client, sent } = stamping();
  await client.send(new GetItemCommand({ TableName: "orders", Key: KEY }));
  assert.deepEqual(sent[0], { TableName: "orders", Key: KEY });
  await update(client, {
    UpdateExpression: undefined,
    ExpressionAttributeNames: undefined,
    ExpressionAttributeValues: undefined,
    ConditionExpression: undefined,
  });
  assert.equal(sent[1].UpdateExpression, "SET #lwt = :lwt ADD #lwn :lwn");
});

test("using the plugin again replaces the settings", async () => {
  const { client, sent } = stamping({ prefix: "old" });
  client.middlewareStack.use(lastwriter({ prefix: "new" }));
  await update(client);
  assert.deepEqual(sent[0].ExpressionAttributeNames, { "#lwt": "new:t:us-east-1", "#lwn": "new:n:us-east-1" });
});

test("one plugin can serve clients of two Regions", async () => {
  const plugin = lastwriter();
  for (const region of ["us-east-1", "eu-west-1"]) {
    const { client, sent } = offline({ region });
    client.middlewareStack.use(plugin);
    await update(client);
    assert.equal(sent[0].ExpressionAttributeNames["#lwt"], `lw:t:${region}`);
  }
});

const REGION_OF = [
  ["the configured Region", { region: "eu-west-1" }, {}, "eu-west-1"],
  ["the endpoint and not the caller", { endpoint: "https://dynamodb.eu-west-1.amazonaws.com" }, {}, "eu-west-1"],
  ["the signing Region at another host", { region: "eu-west-1", endpoint: "http://127.0.0.1:1" }, {}, "eu-west-1"],
  ["a FIPS endpoint", { region: "us-east-2", useFipsEndpoint: true }, {}, "us-east-2"],
  ["a dual-stack endpoint", { region: "us-east-2", useDualstackEndpoint: true }, {}, "us-east-2"],
  ["the setting", {}, { region: "ap-south-1" }, "ap-south-1"],
];
for (const [name, clientOptions, options, expected] of REGION_OF) {
  test(`the Region is that of ${name}`, async () => {
    const { client, sent } = stamping(options, clientOptions);
    await update(client);
    assert.equal(sent[0].ExpressionAttributeNames["#lwn"], `lw:n:${expected}`);
  });
}

test("a Region that the stream processor would not know is told with what to set", async () => {
  const logger = notebook();
  const local = { region: "local", endpoint: "http://localhost:8000" };
  const lenient = stamping({ logger }, local);
  await update(lenient.client);
  await lenient.client.send(new GetItemCommand({ TableName: "orders", Key: KEY }));
  assert.deepEqual(lenient.sent, [UPDATE, { TableName: "orders", Key: KEY }]);
  assert.equal(logger.lines.length, 1);
  assert.match(logger.lines[0], /"local" is no Region to stamp with.*Set region in lastwriter\(\)/);
  const strict = stamping({ strict: true }, local);
  await assert.rejects(update(strict.client), { name: "StampError", message: /"local"/ });
  await strict.client.send(new GetItemCommand({ TableName: "orders", Key: KEY }));
  assert.deepEqual(strict.sent, [{ TableName: "orders", Key: KEY }]);
});

test("tables can be chosen by a function", async () => {
  const { client, sent } = stamping({ tables: (name) => name.startsWith("ord") });
  await update(client);
  await update(client, { TableName: "carts" });
  assert.deepEqual(sent.map((body) => body.UpdateExpression.includes("#lwt")), [true, false]);
});

const WRONG_SETTINGS = [
  { region: "us:east" },
  { region: "" },
  { prefix: "" },
  { prefix: "a:b" },
  { tokens: "x" },
  { tables: "orders" },
  { encrypted: "yes" },
  ...[-1, 1.5, "10", null].map((remember) => ({ remember })),
];
for (const wrong of WRONG_SETTINGS) {
  test(`a wrong setting is told at once: ${JSON.stringify(wrong)}`, () => {
    assert.throws(() => lastwriter(wrong), RangeError);
  });
}

// Soft deletes and history

const MARK = { TableName: "orders", Key: KEY, ttlAttribute: "expires" };

test("a soft delete needs a stamped client and a stamped table", async () => {
  const bare = offline();
  const elsewhere = stamping({ tables: ["carts"] });
  for (const { client, document: documentClient, sent } of [bare, elsewhere]) {
    for (const call of [softDelete, revive]) await assert.rejects(call(client, MARK), NotInstrumented);
    for (const call of [document.softDelete, document.revive]) {
      await assert.rejects(call(documentClient, { ...MARK, Key: { id: "o-1" } }), NotInstrumented);
    }
    assert.deepEqual(sent, []);
  }
});

for (const wrong of [{ Expected: {} }, { AttributeUpdates: {} }, { UpdateExpression: "SET a = :a," }]) {
  test(`a soft delete is not sent with ${JSON.stringify(wrong)}`, async () => {
    const { client, sent } = stamping();
    await assert.rejects(softDelete(client, { ...MARK, ...wrong }), TypeError);
    assert.deepEqual(sent, []);
  });
}

test("only the client that the plugin is used on is stamped", async () => {
  const [one, other] = [stamping(), offline()];
  await update(one.client);
  await update(other.client);
  assert.notDeepEqual(one.sent, [UPDATE]);
  assert.deepEqual(other.sent, [UPDATE]);
});

test("stamps can be carried to a new item or left behind", () => {
  const item = { id: "o-1", [TIME]: 9, [COUNT]: 5, "lw:reset": 3, "lw:deleted": true, lwn: 1 };
  assert.deepEqual(stamps(item), { [TIME]: 9, [COUNT]: 5, "lw:reset": 3 });
  assert.deepEqual(withoutStamps(item), { id: "o-1", "lw:deleted": true, lwn: 1 });
  assert.deepEqual(stamps({ "w:n:eu-west-1": 1, "w:n:x": 1 }, "w"), { "w:n:eu-west-1": 1 });
});
