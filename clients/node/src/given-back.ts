/** The puts of a batch that DynamoDB gives back as not made. */
import { numberText } from "./number.js";
import { readPart } from "./part.js";
import type { Request } from "./request.js";
import type { StampNames } from "./stamps.js";
import { stampedRequest } from "./stamper.js";
import type { Call } from "./writes.js";

/** The places of a table's writes that were given back, with the entry of the answer for each. */
export type GivenBack = ReadonlyMap<string, ReadonlyMap<number, Request>>;

/** Which of a batch's writes an answer gives back. It names them by nothing but what they are. */
export function givenBack(call: Call, unprocessed: Record<string, Request[]>): GivenBack {
  const found = new Map<string, Map<number, Request>>();
  const tables = Object.entries(unprocessed);
  if (tables.length === 0) return found;
  const sent = call.stamped === undefined ? call.asked : stampedRequest(call.asked, call.stamped);
  for (const [table, entries] of tables) {
    const places = new Map<number, Request>();
    const candidates: Request[] = sent.RequestItems?.[table] ?? [];
    for (const entry of entries) {
      const kind = entry.PutRequest ? "PutRequest" : "DeleteRequest";
      const content = contentOf(entry);
      const place = candidates.findIndex(
        (write, at) => write[kind] && !places.has(at) && sameValue(content, { M: contentOf(write) }),
      );
      if (place >= 0) places.set(place, entry);
    }
    found.set(table, places);
  }
  return found;
}

function contentOf({ PutRequest, DeleteRequest }: Request): Request {
  return PutRequest?.Item ?? DeleteRequest?.Key;
}

/**
 * Give the puts back as the caller had them, in place: they will be sent again, as another call that is stamped anew, and
 * the write that never happened must not count.
 */
export function asAsked(call: Call, back: GivenBack, names: StampNames): void {
  for (const [table, places] of back) {
    for (const [place, entry] of places) {
      const asked = call.asked.RequestItems[table]?.[place]?.PutRequest?.Item;
      const item = entry.PutRequest?.Item;
      if (!asked || !item) continue;
      for (const { name } of names.among(item)) {
        if (Object.hasOwn(asked, name)) item[name] = inTheFormOf(item[name], asked[name]);
        else delete item[name];
      }
    }
  }
}

/** A number in DynamoDB JSON, in the form that the answer has it in. */
function inTheFormOf(value: unknown, asked: Request): unknown {
  const number = readPart(asked);
  if (number === undefined || (typeof value === "object" && value !== null && "N" in value)) return asked;
  if (typeof value === "number") return Number(number);
  if (typeof value !== "object" || value === null) return number;
  return Object.assign(Object.create(Object.getPrototypeOf(value)), value, { value: String(number) });
}

/** Whether a value of an answer, in DynamoDB JSON or as a document client has it, is one that was sent in DynamoDB JSON. */
function sameValue(answered: unknown, sent: Request): boolean {
  const [kind, content] = Object.entries(sent)[0] ?? [];
  const typed = typeof answered === "object" && answered !== null && Object.keys(answered).length === 1;
  const value = typed && Object.hasOwn(answered, kind ?? "") ? (answered as Request)[kind as string] : answered;
  switch (kind) {
    case "S":
    case "BOOL":
      return value === content;
    case "NULL":
      return value === null || value === content;
    case "N":
      return sameNumber(value, content);
    case "B":
      return sameBytes(value, content);
    case "SS":
    case "NS":
    case "BS":
      return sameMembers(value, content, kind);
    case "L":
      return Array.isArray(value) && value.length === content.length && content.every((one: Request, at: number) => sameValue(value[at], one));
    case "M":
      return sameMap(value, content) || (value !== answered && sameMap(answered, content));
    default:
      return false;
  }
}

function sameMap(value: unknown, sent: Request): boolean {
  if (typeof value !== "object" || value === null) return false;
  const names = Object.keys(sent);
  return (
    names.length === Object.keys(value).length &&
    names.every((name) => Object.hasOwn(value, name) && sameValue((value as Request)[name], sent[name]))
  );
}

function sameMembers(value: unknown, sent: readonly unknown[], kind: "SS" | "NS" | "BS"): boolean {
  if (!Array.isArray(value) && !(value instanceof Set)) return false;
  const members = [...value];
  const same = { SS: Object.is, NS: sameNumber, BS: sameBytes }[kind];
  return members.length === sent.length && sent.every((one) => members.some((other) => same(other, one)));
}

function sameNumber(value: unknown, sent: unknown): boolean {
  const text = typeof value === "string" ? value : numberText(value);
  // The document client makes a number of it, or keeps its text.
  return text === sent || (text !== undefined && Number(text) === Number(sent));
}

function sameBytes(value: unknown, sent: unknown): boolean {
  return ArrayBuffer.isView(value) && ArrayBuffer.isView(sent) && Buffer.compare(bytes(value), bytes(sent)) === 0;
}

function bytes(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
