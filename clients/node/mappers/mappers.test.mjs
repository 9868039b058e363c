// The Node client with the libraries that applications use. Each makes its requests through a client that is stamped by one line.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { origin } from "lastwriter";

import { HERE, THERE, World } from "./world.mjs";

let world;
before(async () => {
  world = await World.start();
});
after(() => world?.stop());

/** A test with one library: `connect` gives, for a stamped client of a Region, a function from an item's id to its store. */
function mapper(name, connect) {
  test(name, async () => {
    const stores = new Map();
    await world.handOverAndLose(async (region, id) => {
      if (!stores.has(region)) stores.set(region, await connect(world.client(region), region, world.table));
      return stores.get(region)(id);
    });
  });
}

// lib-dynamodb

for (const how of ["put", "update", "transaction", "batch"]) {
  mapper(`lib-dynamodb, ${how}`, (client, region, TableName) => (id) => {
    const documents = DynamoDBDocument.from(client);
    const Key = { PK: id, SK: "text" };
    const get = async () => (await documents.get({ TableName, Key, ConsistentRead: true })).Item;
    const save = {
      put: (Item) => documents.put({ TableName, Item }),
      update: ({ text }) =>
        documents.update({
          TableName,
          Key,
          UpdateExpression: "SET #t = :t",
          ExpressionAttributeNames: { "#t": "text" },
          ExpressionAttributeValues: { ":t": text },
        }),
      transaction: (Item) => documents.transactWrite({ TransactItems: [{ Put: { TableName, Item } }] }),
      batch: (Item) => documents.batchWrite({ RequestItems: { [TableName]: [{ PutRequest: { Item } }] } }),
    }[how];
    return {
      create: (text) => documents.put({ TableName, Item: { ...Key, text } }),
      read: async () => (await get())?.text,
      save: async (text) => {
        const item = await get();
        assert.deepEqual(Object.keys(item).sort(), ["PK", "SK", "text"], "no stamp is seen");
        await save({ ...item, text });
      },
    };
  });
}

// ElectroDB

for (const how of ["put", "patch"]) {
  mapper(`ElectroDB, ${how}`, async (client, region, table) => {
    const { Entity } = await import("electrodb");
    const Item = new Entity(
      {
        model: { entity: "item", version: "1", service: "orders" },
        attributes: { id: { type: "string", required: true }, text: { type: "string" } },
        indexes: { byId: { pk: { field: "PK", composite: ["id"] }, sk: { field: "SK", composite: [] } } },
      },
      { client, table },
    );
    return (id) => ({
      create: (text) => Item.create({ id, text }).go(),
      read: async () => (await Item.get({ id }).go({ consistent: true })).data?.text,
      save: async (text) => {
        const { data } = await Item.get({ id }).go();
        if (how === "put") await Item.put({ ...data, text }).go();
        else await Item.patch({ id }).set({ text }).go();
      },
    });
  });
}

// dynamodb-toolbox

for (const how of ["put", "update"]) {
  mapper(`dynamodb-toolbox, ${how}`, async (client, region, name) => {
    const { Entity, GetItemCommand, PutItemCommand, Table, UpdateItemCommand, item, string } = await import("dynamodb-toolbox");
    const table = new Table({
      name,
      documentClient: DynamoDBDocument.from(client),
      partitionKey: { name: "PK", type: "string" },
      sortKey: { name: "SK", type: "string" },
    });
    const Item = new Entity({
      name: "Item",
      table,
      schema: item({ PK: string().key(), SK: string().key(), text: string() }),
    });
    return (PK) => {
      const key = { PK, SK: "text" };
      const read = () => Item.build(GetItemCommand).key(key).options({ consistent: true }).send();
      return {
        create: (text) => Item.build(PutItemCommand).item({ ...key, text }).send(),
        read: async () => (await read()).Item?.text,
        save: async (text) => {
          const { Item: found } = await read();
          if (how === "put") await Item.build(PutItemCommand).item({ ...found, text }).send();
          else await Item.build(UpdateItemCommand).item({ ...key, text }).send();
        },
      };
    };
  });
}

// OneTable

for (const how of ["put", "update"]) {
  mapper(`OneTable, ${how}`, async (client, region, name) => {
    const { Table } = await import("dynamodb-onetable");
    const table = new Table({
      client,
      name,
      partial: false,
      schema: {
        format: "onetable:1.1.0",
        version: "0.0.1",
        indexes: { primary: { hash: "PK", sort: "SK" } },
        models: {
          Item: {
            PK: { type: "string", value: "${id}" },
            SK: { type: "string", value: "text" },
            id: { type: "string", required: true },
            text: { type: "string" },
          },
        },
      },
    });
    const Item = table.getModel("Item");
    return (id) => ({
      create: (text) => Item.create({ id, text }),
      read: async () => (await Item.get({ id }, { consistent: true }))?.text,
      save: async (text) => {
        const found = await Item.get({ id });
        if (how === "put") await Item.create({ ...found, text }, { exists: null });
        else await Item.update({ id, text });
      },
    });
  });
}

// dynamoose

for (const how of ["save", "update"]) {
  mapper(`dynamoose, ${how}`, async (client, region, name) => {
    const { default: dynamoose } = await import("dynamoose");
    const instance = new dynamoose.Instance();
    instance.aws.ddb.set(client);
    const schema = new dynamoose.Schema({
      PK: { type: String, hashKey: true },
      SK: { type: String, rangeKey: true },
      text: String,
    });
    const Item = dynamoose.model(`Item-${region}-${how}`, schema);
    new instance.Table(name, [Item], { create: false, waitForActive: false });
    return (PK) => {
      const key = { PK, SK: "text" };
      return {
        create: (text) => Item.create({ ...key, text }),
        read: async () => (await Item.get(key, { consistent: true }))?.text,
        save: async (text) => {
          const found = await Item.get(key);
          if (how === "update") return Item.update(key, { text });
          found.text = text;
          return found.save();
        },
      };
    };
  });
}

// TypeDORM, whose entities refuse attributes that they do not know

mapper("TypeDORM", async (client, region, name) => {
  // Its ES modules are not for Node.
  const require = createRequire(import.meta.url);
  require("reflect-metadata");
  const { Attribute, Entity, Table } = require("@typedorm/common");
  const { createConnection } = require("@typedorm/core");
  const { DocumentClientV3 } = require("@typedorm/document-client");
  const table = new Table({ name, partitionKey: "PK", sortKey: "SK" });
  class Item {}
  for (const property of ["id", "text"]) {
    Reflect.defineMetadata("design:type", String, Item.prototype, property);
    Attribute()(Item.prototype, property);
  }
  Entity({ name: "item", primaryKey: { partitionKey: "{{id}}", sortKey: "text" } })(Item);
  const connection = createConnection({ name: region, table, entities: [Item], documentClient: new DocumentClientV3(client) });
  const items = connection.entityManager;
  return (id) => ({
    create: (text) => items.create(Object.assign(new Item(), { id, text })),
    read: async () => (await items.findOne(Item, { id }, undefined, { consistentRead: true }))?.text,
    save: async (text) => {
      await items.findOne(Item, { id });
      await items.update(Item, { id }, { text });
    },
  });
});

// Auth.js

/** The item's id -> the one that Auth.js has made up for the user. */
const users = new Map();

mapper("Auth.js", async (client, region, tableName) => {
  const { DynamoDBAdapter } = await import("@auth/dynamodb-adapter");
  const documents = DynamoDBDocument.from(client, {
    marshallOptions: { convertEmptyValues: true, removeUndefinedValues: true, convertClassInstanceToMap: true },
  });
  const adapter = DynamoDBAdapter(documents, { tableName, partitionKey: "PK", sortKey: "SK" });
  return (id) => ({
    create: async (name) => {
      const user = await adapter.createUser({ email: `${id}@example.com`, emailVerified: null, name });
      users.set(id, user.id);
    },
    read: async () => (await adapter.getUser(users.get(id)))?.name,
    save: async (name) => {
      const user = await adapter.getUser(users.get(id));
      assert.ok(!Object.keys(user).some((attribute) => attribute.startsWith("lw:")), "no stamp is seen");
      // With keys of other names than its own it takes them for attributes, so not all of the user.
      await adapter.updateUser({ id: user.id, name });
    },
    keyText: () => users.get(id),
  });
});

// Powertools

test("the stream records that Powertools' parser makes tell their origin", async () => {
  const { DynamoDBStreamSchema } = await import("@aws-lambda-powertools/parser/schemas/dynamodb");
  const stamps = (region, n) => ({ [`lw:n:${region}`]: n, [`lw:t:${region}`]: 1795349587051000 + n });
  const record = (images) => ({
    eventID: "1",
    eventName: "MODIFY",
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: HERE,
    eventSourceARN: `arn:aws:dynamodb:${HERE}:123456789012:table/orders/stream/2026-11-22T12:00:00.000`,
    dynamodb: {
      ApproximateCreationDateTime: 1795349587,
      Keys: marshall({ id: "o-1" }),
      ...Object.fromEntries(Object.entries(images).map(([name, image]) => [name, marshall({ id: "o-1", ...image })])),
      SequenceNumber: "100000000000000000001",
      SizeBytes: 100,
      StreamViewType: "NEW_AND_OLD_IMAGES",
    },
  });
  const Records = [
    record({ OldImage: stamps(HERE, 1), NewImage: stamps(HERE, 2) }),
    record({ OldImage: stamps(HERE, 1), NewImage: { ...stamps(HERE, 1), ...stamps(THERE, 1) } }),
    record({ OldImage: { a: 1 }, NewImage: { a: 2 } }),
  ];
  const parsed = DynamoDBStreamSchema.parse({ Records });
  const expected = [{ kind: "local", region: HERE }, { kind: "replicated", region: THERE }, { kind: "unknown" }];
  assert.deepEqual(Records.map((one) => origin(one)), expected);
  assert.deepEqual(parsed.Records.map((one) => origin(one)), expected);
});

test("without memory a hand-over by a put looks like a loss", async () => {
  // What the tests above would see.
  const stores = (region, id) => {
    const documents = DynamoDBDocument.from(world.client(region, { remember: 0 }));
    const Key = { PK: id, SK: "text" };
    return {
      create: (text) => documents.put({ TableName: world.table, Item: { ...Key, text } }),
      read: async () => (await documents.get({ TableName: world.table, Key, ConsistentRead: true })).Item?.text,
      save: (text) => documents.put({ TableName: world.table, Item: { ...Key, text } }),
    };
  };
  await assert.rejects(world.handOverAndLose(stores), { code: "ERR_ASSERTION" });
});
