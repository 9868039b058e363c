import { canonicalNumber, numberText } from "./number.js";
import type { Attributes } from "./stamps.js";

/**
 * A text that tells an item's key from all others, equal where DynamoDB's keys are. Undefined where a key attribute is
 * missing, or is none that DynamoDB takes.
 */
export function keyText(table: number, names: readonly string[], item: Attributes): string | undefined {
  let text = String(table);
  for (const name of names) {
    const value = valueText(item[name]);
    if (value === undefined) return undefined;
    // With its length, so that no two keys run together into one text.
    text += ` ${value.length} ${value}`;
  }
  return text;
}

/** One attribute, in DynamoDB JSON or as the JavaScript value of a document client. */
function valueText(value: unknown): string | undefined {
  if (typeof value === "string") return `S${value}`;
  if (typeof value !== "object" || value === null) return numberKey(numberText(value));
  if (ArrayBuffer.isView(value)) return binaryKey(value);
  // A key is never a map, so an object with one of these is DynamoDB JSON.
  const kinds = Object.keys(value);
  if (kinds.length === 1) {
    const typed = value as { S?: unknown; N?: unknown; B?: unknown };
    if (kinds[0] === "S") return typeof typed.S === "string" ? `S${typed.S}` : undefined;
    if (kinds[0] === "N") return typeof typed.N === "string" ? numberKey(typed.N) : undefined;
    if (kinds[0] === "B") return binaryKey(typed.B);
  }
  return numberKey(numberText(value));
}

function numberKey(text: string | undefined): string | undefined {
  const number = text === undefined ? undefined : canonicalNumber(text);
  return number === undefined ? undefined : `N${number}`;
}

function binaryKey(value: unknown): string | undefined {
  if (typeof value === "string") return `B${Buffer.from(value).toString("latin1")}`;
  if (value instanceof ArrayBuffer) return `B${Buffer.from(value).toString("latin1")}`;
  if (!ArrayBuffer.isView(value)) return undefined;
  return `B${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1")}`;
}
