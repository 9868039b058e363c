/**
 * Stamps that an update writes itself: by hand, to stamp, or back again, as part of an item that was read.
 *
 * A mapper that saves all of an item's attributes sets its stamps to what it read, and the write would look as if it had
 * never been made. So such a clause is taken out and the stamp advanced. One that advances a stamp by hand stays.
 */
import { StampError } from "./errors.js";
import { parseUpdate, sections } from "./expression.js";
import { readPart } from "./part.js";
import type { Seen } from "./put.js";
import type { Request } from "./request.js";
import { NO_PAIR, NO_STAMPS, type StampAttribute, type StampNames, type Stamps } from "./stamps.js";

/** In microseconds. A time set by hand is that of the write: one that is older was read. */
const OLDEST_BY_HAND = 60_000_000n;

/** What DynamoDB takes for a placeholder. Mappers that make one of an attribute's name go beyond it. */
const PLACEHOLDER = /^[#:][A-Za-z0-9_]+$/;

/** Where the value comes from that an update gives a stamp. */
type Source = "read" | "by hand" | "unclear";

/**
 * What an update does to a stamp: it sets it to a number; it adds to it, which nobody does with what was read; or it
 * removes it or sets it otherwise.
 */
type Write = bigint | "advance" | "other";

/** By the attributes' names. */
type Written = ReadonlyMap<string, { readonly attribute: StampAttribute; readonly write: Write }>;

/** What is left of an update without the clauses that wrote back what was read. No expression: nothing is left. */
export interface Rest {
  readonly expression: string | undefined;
  readonly names: Record<string, string>;
  readonly values: Record<string, unknown>;
}

/** The names of the stamps that were read. Throws StampError where it cannot be told of one. */
function readOnes(names: StampNames, written: Written, seen: Stamps | undefined, now: bigint): Set<string> {
  const found = new Map<string, Source>();
  // Times first: they tell most, and a count goes with its time.
  const times = [...written.values()].filter(({ attribute }) => attribute.kind !== "n");
  const counts = [...written.values()].filter(({ attribute }) => attribute.kind === "n");
  for (const { attribute, write } of [...times, ...counts]) {
    const source = sourceOf(attribute, write, { names, written, known: seen ?? NO_STAMPS, now, found });
    if (source === "unclear") {
      throw new StampError(
        `an update writes ${attribute.name}, and it cannot be told whether it stamps by hand or writes back what was ` +
          "read: leave stamps out of what you save, or add to the count with ADD and set the time",
      );
    }
    found.set(attribute.name, source);
  }
  return new Set([...found].filter(([, source]) => source === "read").map(([name]) => name));
}

interface Surroundings {
  readonly names: StampNames;
  readonly written: Written;
  readonly known: Stamps;
  readonly now: bigint;
  /** Those that have been told already. */
  readonly found: ReadonlyMap<string, Source>;
}

function sourceOf(attribute: StampAttribute, write: Write, around: Surroundings): Source {
  const { names, written, known, now, found } = around;
  if (write === "advance") return "by hand";
  if (write === "other") return "unclear";
  const part = partOf(attribute, known);
  if (part !== undefined && write <= part) return "read";
  switch (attribute.kind) {
    case "n":
      return found.get(names.time(attribute.region)) ?? (part === undefined ? "unclear" : "by hand");
    case "reset":
      return write < now - OLDEST_BY_HAND ? "read" : "by hand";
    case "t": {
      if (write < now - OLDEST_BY_HAND) return "read";
      // Both parts as numbers: an item that was read a moment ago, or a stamp made by hand.
      const count = written.get(names.count(attribute.region))?.write;
      return part === undefined && typeof count === "bigint" ? "unclear" : "by hand";
    }
  }
}

/** What is remembered of a stamp attribute. */
function partOf(attribute: StampAttribute, known: Stamps): bigint | undefined {
  if (attribute.kind === "reset") return known.reset;
  const pair = known.pairs.get(attribute.region) ?? NO_PAIR;
  return attribute.kind === "n" ? pair.n : pair.t;
}

/**
 * The update without its written-back stamps; undefined where it writes none back. `seen` is what is remembered of its item.
 *
 * @throws StampError where it cannot be told of a stamp whether it was read.
 */
export function withoutWrittenBack(
  names: StampNames,
  request: Request,
  seen: Stamps | undefined,
  now: bigint,
): Rest | undefined {
  const aliases: Record<string, string> = request.ExpressionAttributeNames ?? {};
  const values: Record<string, unknown> = request.ExpressionAttributeValues ?? {};
  const stamps = new Map<string, StampAttribute>();
  for (const [alias, name] of Object.entries(aliases)) {
    const attribute = names.attribute(name);
    if (attribute !== undefined) stamps.set(alias, attribute);
  }
  const { text, odd } = withPlainPlaceholders(request.UpdateExpression, [...stamps.keys(), ...Object.keys(values)]);
  if (parseUpdate(text) === undefined) return undefined;
  const original = (placeholder: string) => odd.get(placeholder) ?? placeholder;

  const parts = sections(text).map(({ keyword, actions }) => ({
    keyword,
    actions: actions.map((action) => {
      const { target, operand } = split(keyword.toUpperCase(), action);
      return { action, target, operand, attribute: stamps.get(original(target)) };
    }),
  }));
  const written = new Map<string, { attribute: StampAttribute; write: Write }>();
  for (const { keyword, actions } of parts) {
    for (const { operand, attribute } of actions) {
      if (attribute === undefined) continue;
      const value = Object.hasOwn(values, original(operand)) ? values[original(operand)] : undefined;
      written.set(attribute.name, { attribute, write: writeOf(keyword.toUpperCase(), operand, value) });
    }
  }
  const read = readOnes(names, written, seen, now);
  if (read.size === 0) return undefined;

  const isTaken = ({ attribute }: { attribute: StampAttribute | undefined }) =>
    attribute !== undefined && read.has(attribute.name);
  const kept = parts
    .map(({ keyword, actions }) => ({ keyword, actions: actions.filter((action) => !isTaken(action)) }))
    .filter(({ actions }) => actions.length > 0);
  let rest = kept.map(({ keyword, actions }) => `${keyword} ${actions.map(({ action }) => action).join(", ")}`).join(" ");
  for (const [plain, was] of odd) rest = replace(rest, plain, was);
  const used = `${rest} ${request.ConditionExpression ?? ""}`;
  const taken = parts.flatMap(({ actions }) => actions.filter(isTaken));
  const unused = new Set(
    taken.flatMap(({ target, operand }) => [original(target), original(operand)]).filter((one) => !occurs(used, one)),
  );
  return {
    expression: rest === "" ? undefined : rest,
    names: Object.fromEntries(Object.entries(aliases).filter(([alias]) => !unused.has(alias))),
    values: Object.fromEntries(Object.entries(values).filter(([alias]) => !unused.has(alias))),
  };
}

/** An action's path, and the operand that it is set to. */
function split(keyword: string, action: string): { target: string; operand: string } {
  if (keyword !== "SET") return { target: action.split(/\s/, 1)[0] ?? "", operand: "" };
  const equals = action.indexOf("=");
  if (equals < 0) return { target: action.trim(), operand: "" };
  return { target: action.slice(0, equals).trim(), operand: action.slice(equals + 1).trim() };
}

function writeOf(keyword: string, operand: string, value: unknown): Write {
  if (keyword === "ADD" || (keyword === "SET" && operand.includes("+"))) return "advance";
  return (keyword === "SET" ? readPart(value) : undefined) ?? "other";
}

/**
 * The expression with placeholders that can be read, and plain placeholder -> original.
 *
 * A placeholder made of a stamp's name, as `:lw:n:us-east-1`, cannot be told from other text by DynamoDB's grammar.
 */
function withPlainPlaceholders(expression: string, placeholders: readonly string[]) {
  const odd = new Map<string, string>();
  let text = expression;
  // The longest first, since a shorter one may be a part of it.
  const notPlain = placeholders.filter((one) => !PLACEHOLDER.test(one)).sort((one, other) => other.length - one.length);
  for (const [number, placeholder] of notPlain.entries()) {
    const sign = placeholder.charAt(0);
    if ((sign !== "#" && sign !== ":") || placeholder.length < 2) continue;
    const plain = `${sign}lwplain${number}`;
    odd.set(plain, placeholder);
    text = replace(text, placeholder, plain);
  }
  return { text, odd };
}

function pattern(placeholder: string, flags: string): RegExp {
  return new RegExp(`${placeholder.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")}(?![A-Za-z0-9_])`, flags);
}

function replace(text: string, placeholder: string, replacement: string): string {
  return text.replace(pattern(placeholder, "g"), () => replacement);
}

function occurs(text: string, placeholder: string): boolean {
  return placeholder !== "" && pattern(placeholder, "").test(text);
}

/** Legacy `AttributeUpdates` without written-back stamps. */
export function legacyWithoutWrittenBack(names: StampNames, updates: Request, seen: Seen, now: bigint): Request {
  const own = names.among(updates);
  if (own.length === 0) return updates;
  const written = new Map<string, { attribute: StampAttribute; write: Write }>();
  for (const attribute of own) {
    const { Action = "PUT", Value } = updates[attribute.name] ?? {};
    const part = Action === "PUT" ? readPart(Value) : undefined;
    written.set(attribute.name, { attribute, write: Action === "ADD" ? "advance" : (part ?? "other") });
  }
  const read = readOnes(names, written, seen(), now);
  return Object.fromEntries(Object.entries(updates).filter(([name]) => !read.has(name)));
}
