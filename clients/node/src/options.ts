import { neverBack, type Clock } from "./clock.js";
import { CAPACITY, Memory } from "./memory.js";
import { shared } from "./process.js";
import { isRegionName, oddRegion } from "./region.js";
import type { StamperSettings, Tokens } from "./stamper.js";
import { stampNames } from "./stamps.js";
import { TableSettings } from "./tables.js";

/** The settings of `lastwriter`. All can be left out. */
export interface LastwriterOptions {
  /**
   * The Region to stamp with. By default the Region in the endpoint's host name, and for an endpoint that is not AWS's the
   * Region that requests are signed for. Set it if you reach DynamoDB through a proxy.
   */
  region?: string;
  /** The first part of the stamp attributes' names; the stream processor's STAMP_PREFIX. Default `lw`. */
  prefix?: string;
  /** Gives integer microseconds since 1970. By default the system's clock. */
  clock?: Clock;
  /** The tables to stamp, as names or as a function from name to boolean. By default all. */
  tables?: Iterable<string> | ((table: string) => boolean);
  /**
   * Fail with `StampError`, and do not write, where a write cannot be stamped. By default such a write goes out without a
   * stamp, and the first one is logged.
   */
  strict?: boolean;
  /**
   * Table name -> names of its key attributes. By default they are learnt from requests, and each attribute of an item that
   * is put is taken for a possible key in its condition.
   */
  keys?: Record<string, Iterable<string>>;
  /**
   * What to do with a transaction that has the caller's own ClientRequestToken. `count` (the default) adds what every
   * process adds alike, the count; `remember` stamps it in full, and keeps the time for ten minutes for a retry in this
   * process; `leave` leaves such calls alone.
   */
  tokens?: Tokens;
  /** Take the stamps out of what reads return, unless the read names attributes. Default `true`. */
  hide?: boolean;
  /**
   * How many items' stamps are kept, for puts that carry none; 0 for none. The clients that use one plugin share them.
   * Default 10,000.
   */
  remember?: number;
  /**
   * `refuse` (the default) to stamp items that a client-side encryption library has signed, or `stamp` them, since its
   * attribute actions allow for it.
   */
  encrypted?: "refuse" | "stamp";
  /** Where it is told that a write could not be stamped, once, and which tables' items are signed. By default the console. */
  logger?: { error(message: string): void };
}

/** The settings, checked and resolved. Throws a RangeError if one is wrong. */
export function resolve(options: LastwriterOptions): StamperSettings {
  const { region, prefix = "lw", clock, tables, keys = {}, tokens = "count" } = options;
  const { remember = CAPACITY, encrypted = "refuse" } = options;
  if (region !== undefined && !isRegionName(region)) throw new RangeError(oddRegion(region));
  if (tokens !== "count" && tokens !== "remember" && tokens !== "leave") {
    throw new RangeError(`tokens ${JSON.stringify(tokens)} must be "count", "remember" or "leave"`);
  }
  return {
    names: stampNames(prefix),
    clock: clock === undefined ? shared.clock : neverBack(clock),
    tables: new TableSettings(tables, keys, encrypted),
    tokens,
    tokenMemory: shared.tokens,
    memory: new Memory(remember),
  };
}
