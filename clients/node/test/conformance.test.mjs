// Every shared vector, through the SDK's own clients, up to the bytes that would be sent.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as dynamodb from "@aws-sdk/client-dynamodb";
import * as lib from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { lastwriter, revive, softDelete } from "lastwriter";
import * as document from "lastwriter/document";

import { mustNotExist } from "../dist/esm/condition.js";
import { endpointRegion } from "../dist/esm/region.js";
import { Stamper } from "../dist/esm/stamper.js";
import { offline, requestVectors, settings, vectors } from "./support.mjs";

/** DynamoDB JSON attribute values as the JavaScript values that a document client takes. */
function native(value) {
  if (Array.isArray(value)) return value.map(native);
  if (typeof value !== "object" || value === null) return value;
  const [only, ...others] = Object.keys(value);
  if (others.length === 0 && ["S", "N", "SS", "L", "BOOL", "NULL"].includes(only)) {
    if (only === "N") return lib.NumberValue.from(value.N);
    return unmarshall({ value }, { wrapNumbers: true }).value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, native(one)]));
}

/** Operation -> the document client's command, where it has one. */
const DOCUMENT_COMMANDS = {
  UpdateItem: lib.UpdateCommand,
  PutItem: lib.PutCommand,
  DeleteItem: lib.DeleteCommand,
  GetItem: lib.GetCommand,
  Query: lib.QueryCommand,
  TransactWriteItems: lib.TransactWriteCommand,
  BatchWriteItem: lib.BatchWriteCommand,
  ExecuteStatement: lib.ExecuteStatementCommand,
  BatchExecuteStatement: lib.BatchExecuteStatementCommand,
  ExecuteTransaction: lib.ExecuteTransactionCommand,
};

function withoutGeneratedToken({ ClientRequestToken, ...body }, vector) {
  return vector.input.ClientRequestToken === undefined ? body : { ...body, ClientRequestToken };
}

describe("a client sends what the vector says", () => {
  for (const vector of requestVectors()) {
    test(vector.name, async () => {
      const { client, sent } = offline();
      client.middlewareStack.use(lastwriter(settings(vector, vector.clock)));
      const given = structuredClone(vector.input);
      await client.send(new dynamodb[`${vector.operation}Command`](given));
      assert.deepEqual(withoutGeneratedToken(sent[0], vector), vector.output);
      assert.deepEqual(given, vector.input, "the caller's own objects must stay as they are");
    });
  }
});

describe("a document client sends what the vector says", () => {
  for (const vector of requestVectors()) {
    test(vector.name, async () => {
      const { client, document: documentClient, sent } = offline();
      client.middlewareStack.use(lastwriter(settings(vector, vector.clock)));
      const given = native(vector.input);
      await documentClient.send(new DOCUMENT_COMMANDS[vector.operation](given));
      assert.deepEqual(withoutGeneratedToken(sent[0], vector), vector.output);
      assert.deepEqual(given, native(vector.input), "the caller's own objects must stay as they are");
    });
  }
});

describe("without the plugin nothing is stamped", () => {
  // Shows that the tests above see what the middleware does, and not something else.
  for (const vector of requestVectors()) {
    test(vector.name, async () => {
      const { client, sent } = offline();
      await client.send(new dynamodb[`${vector.operation}Command`](vector.input));
      assert.deepEqual(withoutGeneratedToken(sent[0], vector), vector.input);
    });
  }
});

describe("soft deletes", () => {
  const { clock, vectors: found } = vectors("soft-delete.json");
  for (const vector of found) {
    test(`of a client: ${vector.name}`, async () => {
      const { client, sent } = offline();
      client.middlewareStack.use(lastwriter(settings(vector, clock)));
      await (vector.call === "revive" ? revive : softDelete)(client, vector.arguments);
      assert.deepEqual(sent, [vector.output]);
    });
    test(`of a document client: ${vector.name}`, async () => {
      const { client, document: documentClient, sent } = offline();
      client.middlewareStack.use(lastwriter(settings(vector, clock)));
      await (vector.call === "revive" ? document.revive : document.softDelete)(documentClient, native(vector.arguments));
      assert.deepEqual(sent, [vector.output]);
    });
  }
});

describe("what a condition says about existence", () => {
  for (const vector of vectors("conditions.json").vectors) {
    test(`${vector.expression} ${JSON.stringify(vector.names ?? {})}`, () => {
      const request = {
        Item: Object.fromEntries(vector.item.map((name) => [name, { S: "v" }])),
        ConditionExpression: vector.expression,
        ExpressionAttributeNames: vector.names,
      };
      assert.equal(mustNotExist(request, vector.keys && new Set(vector.keys)), vector.mustNotExist);
    });
  }
});

describe("the Region of an endpoint", () => {
  for (const { endpoint, signing, region } of vectors("regions.json").vectors) {
    test(`${endpoint}, signed for ${signing}`, () => {
      assert.equal(endpointRegion(endpoint, signing ?? undefined) ?? null, region);
    });
  }
});

describe("what the caller sees of unprocessed puts", () => {
  const { clock, vectors: found } = vectors("unprocessed.json");
  const stamper = new Stamper("us-east-1", { prefix: "lw", keys: new Map(), covers: () => true });
  for (const vector of found) {
    test(vector.name, () => {
      const items = structuredClone(vector.unprocessed);
      stamper.takeBack(items, BigInt(clock));
      assert.deepEqual(items, vector.restored);
    });
    for (const [how, options] of [["numbers", {}], ["wrapped numbers", { wrapNumbers: true }]]) {
      test(`${vector.name}, as ${how} of a document client`, () => {
        const convert = (tables) =>
          Object.fromEntries(
            Object.entries(tables).map(([table, entries]) => [
              table,
              entries.map((entry) =>
                entry.PutRequest ? { PutRequest: { Item: unmarshall(entry.PutRequest.Item, options) } } : entry,
              ),
            ]),
          );
        const items = convert(vector.unprocessed);
        stamper.takeBack(items, BigInt(clock));
        assert.deepEqual(items, convert(vector.restored));
      });
    }
  }
});
