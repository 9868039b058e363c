// Every shared vector, through the SDK's own clients, up to the bytes that would be sent.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as dynamodb from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { lastwriter, origin, revive, softDelete } from "lastwriter";
import * as document from "lastwriter/document";

import { mustNotExist } from "../dist/esm/condition.js";
import { endpointRegion, isRegionName } from "../dist/esm/region.js";
import { DOCUMENT_COMMANDS, native, offline, requestVectors, settings, vectors } from "./support.mjs";

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

describe("which names are Regions", () => {
  for (const { name, valid } of vectors("regions.json").names) {
    test(`${JSON.stringify(name)} ${valid ? "is one" : "is none"}`, async () => {
      assert.equal(isRegionName(name), valid);
      if (!valid) {
        assert.throws(() => lastwriter({ region: name }), (error) => {
          assert.ok(error instanceof RangeError && error.message.includes(JSON.stringify(name)));
          return /no Region to stamp with/.test(error.message);
        });
        return;
      }
      const { client, sent } = offline();
      client.middlewareStack.use(lastwriter({ region: name }));
      await client.send(new dynamodb.PutItemCommand({ TableName: "orders", Item: { id: { S: "o-1" } } }));
      assert.ok(`lw:n:${name}` in sent[0].Item);
    });
  }
});

describe("the origin of a stream record", () => {
  for (const { name, record, options, origin: expected } of vectors("origin.json").vectors) {
    test(name, () => {
      // Where it is local its Region is told, too.
      assert.deepEqual(origin(record, options), expected);
    });
    test(`${name}, with images of JavaScript values`, () => {
      const made = structuredClone(record);
      for (const image of ["OldImage", "NewImage"]) {
        if (made?.dynamodb?.[image]) made.dynamodb[image] = unmarshall(made.dynamodb[image]);
      }
      assert.deepEqual(origin(made, options), expected);
    });
  }
});
