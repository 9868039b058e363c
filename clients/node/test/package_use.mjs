// Uses the installed package with what it brings along, and the SDK. Run by test-package.sh.
import assert from "node:assert/strict";

import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { lastwriter } from "lastwriter";

const sent = [];
const requestHandler = {
  async handle({ body }) {
    sent.push(JSON.parse(Buffer.from(body).toString()));
    throw new Error("sent");
  },
};
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const client = new DynamoDBClient({ region: "eu-west-1", credentials, requestHandler, maxAttempts: 1 });
client.middlewareStack.use(lastwriter({ clock: () => 1795349587051000 }));
const put = new PutItemCommand({
  TableName: "orders",
  Item: { id: { S: "o-1" } },
  ConditionExpression: "attribute_not_exists(id)",
});
await assert.rejects(client.send(put), /sent/);
assert.deepEqual(sent[0].Item, { id: { S: "o-1" }, "lw:n:eu-west-1": { N: "1" }, "lw:t:eu-west-1": { N: "1795349587051000" } });
