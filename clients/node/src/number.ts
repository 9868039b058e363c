/** Numbers as DynamoDB has them: decimals of up to 38 digits, as text. */

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/** A number's sign and its significant digits, without zeros at either end, and how many zeros follow them. */
export interface DecimalNumber {
  readonly negative: boolean;
  /** Empty for zero. */
  readonly digits: string;
  /** Negative for a fraction. */
  readonly zeros: number;
}

/** The number in a text; undefined for what is none. */
export function parseNumber(text: string): DecimalNumber | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  const all = (whole + fraction).replace(/^0+/, "");
  const digits = all.replace(/0+$/, "");
  if (digits === "") return { negative: false, digits, zeros: 0 };
  return { negative: sign === "-", digits, zeros: all.length - digits.length + Number(exponent) - fraction.length };
}

/** A text that is the same for equal numbers: 1 and 1.0 are one key. */
export function canonicalNumber(text: string): string | undefined {
  const number = parseNumber(text);
  if (number === undefined) return undefined;
  return `${number.negative ? "-" : ""}${number.digits}e${number.zeros}`;
}

/**
 * The text of a number in one of the forms that the document client gives: a number, a bigint, an object that keeps the
 * text as `value`, or one of the application's own that says it (`wrapNumbers`). Undefined for what is no number.
 */
export function numberText(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return undefined;
  if ("value" in value && typeof value.value === "string") return value.value;
  // An array or a plain object is a value of another type, and does not say a number.
  if (Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Set) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? undefined : String(value);
}
