/** Adds the stamp to a put: the history that it carries, that its process has seen, or word that it has none. */
import { MAX_PART } from "./clock.js";
import { mustNotExist, type ConditionalPut } from "./condition.js";
import { StampError } from "./errors.js";
import { readPart } from "./part.js";
import type { Moment, Request, StampedWrite } from "./request.js";
import { NO_PAIR, NO_STAMPS, withPair, type StampNames, type Stamps } from "./stamps.js";

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

  /** The put with its stamps. `keys` are the names of the table's key attributes, if they are known. */
  stamp(request: Request, now: Moment, seen: Seen, keys: ReadonlySet<string> | undefined): StampedWrite | undefined {
    const item = request.Item;
    if (typeof item !== "object" || item === null) return undefined;
    if (this.carriesStamps(item)) {
      const own = { [this.timeName]: now.value, [this.countName]: this.next(item) };
      return stamped(item, own, this.names.stampsOf({ ...item, ...own }));
    }
    if (mustNotExist(request as ConditionalPut, keys)) {
      return stamped(item, { [this.timeName]: now.value, [this.countName]: ONE }, this.first(now, undefined));
    }
    const known = seen();
    if (known === undefined || known.pairs.size === 0) {
      const own = { [this.timeName]: now.value, [this.countName]: ONE, [this.names.reset]: now.value };
      return stamped(item, own, this.first(now, now.time));
    }
    const { n = 0n } = known.pairs.get(this.region) ?? NO_PAIR;
    const stamps = withPair(known, this.region, { n: n < MAX_PART ? n + 1n : MAX_PART, t: now.time });
    return stamped(item, this.names.attributesOf(stamps), stamps);
  }

  /** Stamp with the count alone, in a transaction that every process has to make in the same way. */
  count(request: Request, keys: ReadonlySet<string> | undefined): StampedWrite | undefined {
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
    return stamped(item, { [this.countName]: count }, NO_STAMPS);
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

function stamped(item: Request, attributes: Request, stamps: Stamps): StampedWrite {
  let onlyMore = true;
  for (const name in attributes) onlyMore &&= !Object.hasOwn(item, name);
  return {
    changed: () => ({ Item: { ...item, ...attributes } }),
    addition: onlyMore ? { item: attributes } : undefined,
    stamps,
  };
}
