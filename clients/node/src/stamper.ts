/**
 * Rewrites requests: given an operation's parameters in DynamoDB JSON, the same parameters with the stamp added.
 *
 * Nothing here knows of the SDK or changes what it is given: the caller's objects stay as they are.
 */
import type { Memory, Table } from "./memory.js";
import { PutStamper, type StampedPut } from "./put.js";
import { remember } from "./remember.js";
import { momentOf, type Moment, type Request } from "./request.js";
import type { StampNames, Stamps } from "./stamps.js";
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

/** A request that carries a stamp. Where a batch or a transaction has several writes, each does. */
export interface Stamped {
  readonly request: Request;
  /** The time in the stamp, in microseconds. */
  readonly time: bigint;
  /** The stamps of its puts, in their order; undefined for one that could not be stamped. */
  readonly puts: ReadonlyArray<Stamps | undefined>;
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
   * The request with the stamp of this moment, or undefined where nothing is to be stamped.
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
        if (operation === "UpdateItem") return stamped(request, this.update(request, now, false), now, []);
        const put = this.put(request, this.table(request.TableName), now);
        return put && stamped(request, { Item: put.item }, now, [put.stamps]);
      }
      case "TransactWriteItems":
        return this.transaction(request, onError);
      case "BatchWriteItem":
        return this.batch(request, onError);
      default:
        return undefined;
    }
  }

  private update(request: Request, now: Moment, inTransaction: boolean): Request | undefined {
    const table = this.table(request.TableName);
    this.tables.refuseEncrypted(table.name);
    const seen = () => (isObject(request.Key) ? this.memory.find(table, request.Key) : undefined);
    return this.updates.stamp(request, now, seen, inTransaction);
  }

  private put(request: Request, table: Table, now: Moment): StampedPut | undefined {
    const item = request.Item;
    this.tables.refuseEncrypted(table.name, item);
    return this.puts.stamp(request, now, () => this.memory.find(table, item), this.tables.keysOf(table.name));
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
    const puts: Array<Stamps | undefined> = [];
    const entries = request.TransactItems.map((entry: Request) => {
      const kind = entry.Put ? "Put" : "Update";
      const write = entry[kind];
      let changed: Request | undefined;
      let stamps: Stamps | undefined;
      if (isObject(write) && this.tables.covers(write.TableName)) {
        try {
          if (kind === "Update") {
            changed = token === undefined ? this.update(write, now, true) : this.updateAlike(write, now);
          } else {
            const put = token === undefined ? this.put(write, this.table(write.TableName), now) : this.putAlike(write, now);
            if (put !== undefined) changed = { Item: put.item };
            stamps = put?.stamps;
          }
        } catch (error) {
          onError(error); // Whatever it is, the write itself must go on.
        }
      }
      if (kind === "Put") puts.push(stamps);
      return changed === undefined ? entry : { ...entry, [kind]: { ...write, ...changed } };
    });
    return stamped(request, { TransactItems: entries }, now, puts);
  }

  /** Stamps an update as any process would. */
  private updateAlike(write: Request, now: Moment): Request | undefined {
    this.tables.refuseEncrypted(tableName(write.TableName));
    return this.settings.tokens === "count" ? this.updates.count(write) : this.updates.stamp(write, now, nothing, true);
  }

  /** Stamps a put as any process would. */
  private putAlike(write: Request, now: Moment): StampedPut | undefined {
    const table = tableName(write.TableName);
    this.tables.refuseEncrypted(table, write.Item);
    const keys = this.tables.keysOf(table);
    return this.settings.tokens === "count" ? this.puts.count(write, keys) : this.puts.stamp(write, now, nothing, keys);
  }

  private batch(request: Request, onError: OnError): Stamped | undefined {
    if (!isObject(request.RequestItems)) return undefined;
    const now = momentOf(this.settings.clock());
    const puts: Array<Stamps | undefined> = [];
    const RequestItems: Request = {};
    for (const [name, entries] of Object.entries<Request[]>(request.RequestItems)) {
      const table = this.tables.covers(name) ? this.table(name) : undefined;
      RequestItems[name] = entries.map((entry) => {
        if (!entry.PutRequest) return entry;
        let put: StampedPut | undefined;
        try {
          put = table && this.put(entry.PutRequest, table, now);
        } catch (error) {
          onError(error); // Whatever it is, the write itself must go on.
        }
        puts.push(put?.stamps);
        return put === undefined ? entry : { ...entry, PutRequest: { ...entry.PutRequest, Item: put.item } };
      });
    }
    return stamped(request, { RequestItems }, now, puts);
  }
}

function stamped(
  request: Request,
  changed: Request | undefined,
  { time }: Moment,
  puts: ReadonlyArray<Stamps | undefined>,
): Stamped | undefined {
  return changed === undefined ? undefined : { request: { ...request, ...changed }, time, puts };
}

function isObject(value: unknown): value is Request {
  return typeof value === "object" && value !== null;
}

/** What is remembered where nothing may be taken from memory. */
function nothing(): undefined {
  return undefined;
}
