/**
 * Rewrites requests: given an operation's parameters in DynamoDB JSON, the same parameters with the stamp added.
 *
 * Nothing here knows of the SDK or changes what it is given: the caller's objects stay as they are.
 */
import type { Memory, Table } from "./memory.js";
import { PutStamper } from "./put.js";
import { remember } from "./remember.js";
import { momentOf, stampedKind, type Moment, type Request, type StampedWrite } from "./request.js";
import type { StampNames } from "./stamps.js";
import { tableName, type TableSettings } from "./tables.js";
import type { TokenMemory } from "./tokens.js";
import { UpdateStamper } from "./update.js";

/** What is to be done with the reason why a write of several cannot be stamped. */
type OnError = (error: unknown) => void;

/** What to do with a transaction that has the caller's own ClientRequestToken. */
export type Tokens = "count" | "remember" | "leave";

/** The settings of a stamper, all of them resolved. */
export interface StamperSettings {
  readonly names: StampNames;
  readonly clock: () => bigint;
  readonly tables: TableSettings;
  readonly tokens: Tokens;
  readonly tokenMemory: TokenMemory;
  readonly memory: Memory;
}

/** What a request carries as its stamp. Where a batch or a transaction has several writes, each has its own. */
export interface Stamped {
  /** The stamp of each write: of each entry of a batch or a transaction, in their order; undefined for one that has none. */
  readonly writes: ReadonlyArray<StampedWrite | undefined>;
  /** The time in the stamp, in microseconds. */
  readonly time: bigint;
}

/** Adds one Region's stamp to requests that go to one place. */
export class Stamper {
  readonly names: StampNames;
  readonly tables: TableSettings;
  readonly memory: Memory;
  /** The table of a name or ARN. Each write comes by here, and there are few tables. */
  readonly table: (nameOrArn: string) => Table;
  private readonly updates: UpdateStamper;
  private readonly puts: PutStamper;

  constructor(
    readonly region: string,
    /** What tells the DynamoDB that requests go to from others. */
    readonly place: string,
    private readonly settings: StamperSettings,
  ) {
    const { names, tables, memory } = settings;
    this.names = names;
    this.tables = tables;
    this.memory = memory;
    this.updates = new UpdateStamper(names, region);
    this.puts = new PutStamper(names, region);
    this.table = remember((nameOrArn) => memory.table(place, tableName(nameOrArn)));
    for (const [table, keys] of tables.keys) memory.learnKeyNames(this.table(table), [...keys]);
  }

  /**
   * What a request carries as the stamp of this moment, or undefined where nothing is to be stamped.
   *
   * In a transaction or a batch each write is stamped on its own: for one that cannot be, `onError` is called with the
   * reason, and it goes on as it was, unless `onError` throws.
   */
  stamp(operation: string, request: Request, onError: OnError): Stamped | undefined {
    switch (operation) {
      case "UpdateItem":
      case "PutItem": {
        if (!this.tables.covers(request.TableName)) return undefined;
        const now = momentOf(this.settings.clock());
        const write =
          operation === "UpdateItem"
            ? this.update(request, now, false)
            : this.put(request, this.table(request.TableName), now);
        return write && { writes: [write], time: now.time };
      }
      case "TransactWriteItems":
        return this.transaction(request, onError);
      case "BatchWriteItem":
        return this.batch(request, onError);
      default:
        return undefined;
    }
  }

  private update(request: Request, now: Moment, inTransaction: boolean): StampedWrite | undefined {
    const table = this.table(request.TableName);
    this.tables.refuseEncrypted(table.name);
    const seen = () => (isObject(request.Key) ? this.memory.find(table, request.Key) : undefined);
    return this.updates.stamp(request, now, seen, inTransaction);
  }

  private put(request: Request, table: Table, now: Moment): StampedWrite | undefined {
    const item = request.Item;
    this.tables.refuseEncrypted(table.name, item);
    const write = this.puts.stamp(request, now, () => this.memory.find(table, item), this.tables.keysOf(table.name));
    return write && Object.assign(write, { key: keyOf(table, item) });
  }

  /**
   * A transaction with the caller's token may come from another process too, which remembers other items, so nothing goes
   * into it that hangs on what was seen; and by default nothing that hangs on the time.
   */
  private transaction(request: Request, onError: OnError): Stamped | undefined {
    const { clock, tokens, tokenMemory } = this.settings;
    if (!Array.isArray(request.TransactItems)) return undefined;
    const token = request.ClientRequestToken ?? undefined;
    if (token !== undefined && tokens === "leave") return undefined;
    const isRecalled = token !== undefined && tokens === "remember";
    const now = momentOf(isRecalled ? tokenMemory.recall(`${this.region} ${token}`, clock) : clock());
    const writes = request.TransactItems.map((entry: Request) => {
      const kind = stampedKind(entry);
      const write = entry[kind];
      if (!isObject(write) || !this.tables.covers(write.TableName)) return undefined;
      try {
        if (kind === "Update") return token === undefined ? this.update(write, now, true) : this.updateAlike(write, now);
        return token === undefined ? this.put(write, this.table(write.TableName), now) : this.putAlike(write, now);
      } catch (error) {
        onError(error); // Whatever it is, the write itself must go on.
        return undefined;
      }
    });
    return { writes, time: now.time };
  }

  /** Stamps an update as any process would. */
  private updateAlike(write: Request, now: Moment): StampedWrite | undefined {
    this.tables.refuseEncrypted(tableName(write.TableName));
    return this.settings.tokens === "count" ? this.updates.count(write) : this.updates.stamp(write, now, nothing, true);
  }

  /** Stamps a put as any process would. */
  private putAlike(write: Request, now: Moment): StampedWrite | undefined {
    const table = tableName(write.TableName);
    this.tables.refuseEncrypted(table, write.Item);
    const keys = this.tables.keysOf(table);
    return this.settings.tokens === "count" ? this.puts.count(write, keys) : this.puts.stamp(write, now, nothing, keys);
  }

  private batch(request: Request, onError: OnError): Stamped | undefined {
    if (!isObject(request.RequestItems)) return undefined;
    const now = momentOf(this.settings.clock());
    const writes: Array<StampedWrite | undefined> = [];
    for (const [name, entries] of Object.entries<Request[]>(request.RequestItems)) {
      const table = this.tables.covers(name) ? this.table(name) : undefined;
      for (const { PutRequest } of entries) {
        let write: StampedWrite | undefined;
        try {
          if (PutRequest && table) write = this.put(PutRequest, table, now);
        } catch (error) {
          onError(error); // Whatever it is, the write itself must go on.
        }
        writes.push(write);
      }
    }
    return { writes, time: now.time };
  }
}

/** The whole request with its stamp. */
export function stampedRequest(asked: Request, { writes }: Stamped): Request {
  let at = 0;
  if (asked.RequestItems) {
    const RequestItems: Request = {};
    for (const [table, entries] of Object.entries<Request[]>(asked.RequestItems)) {
      RequestItems[table] = entries.map((entry) => stampedEntry(entry, "PutRequest", writes[at++]));
    }
    return { ...asked, RequestItems };
  }
  if (asked.TransactItems) {
    const TransactItems = asked.TransactItems.map((entry: Request) =>
      stampedEntry(entry, stampedKind(entry), writes[at++]),
    );
    return { ...asked, TransactItems };
  }
  return { ...asked, ...writes[0]?.changed() };
}

function stampedEntry(entry: Request, kind: string, write: StampedWrite | undefined): Request {
  return write === undefined ? entry : { ...entry, [kind]: { ...entry[kind], ...write.changed() } };
}

/** The key of an item. The caller may change the item while its call is under way. */
function keyOf({ keyNames }: Table, item: Request): Request {
  if (keyNames === undefined) return item;
  const key: Request = {};
  for (const name of keyNames) key[name] = item[name];
  return key;
}

function isObject(value: unknown): value is Request {
  return typeof value === "object" && value !== null;
}

/** What is remembered where nothing may be taken from memory. */
function nothing(): undefined {
  return undefined;
}
