// What a stamp costs in time: `npm run bench`. With --check it fails above the bars.
//
// First the middleware alone, as the SDK calls it, for each write: the median of many rounds. Then the whole call of the SDK
// with and without it, up to where it would be sent: the two in turns, so that both meet the same machine, and the fastest
// twentieth of many. All is the time that passes, since Node tells no thread's own CPU time: a busy machine blurs it.
import { Readable } from "node:stream";

import * as dynamodb from "@aws-sdk/client-dynamodb";
import { lastwriter } from "lastwriter";

/** Microseconds for one write, in the middleware. */
const LIMIT_US = 50;
/** Per cent of the whole call that a batch or a transaction may take longer. */
const LIMIT_PERCENT = 20;
const ROUNDS = 200;
const CALLS = 100;
const WHOLE_ROUNDS = 800;

const KEY = { id: { S: "o-1" } };
const UPDATE = {
  TableName: "orders",
  Key: KEY,
  UpdateExpression: "SET address = :a, #s = :s REMOVE draft ADD revision :one",
  ConditionExpression: "#s <> :s",
  ExpressionAttributeNames: { "#s": "state" },
  ExpressionAttributeValues: { ":a": { S: "Main St" }, ":s": { S: "sent" }, ":one": { N: "1" } },
};
const SMALL = {
  TableName: "orders",
  Key: KEY,
  UpdateExpression: "SET address = :a",
  ExpressionAttributeValues: { ":a": { S: "Main St" } },
};
const itemOf = (attributes) => ({
  ...KEY,
  ...Object.fromEntries(Array.from({ length: attributes }, (_, n) => [`attribute${n}`, { S: "value" }])),
});
const ITEM = itemOf(30);
const READ = { ...ITEM, "lw:n:us-east-1": { N: "5" }, "lw:t:us-east-1": { N: "1795349587051000" } };
const transaction = (update) => ({ TransactItems: Array(10).fill({ Update: update }) });
const batch = (item) => ({ RequestItems: { orders: Array(25).fill({ PutRequest: { Item: item } }) } });

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
  ["GetItem (only remembered)", "GetItem", () => ({ TableName: "orders", Key: KEY })],
  ["TransactWriteItems, each of 10 updates", "TransactWriteItems", () => transaction(UPDATE), 10],
  ["BatchWriteItem, each of 25 puts", "BatchWriteItem", () => batch(ITEM), 25],
];
/** The last tells whether the bar is for it. */
const WHOLE = [
  ["UpdateItem", "UpdateItem", UPDATE],
  ["UpdateItem, one attribute", "UpdateItem", SMALL],
  ["PutItem, 30 attributes", "PutItem", { TableName: "orders", Item: ITEM }],
  ["GetItem of 30 attributes", "GetItem", { TableName: "orders", Key: KEY }],
  ["TransactWriteItems, 10 updates", "TransactWriteItems", transaction(UPDATE), true],
  ["TransactWriteItems, 10 updates of one attribute", "TransactWriteItems", transaction(SMALL)],
  ["BatchWriteItem, 25 puts of 30 attributes", "BatchWriteItem", batch(ITEM), true],
  ["BatchWriteItem, 25 puts of 5 attributes", "BatchWriteItem", batch(itemOf(5))],
];

const SETTINGS = { keys: { orders: ["id"] } };

/** The middleware as the SDK has it for one command, with nothing behind it. */
function handlerFor(operation) {
  let middleware;
  lastwriter(SETTINGS).applyToStack({ addRelativeTo: (added) => (middleware ??= added) });
  const context = {
    commandName: `${operation}Command`,
    endpointV2: { url: new URL("https://dynamodb.us-east-1.amazonaws.com") },
  };
  return middleware(async () => ({ output: operation === "GetItem" ? { Item: { ...READ } } : {} }), context);
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

/** A client that sends nothing, and is answered at once. */
function newClient() {
  const requestHandler = {
    metadata: { handlerProtocol: "http/1.1" },
    async handle({ headers }) {
      const isRead = headers["x-amz-target"].endsWith(".GetItem");
      const body = Readable.from([Buffer.from(JSON.stringify(isRead ? { Item: READ } : {}))]);
      return { response: { statusCode: 200, headers: { "content-type": "application/x-amz-json-1.0" }, body } };
    },
  };
  const credentials = { accessKeyId: "none", secretAccessKey: "none" };
  return new dynamodb.DynamoDBClient({ region: "us-east-1", credentials, requestHandler });
}

/** Microseconds of the whole call without and with stamps. */
async function measureWhole(clients, operation, input) {
  const times = clients.map(() => []);
  const Command = dynamodb[`${operation}Command`];
  for (let round = 0; round < WHOLE_ROUNDS; round += 1) {
    for (const [number, client] of clients.entries()) {
      const start = performance.now();
      await client.send(new Command(input));
      times[number].push((performance.now() - start) * 1000);
    }
  }
  return times.map((one) => one.sort((a, b) => a - b)[WHOLE_ROUNDS / 20]);
}

let slow = false;
console.log("The middleware, for each write:");
for (const [name, operation, make, writes] of SHAPES) {
  const time = await measure(operation, make, writes);
  slow ||= time > LIMIT_US;
  console.log(`${time.toFixed(2).padStart(8)} us  ${name}`);
}
console.log("The whole call, without and with stamps:");
const clients = [newClient(), newClient()];
clients[1].middlewareStack.use(lastwriter(SETTINGS));
for (const [name, operation, input, barred = false] of WHOLE) {
  await measureWhole(clients, operation, input); // Until the code is compiled.
  const [without, withStamps] = await measureWhole(clients, operation, input);
  const more = (100 * (withStamps - without)) / without;
  slow ||= barred && more > LIMIT_PERCENT;
  const times = `${without.toFixed(0).padStart(8)} us ${withStamps.toFixed(0).padStart(8)} us`;
  console.log(`${times} ${(more >= 0 ? "+" : "") + more.toFixed(1)} %  ${name}`);
}
if (slow && process.argv.includes("--check")) process.exitCode = 1;
