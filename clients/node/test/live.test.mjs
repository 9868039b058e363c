// Stamped clients and document clients against a DynamoDB over HTTP.
//
// Each test ends with a look at every item of its table, in every Region: none may be without a stamp. That is this
// suite's form of "`UnstampedWrites` is zero for instrumented clients".
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import {
  CreateTableCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { BatchWriteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { lastwriter, revive, softDelete, stamps, withoutStamps } from "lastwriter";
import * as document from "lastwriter/document";

import { connect, REGIONS, startEndpoints } from "./support.mjs";

const [TIME, COUNT, RESET] = ["lw:t:us-east-1", "lw:n:us-east-1", "lw:reset"];
const KEY = { id: { S: "o-1" } };
const run = promisify(execFile);

let server;
before(async () => {
  server = await startEndpoints();
});
after(() => server?.stop());

const read = async (client, TableName, Key = KEY) =>
  (await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))).Item;

/** A table that is created in one Region is a global table in all of them. */
async function createTable(name) {
  await connect(server.endpoints).send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
}

/** Most tests look at the stamps, so here nothing is hidden by default. */
function stampedClient(region, options) {
  const client = connect(server.endpoints, region);
  client.middlewareStack.use(lastwriter({ strict: true, hide: false, ...options }));
  return client;
}

/** A test with a table of its own, and a check at the end that no item in any Region lacks a stamp. */
function live(name, body) {
  test(name, async (t) => {
    const table = `orders-${randomUUID()}`;
    await createTable(table);
    const client = stampedClient();
    await body({ t, table, client, documentClient: DynamoDBDocumentClient.from(client) });
    for (const region of REGIONS) {
      const { Items } = await connect(server.endpoints, region).send(new ScanCommand({ TableName: table }));
      for (const item of Items) {
        assert.ok(Object.keys(item).some((name) => name.startsWith("lw:n:")), "a write went out without its stamp");
      }
    }
  });
}

/** Waits until an item with this text has been replicated. */
async function arrives(client, table, text) {
  while ((await read(client, table))?.a?.S !== text);
}

/** A client that stamps nothing, on a table of its own, to compare with. */
async function plain() {
  const table = `plain-${randomUUID()}`;
  await createTable(table);
  return { client: connect(server.endpoints), table };
}

const BEFORE = {
  ...KEY,
  a: { S: "old" },
  b: { S: "old" },
  l: { L: [{ N: "1" }, { N: "2" }] },
  m: { M: { add: { N: "1" }, set: { N: "2" } } },
  clicks: { N: "3" },
  tags: { SS: ["x", "y"] },
  set_x: { N: "4" },
};
const VALUES = {
  ":s": { S: "new" },
  ":l": { L: [{ N: "9" }] },
  ":one": { N: "1" },
  ":tags": { SS: ["y", "z"] },
  ":lwt": { S: "mine" },
  ":lwn": { N: "7" },
};
const SHAPES = {
  set: ["SET a = :s"],
  "set with functions": ["SET l = list_append(l, :l), c = if_not_exists(c, :s)"],
  "set with arithmetic": ["SET clicks = clicks + :one, set_x = set_x - :one"],
  "set of paths": ["SET m.#add = :one, l[0] = :one", { "#add": "add" }],
  remove: ["REMOVE a, l[1]"],
  add: ["ADD clicks :one, tags :tags"],
  delete: ["DELETE tags :tags"],
  "all sections": ["SET a = :s REMOVE b ADD clicks :one DELETE tags :tags"],
  "all sections backwards, in any case": ["delete tags :tags add clicks :one rEmove b set a = :s"],
  "names like keywords": ["SET #set = :s, #lwt = :one REMOVE set_x", { "#set": "set", "#lwt": "add" }],
  "values like ours": ["SET a = :lwt ADD clicks :lwn"],
  "no expression": [undefined],
};

function shaped(TableName, [UpdateExpression, ExpressionAttributeNames]) {
  const used = UpdateExpression?.match(/:\w+/g) ?? [];
  const ExpressionAttributeValues = used.length ? Object.fromEntries(used.map((name) => [name, VALUES[name]])) : undefined;
  return { TableName, Key: KEY, UpdateExpression, ExpressionAttributeNames, ExpressionAttributeValues };
}

/** The same parameters in JavaScript values, for the document client. */
function asDocument(input) {
  const plainValue = ({ S, N, SS, L }) => S ?? (N && Number(N)) ?? (SS && new Set(SS)) ?? L.map(plainValue);
  const values = Object.entries(input.ExpressionAttributeValues ?? {}).map(([name, value]) => [name, plainValue(value)]);
  return { ...input, Key: { id: "o-1" }, ExpressionAttributeValues: values.length ? Object.fromEntries(values) : undefined };
}

describe("an update does what it does without the stamp", () => {
  for (const [name, shape] of Object.entries(SHAPES)) {
    for (const kind of ["client", "document client"]) {
      live(`${name}, ${kind}`, async ({ table, client, documentClient }) => {
        const other = await plain();
        await client.send(new PutItemCommand({ TableName: table, Item: BEFORE }));
        await other.client.send(new PutItemCommand({ TableName: other.table, Item: BEFORE }));
        await (kind === "client"
          ? client.send(new UpdateItemCommand(shaped(table, shape)))
          : documentClient.send(new UpdateCommand(asDocument(shaped(table, shape)))));
        await other.client.send(new UpdateItemCommand(shaped(other.table, shape)));
        const item = await read(client, table);
        assert.deepEqual(withoutStamps(item), await read(other.client, other.table));
        assert.deepEqual(item[COUNT], { N: "2" });
        assert.ok(Number(item[TIME].N) >= Number(item[RESET].N));
      });
    }
  }
});

live("a legacy update is stamped", async ({ table, client }) => {
  await client.send(new PutItemCommand({ TableName: table, Item: BEFORE }));
  const AttributeUpdates = { a: { Action: "PUT", Value: { S: "new" } }, b: { Action: "DELETE" } };
  const Expected = { clicks: { Value: { N: "3" } } };
  await client.send(new UpdateItemCommand({ TableName: table, Key: KEY, AttributeUpdates, Expected }));
  const item = await read(client, table);
  assert.deepEqual([item.a, item.b, item[COUNT]], [{ S: "new" }, undefined, { N: "2" }]);
});

for (const broken of ["", "SET", "SET a = :s,", "SET a = :s SET b = :s", "nonsense", "SET set = :s", "REMOVE a, a"]) {
  live(`what DynamoDB rejects it still rejects: ${broken}`, async ({ t, table, client }) => {
    const other = await plain();
    const outcomes = [];
    for (const [target, TableName] of [[other.client, other.table], [client, table]]) {
      const ExpressionAttributeValues = broken.includes(":s") ? { ":s": { S: "v" } } : undefined;
      try {
        await target.send(
          new UpdateItemCommand({ TableName, Key: KEY, UpdateExpression: broken, ExpressionAttributeValues }),
        );
        await target.send(new DeleteItemCommand({ TableName, Key: KEY }));
        outcomes.push("accepted");
      } catch (error) {
        outcomes.push(error.name);
        assert.equal(await read(target, TableName), undefined);
      }
    }
    if (outcomes.every((outcome) => outcome === "accepted")) return t.skip("the server under test takes it");
    assert.deepEqual(outcomes, ["ValidationException", "ValidationException"]);
  });
}

live("a condition that fails fails and writes nothing", async ({ table, client }) => {
  await client.send(new PutItemCommand({ TableName: table, Item: BEFORE }));
  const first = await read(client, table);
  const condition = { ConditionExpression: "a = :no", ExpressionAttributeValues: { ":no": { S: "no" } } };
  const failure = { name: "ConditionalCheckFailedException" };
  await assert.rejects(client.send(new UpdateItemCommand({ TableName: table, Key: KEY, ...condition })), failure);
  await assert.rejects(client.send(new PutItemCommand({ TableName: table, Item: KEY, ...condition })), failure);
  assert.deepEqual(await read(client, table), first);
});

live("a create has no reset and a second one fails", async ({ table, documentClient, client }) => {
  const create = new PutCommand({
    TableName: table,
    Item: { id: "o-1" },
    ConditionExpression: "attribute_not_exists(id)",
  });
  await documentClient.send(create);
  await assert.rejects(documentClient.send(create), { name: "ConditionalCheckFailedException" });
  const item = await read(client, table);
  assert.deepEqual(Object.keys(item).sort(), ["id", COUNT, TIME]);
});

live("a put of what was read keeps the history of all Regions", async ({ table, documentClient }) => {
  const get = async () =>
    (await documentClient.send(new GetCommand({ TableName: table, Key: { id: "o-1" }, ConsistentRead: true }))).Item;
  const put = (Item, more) => documentClient.send(new PutCommand({ TableName: table, Item, ...more }));
  await put({ id: "o-1", "lw:n:eu-west-1": 4, "lw:t:eu-west-1": 9, [COUNT]: 2, [TIME]: 8 });
  const item = await get();
  const unchanged = {
    ConditionExpression: "#t = :t",
    ExpressionAttributeNames: { "#t": TIME },
    ExpressionAttributeValues: { ":t": item[TIME] },
  };
  await put({ ...item, a: "new" }, unchanged);
  await assert.rejects(put({ ...item, a: "raced" }, unchanged), { name: "ConditionalCheckFailedException" });
  await put({ id: "o-1", a: "other", ...stamps(await get()) });
  const last = await get();
  assert.deepEqual([last.a, last[COUNT], last["lw:n:eu-west-1"], last[RESET]], ["other", 5, 4, undefined]);
});

for (const kind of ["client", "document client"]) {
  live(`a put of what was read keeps the history without showing it, ${kind}`, async ({ table, client }) => {
    const there = stampedClient("eu-west-1");
    await client.send(new PutItemCommand({ TableName: table, Item: { ...KEY, a: { S: "made" } } }));
    await arrives(there, table, "made");
    await there.send(new UpdateItemCommand(shaped(table, SHAPES.set)));
    const bare = connect(server.endpoints);
    await arrives(bare, table, "new");

    const hiding = stampedClient("us-east-1", { hide: true });
    const [target, Get, Put, Key] =
      kind === "client"
        ? [hiding, GetItemCommand, PutItemCommand, KEY]
        : [DynamoDBDocumentClient.from(hiding), GetCommand, PutCommand, { id: "o-1" }];
    const { Item } = await target.send(new Get({ TableName: table, Key }));
    assert.deepEqual(Object.keys(Item).sort(), ["a", "id"]);
    await target.send(new Put({ TableName: table, Item: { ...Item, b: Item.a } }));
    const item = await read(bare, table);
    assert.deepEqual([item[COUNT], item["lw:n:eu-west-1"], item.b], [{ N: "2" }, { N: "1" }, { S: "new" }]);
    assert.ok(item[TIME] && item["lw:t:eu-west-1"]);
  });
}

live("an update that writes back what was read is stamped all the same", async ({ table, client }) => {
  await client.send(new PutItemCommand({ TableName: table, Item: BEFORE }));
  const item = await read(client, table);
  // As a mapper saves all of an item: a placeholder for each attribute, numbered.
  const attributes = Object.entries({ ...item, a: { S: "new" } }).filter(([name]) => name !== "id");
  await client.send(
    new UpdateItemCommand({
      TableName: table,
      Key: KEY,
      UpdateExpression: `SET ${attributes.map((_, number) => `#a${number} = :v${number}`).join(", ")}`,
      ExpressionAttributeNames: Object.fromEntries(attributes.map(([name], number) => [`#a${number}`, name])),
      ExpressionAttributeValues: Object.fromEntries(attributes.map(([, value], number) => [`:v${number}`, value])),
    }),
  );
  const saved = await read(client, table);
  assert.deepEqual([saved.a, saved[COUNT]], [{ S: "new" }, { N: "2" }]);
  assert.ok(Number(saved[TIME].N) > Number(item[TIME].N));
});

live("a put that drops the history says so", async ({ table, client }) => {
  await client.send(new UpdateItemCommand({ TableName: table, Key: KEY }));
  await client.send(new PutItemCommand({ TableName: table, Item: KEY }));
  const item = await read(client, table);
  assert.deepEqual(item[COUNT], { N: "1" });
  assert.deepEqual(item[RESET], item[TIME]);
});

live("transactions are stamped and stay whole", async ({ table, client }) => {
  const writes = [
    { Update: shaped(table, SHAPES.set) },
    { Put: { TableName: table, Item: { id: { S: "o-3" } } } },
    { Delete: { TableName: table, Key: { id: { S: "o-2" } } } },
  ];
  await client.send(new TransactWriteItemsCommand({ TransactItems: writes }));
  const [first, third] = [await read(client, table), await read(client, table, { id: { S: "o-3" } })];
  assert.deepEqual([first[COUNT], third[COUNT]], [{ N: "1" }, { N: "1" }]);
  assert.deepEqual(first[TIME], third[TIME]);
  const check = { TableName: table, Key: { id: { S: "o-9" } }, ConditionExpression: "attribute_exists(id)" };
  const cancelled = new TransactWriteItemsCommand({ TransactItems: [...writes.slice(0, 2), { ConditionCheck: check }] });
  await assert.rejects(client.send(cancelled), (error) => {
    assert.deepEqual(error.CancellationReasons.map(({ Code }) => Code), ["None", "None", "ConditionalCheckFailed"]);
    return true;
  });
  assert.deepEqual(await read(client, table), first);
});

live("a transaction sent again with its token is applied once", async ({ table, client }) => {
  const input = { TransactItems: [{ Update: shaped(table, SHAPES.add) }], ClientRequestToken: randomUUID() };
  await client.send(new TransactWriteItemsCommand(input));
  await client.send(new TransactWriteItemsCommand(input));
  const item = await read(client, table);
  assert.deepEqual([item.clicks, item[COUNT]], [{ N: "1" }, { N: "1" }]);
});

/** A process of its own, which sends one transaction and prints what became of it. */
const SENDER = `
import { DynamoDBClient, GetItemCommand, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { lastwriter } from "lastwriter";
const [endpoint, TableName, ClientRequestToken, tokens] = process.argv.slice(1);
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const client = new DynamoDBClient({ region: "us-east-1", endpoint, credentials });
client.middlewareStack.use(lastwriter({ tokens, logger: { error() {} } }));
const Key = { id: { S: "o-1" } };
await client.send(new GetItemCommand({ TableName, Key })); // What one process has seen, another may have not.
const clicks = { UpdateExpression: "ADD clicks :one", ExpressionAttributeValues: { ":one": { N: "1" } } };
const TransactItems = [
  { Update: { TableName, Key, ...clicks } },
  { Put: { TableName, Item: { id: { S: ClientRequestToken } }, ConditionExpression: "attribute_not_exists(id)" } },
  { Put: { TableName, Item: { id: { S: "o-2" } } } },
];
const sent = client.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken }));
console.log(await sent.then(() => "made", (error) => error.name));
`;

async function sendFromAProcessOfItsOwn(table, token, tokens) {
  const arguments_ = ["--input-type=module", "--eval", SENDER, server.endpoints["us-east-1"], table, token, tokens];
  const { stdout } = await run(process.execPath, arguments_, { cwd: import.meta.dirname });
  return stdout.trim();
}

for (const [tokens, count] of [["count", { N: "1" }], ["leave", undefined]]) {
  test(`a transaction sent again by another process is the same, tokens: ${tokens}`, async () => {
    const { client, table } = await plain();
    const token = randomUUID();
    for (const _ of [1, 2]) assert.equal(await sendFromAProcessOfItsOwn(table, token, tokens), "made");
    const item = await read(client, table);
    assert.deepEqual([item.clicks, item[COUNT]], [{ N: "1" }, count]);
  });
}

test("with a time in the stamp another process would not match", async () => {
  // What the default guards against.
  const { table } = await plain();
  const token = randomUUID();
  const answers = [];
  for (const _ of [1, 2]) answers.push(await sendFromAProcessOfItsOwn(table, token, "remember"));
  assert.deepEqual(answers, ["made", "IdempotentParameterMismatchException"]);
});

live("batches are stamped", async ({ table, client, documentClient }) => {
  const puts = Array.from({ length: 25 }, (_, number) => ({ PutRequest: { Item: { id: `o-${number}` } } }));
  await documentClient.send(new BatchWriteCommand({ RequestItems: { [table]: puts } }));
  const { Items } = await client.send(new ScanCommand({ TableName: table }));
  assert.equal(Items.length, 25);
  assert.ok(Items.every((item) => item[COUNT].N === "1" && item[RESET]));
});

live("each Region's writer stamps its own Region", async ({ table }) => {
  for (const region of REGIONS) {
    const client = stampedClient(region);
    await client.send(new UpdateItemCommand({ TableName: table, Key: KEY }));
    const item = await read(client, table);
    assert.ok(item[`lw:n:${region}`] && item[`lw:t:${region}`]);
  }
});

live("a deleted item is gone without a trace", async ({ table, client }) => {
  await client.send(new PutItemCommand({ TableName: table, Item: KEY }));
  await client.send(new DeleteItemCommand({ TableName: table, Key: KEY }));
  assert.equal(await read(client, table), undefined);
});

for (const kind of ["client", "document client"]) {
  live(`a soft delete leaves a mark until it is revived, ${kind}`, async ({ table, client, documentClient }) => {
    const [target, calls, Key] =
      kind === "client" ? [client, { softDelete, revive }, KEY] : [documentClient, document, { id: "o-1" }];
    const mark = { TableName: table, Key, ttlAttribute: "expires" };
    await client.send(new PutItemCommand({ TableName: table, Item: { ...KEY, a: { S: "v" } } }));
    await calls.softDelete(target, { ...mark, ConditionExpression: "attribute_exists(id)" });
    const marked = await read(client, table);
    assert.deepEqual([marked["lw:deleted"], marked.a], [{ BOOL: true }, { S: "v" }]);
    // A week from a moment between the put and the mark's own stamp.
    const from = (Number(marked.expires.N) - 604_800) * 1e6;
    assert.ok(Number(marked[RESET].N) - 1e6 < from && from <= Number(marked[TIME].N));
    const failure = { name: "ConditionalCheckFailedException" };
    const create = { TableName: table, Item: KEY, ConditionExpression: "attribute_not_exists(id)" };
    await assert.rejects(client.send(new PutItemCommand(create)), failure);
    await calls.revive(target, mark);
    const item = await read(client, table);
    assert.deepEqual(Object.keys(item).sort(), ["a", "id", COUNT, RESET, TIME].sort());
    assert.deepEqual(item[COUNT], { N: "3" });
    await assert.rejects(calls.revive(target, mark), failure);
  });
}

live("a soft delete whose condition fails leaves no mark", async ({ table, client }) => {
  const mark = { TableName: table, Key: KEY, ttlAttribute: "expires", ConditionExpression: "attribute_exists(id)" };
  await assert.rejects(softDelete(client, mark), { name: "ConditionalCheckFailedException" });
  assert.equal(await read(client, table), undefined);
});
