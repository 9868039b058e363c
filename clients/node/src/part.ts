import { MAX_PART } from "./clock.js";

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;
/** MAX_PART has 18 digits. */
const MAX_DIGITS = 18;

/** A count or time from a number's text; undefined for what is no integer in the range of a stamp. */
function parse(text: string): bigint | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return 0n;
  if (sign === "-") return undefined;
  const significant = digits.replace(/0+$/, "");
  const zeros = digits.length - significant.length + Number(exponent) - fraction.length;
  // A negative number of zeros is a fraction; a large one must not be spelt out.
  if (zeros < 0 || significant.length + zeros > MAX_DIGITS) return undefined;
  const value = BigInt(significant + "0".repeat(zeros));
  return value <= MAX_PART ? value : undefined;
}

/**
 * A count or time from an attribute value: DynamoDB JSON, or one of the forms that the document client gives (number,
 * bigint, or an object that keeps the text as `value`). Undefined for what is no integer in the range of a stamp.
 */
export function readPart(value: unknown): bigint | undefined {
  if (typeof value === "number" || typeof value === "bigint") return parse(String(value));
  if (typeof value !== "object" || value === null) return undefined;
  const text = "N" in value ? value.N : "value" in value ? value.value : undefined;
  return typeof text === "string" ? parse(text) : undefined;
}

/** Another number in the same form as one that `readPart` reads. */
export function likePart(value: unknown, number: bigint): unknown {
  if (typeof value === "number") return Number(number);
  if (typeof value !== "object" || value === null) return number;
  if ("N" in value) return { N: String(number) };
  return Object.assign(Object.create(Object.getPrototypeOf(value)), value, { value: String(number) });
}
