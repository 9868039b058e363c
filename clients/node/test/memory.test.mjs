// The memory of stamps: calls under way at once, keys, clients that share it, and what goes into the log.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  BatchGetItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { BatchWriteCommand, GetCommand, NumberValue, PutCommand } from "@aws-sdk/lib-dynamodb";
import { lastwriter, NotInstrumented, remembered } from "lastwriter";
import * as document from "lastwriter/document";

import { Memory } from "../dist/esm/memory.js";
import { NOW, notebook, offline } from "./support.mjs";

const HERE = "us-east-1";
const [TIME, COUNT, RESET] = ["lw:t:us-east-1", "lw:n:us-east-1", "lw:reset"];
const KEY = { id: { S: "o-1" } };

const seen = (n, t = NOW) => ({ pairs: new Map([[HERE, { n: BigInt(n), t: BigInt(t) }]]), reset: undefined });
const stamped = (n) => ({ ...KEY, [COUNT]: { N: String(n) }, [TIME]: { N: String(NOW + n) } });

function memory(capacity = 10, names = ["id"]) {
  const made = new Memory(capacity);
  const table = made.table(HERE, "orders");
  made.learnKeyNames(table, names);
  return { made, table };
}

function client(plugin, options) {
  const made = offline({}, options);
  made.client.middlewareStack.use(plugin);
  return made;
}

// Calls under way at once

test("no answer replaces a newer one, whichever comes first", () => {
  for (const step of [1, 7, 31, 400]) {
    const { made, table } = memory();
    let highest = 0;
    for (let number = 0; number <= 400; number += 1) {
      const n = (number * step) % 401;
      highest = Math.max(highest, n);
      made.add(table, KEY, seen(n, NOW + n * 1_000_000));
      assert.equal(made.find(table, KEY).pairs.get(HERE).n, BigInt(highest));
    }
  }
});

test("a read that was sent before a write and is answered after it takes nothing back", async () => {
  const { client: made, sent } = offline({
    requestHandler: {
      metadata: { handlerProtocol: "http/1.1" },
      handle: (request) => new Promise((resolve) => waiting.push({ request, resolve })),
    },
  });
  const waiting = [];
  const answer = async (body) => {
    while (waiting.length === 0) await new Promise(setImmediate);
    const { request, resolve } = waiting.shift();
    sent.push(JSON.parse(request.body.toString()));
    const { Readable } = await import("node:stream");
    const headers = { "content-type": "application/x-amz-json-1.0" };
    resolve({ response: { statusCode: 200, headers, body: Readable.from([Buffer.from(JSON.stringify(body))]) } });
  };
  made.middlewareStack.use(lastwriter({ clock: () => NOW + 1_000_000 }));
  const first = made.send(new GetItemCommand({ TableName: "orders", Key: KEY }));
  await answer({ Item: stamped(5) });
  await first;
  const slow = made.send(new GetItemCommand({ TableName: "orders", Key: KEY }));
  while (waiting.length === 0) await new Promise(setImmediate);
  const [read] = waiting.splice(0);
  const put = made.send(new PutItemCommand({ TableName: "orders", Item: KEY }));
  await answer({});
  await put;
  waiting.push(read);
  await answer({ Item: stamped(5) });
  await slow;
  const again = made.send(new PutItemCommand({ TableName: "orders", Item: KEY }));
  await answer({});
  await again;
  assert.deepEqual(sent.at(-1).Item[COUNT], { N: "7" });
});

// Bounds

test("the memory is bounded, and the item used longest ago goes first", () => {
  const { made, table } = memory(2);
  const key = (id) => ({ id: { S: id } });
  made.add(table, key("a"), seen(1));
  made.add(table, key("b"), seen(2));
  made.find(table, key("a"));
  made.add(table, key("c"), seen(3));
  assert.deepEqual(["a", "b", "c"].map((id) => made.find(table, key(id)) !== undefined), [true, false, true]);
  assert.equal(made.size, 2);
});

test("a memory for nothing remembers nothing", () => {
  const { made, table } = memory(0);
  made.add(table, KEY, seen(1));
  assert.equal(made.find(table, KEY), undefined);
});

// Keys

const SAME = [
  [{ S: "a" }, "a"],
  [{ N: "1" }, { N: "1.0" }, { N: "+1" }, { N: "10e-1" }, { N: "01" }, 1, 1n, NumberValue.from("1.00")],
  [{ N: "0" }, { N: "-0" }, { N: "0.0" }, 0, -0],
  [{ N: "-25" }, { N: "-2.5e1" }, -25],
  [{ B: Buffer.from("a") }, { B: new Uint8Array([97]) }, Buffer.from("a"), new Uint8Array([97])],
  [{ S: "1" }, "1"],
  [{ S: "" }],
  [{ N: "12345678901234567890123456789012345678" }, NumberValue.from("12345678901234567890123456789012345678")],
  [{ N: "12345678901234567890123456789012345679" }],
];

test("keys are equal as DynamoDB has it, in each form, and told apart otherwise", () => {
  const { made, table } = memory();
  const texts = SAME.map((forms) => new Set(forms.map((id) => made.key(table, { id }))));
  assert.deepEqual(texts.map((forms) => forms.size), SAME.map(() => 1));
  const different = new Set(texts.flatMap((forms) => [...forms]));
  assert.ok(!different.has(undefined));
  assert.equal(different.size, SAME.length);
});

test("no two keys of two attributes run together", () => {
  const { made, table } = memory(10, ["pk", "sk"]);
  const parts = ["", "a", "b", "ab", " ", "1 S", "S", "a 2 Sb", "2 Sb"];
  const keys = parts.flatMap((pk) => parts.map((sk) => made.key(table, { sk: { S: sk }, pk: { S: pk } })));
  assert.equal(new Set(keys).size, parts.length ** 2);
});

for (const odd of [{}, { id: null }, { id: {} }, { id: { S: "a", N: "1" } }, { id: { N: "x" } }, { id: { L: [] } }, { id: [] }, { id: true }, { id: { S: 1 } }]) {
  test(`a key that DynamoDB would refuse is not remembered: ${JSON.stringify(odd)}`, () => {
    const { made, table } = memory();
    made.add(table, odd, seen(1));
    assert.equal(made.find(table, odd), undefined);
    assert.equal(made.size, 0);
  });
}

// Clients

/** What a put through one client carries after a read through another. */
async function readAndPut(reader, writer) {
  reader.answers.push([200, { Item: stamped(5) }]);
  await reader.client.send(new GetItemCommand({ TableName: "orders", Key: KEY }));
  await writer.client.send(new DeleteItemCommand({ TableName: "orders", Key: { id: { S: "o-0" } } }));
  await writer.client.send(new PutItemCommand({ TableName: "orders", Item: KEY }));
  return writer.sent.at(-1).Item;
}

test("clients that use one plugin share what they have seen", async () => {
  const plugin = lastwriter();
  assert.deepEqual((await readAndPut(client(plugin), client(plugin)))[COUNT], { N: "6" });
});

test("clients with a plugin each do not", async () => {
  assert.ok(RESET in (await readAndPut(client(lastwriter()), client(lastwriter()))));
});

test("what was seen in another Region is not claimed here", async () => {
  const plugin = lastwriter();
  const there = offline({ region: "eu-west-1" });
  there.client.middlewareStack.use(plugin);
  const item = await readAndPut(there, client(plugin));
  assert.deepEqual([item[COUNT], RESET in item], [{ N: "1" }, true]);
});

test("one Region is one place, at whichever of its endpoints", async () => {
  const plugin = lastwriter();
  const there = offline({ endpoint: "https://123456789012.ddb.us-east-1.amazonaws.com" });
  there.client.middlewareStack.use(plugin);
  assert.deepEqual((await readAndPut(there, client(plugin)))[COUNT], { N: "6" });
});

test("a document client and its client see and write the same items", async () => {
  const made = client(lastwriter());
  made.answers.push([200, { Item: stamped(5) }]);
  const { Item } = await made.document.send(new GetCommand({ TableName: "orders", Key: { id: "o-1" } }));
  assert.deepEqual(Item, { id: "o-1" });
  await made.client.send(new PutItemCommand({ TableName: "orders", Item: KEY }));
  await made.document.send(new PutCommand({ TableName: "orders", Item: { id: "o-1" } }));
  assert.deepEqual(made.sent.slice(1).map(({ Item }) => Item[COUNT].N), ["6", "7"]);
});

test("numbers of the application's own making are keys and stamps too", async () => {
  class Decimal {
    constructor(text) {
      this.text = text;
    }
    toString() {
      return this.text;
    }
  }
  const made = client(lastwriter(), { unmarshallOptions: { wrapNumbers: (text) => new Decimal(text) } });
  made.answers.push([200, { Responses: { orders: [{ ...stamped(5), id: { N: "7" } }] } }]);
  const { Responses } = await made.document.send(
    new (await import("@aws-sdk/lib-dynamodb")).BatchGetCommand({ RequestItems: { orders: { Keys: [{ id: 7 }] } } }),
  );
  assert.deepEqual(Object.keys(Responses.orders[0]), ["id"]);
  await made.client.send(new PutItemCommand({ TableName: "orders", Item: { id: { N: "7.0" } } }));
  assert.deepEqual(made.sent.at(-1).Item[COUNT], { N: "6" });
});

// Unprocessed puts of a document client

const ODD_ITEM = {
  id: "o-1",
  text: "t",
  number: 1.5,
  flag: true,
  nothing: null,
  bytes: new Uint8Array([1, 2]),
  list: [1, "a", { deep: [true] }],
  map: { S: "x", N: "2" },
  lone: { S: "x" },
  tags: new Set(["b", "a"]),
  numbers: new Set([2, 1]),
};

test("puts with values of all types are known again when they come back", async () => {
  const made = client(lastwriter({ clock: () => NOW }));
  const other = { id: "o-2", text: "t" };
  const RequestItems = { orders: [{ PutRequest: { Item: ODD_ITEM } }, { PutRequest: { Item: other } }] };
  // DynamoDB gives back the first of them as it came in.
  const echo = offline();
  echo.client.middlewareStack.use(lastwriter({ clock: () => NOW }));
  await echo.document.send(new BatchWriteCommand({ RequestItems }));
  made.answers.push([200, { UnprocessedItems: { orders: [echo.sent[0].RequestItems.orders[0]] } }]);
  made.client.middlewareStack.use(lastwriter({ clock: () => NOW, keys: { orders: ["id"] } }));
  const { UnprocessedItems } = await made.document.send(new BatchWriteCommand({ RequestItems }));
  assert.deepEqual(UnprocessedItems, { orders: [{ PutRequest: { Item: ODD_ITEM } }] });
  // That one was not made, and the other was.
  const known = (id) => Object.keys(remembered(made.client, { TableName: "orders", Key: { id: { S: id } } }));
  assert.deepEqual([known("o-1"), known("o-2").length], [[], 3]);
});

test("an item that its caller changes while its put is under way is remembered by the key that was sent", async () => {
  const made = client(lastwriter({ clock: () => NOW, keys: { orders: ["id"] } }));
  const item = { id: { S: "o-1" } };
  const change = (next) => (args) => {
    item.id = { S: "o-2" };
    return next(args);
  };
  made.client.middlewareStack.add(change, { step: "build" });
  await made.client.send(new PutItemCommand({ TableName: "orders", Item: item }));
  const known = (id) => Object.keys(remembered(made.client, { TableName: "orders", Key: { id: { S: id } } }));
  assert.deepEqual([known("o-1").length, known("o-2")], [3, []]);
});

// Handing the stamps to another process

test("what is remembered can be handed over", async () => {
  const made = client(lastwriter());
  const which = { TableName: "orders", Key: KEY };
  assert.deepEqual(remembered(made.client, which), {});
  made.answers.push([200, { Item: stamped(5) }]);
  await made.client.send(new GetItemCommand(which));
  assert.deepEqual(remembered(made.client, which), { [COUNT]: { N: "5" }, [TIME]: { N: String(NOW + 5) } });
  assert.deepEqual(remembered(made.client, { ...which, Key: { id: { S: "o-2" } } }), {});
  const history = document.remembered(made.document, { TableName: "orders", Key: { id: "o-1" } });
  assert.deepEqual(history, { [COUNT]: 5, [TIME]: NOW + 5 });
  const elsewhere = client(lastwriter());
  await elsewhere.document.send(new PutCommand({ TableName: "orders", Item: { id: "o-1", ...history } }));
  assert.deepEqual(elsewhere.sent[0].Item[COUNT], { N: "6" });
});

test("what is remembered needs a stamped client", () => {
  const { client: bare } = offline();
  assert.throws(() => remembered(bare, { TableName: "orders", Key: KEY }), NotInstrumented);
});

// The log

test("each table with signed items is told once", async () => {
  const logger = notebook();
  const { client: made } = client(lastwriter({ logger }));
  for (const TableName of ["vault", "vault", "safe"]) {
    await made.send(new PutItemCommand({ TableName, Item: { ...KEY, aws_dbe_head: { B: Buffer.from("x") } } }));
  }
  assert.deepEqual(logger.lines.map((line) => /table (\w+) are signed by the AWS Database/.exec(line)?.[1]), ["vault", "safe"]);
});

test("an answer that cannot be read reaches the caller", async () => {
  const logger = notebook();
  let asked = 0;
  // Fails when the answer comes, and not before.
  const tables = () => {
    asked += 1;
    throw new TypeError("secret-key-of-an-item");
  };
  const { client: made, answers } = client(lastwriter({ logger, tables }));
  answers.push([200, { Item: stamped(5) }]);
  const { Item } = await made.send(new GetItemCommand({ TableName: "carts", Key: KEY }));
  assert.deepEqual([Item, asked], [stamped(5), 1]);
  assert.match(logger.lines[0], /an answer could not be read for its stamps.*TypeError/);
  assert.doesNotMatch(logger.lines.join(), /secret/);
});

test("an error of the SDK's own reaches the caller, and the item is forgotten", async () => {
  const made = client(lastwriter());
  made.answers.push([200, { Item: stamped(5) }], new Error("the connection was closed"));
  await made.client.send(new GetItemCommand({ TableName: "orders", Key: KEY }));
  await assert.rejects(made.client.send(new UpdateItemCommand({ TableName: "orders", Key: KEY })), /closed/);
  await made.client.send(new PutItemCommand({ TableName: "orders", Item: KEY }));
  assert.ok(RESET in made.sent.at(-1).Item);
});

test("keys that a batch left unprocessed are not forgotten", async () => {
  const made = client(lastwriter());
  made.answers.push([200, { Item: stamped(5) }]);
  await made.client.send(new GetItemCommand({ TableName: "orders", Key: KEY }));
  made.answers.push([200, { Responses: { orders: [] }, UnprocessedKeys: { orders: { Keys: [KEY] } } }]);
  await made.client.send(new BatchGetItemCommand({ RequestItems: { orders: { Keys: [KEY] } } }));
  await made.client.send(new PutItemCommand({ TableName: "orders", Item: KEY }));
  assert.deepEqual(made.sent.at(-1).Item[COUNT], { N: "6" });
});
