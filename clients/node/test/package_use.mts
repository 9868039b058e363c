// The types that a user sees.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { lastwriter, origin, remembered, type LastwriterOptions, type Origin } from "lastwriter";

const options: LastwriterOptions = { tokens: "count", hide: true, remember: 100, keys: { orders: ["id"] } };
const client = new DynamoDBClient({});
client.middlewareStack.use(lastwriter(options));
const history: Record<string, { N: string }> = remembered(client, { TableName: "orders", Key: { id: { S: "o-1" } } });
const found: Origin = origin({ eventName: "MODIFY" });
if (found.kind === "replicated") console.log(found.region, history);
// @ts-expect-error: a setting that is none
lastwriter({ tokens: "always" });
