/**
 * The stamps in a request that the SDK has serialised already.
 *
 * The SDK takes each parameter apart, in JavaScript, to serialise it: for the stamps of a transaction that costs more than
 * making them. So it does so with what the caller gave, and what a stamped request has more is spliced into its body here.
 * What the SDK serialised stays as it did it: binary values, above all.
 *
 * Where a member begins can be seen in the text: `"Item":{` stands nowhere else in JSON, since in a string each quote is
 * escaped. How often it does must be what the request says; an attribute may have that name too. Then, and where more has
 * changed than was added, the stamped request is serialised instead.
 */
import { remember } from "./remember.js";
import type { Request } from "./request.js";

const ITEM = '"Item":{';
const NAMES = '"ExpressionAttributeNames":{';
const VALUES = '"ExpressionAttributeValues":{';
const EXPRESSION = '"UpdateExpression":';

const MAPS = ["ExpressionAttributeNames", "ExpressionAttributeValues"] as const;

/** The parameters of a write that a stamp changes. */
const STAMPED: ReadonlySet<string> = new Set([
  "Item",
  "UpdateExpression",
  "ExpressionAttributeNames",
  "ExpressionAttributeValues",
]);

/** What is to be spliced in, for each time that a mark occurs. */
interface Additions {
  readonly items: string[];
  readonly names: string[];
  readonly values: string[];
  /** Each update's expression as asked for and as sent, and the members that it did not have. */
  readonly expressions: Array<{ members: string; before: string; now: string }>;
}

/**
 * The body of the request that was asked for, as that of the one to send; undefined where nothing can be spliced into it.
 * `sent` was made of `asked`, and shares with it what is the same in both.
 */
export function stampedBody(body: unknown, asked: Request, sent: Request): string | Uint8Array | undefined {
  // Which of the two the SDK makes hangs on its version.
  const isText = typeof body === "string";
  if (!isText && !(body instanceof Uint8Array)) return undefined;
  const bytes = isText ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // One character for each byte: so nothing has to be decoded.
  const spliced = splice(bytes.toString("latin1"), asked, sent);
  if (spliced === undefined) return undefined;
  const result = Buffer.from(spliced, "latin1");
  return isText ? result.toString() : result;
}

function splice(body: string, asked: Request, sent: Request): string | undefined {
  const additions: Additions = { items: [], names: [], values: [], expressions: [] };
  for (const [before, now] of writes(asked, sent)) {
    if (!collect(before, now, additions)) return undefined;
  }
  let text: string | undefined = body;
  for (const [mark, texts] of [
    [ITEM, additions.items],
    [NAMES, additions.names],
    [VALUES, additions.values],
  ] as const) {
    text = text && insert(text, mark, texts);
  }
  return text && withExpressions(text, additions.expressions);
}

/** Each write that has one of the parameters, as asked and as sent, in the order of the body. */
function writes(asked: Request, sent: Request): Array<[Request, Request]> {
  const found: Array<[Request, Request]> = [];
  if (sent.RequestItems) {
    for (const table in sent.RequestItems) {
      const [before, now]: [Request[], Request[]] = [asked.RequestItems[table], sent.RequestItems[table]];
      for (const [at, entry] of now.entries()) if (entry.PutRequest) found.push([before[at]?.PutRequest, entry.PutRequest]);
    }
  } else if (sent.TransactItems) {
    for (const [at, entry] of (sent.TransactItems as Request[]).entries()) {
      for (const kind in entry) if (entry[kind]) found.push([asked.TransactItems[at][kind], entry[kind]]);
    }
  } else {
    found.push([asked, sent]);
  }
  return found;
}

/** Takes note of what one write has more. False if that is not all that is new. */
function collect(before: Request | undefined, now: Request, { items, names, values, expressions }: Additions): boolean {
  if (before === undefined) return false;
  if (before !== now) {
    for (const name in now) if (now[name] !== before[name] && !STAMPED.has(name)) return false;
  }
  if (now.Item) {
    const added = more(before.Item, now.Item);
    if (added === undefined) return false;
    items.push(added);
  }
  let members = "";
  for (const parameter of MAPS) {
    const given = before[parameter] ?? undefined;
    const stamped = now[parameter] ?? undefined;
    if (stamped === undefined) continue;
    const added = more(given ?? {}, stamped);
    if (added === undefined) return false;
    if (given === undefined) members += `"${parameter}":{${added}},`;
    else (parameter === "ExpressionAttributeNames" ? names : values).push(added);
  }
  if (typeof before.UpdateExpression === "string" && typeof now.UpdateExpression === "string") {
    expressions.push({ members, before: quoted(before.UpdateExpression), now: quoted(now.UpdateExpression) });
    return true;
  }
  return now === before || Boolean(now.Item);
}

/** What a map has more, as members of a JSON object; undefined if it is not only more. */
function more(before: Request, now: Request): string | undefined {
  if (now === before) return "";
  let added = "";
  let kept = 0;
  for (const name in now) {
    const value = now[name];
    if (value === before[name]) {
      kept += 1;
    } else if (Object.hasOwn(before, name)) {
      return undefined;
    } else {
      // Names, or numbers as attribute values: stamps hold nothing else.
      const text = typeof value === "string" ? quoted(value) : `{"N":"${value.N}"}`;
      added += `${added === "" ? "" : ","}${quoted(name)}:${text}`;
    }
  }
  for (const _ in before) kept -= 1;
  return kept === 0 ? added : undefined;
}

/** The body with members at the beginning of the objects that follow a mark. */
function insert(body: string, mark: string, texts: readonly string[]): string | undefined {
  if (texts.length === 0) return body;
  const parts = body.split(mark);
  if (parts.length !== texts.length + 1) return undefined;
  let result = parts[0] as string;
  for (const [at, text] of texts.entries()) {
    const part = parts[at + 1] as string;
    result += mark + text + (text === "" || part.startsWith("}") ? "" : ",") + part;
  }
  return result;
}

/** The body with other update expressions, each with members before it that its update did not have. */
function withExpressions(body: string, expressions: Additions["expressions"]): string | undefined {
  if (expressions.length === 0) return body;
  const parts = body.split(EXPRESSION);
  if (parts.length !== expressions.length + 1) return undefined;
  let result = parts[0] as string;
  for (const [at, { members, before, now }] of expressions.entries()) {
    const part = parts[at + 1] as string;
    if (!part.startsWith(before)) return undefined;
    result += members + EXPRESSION + now + part.slice(before.length);
  }
  return result;
}

/** A text as in JSON, a character for each byte. */
const quoted = remember((text) => Buffer.from(JSON.stringify(text)).toString("latin1"));
