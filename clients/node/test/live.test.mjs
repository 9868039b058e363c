// Stamped clients and document clients against a DynamoDB over HTTP.
//
// Each test ends with a look at every item of its table, in every Region: none may be without a stamp. That is this
// suite's form of "`UnstampedWrites` is zero for instrumented clients".
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";

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

function stampedClient(region) {
  const client = connect(server.endpoints, region);
  client.middlewareStack.use(lastwriter({ strict: true }));
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
  // What the memory guards against: the same token with another stamp, as another process would send it.
  const elsewhere = connect(server.endpoints);
  elsewhere.middlewareStack.use(lastwriter({ tokens: "leave" }));
  await assert.rejects(elsewhere.send(new TransactWriteItemsCommand(input)), {
    name: "IdempotentParameterMismatchException",
  });
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
