/** The calls whose answers are looked at, and what they write. */
import type { Request, StampedWrite } from "./request.js";
import type { Stamped } from "./stamper.js";
import type { Stamps } from "./stamps.js";

/** The operations whose answers are looked at. */
export type Operation =
  | "GetItem"
  | "Query"
  | "Scan"
  | "BatchGetItem"
  | "TransactGetItems"
  | "UpdateItem"
  | "PutItem"
  | "DeleteItem"
  | "BatchWriteItem"
  | "TransactWriteItems"
  | "ExecuteStatement"
  | "BatchExecuteStatement"
  | "ExecuteTransaction"
  | "DescribeTable"
  | "CreateTable"
  | "DeleteTable";

/** A call whose answer is awaited: what the caller asked for, and what it was stamped with. */
export interface Call {
  readonly operation: Operation;
  readonly asked: Request;
  /** Undefined where nothing was stamped. */
  readonly stamped: Stamped | undefined;
}

/** One write of a call: `content` has the key attributes. */
export interface Write {
  readonly kind: "Put" | "Update" | "Delete" | "ConditionCheck";
  readonly table: string;
  readonly content: Request;
  /** What a put was stamped with. */
  readonly stamps?: Stamps | undefined;
}

/** What a call writes. */
export function writesOf(call: Call): Write[] {
  const { TableName: table, Key, Item } = call.asked;
  switch (call.operation) {
    case "PutItem":
      return [put(table, Item, call.stamped?.writes[0])];
    case "UpdateItem":
      return [{ kind: "Update", table, content: Key }];
    case "DeleteItem":
      return [{ kind: "Delete", table, content: Key }];
    case "BatchWriteItem":
      return batchWrites(call);
    case "TransactWriteItems":
      return transactionWrites(call);
    case "GetItem":
    case "Query":
    case "Scan":
    case "BatchGetItem":
    case "TransactGetItems":
    case "ExecuteStatement":
    case "BatchExecuteStatement":
    case "ExecuteTransaction":
    case "DescribeTable":
    case "CreateTable":
    case "DeleteTable":
      return [];
  }
}

/** The writes of a batch, with the place of each in its table's list. */
export function batchWrites(call: Call): Array<Write & { place: number }> {
  const writes: Array<Write & { place: number }> = [];
  let at = 0;
  for (const [table, entries] of Object.entries<Request[]>(call.asked.RequestItems ?? {})) {
    for (const [place, { PutRequest, DeleteRequest }] of entries.entries()) {
      const stamped = call.stamped?.writes[at++];
      if (PutRequest) writes.push({ ...put(table, PutRequest.Item, stamped), place });
      else if (DeleteRequest) writes.push({ kind: "Delete", table, content: DeleteRequest.Key, place });
    }
  }
  return writes;
}

/** The actions of a transaction in their order, its condition checks too. */
export function transactionActions(call: Call): Write[] {
  let at = 0;
  const found: Write[] = [];
  for (const { Put, Update, Delete, ConditionCheck } of (call.asked.TransactItems ?? []) as Request[]) {
    const stamped = call.stamped?.writes[at++];
    if (Put) found.push(put(Put.TableName, Put.Item, stamped));
    else if (Update) found.push({ kind: "Update", table: Update.TableName, content: Update.Key });
    else if (Delete) found.push({ kind: "Delete", table: Delete.TableName, content: Delete.Key });
    else if (ConditionCheck) {
      found.push({ kind: "ConditionCheck", table: ConditionCheck.TableName, content: ConditionCheck.Key });
    }
  }
  return found;
}

function put(table: string, item: Request, stamped: StampedWrite | undefined): Write {
  return { kind: "Put", table, content: stamped?.key ?? item, stamps: stamped?.stamps };
}

/** The writes of a transaction. */
export function transactionWrites(call: Call): Write[] {
  return transactionActions(call).filter(({ kind }) => kind !== "ConditionCheck");
}

/** The texts of a call's PartiQL statements. */
export function statementsOf(request: Request): string {
  const several: Request[] = request.Statements ?? request.TransactStatements ?? [];
  return [request, ...several].map(({ Statement }) => Statement ?? "").join("\n");
}

/** Whether a read asks for some attributes by name: then it tells nothing of stamps, and hides none. */
export function isProjected({ ProjectionExpression, AttributesToGet }: Request): boolean {
  return Boolean(ProjectionExpression) || (AttributesToGet?.length ?? 0) > 0;
}
