/**
 * Whether a put's condition says that the item must not exist.
 *
 * Only then does a put without stamps create an item, and not replace one whose history it never read. The answer is
 * conservative: true only if the condition as a whole cannot hold for an item that exists.
 */
import { tokens, type Token } from "./expression.js";
import { remember } from "./remember.js";

const COMPARATORS: ReadonlySet<string> = new Set(["=", "<>", "<", "<=", ">", ">="]);
const PUNCTUATION: ReadonlySet<string> = new Set([...COMPARATORS, ",", "(", ")", "[", "]", ".", "+", "-"]);

/**
 * What must be a key attribute for "there is no item" to follow: a name as written, `all` or `any` of two further
 * formulas, or undefined where it never follows.
 */
type Formula = undefined | string | readonly ["all" | "any", Formula, Formula];

/** From what "there is no item" follows if a condition holds, and if it does not. */
interface Meaning {
  readonly ifTrue: Formula;
  readonly ifFalse: Formula;
}

const NOTHING: Meaning = { ifTrue: undefined, ifFalse: undefined };

/** The expression does not follow the grammar; DynamoDB will say so. */
class Malformed extends Error {}

/** Recursive descent over the grammar of condition expressions: OR binds weakest, then AND, then NOT. */
class Parser {
  private at = 0;
  private readonly tokens: readonly Token[];

  constructor(expression: string) {
    this.tokens = tokens(expression);
  }

  parse(): Meaning {
    const meaning = this.or();
    if (this.at !== this.tokens.length) throw new Malformed();
    return meaning;
  }

  private peek(ahead = 0): string {
    return this.tokens[this.at + ahead]?.text ?? "";
  }

  private next(): string {
    const text = this.peek();
    if (text === "") throw new Malformed();
    this.at += 1;
    return text;
  }

  private expect(text: string): void {
    if (this.next().toUpperCase() !== text) throw new Malformed();
  }

  private or(): Meaning {
    let left = this.and();
    while (this.peek().toUpperCase() === "OR") {
      this.next();
      const right = this.and();
      left = { ifTrue: ["all", left.ifTrue, right.ifTrue], ifFalse: ["any", left.ifFalse, right.ifFalse] };
    }
    return left;
  }

  private and(): Meaning {
    let left = this.not();
    while (this.peek().toUpperCase() === "AND") {
      this.next();
      const right = this.not();
      left = { ifTrue: ["any", left.ifTrue, right.ifTrue], ifFalse: ["all", left.ifFalse, right.ifFalse] };
    }
    return left;
  }

  private not(): Meaning {
    if (this.peek().toUpperCase() !== "NOT") return this.primary();
    this.next();
    const inner = this.not();
    return { ifTrue: inner.ifFalse, ifFalse: inner.ifTrue };
  }

  private primary(): Meaning {
    if (this.peek() === "(") {
      this.next();
      const inner = this.or();
      this.expect(")");
      return inner;
    }
    const called = this.peek(1) === "(" ? this.peek() : undefined;
    const name = this.operand();
    const following = this.peek().toUpperCase();
    if (COMPARATORS.has(following)) {
      this.next();
      this.operand();
    } else if (following === "BETWEEN") {
      this.next();
      this.operand();
      this.expect("AND");
      this.operand();
    } else if (following === "IN") {
      this.next();
      this.expect("(");
      this.arguments();
    } else if (called === "attribute_not_exists") {
      return { ifTrue: name, ifFalse: undefined };
    } else if (called === "attribute_exists") {
      return { ifTrue: undefined, ifFalse: name };
    }
    return NOTHING;
  }

  /** A path, a placeholder or a function call. The name, if it is a bare one or has that as its one argument. */
  private operand(): string | undefined {
    const text = this.next();
    if (PUNCTUATION.has(text)) throw new Malformed();
    if (this.peek() === "(") {
      this.next();
      return this.arguments();
    }
    let bare = true;
    while (this.peek() === "." || this.peek() === "[") {
      bare = false;
      const opening = this.next();
      this.next();
      if (opening === "[") this.expect("]");
    }
    return bare ? text : undefined;
  }

  private arguments(): string | undefined {
    const name = this.operand();
    let count = 1;
    for (; this.peek() === ","; count += 1) {
      this.next();
      this.operand();
    }
    this.expect(")");
    return count === 1 ? name : undefined;
  }
}

/** What "there is no item" needs, if the condition holds. Undefined if it is malformed, or nested past the stack. */
const absence = remember((expression): Formula => {
  try {
    return new Parser(expression).parse().ifTrue;
  } catch (error) {
    if (error instanceof Malformed || error instanceof RangeError) return undefined;
    throw error;
  }
});

function follows(formula: Formula, names: Record<string, string>, isKey: (name: string) => boolean): boolean {
  if (formula === undefined) return false;
  if (typeof formula === "string") return isKey(Object.hasOwn(names, formula) ? (names[formula] as string) : formula);
  const [kind, left, right] = formula;
  return kind === "all"
    ? follows(left, names, isKey) && follows(right, names, isKey)
    : follows(left, names, isKey) || follows(right, names, isKey);
}

/** The parameters of a put that bear on its condition. */
export interface ConditionalPut {
  Item: object;
  ConditionExpression?: string | null;
  ExpressionAttributeNames?: Record<string, string> | null;
  Expected?: Record<string, { Exists?: boolean; ComparisonOperator?: string }> | null;
  ConditionalOperator?: string | null;
}

/**
 * Whether a PutItem request, or a Put of a transaction, can only succeed where there is no item.
 *
 * `keys` are the names of the table's key attributes. If they are not known, any attribute of the item being put is taken
 * for one: "must not have what I am about to write" is how conditional creates are written.
 */
export function mustNotExist(request: ConditionalPut, keys: ReadonlySet<string> | undefined): boolean {
  const isKey = (name: string) => (keys === undefined ? Object.hasOwn(request.Item, name) : keys.has(name));
  if (typeof request.ConditionExpression === "string") {
    return follows(absence(request.ConditionExpression), request.ExpressionAttributeNames ?? {}, isKey);
  }
  const expected = Object.entries(request.Expected ?? {});
  if (expected.length === 0) return false;
  const absent = ([name, test]: (typeof expected)[number]) =>
    isKey(name) && (test.Exists === false || test.ComparisonOperator === "NULL");
  return request.ConditionalOperator === "OR" ? expected.every(absent) : expected.some(absent);
}
