/**
 * Rewrites requests: given an operation's parameters in DynamoDB JSON, the same parameters with the stamp added.
 *
 * Nothing here knows of the SDK or changes what it is given: the caller's objects stay as they are.
 */
import { MAX_PART } from "./clock.js";
import { mustNotExist, type ConditionalPut } from "./condition.js";
import { StampError } from "./errors.js";
import { extend, MAX_EXPRESSION_BYTES, parseUpdate, placeholderSuffix, type Keyword } from "./expression.js";
import { likePart, readPart } from "./part.js";
import { checkRegion } from "./region.js";
import type { TokenMemory } from "./tokens.js";

/** The parameters of an operation. Their shape is the SDK's to check. */
type Request = Record<string, any>;
type OnError = (error: unknown) => void;

/** The settings of a stamper, all of them resolved. */
export interface StamperSettings {
  readonly prefix: string;
  readonly clock: () => bigint;
  readonly covers: (table: unknown) => boolean;
  readonly keys: ReadonlyMap<string, ReadonlySet<string>>;
  readonly tokens: "remember" | "leave";
  readonly memory: TokenMemory;
}

/** A request that carries a stamp, and the time in it, in microseconds. */
export interface Stamped {
  readonly request: Request;
  readonly time: bigint;
}

/** The bare name: DynamoDB takes an ARN wherever it takes a table's name. */
export function tableName(nameOrArn: string): string {
  return nameOrArn.startsWith("arn:") ? nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1) : nameOrArn;
}

/** Adds one Region's stamp to requests. */
export class Stamper {
  readonly region: string;
  readonly covers: (table: unknown) => boolean;
  private readonly countName: string;
  private readonly timeName: string;
  private readonly resetName: string;
  private readonly stampPrefixes: readonly [string, string];

  constructor(
    region: string,
    private readonly settings: StamperSettings,
  ) {
    this.region = checkRegion(region);
    this.covers = settings.covers;
    this.countName = `${settings.prefix}:n:${region}`;
    this.timeName = `${settings.prefix}:t:${region}`;
    this.resetName = `${settings.prefix}:reset`;
    this.stampPrefixes = [`${settings.prefix}:n:`, `${settings.prefix}:t:`];
  }

  /**
   * The request with the stamp of this moment, or undefined where nothing is to be stamped.
   *
   * In a transaction or a batch each write is stamped on its own: for one that cannot be, `onError` is called with the
   * reason, and it goes on as it was, unless `onError` throws.
   */
  stamp(operation: string, request: Request, onError: OnError): Stamped | undefined {
    const { clock, tokens, memory } = this.settings;
    let time: bigint;
    let changed: Request | undefined;
    if (operation === "UpdateItem" || operation === "PutItem") {
      if (!this.covers(request.TableName)) return undefined;
      time = clock();
      changed = operation === "UpdateItem" ? this.update(request, time, false) : this.put(request, time);
    } else if (operation === "TransactWriteItems") {
      const token = request.ClientRequestToken;
      if (token === undefined || token === null) time = clock();
      else if (tokens === "leave") return undefined;
      else time = memory.recall(`${this.region} ${token}`, clock);
      changed = this.transaction(request, time, onError);
    } else if (operation === "BatchWriteItem") {
      time = clock();
      changed = this.batch(request, time, onError);
    } else {
      return undefined;
    }
    return changed === undefined ? undefined : { request: { ...request, ...changed }, time };
  }

  private update(request: Request, time: bigint, inTransaction: boolean): Request | undefined {
    const expression: string | undefined = request.UpdateExpression ?? undefined;
    let targets: readonly string[] = [];
    if (expression === undefined) {
      if (inTransaction) return undefined;
      // DynamoDB does not take expressions and the parameters that they replaced in one request.
      if ((request.AttributeUpdates ?? request.Expected ?? request.ConditionalOperator ?? undefined) !== undefined) {
        return this.legacyUpdate(request, time);
      }
    } else {
      const parsed = parseUpdate(expression);
      if (parsed === undefined) return undefined;
      targets = parsed.targets;
    }
    const names: Record<string, string> = request.ExpressionAttributeNames ?? {};
    const values: Record<string, unknown> = request.ExpressionAttributeValues ?? {};
    // DynamoDB rejects an empty map, and must go on to do so.
    if (isEmptyMap(request.ExpressionAttributeNames) || isEmptyMap(request.ExpressionAttributeValues)) return undefined;
    // A writer that stamps by hand goes on to do so: two actions on one path would fail the write.
    const written = new Set(targets.map((target) => (Object.hasOwn(names, target) ? names[target] : undefined)));
    const texts = [expression ?? "", request.ConditionExpression ?? ""];
    const suffix = placeholderSuffix(["lwt", "lwn"], texts, names, values);
    const additions: Array<[Keyword, string]> = [];
    const newNames = { ...names };
    const newValues = { ...values };
    if (!written.has(this.timeName)) {
      additions.push(["SET", `#lwt${suffix} = :lwt${suffix}`]);
      newNames[`#lwt${suffix}`] = this.timeName;
      newValues[`:lwt${suffix}`] = { N: String(time) };
    }
    if (!written.has(this.countName)) {
      additions.push(["ADD", `#lwn${suffix} :lwn${suffix}`]);
      newNames[`#lwn${suffix}`] = this.countName;
      newValues[`:lwn${suffix}`] = { N: "1" };
    }
    if (additions.length === 0) return undefined;
    const extended = extend(expression, additions);
    if (extended !== undefined && Buffer.byteLength(extended) > MAX_EXPRESSION_BYTES) {
      throw new StampError(
        `the update expression with its stamp would pass ${MAX_EXPRESSION_BYTES} bytes: shorten it`,
      );
    }
    return { UpdateExpression: extended, ExpressionAttributeNames: newNames, ExpressionAttributeValues: newValues };
  }

  private legacyUpdate(request: Request, time: bigint): Request {
    return {
      AttributeUpdates: {
        [this.timeName]: { Action: "PUT", Value: { N: String(time) } },
        [this.countName]: { Action: "ADD", Value: { N: "1" } },
        ...request.AttributeUpdates,
      },
    };
  }

  private put(request: Request, time: bigint): Request | undefined {
    const item = request.Item;
    if (typeof item !== "object" || item === null) return undefined;
    const stamped = { ...item, [this.timeName]: { N: String(time) } };
    if (this.carriesStamps(item)) {
      const count = (readPart(item[this.countName]) ?? 0n) + 1n;
      stamped[this.countName] = { N: String(count < MAX_PART ? count : MAX_PART) };
    } else {
      stamped[this.countName] = { N: "1" };
      const keys = this.settings.keys.get(tableName(request.TableName ?? ""));
      if (!mustNotExist(request as ConditionalPut, keys)) stamped[this.resetName] = { N: String(time) };
    }
    return { Item: stamped };
  }

  private carriesStamps(item: Request): boolean {
    const [count, time] = this.stampPrefixes;
    for (const name in item) {
      if ((name.startsWith(count) || name.startsWith(time)) && readPart(item[name]) !== undefined) return true;
    }
    return false;
  }

  private transaction(request: Request, time: bigint, onError: OnError): Request | undefined {
    if (!Array.isArray(request.TransactItems)) return undefined;
    const stamp = (entry: Request): Request => {
      for (const action of ["Update", "Put"]) {
        const write = entry[action];
        if (!write || !this.covers(write.TableName)) continue;
        const changed = action === "Update" ? this.update(write, time, true) : this.put(write, time);
        if (changed !== undefined) return { ...entry, [action]: { ...write, ...changed } };
      }
      return entry;
    };
    return { TransactItems: request.TransactItems.map((entry) => attempt(stamp, entry, onError)) };
  }

  private batch(request: Request, time: bigint, onError: OnError): Request | undefined {
    if (typeof request.RequestItems !== "object" || request.RequestItems === null) return undefined;
    const stamp = (entry: Request): Request => {
      const changed = entry.PutRequest ? this.put(entry.PutRequest, time) : undefined;
      return changed === undefined ? entry : { ...entry, PutRequest: { ...entry.PutRequest, ...changed } };
    };
    const tables = Object.entries<Request[]>(request.RequestItems).map(([table, entries]) => [
      table,
      this.covers(table) ? entries.map((entry) => attempt(stamp, entry, onError)) : entries,
    ]);
    return { RequestItems: Object.fromEntries(tables) };
  }

  /**
   * Undo the stamps of puts that a BatchWriteItem answer gives back as not written, in place.
   *
   * The caller will send them again, as another call that is stamped anew: the write that never happened must not count.
   * `time` is what the batch was stamped with.
   */
  takeBack(unprocessed: Record<string, Request[]> | undefined, time: bigint): void {
    for (const { PutRequest } of Object.values(unprocessed ?? {}).flat()) {
      const item = PutRequest?.Item;
      if (!item || readPart(item[this.timeName]) !== time) continue;
      const count = readPart(item[this.countName]) ?? 0n;
      if (count > 1n) {
        item[this.countName] = likePart(item[this.countName], count - 1n);
        continue;
      }
      delete item[this.countName];
      delete item[this.timeName];
      if (readPart(item[this.resetName]) === time) delete item[this.resetName];
    }
  }
}

function isEmptyMap(value: object | undefined | null): boolean {
  return value !== undefined && value !== null && Object.keys(value).length === 0;
}

function attempt(stamp: (entry: Request) => Request, entry: Request, onError: OnError): Request {
  try {
    return stamp(entry);
  } catch (error) {
    onError(error);
    return entry;
  }
}
