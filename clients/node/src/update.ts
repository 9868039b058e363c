/** Adds the stamp to an update: two clauses, whatever the expression holds. */
import { StampError } from "./errors.js";
import { extend, MAX_EXPRESSION_BYTES, parseUpdate, placeholderSuffix, type Keyword } from "./expression.js";
import type { Seen } from "./put.js";
import { remember } from "./remember.js";
import type { Moment, Request, StampedWrite } from "./request.js";
import type { StampNames } from "./stamps.js";
import { legacyWithoutWrittenBack, withoutWrittenBack } from "./written-back.js";

const STEMS = ["lwt", "lwn"];
const ONE = { N: "1" };
/** How many updates of one expression are told apart by their conditions, names and values. */
const MAX_ALIKE = 8;

/** The texts of an update that its stamp hangs on. */
interface Texts {
  readonly expression: string | undefined;
  readonly condition: string | undefined;
  readonly names: Record<string, string>;
  readonly values: Record<string, unknown>;
}

/** An expression with the stamp's clauses, the names that these need, and the placeholders of their values. */
interface Extension {
  readonly expression: string;
  readonly names: Record<string, string>;
  /** The names as members of a JSON object. */
  readonly namesText: string;
  readonly timePlaceholder: string | undefined;
  readonly countPlaceholder: string | undefined;
}

/** Stamps updates for one Region. */
export class UpdateStamper {
  private readonly countName: string;
  private readonly timeName: string;
  private readonly wholeExtension = rememberTexts((texts) => this.extend(texts, true));
  private readonly countExtension = rememberTexts((texts) => this.extend(texts, false));

  constructor(
    private readonly names: StampNames,
    region: string,
  ) {
    this.countName = names.count(region);
    this.timeName = names.time(region);
  }

  /**
   * The update with its stamp, or undefined where nothing is to be stamped. `seen` gives what is remembered of the item.
   *
   * @throws StampError where the update cannot be stamped.
   */
  stamp(request: Request, now: Moment, seen: Seen, inTransaction: boolean): StampedWrite | undefined {
    const expression: string | undefined = request.UpdateExpression ?? undefined;
    if (expression === undefined) {
      if (inTransaction) return undefined;
      // DynamoDB does not take expressions and the parameters that they replaced in one request.
      if ((request.AttributeUpdates ?? request.Expected ?? request.ConditionalOperator ?? undefined) !== undefined) {
        return withoutAddition(this.legacy(request, now, seen));
      }
    }
    if (hasEmptyMap(request)) return undefined;
    let texts = textsOf(request, expression);
    let changed: Request | undefined;
    if (expression !== undefined && this.writesStamps(texts.names)) {
      const rest = withoutWrittenBack(this.names, request, seen(), now.time);
      if (rest !== undefined) {
        texts = { ...texts, ...rest };
        changed = {
          ...(rest.expression === undefined ? {} : { UpdateExpression: rest.expression }),
          ExpressionAttributeNames: rest.names,
          ExpressionAttributeValues: Object.keys(rest.values).length === 0 ? undefined : rest.values,
        };
      }
    }
    // Only clauses that really write are left of a valid expression: where nothing is added, it is the caller's stamp
    // that stays.
    const extended = this.extended(texts, now);
    if (changed === undefined) return extended;
    return withoutAddition(extended?.changed() ?? changed);
  }

  /** Stamp with the count alone, in a transaction that every process has to make in the same way. */
  count(request: Request): StampedWrite | undefined {
    const expression: string | undefined = request.UpdateExpression ?? undefined;
    if (expression === undefined || hasEmptyMap(request)) return undefined;
    return this.extended(textsOf(request, expression), undefined);
  }

  /** The update with the stamp; without `now`, with the count alone. */
  private extended(texts: Texts, now: Moment | undefined): StampedWrite | undefined {
    const extension = now === undefined ? this.countExtension(texts) : this.wholeExtension(texts);
    if (extension === undefined) return undefined;
    const { expression, names, namesText, timePlaceholder, countPlaceholder } = extension;
    const changed = () => {
      const values = { ...texts.values };
      if (timePlaceholder !== undefined) values[timePlaceholder] = now?.value;
      if (countPlaceholder !== undefined) values[countPlaceholder] = ONE;
      const allNames = { ...texts.names, ...names };
      return { UpdateExpression: expression, ExpressionAttributeNames: allNames, ExpressionAttributeValues: values };
    };
    // Only an expression that there was can be replaced.
    if (texts.expression === undefined) return { changed, addition: undefined };
    let values = timePlaceholder === undefined ? "" : `"${timePlaceholder}":{"N":"${now?.value.N}"}`;
    if (countPlaceholder !== undefined) values += `${values === "" ? "" : ","}"${countPlaceholder}":{"N":"${ONE.N}"}`;
    return { changed, addition: { update: { expression, names: namesText, values } } };
  }

  private extend({ expression, condition, names, values }: Texts, withTime: boolean): Extension | undefined {
    const parsed = expression === undefined ? undefined : parseUpdate(expression);
    if (expression !== undefined && parsed === undefined) return undefined;
    // A writer that stamps by hand goes on to do so: two actions on one path would fail the write.
    const targets = parsed?.targets ?? [];
    const written = new Set(targets.map((target) => (Object.hasOwn(names, target) ? names[target] : undefined)));
    const suffix = placeholderSuffix(STEMS, [expression ?? "", condition ?? ""], names, values);
    const additions: Array<[Keyword, string]> = [];
    const newNames: Record<string, string> = {};
    let timePlaceholder: string | undefined;
    let countPlaceholder: string | undefined;
    if (withTime && !written.has(this.timeName)) {
      timePlaceholder = `:lwt${suffix}`;
      additions.push(["SET", `#lwt${suffix} = ${timePlaceholder}`]);
      newNames[`#lwt${suffix}`] = this.timeName;
    }
    if (!written.has(this.countName)) {
      countPlaceholder = `:lwn${suffix}`;
      additions.push(["ADD", `#lwn${suffix} ${countPlaceholder}`]);
      newNames[`#lwn${suffix}`] = this.countName;
    }
    if (additions.length === 0) return undefined;
    const extended = extend(expression, additions);
    if (extended === undefined) return undefined;
    if (Buffer.byteLength(extended) > MAX_EXPRESSION_BYTES) {
      throw new StampError(`the update expression with its stamp would pass ${MAX_EXPRESSION_BYTES} bytes: shorten it`);
    }
    const namesText = JSON.stringify(newNames).slice(1, -1);
    return { expression: extended, names: newNames, namesText, timePlaceholder, countPlaceholder };
  }

  private writesStamps(names: Record<string, string>): boolean {
    for (const alias in names) {
      if (this.names.attribute(names[alias]) !== undefined) return true;
    }
    return false;
  }

  private legacy(request: Request, now: Moment, seen: Seen): Request {
    const updates: Request = request.AttributeUpdates ?? {};
    return {
      AttributeUpdates: {
        [this.timeName]: { Action: "PUT", Value: now.value },
        [this.countName]: { Action: "ADD", Value: ONE },
        ...legacyWithoutWrittenBack(this.names, updates, seen, now.time),
      },
    };
  }
}

/** A write that more than a stamp's additions changes. */
function withoutAddition(changed: Request): StampedWrite {
  return { changed: () => changed, addition: undefined };
}

function textsOf(request: Request, expression: string | undefined): Texts {
  return {
    expression,
    condition: request.ConditionExpression ?? undefined,
    names: request.ExpressionAttributeNames ?? {},
    values: request.ExpressionAttributeValues ?? {},
  };
}

/** DynamoDB rejects an empty map, and must go on to do so. */
function hasEmptyMap(request: Request): boolean {
  return isEmpty(request.ExpressionAttributeNames) || isEmpty(request.ExpressionAttributeValues);
}

function isEmpty(map: object | null | undefined): boolean {
  if (map === undefined || map === null) return false;
  for (const _ in map) return false;
  return true;
}

/**
 * A function of an update's texts that remembers its answers: applications send few, since values are placeholders. What
 * throws is not remembered.
 */
function rememberTexts<T>(compute: (texts: Texts) => T): (texts: Texts) => T {
  // By the expression first, so that no key has to be put together for each call.
  const known = remember((): Array<{ texts: Texts; answer: T }> => []);
  return (texts) => {
    const alike = known(texts.expression ?? "");
    for (const { texts: other, answer } of alike) if (sameTexts(texts, other)) return answer;
    const answer = compute(texts);
    if (alike.length >= MAX_ALIKE) alike.shift();
    // Of the values only the names count, and the caller's own must not be kept alive.
    const values = Object.fromEntries(Object.keys(texts.values).map((name) => [name, null]));
    alike.push({ texts: { ...texts, names: { ...texts.names }, values }, answer });
    return answer;
  };
}

function sameTexts(one: Texts, other: Texts): boolean {
  if (one.expression !== other.expression || one.condition !== other.condition) return false;
  let more = 0;
  for (const name in other.names) {
    if (one.names[name] !== other.names[name]) return false;
    more += 1;
  }
  for (const _ in one.names) more -= 1;
  if (more !== 0) return false;
  for (const name in other.values) {
    if (!(name in one.values)) return false;
    more += 1;
  }
  for (const _ in one.values) more -= 1;
  return more === 0;
}
