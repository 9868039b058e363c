// A stamped Node writer: node writer.mjs REGION ENDPOINT TABLE
//
// Each line of standard input is an UpdateItem in DynamoDB JSON, without TableName; each line of standard output is the
// item as that write left it. The package and the SDK are those of clients/node.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../node/package.json", import.meta.url));
const { DynamoDBClient, UpdateItemCommand } = require("@aws-sdk/client-dynamodb");
const { lastwriter } = require("lastwriter");

const [region, endpoint, TableName] = process.argv.slice(2);
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const client = new DynamoDBClient({ region, endpoint, credentials, maxAttempts: 2 });
client.middlewareStack.use(lastwriter({ strict: true, hide: false }));

for await (const line of createInterface({ input: process.stdin })) {
  const { Attributes } = await client.send(
    new UpdateItemCommand({ ...JSON.parse(line), TableName, ReturnValues: "ALL_NEW" }),
  );
  process.stdout.write(`${JSON.stringify(Attributes)}\n`);
}
