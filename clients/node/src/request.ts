/** The parameters of an operation, in DynamoDB JSON. Their shape is the SDK's to check. */
export type Request = Record<string, any>;

/** The time of a stamp in microseconds, and the same as an attribute value. */
export interface Moment {
  readonly time: bigint;
  readonly value: { readonly N: string };
}

export function momentOf(time: bigint): Moment {
  return { time, value: { N: String(time) } };
}
