/**
 * In which Region the write was made that a stream record tells of.
 *
 * Every replica's stream has all writes, local and replicated ones alike, and AWS marks neither: `awsRegion` is the Region
 * whose stream was read. To act on an event once, act where its write was made.
 */
import { isDeepStrictEqual } from "node:util";
import { isRegionName } from "./region.js";
import { NO_PAIR, stampNames, type Attributes, type Pair, type StampNames, type Stamps } from "./stamps.js";

/** Where a write was made: in the Region of the stream, in another (and it came from there), or it cannot be told. */
export type Origin =
  | { readonly kind: "local"; readonly region: string }
  | { readonly kind: "replicated"; readonly region: string }
  | { readonly kind: "unknown" };

/** The settings of {@link origin}. All can be left out. */
export interface OriginOptions {
  /** The Region of the stream, where the record does not say it as AWS does (the Streams API's ARN is not in its records). */
  region?: string;
  /** The stream processor's STAMP_PREFIX. Default `lw`. */
  prefix?: string;
  /**
   * An attribute in which the table's writers name their Region, such as `aws:rep:updateregion` of the first version of
   * global tables. It is asked where the stamps do not tell.
   */
  originAttribute?: string;
}

const UNKNOWN: Origin = { kind: "unknown" };

/**
 * Where the write of a DynamoDB stream record was made.
 *
 * Stamps tell it: the Region whose stamp advanced between the images. So the stream's view type must be NEW_AND_OLD_IMAGES,
 * and the writer must have stamped. Of a removed item the old image's mark tells it (`lw:deleted`: where it was marked), or
 * else the identity of DynamoDB's TTL service, which only the Region gets in which TTL removed the item. A plain DeleteItem
 * leaves no trace of its Region: unknown.
 *
 * `record` is one of a Lambda event, of what GetRecords returns, or one that Powertools' parser has made (its images are
 * JavaScript values). What is no such record, or lacks the images, gives unknown.
 */
export function origin(record: unknown, options: OriginOptions = {}): Origin {
  const { region, prefix = "lw", originAttribute } = options;
  const body = member(record, "dynamodb");
  if (!isObject(record) || !isObject(body)) return UNKNOWN;
  const here = region || regionOf(record);
  if (!isRegionName(here)) return UNKNOWN;
  const [before, after] = [imageOf(body, "OldImage"), imageOf(body, "NewImage")];
  const names = stampNames(prefix);
  switch (record.eventName) {
    case "REMOVE":
      return ofRemoval(record, before, names, here);
    case "INSERT":
    case "MODIFY": {
      const inserted = record.eventName === "INSERT";
      // Equal images: nothing was written.
      if (after === undefined || (!inserted && before !== undefined && isDeepStrictEqual(before, after))) return UNKNOWN;
      const isWhole = inserted || before !== undefined;
      const found = isWhole ? ofChange(names.stampsOf(before ?? {}), names.stampsOf(after), here, inserted) : UNKNOWN;
      if (found.kind !== "unknown" || originAttribute === undefined) return found;
      const value = after[originAttribute];
      const named = member(value, "S") ?? value;
      return isRegionName(named) ? from(named, here) : UNKNOWN;
    }
    default:
      return UNKNOWN;
  }
}

function isObject(value: unknown): value is Attributes {
  return typeof value === "object" && value !== null;
}

function member(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function imageOf(body: Attributes, name: string): Attributes | undefined {
  const image = body[name];
  return isObject(image) ? image : undefined;
}

function regionOf({ awsRegion, eventSourceARN }: Attributes): unknown {
  return awsRegion || (typeof eventSourceARN === "string" ? eventSourceARN.split(":")[3] : undefined);
}

function from(region: string, here: string): Origin {
  return { kind: region === here ? "local" : "replicated", region };
}

/** The Region with the latest time, on a tie the one with the smaller name. */
function latest(pairs: Iterable<readonly [string, Pair]>): string | undefined {
  let found: readonly [string, bigint] | undefined;
  for (const [region, { t = 0n }] of pairs) {
    if (found === undefined || t > found[1] || (t === found[1] && region < found[0])) found = [region, t];
  }
  return found?.[0];
}

function ofChange(before: Stamps, after: Stamps, here: string, inserted: boolean): Origin {
  const advanced = [...after.pairs].filter(([region, { n = 0n, t = 0n }]) => {
    const known = before.pairs.get(region);
    return known === undefined || n > (known.n ?? 0n) || t > (known.t ?? 0n);
  });
  const foreign = latest(advanced.filter(([region]) => region !== here));
  if (foreign === undefined) return advanced.length > 0 ? from(here, here) : UNKNOWN;
  const own = after.pairs.get(here);
  const theirs = after.pairs.get(foreign) ?? NO_PAIR;
  // With its stamps: it was put back here.
  if (inserted && own !== undefined && (own.t ?? 0n) >= (theirs.t ?? 0n)) return from(here, here);
  return from(foreign, here);
}

function ofRemoval(record: Attributes, before: Attributes | undefined, names: StampNames, here: string): Origin {
  const mark = before?.[names.deleted];
  if (before !== undefined && (mark === true || member(mark, "BOOL") === true)) {
    const marked = latest(names.stampsOf(before).pairs);
    if (marked !== undefined) return from(marked, here);
  }
  const identity = isObject(record.userIdentity) ? Object.entries(record.userIdentity) : [];
  // The Streams API spells them in capitals.
  const by = new Map(identity.map(([name, value]) => [name.toLowerCase(), value]));
  const isTimeToLive = by.get("type") === "Service" && by.get("principalid") === "dynamodb.amazonaws.com";
  return isTimeToLive ? from(here, here) : UNKNOWN;
}
