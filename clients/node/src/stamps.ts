/** The stamps of an item: reading them from its attributes, writing them, and telling which of two is later. */
import { readPart } from "./part.js";
import { isRegionName } from "./region.js";
import { remember } from "./remember.js";

/** How far the clocks of one Region's writers may lie apart, in microseconds: the stream processor's default tolerance. */
const CLOCK_TOLERANCE = 100_000n;

/** An item or another map of attributes, in DynamoDB JSON or in JavaScript values. */
export type Attributes = Record<string, unknown>;

/** A stamp attribute, and what its name says. A reset names no Region. */
export type StampAttribute =
  | { readonly name: string; readonly kind: "n" | "t"; readonly region: string }
  | { readonly name: string; readonly kind: "reset" };

/** One Region's stamp: how many of its writes the version descends from, and the time of the latest, in microseconds. */
export interface Pair {
  readonly n: bigint | undefined;
  readonly t: bigint | undefined;
}

/** All stamps of one version of an item. Nothing changes one that was made. */
export interface Stamps {
  readonly pairs: ReadonlyMap<string, Pair>;
  readonly reset: bigint | undefined;
}

export const NO_PAIR: Pair = { n: undefined, t: undefined };
export const NO_STAMPS: Stamps = { pairs: new Map(), reset: undefined };
const NONE: readonly StampAttribute[] = [];

/** Tells stamp attributes from others by their names, for one prefix. */
export class StampNames {
  readonly reset: string;
  /** The mark of `softDelete`. It is for the application to see, and no stamp. */
  readonly deleted: string;
  /** What the names of all stamps begin with. */
  readonly start: string;
  /** Few names come by, again and again: those of the Regions of the tables. */
  private readonly parse: (name: string) => StampAttribute | undefined;
  /** The names of a Region's count and time. */
  readonly count: (region: string) => string;
  readonly time: (region: string) => string;

  constructor(readonly prefix: string) {
    if (typeof prefix !== "string" || prefix === "" || prefix.includes(":")) {
      throw new RangeError(`prefix ${JSON.stringify(prefix)} must be some text without a colon`);
    }
    this.start = `${prefix}:`;
    this.reset = `${prefix}:reset`;
    this.deleted = `${prefix}:deleted`;
    this.parse = remember((name) => this.read(name));
    this.count = remember((region) => `${prefix}:n:${region}`);
    this.time = remember((region) => `${prefix}:t:${region}`);
  }

  /** Which stamp attribute a name is, if it is one. */
  attribute(name: unknown): StampAttribute | undefined {
    return typeof name === "string" && name.startsWith(this.start) ? this.parse(name) : undefined;
  }

  private read(name: string): StampAttribute | undefined {
    if (name === this.reset) return { name, kind: "reset" };
    const kind = name.charAt(this.start.length);
    const region = name.slice(this.start.length + 2);
    if ((kind !== "n" && kind !== "t") || name.charAt(this.start.length + 1) !== ":") return undefined;
    return isRegionName(region) ? { name, kind, region } : undefined;
  }

  /** The stamp attributes of an item. Each attribute of each item that is read comes by here. */
  among(item: object): readonly StampAttribute[] {
    let found: StampAttribute[] | undefined;
    const start = this.start;
    for (const name in item) {
      if (!name.startsWith(start)) continue;
      const attribute = this.parse(name);
      if (attribute !== undefined) (found ??= []).push(attribute);
    }
    return found ?? NONE;
  }

  /** The stamps that an item carries. */
  stampsOf(item: Attributes, among = this.among(item)): Stamps {
    if (among.length === 0) return NO_STAMPS;
    const pairs = new Map<string, Pair>();
    let reset: bigint | undefined;
    for (const attribute of among) {
      const part = readPart(item[attribute.name]);
      if (part === undefined) continue;
      if (attribute.kind === "reset") {
        reset = part;
        continue;
      }
      const { n, t } = pairs.get(attribute.region) ?? NO_PAIR;
      pairs.set(attribute.region, attribute.kind === "n" ? { n: part, t } : { n, t: part });
    }
    return { pairs, reset };
  }

  /** Stamps as attributes in DynamoDB JSON. */
  attributesOf(stamps: Stamps): Record<string, { N: string }> {
    const attributes: Record<string, { N: string }> = {};
    for (const [region, { n, t }] of stamps.pairs) {
      if (n !== undefined) attributes[this.count(region)] = { N: String(n) };
      if (t !== undefined) attributes[this.time(region)] = { N: String(t) };
    }
    if (stamps.reset !== undefined) attributes[this.reset] = { N: String(stamps.reset) };
    return attributes;
  }
}

/** The names for a prefix, made once. */
export const stampNames = remember((prefix) => new StampNames(prefix));

/** The stamps with another pair for one Region. */
export function withPair(stamps: Stamps, region: string, pair: Pair): Stamps {
  return { pairs: new Map(stamps.pairs).set(region, pair), reset: stamps.reset };
}

/** What a process has seen that has seen both: of each Region the later pair, and the later reset. */
export function later(one: Stamps, other: Stamps): Stamps {
  if (isEmpty(other)) return one;
  if (isEmpty(one)) return other;
  // Most often the other has all of the one, and nothing has to be copied.
  let pairs = other.pairs;
  for (const [region, pair] of one.pairs) {
    const known = other.pairs.get(region);
    const last = known === undefined ? pair : laterPair(pair, known);
    if (last !== known) pairs = new Map(pairs).set(region, last);
  }
  const { reset } = other;
  return { pairs, reset: reset === undefined || (one.reset !== undefined && one.reset > reset) ? one.reset : reset };
}

/** Whether no stamp is among them. */
export function isEmpty({ pairs, reset }: Stamps): boolean {
  return pairs.size === 0 && reset === undefined;
}

/**
 * The pair of the later write of one Region.
 *
 * By time where the times are further apart than clocks may be. A count alone would not do: it falls where a Region's
 * writes were lost, and is used again. Within the tolerance the count tells.
 */
function laterPair(one: Pair, other: Pair): Pair {
  if (one === other) return other;
  const apart = (other.t ?? 0n) - (one.t ?? 0n);
  if (apart > CLOCK_TOLERANCE) return other;
  if (-apart > CLOCK_TOLERANCE) return one;
  const more = (other.n ?? 0n) - (one.n ?? 0n);
  return more > 0n || (more === 0n && apart > 0n) ? other : one;
}
