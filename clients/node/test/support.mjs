// Clients that send nothing, a server that answers, and the shared vectors.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import * as lib from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";

export const NOW = 1795349587051000;
export const REGIONS = ["us-east-1", "eu-west-1"];
const CLIENTS = path.join(import.meta.dirname, "..", "..");
const credentials = { accessKeyId: "test", secretAccessKey: "test" };

/** A vector file of clients/conformance. */
export function vectors(name) {
  return JSON.parse(readFileSync(path.join(CLIENTS, "conformance", name), "utf8"));
}

/** Every vector that is a request and what is sent for it. */
export function requestVectors() {
  return ["update.json", "put.json", "transact.json", "tokens.json", "batch.json", "left-alone.json"].flatMap((file) => {
    const { clock, vectors: found } = vectors(file);
    return found.map((vector) => ({
      ...vector,
      clock,
      output: vector.output === "input" ? vector.input : vector.output,
    }));
  });
}

/** Every vector that is several calls of one client in a row. */
export function sequences() {
  return ["memory.json", "hidden.json", "written-back.json", "encrypted.json", "given-back.json"].flatMap((file) => {
    const { clock, vectors: found } = vectors(file);
    return found.map((vector) => ({ clock, ...vector, file }));
  });
}

/** The settings of `lastwriter()` for a vector. */
export function settings(vector, clock) {
  return { region: "us-east-1", clock: () => clock, ...vector.options };
}

/** A clock that is one microsecond later at each reading. */
export function ticking(start = NOW) {
  let next = start;
  return () => next++;
}

/** A client that sends nothing: the bodies it would have sent, and the answers it is to get instead. */
export function offline(options = {}, translation = {}) {
  const sent = [];
  const answers = [];
  const requestHandler = {
    metadata: { handlerProtocol: "http/1.1" },
    async handle(request) {
      sent.push(JSON.parse(request.body.toString()));
      const answer = answers.shift() ?? [200, {}];
      if (answer instanceof Error) throw answer;
      const [statusCode, body] = answer;
      return {
        response: {
          statusCode,
          headers: { "content-type": "application/x-amz-json-1.0" },
          body: Readable.from([Buffer.from(JSON.stringify(body))]),
        },
      };
    },
  };
  const retryStrategy = {
    async acquireInitialRetryToken() {
      return { getRetryCount: () => 0, getRetryDelay: () => 0 };
    },
    async refreshRetryTokenForRetry(token, error) {
      if (error.errorType !== "THROTTLING") throw error.error ?? new Error("not to be tried again");
      return token;
    },
    recordSuccess() {},
  };
  const client = new DynamoDBClient({ region: "us-east-1", credentials, requestHandler, retryStrategy, ...options });
  return { client, document: lib.DynamoDBDocumentClient.from(client, translation), sent, answers };
}

/** DynamoDB JSON attribute values as the JavaScript values that a document client takes. */
export function native(value) {
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
export const DOCUMENT_COMMANDS = {
  UpdateItem: lib.UpdateCommand,
  PutItem: lib.PutCommand,
  DeleteItem: lib.DeleteCommand,
  GetItem: lib.GetCommand,
  Query: lib.QueryCommand,
  Scan: lib.ScanCommand,
  TransactGetItems: lib.TransactGetCommand,
  TransactWriteItems: lib.TransactWriteCommand,
  BatchGetItem: lib.BatchGetCommand,
  BatchWriteItem: lib.BatchWriteCommand,
  ExecuteStatement: lib.ExecuteStatementCommand,
  BatchExecuteStatement: lib.BatchExecuteStatementCommand,
  ExecuteTransaction: lib.ExecuteTransactionCommand,
};

/** A logger that keeps what it is told. */
export function notebook() {
  const lines = [];
  return { lines, error: (message) => lines.push(message) };
}

/** Region -> endpoint, from the one file that knows how to start a server, and a function that stops it. */
export async function startEndpoints() {
  const parse = (text) => Object.fromEntries(text.trim().split(",").map((pair) => pair.trim().split(/=(.*)/s)));
  if (process.env.LASTWRITER_TEST_ENDPOINTS) {
    return { endpoints: parse(process.env.LASTWRITER_TEST_ENDPOINTS), stop: async () => {} };
  }
  const python = process.env.LASTWRITER_TEST_PYTHON ?? path.join(CLIENTS, "python", ".venv", "bin", "python");
  const server = spawn(python, [path.join(CLIENTS, "python", "tests", "endpoints.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", resolve);
  });
  const line = new Promise((resolve) => createInterface({ input: server.stdout }).once("line", resolve));
  const first = await Promise.race([line, ended.then((code) => new Error(`no endpoints: exit code ${code}`))]);
  if (first instanceof Error) throw first;
  return {
    endpoints: parse(first),
    async stop() {
      server.stdin.end();
      await ended;
    },
  };
}

/** A client of a Region's endpoint. */
export function connect(endpoints, region = "us-east-1") {
  return new DynamoDBClient({ region, endpoint: endpoints[region], credentials, maxAttempts: 2 });
}
