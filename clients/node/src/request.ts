import type { Stamps } from "./stamps.js";

/** The parameters of an operation, in DynamoDB JSON. Their shape is the SDK's to check. */
export type Request = Record<string, any>;

/** The time of a stamp in microseconds, and the same as an attribute value. */
export interface Moment {
  readonly time: bigint;
  readonly value: { readonly N: string };
}

/** What a stamp adds to a write that otherwise stays as it was asked for. */
export interface Addition {
  /** Attributes of a put's item: numbers. */
  readonly item?: Request;
  readonly update?: {
    /** The whole expression, with the stamp's clauses. */
    readonly expression: string;
    /** Names and values that it needs besides, as members of a JSON object. In values there is nothing but ASCII. */
    readonly names: string;
    readonly values: string;
  };
}

/** A write with its stamp. */
export interface StampedWrite {
  /** The parameters that change. Most calls need no more than what is added. */
  readonly changed: () => Request;
  /** Undefined where more has changed than was added. */
  readonly addition: Addition | undefined;
  /** The attributes of its key, and the stamps, of a put. */
  readonly key?: Request;
  readonly stamps?: Stamps;
}

/** Which write of a transaction's entry is stamped, if it has one. */
export function stampedKind(entry: Request): "Put" | "Update" {
  return entry.Put ? "Put" : "Update";
}

export function momentOf(time: bigint): Moment {
  return { time, value: { N: String(time) } };
}
