/**
 * Just enough of DynamoDB's update expression grammar to add clauses to one.
 *
 * An update expression is up to four sections, each begun by its keyword, in any order and case:
 *
 *     SET path = value, ...   REMOVE path, ...   ADD path value, ...   DELETE path value, ...
 *
 * Values never stand in the text (they are placeholders), so no quoting has to be understood. The grammar is in the
 * DynamoDB Developer Guide, "Update expressions".
 */

import { remember } from "./remember.js";

/** DynamoDB rejects a longer expression string ("Service, account, and table quotas"). */
export const MAX_EXPRESSION_BYTES = 4096;

/** The section keywords. */
export type Keyword = "SET" | "REMOVE" | "ADD" | "DELETE";

/** A word is a keyword, an attribute name, a placeholder with its sign, a function name or an index. */
const TOKEN = /[^\s,=<>().[\]+-]+|<>|<=|>=|[,=<>().[\]+-]/g;
const KEYWORDS: ReadonlySet<string> = new Set(["SET", "REMOVE", "ADD", "DELETE"]);
/** After one of these an operand must follow, so a word there is a name and not a section keyword. */
const EXPECTS_OPERAND: ReadonlySet<string> = new Set([",", "=", "+", "-", ".", "(", "["]);

/** One token and where it stands in the expression. */
export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What has to be known of an update expression to extend it. */
export interface UpdateExpression {
  /** Section keyword -> offset just behind its last token. */
  readonly sections: ReadonlyMap<Keyword, number>;
  /** The first token of each path that is written: a name or a `#placeholder`. */
  readonly targets: readonly string[];
  /** Offset just behind the last token. */
  readonly end: number;
}

/** Split an update or condition expression into tokens. White space is dropped. */
export function tokens(expression: string): Token[] {
  const found: Token[] = [];
  for (const match of expression.matchAll(TOKEN)) {
    found.push({ text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return found;
}

/**
 * Find the sections of an update expression.
 *
 * Undefined if it is one that DynamoDB rejects anyway (empty, an empty or doubled section, a dangling comma): it must not
 * become valid by what is added to it. Applications send few different texts, since values are placeholders.
 */
export const parseUpdate = remember(findSections);

function findSections(expression: string): UpdateExpression | undefined {
  const sections = new Map<Keyword, number>();
  const targets: string[] = [];
  let section: Keyword | undefined;
  let previous = "";
  let atStartOfAction = false;
  let depth = 0;
  let end = 0;
  for (const { text, end: tokenEnd } of tokens(expression)) {
    end = tokenEnd;
    const keyword = text.toUpperCase();
    if (KEYWORDS.has(keyword) && depth === 0 && !EXPECTS_OPERAND.has(previous)) {
      if (sections.has(keyword as Keyword) || atStartOfAction) return undefined;
      section = keyword as Keyword;
      atStartOfAction = true;
    } else if (section === undefined) {
      return undefined;
    } else if (atStartOfAction) {
      if (EXPECTS_OPERAND.has(text) || text === ")" || text === "]") return undefined;
      targets.push(text);
      atStartOfAction = false;
    } else if (depth === 0 && text === ",") {
      atStartOfAction = true;
    } else if (text === "(" || text === "[") {
      depth += 1;
    } else if (text === ")" || text === "]") {
      depth -= 1;
    }
    sections.set(section, end);
    previous = text;
  }
  if (section === undefined || atStartOfAction || depth !== 0 || EXPECTS_OPERAND.has(previous)) return undefined;
  return { sections, targets, end };
}

/** A section of an update expression: its keyword as written, and the text of each of its actions. */
export interface Section {
  readonly keyword: string;
  readonly actions: string[];
}

/** The sections of an expression that `parseUpdate` takes, to leave some of its actions out. */
export function sections(expression: string): Section[] {
  const found: Section[] = [];
  let depth = 0;
  let previous = "";
  let start: number | undefined;
  let end = 0;
  const close = () => {
    if (start !== undefined) found.at(-1)?.actions.push(expression.slice(start, end));
    start = undefined;
  };
  for (const token of tokens(expression)) {
    const isKeyword = KEYWORDS.has(token.text.toUpperCase()) && depth === 0 && !EXPECTS_OPERAND.has(previous);
    if (isKeyword || (depth === 0 && token.text === ",")) close();
    if (isKeyword) found.push({ keyword: token.text, actions: [] });
    else if (start === undefined && token.text !== ",") start = token.start;
    if (token.text === "(" || token.text === "[") depth += 1;
    if (token.text === ")" || token.text === "]") depth -= 1;
    previous = token.text;
    end = token.end;
  }
  close();
  return found;
}

/**
 * Add actions to an update expression, each to its section, or as a new section at the end. Without an expression the
 * additions are the expression. Undefined if `parseUpdate` gives none.
 */
export function extend(
  expression: string | undefined,
  additions: ReadonlyArray<readonly [Keyword, string]>,
): string | undefined {
  if (expression === undefined) return additions.map(([keyword, actions]) => `${keyword} ${actions}`).join(" ");
  const parsed = parseUpdate(expression);
  if (parsed === undefined) return undefined;
  const pieces: Array<readonly [number, string]> = [];
  let tail = "";
  for (const [keyword, actions] of additions) {
    const at = parsed.sections.get(keyword);
    if (at === undefined) tail += ` ${keyword} ${actions}`;
    else pieces.push([at, `, ${actions}`]);
  }
  // Back to front, so that the offsets stay right; a section that ends the expression goes before what is new.
  let result = expression.slice(0, parsed.end) + tail + expression.slice(parsed.end);
  for (const [at, text] of pieces.sort((one, other) => other[0] - one[0])) {
    // A keyword may follow a bracket at once, but not a placeholder.
    const gap = at === result.length || /\s/.test(result.charAt(at)) ? "" : " ";
    result = result.slice(0, at) + text + gap + result.slice(at);
  }
  return result;
}

/**
 * The first of "", "1", "2", ... that keeps `#stem` and `:stem` apart from everything the caller uses.
 *
 * A placeholder that the caller uses but forgot to define counts as used: defining it would hide the mistake.
 */
export function placeholderSuffix(stems: readonly string[], texts: readonly string[], names: object, values: object) {
  for (let number = 0; ; number += 1) {
    const suffix = number === 0 ? "" : String(number);
    const taken = stems.some((stem) => {
      const name = `#${stem}${suffix}`;
      const value = `:${stem}${suffix}`;
      return name in names || value in values || texts.some((text) => text.includes(name) || text.includes(value));
    });
    if (!taken) return suffix;
  }
}
