/** The calls whose answers are looked at, and what they write. */
import type { Request } from "./request.js";
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

/** A call whose answer is awaited: what the caller asked for, what is sent, and the time in its stamp. */
export interface Call {
  readonly operation: Operation;
  readonly asked: Request;
  readonly sent: Request;
  /** Undefined where nothing was stamped. */
  readonly time: bigint | undefined;
  /** The stamps of its puts, in their order; undefined for one that has none. */
  readonly puts: ReadonlyArray<Stamps | undefined>;
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
  const { TableName: table, Key, Item } = call.sent;
  switch (call.operation) {
    case "PutItem":
      return [{ kind: "Put", table, content: Item, stamps: call.puts[0] }];
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
  let puts = 0;
  for (const [table, entries] of Object.entries<Request[]>(call.sent.RequestItems ?? {})) {
    for (const [place, { PutRequest, DeleteRequest }] of entries.entries()) {
      if (PutRequest) writes.push({ kind: "Put", table, content: PutRequest.Item, stamps: call.puts[puts++], place });
      else if (DeleteRequest) writes.push({ kind: "Delete", table, content: DeleteRequest.Key, place });
    }
  }
  return writes;
}

/** The actions of a transaction in their order, its condition checks too. */
export function transactionActions(call: Call): Write[] {
  let puts = 0;
  const found: Write[] = [];
  for (const { Put, Update, Delete, ConditionCheck } of (call.sent.TransactItems ?? []) as Request[]) {
    if (Put) found.push({ kind: "Put", table: Put.TableName, content: Put.Item, stamps: call.puts[puts++] });
    else if (Update) found.push({ kind: "Update", table: Update.TableName, content: Update.Key });
    else if (Delete) found.push({ kind: "Delete", table: Delete.TableName, content: Delete.Key });
    else if (ConditionCheck) {
      found.push({ kind: "ConditionCheck", table: ConditionCheck.TableName, content: ConditionCheck.Key });
    }
  }
  return found;
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
