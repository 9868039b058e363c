// What a stamp costs in time: `npm run bench`. With --check it fails if a shape takes more than 50 us.
//
// It measures the middleware alone, as the SDK calls it: the median of many rounds, in microseconds per write.
import { lastwriter } from "lastwriter";

const LIMIT_US = 50;
const ROUNDS = 200;
const CALLS = 100;

const KEY = { id: { S: "o-1" } };
const UPDATE = {
  TableName: "orders",
  Key: KEY,
  UpdateExpression: "SET address = :a, #s = :s REMOVE draft ADD revision :one",
  ConditionExpression: "#s <> :s",
  ExpressionAttributeNames: { "#s": "state" },
  ExpressionAttributeValues: { ":a": { S: "Main St" }, ":s": { S: "sent" }, ":one": { N: "1" } },
};
const ITEM = { ...KEY, ...Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`attribute${n}`, { S: "value" }])) };
const READ = { ...ITEM, "lw:n:us-east-1": { N: "5" }, "lw:t:us-east-1": { N: "1795349587051000" } };

let unseen = 0;
const SHAPES = [
  ["UpdateItem", "UpdateItem", () => UPDATE],
  // White space makes it another text, so nothing is remembered of it.
  [
    "UpdateItem, expression not seen before",
    "UpdateItem",
    () => ({ ...UPDATE, UpdateExpression: `${UPDATE.UpdateExpression}${" ".repeat(unseen++ % 3000)}` }),
  ],
  ["UpdateItem, no expression", "UpdateItem", () => ({ TableName: "orders", Key: KEY })],
  ["PutItem, 30 attributes", "PutItem", () => ({ TableName: "orders", Item: ITEM })],
  ["PutItem, 30 attributes and history", "PutItem", () => ({ TableName: "orders", Item: READ })],
  [
    "PutItem, must not exist",
    "PutItem",
    () => ({ TableName: "orders", Item: ITEM, ConditionExpression: "attribute_not_exists(id)" }),
  ],
  ["GetItem (left alone)", "GetItem", () => ({ TableName: "orders", Key: KEY })],
  [
    "TransactWriteItems, each of 10 updates",
    "TransactWriteItems",
    () => ({ TransactItems: Array(10).fill({ Update: UPDATE }) }),
    10,
  ],
  [
    "BatchWriteItem, each of 25 puts",
    "BatchWriteItem",
    () => ({ RequestItems: { orders: Array(25).fill({ PutRequest: { Item: ITEM } }) } }),
    25,
  ],
];

/** The middleware as the SDK has it for one command, with nothing behind it. */
function handlerFor(operation) {
  let middleware;
  lastwriter().applyToStack({ addRelativeTo: (added) => (middleware = added) });
  const context = {
    commandName: `${operation}Command`,
    endpointV2: { url: new URL("https://dynamodb.us-east-1.amazonaws.com") },
  };
  return middleware(async () => ({ output: {} }), context);
}

async function measure(operation, make, writes = 1) {
  const handler = handlerFor(operation);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const calls = Array.from({ length: CALLS }, make);
    const start = performance.now();
    for (const input of calls) await handler({ input });
    rounds.push(((performance.now() - start) * 1000) / CALLS / writes);
  }
  return rounds.sort((one, other) => one - other)[ROUNDS / 2];
}

let slow = false;
for (const [name, operation, make, writes] of SHAPES) {
  const spent = await measure(operation, make, writes);
  slow ||= spent > LIMIT_US;
  console.log(`${spent.toFixed(2).padStart(8)} us  ${name}`);
}
if (slow && process.argv.includes("--check")) process.exitCode = 1;
