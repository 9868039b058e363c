/**
 * What is done with DynamoDB's answers: the stamps in them are remembered, and hidden from the caller.
 *
 * An answer tells what its process has now seen, a write that went through what it has written. Where an answer leaves it
 * open what an item's stamps are now, the item is forgotten: its next put says that it knows no history.
 *
 * Answers come in DynamoDB JSON, or as the JavaScript values that a document client has made of them. Keys and stamps are
 * read in both forms.
 */
import { asAsked, givenBack } from "./given-back.js";
import type { Memory, Table } from "./memory.js";
import type { Request } from "./request.js";
import type { Stamper } from "./stamper.js";
import { NO_PAIR, withPair, type StampNames, type Stamps } from "./stamps.js";
import {
  batchWrites,
  isProjected,
  statementsOf,
  transactionActions,
  transactionWrites,
  writesOf,
  type Call,
  type Write,
} from "./writes.js";

/** Reads the answers of the calls to one endpoint. `hide` takes stamps out of what the caller gets. */
export class Answers {
  private readonly memory: Memory;
  private readonly names: StampNames;

  constructor(
    private readonly stamper: Stamper,
    private readonly hide: boolean,
  ) {
    this.memory = stamper.memory;
    this.names = stamper.names;
  }

  /** The answer of a call that went through. Changes it in place. */
  read(call: Call, answer: Request): void {
    switch (call.operation) {
      case "GetItem":
        return this.one(call.asked.TableName, call.asked, call.asked.Key, answer.Item);
      case "Query":
      case "Scan":
        return this.page(call, answer);
      case "BatchGetItem":
        return this.batchGet(call, answer);
      case "TransactGetItems":
        return this.transactGet(call, answer);
      case "UpdateItem":
      case "PutItem":
      case "DeleteItem":
        return this.written(call, answer);
      case "BatchWriteItem":
        return this.batchWritten(call, answer);
      case "TransactWriteItems":
        return this.transactionWritten(call);
      case "ExecuteStatement":
      case "BatchExecuteStatement":
      case "ExecuteTransaction":
        return this.statement(call, answer);
      case "DescribeTable":
      case "CreateTable":
        return this.described(answer);
      case "DeleteTable":
        return this.memory.forgetTable(this.table(call.asked.TableName));
    }
  }

  /** The error of a call that DynamoDB refused. It may hold items, where the caller asked for them. */
  refused(call: Call, error: Request): void {
    switch (call.operation) {
      case "UpdateItem":
      case "PutItem":
      case "DeleteItem": {
        if (!error.Item || !this.covers(call.asked.TableName)) return;
        const { TableName, Key, Item } = call.asked;
        if (Key) this.learn(TableName, Key);
        return this.whole(TableName, error.Item, Key ?? Item);
      }
      case "TransactWriteItems": {
        const reasons: Request[] = error.CancellationReasons ?? [];
        for (const [number, write] of transactionActions(call).entries()) {
          const item = reasons[number]?.Item;
          if (item) this.whole(write.table, item, write.content);
        }
        return;
      }
      case "GetItem":
      case "Query":
      case "Scan":
      case "BatchGetItem":
      case "TransactGetItems":
      case "BatchWriteItem":
      case "ExecuteStatement":
      case "BatchExecuteStatement":
      case "ExecuteTransaction":
      case "DescribeTable":
      case "CreateTable":
      case "DeleteTable":
        return;
    }
  }

  /** No answer came, or one that leaves open whether the write was made: what it wrote to is not known now. */
  lost(call: Call): void {
    for (const { table, content } of writesOf(call)) {
      if (this.covers(table)) this.memory.forget(this.table(table), content);
    }
    const statements = statementsOf(call.asked);
    if (statements.trim() !== "") this.forgetTablesIn(statements);
  }

  // Reads

  /** An item that was read by its key. */
  private one(table: string, request: Request, key: Request, item: Request | undefined): void {
    if (!this.covers(table)) return;
    this.learn(table, key);
    if (!item || isProjected(request)) this.memory.forget(this.table(table), key);
    else this.whole(table, item, key);
  }

  /** An item with all that is in it: remember its stamps, and hide them. */
  private whole(table: string, item: Request, key: Request): void {
    if (!this.covers(table)) return;
    const known = this.table(table);
    this.stamper.tables.notice(known.name, item);
    const stamps = this.names.among(item);
    if (stamps.length === 0) return;
    this.memory.add(known, key, this.names.stampsOf(item, stamps));
    if (!this.hide) return;
    for (const { name } of stamps) delete item[name];
  }

  private page({ asked }: Call, answer: Request): void {
    if (answer.LastEvaluatedKey && !asked.IndexName && this.covers(asked.TableName)) {
      this.learn(asked.TableName, answer.LastEvaluatedKey);
    }
    this.several(asked.TableName, asked, answer.Items ?? []);
  }

  /** Items that were read together, and tell their keys themselves. */
  private several(table: string, request: Request, items: readonly Request[]): void {
    if (!this.covers(table)) return;
    const projected = isProjected(request);
    for (const item of items) {
      // An index may leave the stamps out, and then says nothing of them.
      const tellsNothing = projected || (request.IndexName && this.names.among(item).length === 0);
      if (tellsNothing) this.memory.forget(this.table(table), item);
      else this.whole(table, item, item);
    }
  }

  private batchGet({ asked }: Call, answer: Request): void {
    for (const [name, items] of Object.entries<Request[]>(answer.Responses ?? {})) {
      const request: Request = asked.RequestItems?.[name] ?? {};
      const keys: Request[] = request.Keys ?? [];
      if (keys.length === 0 || !this.covers(name)) continue;
      const table = this.table(name);
      this.learn(name, keys[0] as Request);
      if (isProjected(request)) {
        for (const key of keys) this.memory.forget(table, key);
        continue;
      }
      const unprocessed: Request[] = answer.UnprocessedKeys?.[name]?.Keys ?? [];
      if (items.length + unprocessed.length < keys.length) {
        const there = new Set([...items, ...unprocessed].map((item) => this.memory.key(table, item)));
        for (const key of keys) if (!there.has(this.memory.key(table, key))) this.memory.forget(table, key);
      }
      this.several(name, request, items);
    }
  }

  private transactGet({ asked }: Call, answer: Request): void {
    const responses: Request[] = answer.Responses ?? [];
    for (const [number, { Get }] of ((asked.TransactItems ?? []) as Request[]).entries()) {
      const response = responses[number];
      if (response && Get) this.one(Get.TableName, Get, Get.Key, response.Item);
    }
  }

  // Writes

  private written(call: Call, answer: Request): void {
    const write = writesOf(call)[0];
    if (write === undefined || !this.covers(write.table)) return;
    const table = this.table(write.table);
    const attributes: Request | undefined = answer.Attributes;
    const { ReturnValues: returned } = call.asked;
    if (write.kind !== "Put") this.learn(write.table, write.content);
    if (returned === "ALL_NEW" && attributes) {
      this.memory.add(table, write.content, this.names.stampsOf(attributes));
    } else {
      if (returned === "ALL_OLD" && attributes) {
        this.memory.add(table, write.content, this.names.stampsOf(attributes));
      }
      this.made(write, call);
    }
    if (this.hide && attributes) this.hideReturned(call, answer, attributes);
  }

  private hideReturned(call: Call, answer: Request, attributes: Request): void {
    const stamps = this.names.among(attributes);
    if (stamps.length === 0) return;
    const byName = new Set(Object.values(call.asked.ExpressionAttributeNames ?? {}));
    for (const { name } of stamps) if (!byName.has(name)) delete attributes[name];
    // Without the stamp there would have been nothing to return.
    if (Object.keys(attributes).length === 0) delete answer.Attributes;
  }

  /** A write that was made. */
  private made(write: Write, call: Call): void {
    const table = this.table(write.table);
    switch (write.kind) {
      case "Put":
        return this.putMade(table, write.content, write.stamps);
      case "Delete":
        this.learn(write.table, write.content);
        return this.memory.forget(table, write.content);
      case "Update":
        this.learn(write.table, write.content);
        return this.memory.change(table, write.content, (known) => this.advanced(known, call.stamped?.time ?? 0n));
      case "ConditionCheck":
        return;
    }
  }

  private advanced(known: Stamps, time: bigint): Stamps {
    const { n = 0n, t = 0n } = known.pairs.get(this.stamper.region) ?? NO_PAIR;
    return withPair(known, this.stamper.region, { n: n + 1n, t: time > t ? time : t });
  }

  private putMade(table: Table, item: Request, stamps: Stamps | undefined): void {
    const own = stamps?.pairs.get(this.stamper.region);
    if (stamps === undefined || own === undefined) this.memory.forget(table, item); // It could not be stamped.
    else if (own.n !== 1n || stamps.pairs.size > 1 || stamps.reset !== undefined) this.memory.add(table, item, stamps);
    else this.memory.replace(table, item, stamps); // Its condition said that there was none.
  }

  private batchWritten(call: Call, answer: Request): void {
    const unprocessed: Record<string, Request[]> = answer.UnprocessedItems ?? {};
    const back = givenBack(call, unprocessed);
    for (const write of batchWrites(call)) {
      if (this.covers(write.table) && !back.get(write.table)?.has(write.place)) this.made(write, call);
    }
    if (call.stamped !== undefined) asAsked(call, back, this.names);
  }

  private transactionWritten(call: Call): void {
    // It may have been made before, under the same token, and then it was not made again now.
    if (call.asked.ClientRequestToken !== undefined && call.asked.ClientRequestToken !== null) return this.lost(call);
    for (const write of transactionWrites(call)) if (this.covers(write.table)) this.made(write, call);
  }

  // Statements and tables

  private statement(call: Call, answer: Request): void {
    const statements = statementsOf(call.asked);
    this.forgetTablesIn(statements);
    if (!this.hide || statements.includes(this.names.start)) return;
    const responses: Request[] = answer.Responses ?? [];
    const items: Array<Request | undefined> = answer.Items ?? responses.map(({ Item }) => Item);
    for (const item of items) {
      if (!item) continue;
      for (const { name } of this.names.among(item)) delete item[name];
    }
  }

  private forgetTablesIn(statements: string): void {
    this.memory.forgetTables(this.stamper.place, (table) => statements.includes(table));
  }

  private described(answer: Request): void {
    const { TableName, KeySchema = [] }: Request = answer.Table ?? answer.TableDescription ?? {};
    const names = KeySchema.map(({ AttributeName }: Request) => AttributeName);
    if (names.length > 0 && this.covers(TableName)) this.memory.learnKeyNames(this.table(TableName), names);
  }

  private covers(table: unknown): table is string {
    return this.stamper.tables.covers(table);
  }

  private learn(table: string, key: Request): void {
    this.memory.learnKeyNames(this.table(table), Object.keys(key));
  }

  private table(name: string): Table {
    return this.stamper.table(name);
  }
}
