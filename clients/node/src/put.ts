/** Adds the stamp to a put: the history that it carries, that its process has seen, or word that it has none. */
import { MAX_PART } from "./clock.js";
import { mustNotExist, type ConditionalPut } from "./condition.js";
import { StampError } from "./errors.js";
import { readPart } from "./part.js";
import type { Moment, Request } from "./request.js";
import { NO_PAIR, NO_STAMPS, withPair, type StampNames, type Stamps } from "./stamps.js";

/** An item with its stamps, and the stamps. */
export interface StampedPut {
  readonly item: Request;
  readonly stamps: Stamps;
}

/** Gives what is remembered of an item, for those that need it. */
export type Seen = () => Stamps | undefined;

const ONE = { N: "1" };

/** Stamps puts for one Region. */
export class PutStamper {
  private readonly countName: string;
  private readonly timeName: string;

  constructor(
    private readonly names: StampNames,
    private readonly region: string,
  ) {
    this.countName = names.count(region);
    this.timeName = names.time(region);
  }

  /** The item with its stamps. `keys` are the names of the table's key attributes, if they are known. */
  stamp(request: Request, now: Moment, seen: Seen, keys: ReadonlySet<string> | undefined): StampedPut | undefined {
    const item = request.Item;
    if (typeof item !== "object" || item === null) return undefined;
    if (this.carriesStamps(item)) {
      const stamped = { ...item, [this.timeName]: now.value, [this.countName]: this.next(item) };
      return { item: stamped, stamps: this.names.stampsOf(stamped) };
    }
    const stamped: Request = { ...item };
    if (mustNotExist(request as ConditionalPut, keys)) {
      stamped[this.timeName] = now.value;
      stamped[this.countName] = ONE;
      return { item: stamped, stamps: this.first(now, undefined) };
    }
    const known = seen();
    if (known === undefined || known.pairs.size === 0) {
      stamped[this.timeName] = now.value;
      stamped[this.countName] = ONE;
      stamped[this.names.reset] = now.value;
      return { item: stamped, stamps: this.first(now, now.time) };
    }
    const { n = 0n } = known.pairs.get(this.region) ?? NO_PAIR;
    const stamps = withPair(known, this.region, { n: n < MAX_PART ? n + 1n : MAX_PART, t: now.time });
    return { item: Object.assign(stamped, this.names.attributesOf(stamps)), stamps };
  }

  /** Stamp with the count alone, in a transaction that every process has to make in the same way. */
  count(request: Request, keys: ReadonlySet<string> | undefined): StampedPut | undefined {
    const item = request.Item;
    if (typeof item !== "object" || item === null) return undefined;
    let count = ONE;
    if (this.carriesStamps(item)) {
      count = this.next(item);
    } else if (!mustNotExist(request as ConditionalPut, keys)) {
      throw new StampError(
        "a put without stamps, in a transaction with your own ClientRequestToken, may not differ between processes: " +
          'give it a condition that the item must not exist, its stamps, or set tokens: "remember"',
      );
    }
    // What it wrote to is forgotten, so its stamps are nothing to remember.
    return { item: { ...item, [this.countName]: count }, stamps: NO_STAMPS };
  }

  private first({ time }: Moment, reset: bigint | undefined): Stamps {
    return { pairs: new Map([[this.region, { n: 1n, t: time }]]), reset };
  }

  private carriesStamps(item: Request): boolean {
    for (const { name, kind } of this.names.among(item)) {
      if (kind !== "reset" && readPart(item[name]) !== undefined) return true;
    }
    return false;
  }

  private next(item: Request): { N: string } {
    const count = readPart(item[this.countName]) ?? 0n;
    return { N: String(count < MAX_PART ? count + 1n : MAX_PART) };
  }
}
