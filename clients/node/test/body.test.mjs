// A stamp that is spliced into a serialised body gives the body that the SDK makes of the stamped request.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as dynamodb from "@aws-sdk/client-dynamodb";
import { lastwriter } from "lastwriter";

import { stampedBody } from "../dist/esm/body.js";
import { NOW, offline } from "./support.mjs";

const TIME = "lw:t:us-east-1";
const COUNT = "lw:n:us-east-1";
const KEY = { id: { S: "o-1" } };
const STAMP = { [TIME]: { N: String(NOW) }, [COUNT]: { N: "1" }, "lw:reset": { N: String(NOW) } };
const put = (Item) => ({ TableName: "orders", Item });
const update = (more) => ({ TableName: "orders", Key: KEY, UpdateExpression: "SET a = :a", ...more });
const VALUES = { ExpressionAttributeValues: { ":a": { S: "v" } } };

/** Operation, what is asked for, and how many stamps are to be in it. */
const REQUESTS = {
  "text that looks like a member": ["PutItem", put({ ...KEY, a: { S: '"Item":{"UpdateExpression":' } }), 1],
  "a map with an attribute named Item": ["PutItem", put({ ...KEY, a: { M: { Item: { M: { b: { S: "v" } } } } } }), 1],
  "an item of nothing": ["PutItem", put({}), 1],
  "an attribute named Item": ["PutItem", put({ ...KEY, Item: { M: { b: { S: "v" } } } }), 1],
  "an attribute named UpdateExpression": ["UpdateItem", update({ Key: { UpdateExpression: { S: "k" } }, ...VALUES }), 1],
  "other than ASCII": ["UpdateItem", update({ UpdateExpression: "SET größe = :a", ExpressionAttributeValues: { ":a": { S: "naïve 日本 😀 \\u0000 \u0000" } } }), 1],
  "a lone surrogate and a line separator": ["PutItem", put({ ...KEY, a: { S: "\ud800 \u2028" } }), 1],
  "binary values": ["PutItem", put({ ...KEY, a: { B: new Uint8Array([0, 255, 34]) }, b: { BS: [new Uint8Array([1])] } }), 1],
  "no expression": ["UpdateItem", { TableName: "orders", Key: KEY }, 1],
  "no names, no values": ["UpdateItem", update({ UpdateExpression: "REMOVE a" }), 1],
  "legacy parameters": ["UpdateItem", { TableName: "orders", Key: KEY, AttributeUpdates: { a: { Value: { S: "v" } } } }, 1],
  "a history of the caller's": ["PutItem", put({ ...KEY, [COUNT]: { N: "4" }, [TIME]: { N: "8" } }), 1],
  "parameters set to undefined": ["UpdateItem", update({ ...VALUES, ConditionExpression: undefined, ExpressionAttributeNames: undefined }), 1],
  "a transaction of all kinds": [
    "TransactWriteItems",
    {
      TransactItems: [
        { ConditionCheck: { TableName: "orders", Key: KEY, ConditionExpression: "#a = :a", ExpressionAttributeNames: { "#a": "a" }, ...VALUES } },
        { Update: update(VALUES) },
        { Delete: { TableName: "orders", Key: KEY, ConditionExpression: "#a = :a", ExpressionAttributeNames: { "#a": "a" }, ...VALUES } },
        { Put: put(KEY), Update: undefined },
        { Update: update({ UpdateExpression: "SET #a = :a", ExpressionAttributeNames: { "#a": "a" }, ...VALUES }) },
        { Update: update({ UpdateExpression: "nonsense" }) },
      ],
    },
    3,
  ],
  "a batch of several tables": [
    "BatchWriteItem",
    {
      RequestItems: {
        orders: [{ PutRequest: { Item: KEY } }, { DeleteRequest: { Key: KEY } }, { PutRequest: { Item: { id: { S: "o-2" } } } }],
        carts: [{ PutRequest: { Item: { id: { S: "Item" }, a: { S: "é" } } } }],
      },
    },
    3,
  ],
};

/** The body that the SDK makes of a request, and the stamped request that it was made of, where the plugin is used. */
async function bodyOf(operation, input, options) {
  const { client, sent } = offline();
  if (options) client.middlewareStack.use(lastwriter({ clock: () => NOW, strict: true, ...options }));
  await client.send(new dynamodb[`${operation}Command`]({ ClientRequestToken: operation.startsWith("Transact") ? "t" : undefined, ...input }));
  return sent[0];
}

describe("the body is that of the stamped request", () => {
  for (const [name, [operation, input, stamps]] of Object.entries(REQUESTS)) {
    test(name, async () => {
      const stamped = await bodyOf(operation, input, { tokens: "remember" });
      // The plain body, with what the stamp adds taken out again.
      const text = JSON.stringify(stamped);
      assert.equal(text.split(`"${TIME}"`).length - 1, stamps);
      assert.equal(text.split(`"${COUNT}"`).length - 1, stamps);
      assert.deepEqual(withoutStamp(stamped), withoutStamp(await bodyOf(operation, input)));
    });
  }
});

/** A body without what a stamp changes: attributes and placeholders of it, and the expressions. */
function withoutStamp(value) {
  if (Array.isArray(value)) return value.map(withoutStamp);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !(name in STAMP) && !/^[#:]lw[tn]$/.test(name) && name !== "UpdateExpression");
  const rest = kept.map(([name, one]) => [name, withoutStamp(one)]);
  return Object.fromEntries(rest.filter(([name, one]) => !/^ExpressionAttribute/.test(name) || Object.keys(one).length > 0));
}

const ASKED = put(KEY);
const WRITES = [{ addition: { item: STAMP } }];
const SENT = put({ ...KEY, ...STAMP });
const BODY = JSON.stringify(ASKED);

test("bodies of text, as older SDKs make them, and of bytes", () => {
  assert.deepEqual(JSON.parse(stampedBody(BODY, ASKED, WRITES)), SENT);
  const bytes = stampedBody(new TextEncoder().encode(BODY), ASKED, WRITES);
  assert.deepEqual(JSON.parse(Buffer.from(bytes).toString()), SENT);
});

for (const [name, body] of [["none", undefined], ["no JSON", new Uint8Array([0xbf, 0xff])], ["another request's", '{"Key":{}}']]) {
  test(`a body that a stamp cannot be put into is told: ${name}`, () => {
    assert.equal(stampedBody(body, ASKED, WRITES), undefined);
  });
}

test("an expression that is not the one asked for is not replaced", () => {
  const stamp = { expression: "SET a = :a ADD #lwn :lwn", names: '"#lwn":"n"', values: '":lwn":{"N":"1"}' };
  const writes = [{ addition: { update: stamp } }];
  const body = JSON.stringify(update(VALUES));
  assert.equal(JSON.parse(stampedBody(body, update(VALUES), writes)).UpdateExpression, stamp.expression);
  assert.equal(stampedBody(body.replace("SET a", "SET b"), update(VALUES), writes), undefined);
});

test("a request whose body the stamp cannot be put into is serialised with it, and sent once", async () => {
  const { client, sent } = offline();
  client.middlewareStack.use(lastwriter({ clock: () => NOW, strict: true }));
  // As an SDK would do that serialises otherwise: the body is hidden from the plugin, and there again later.
  const bodies = [];
  const hide = (next) => async (args) => {
    bodies.push(args.request.body);
    args.request.body = { at: bodies.length - 1 };
    return next(args);
  };
  const show = (next) => async (args) => {
    args.request.body = bodies[args.request.body.at];
    return next(args);
  };
  client.middlewareStack.addRelativeTo(hide, { name: "hide", relation: "before", toMiddleware: "lastwriterBody" });
  client.middlewareStack.add(show, { step: "build", priority: "high" });
  await client.send(new dynamodb.PutItemCommand(ASKED));
  assert.equal(bodies.length, 2);
  assert.deepEqual(sent, [SENT]);
});
