import { MAX_PART } from "./clock.js";
import { numberText, parseNumber } from "./number.js";

/** MAX_PART has 18 digits. */
const MAX_DIGITS = 18;
/** What most parts look like: digits that fit a number exactly. */
const PLAIN = /^\d{1,15}$/;

/** A count or time from a number's text; undefined for what is no integer in the range of a stamp. */
function parse(text: string): bigint | undefined {
  if (PLAIN.test(text)) return BigInt(text);
  const number = parseNumber(text);
  if (number === undefined || number.negative) return undefined;
  const { digits, zeros } = number;
  if (digits === "") return 0n;
  // A negative number of zeros is a fraction; a large one must not be spelt out.
  if (zeros < 0 || digits.length + zeros > MAX_DIGITS) return undefined;
  const value = BigInt(digits + "0".repeat(zeros));
  return value <= MAX_PART ? value : undefined;
}

/**
 * A count or time from an attribute value: DynamoDB JSON, or one of the forms that the document client gives. Undefined
 * for what is no integer in the range of a stamp.
 */
export function readPart(value: unknown): bigint | undefined {
  if (typeof value === "object" && value !== null && "N" in value) {
    return typeof value.N === "string" ? parse(value.N) : undefined;
  }
  const text = numberText(value);
  return text === undefined ? undefined : parse(text);
}
