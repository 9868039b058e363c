/**
 * The stamps in a request that the SDK has serialised already.
 *
 * The SDK takes each parameter apart, in JavaScript, to serialise it: for the stamps of a transaction that costs more than
 * making them. So it does so with what the caller gave, and what the stamps add is spliced into its body here. What the SDK
 * serialised stays as it did it: binary values, above all.
 *
 * Where a member begins can be seen in the text: `"Item":{` stands nowhere else in JSON, since in a string each quote is
 * escaped. How often it does must be what the request says; an attribute may have that name too. Then, and where a stamp
 * has changed more than it added, the stamped request is serialised instead.
 */
import { remember } from "./remember.js";
import { stampedKind, type Addition, type Request, type StampedWrite } from "./request.js";

const ITEM = '"Item":{';
const NAMES = '"ExpressionAttributeNames":{';
const VALUES = '"ExpressionAttributeValues":{';
const EXPRESSION = '"UpdateExpression":';

/** What goes into the body at a place, instead of so many characters. */
interface Edit {
  readonly at: number;
  readonly removed: number;
  readonly text: string;
}

/**
 * The body of the request that was asked for, with what its stamps add; undefined where they cannot be spliced into it.
 * `writes` has the stamp of each of its writes: of each entry, in a batch or a transaction.
 */
export function stampedBody(
  body: unknown,
  asked: Request,
  writes: ReadonlyArray<StampedWrite | undefined>,
): string | Uint8Array | undefined {
  for (const write of writes) if (write !== undefined && write.addition === undefined) return undefined;
  // Which of the two the SDK makes hangs on its version.
  if (typeof body === "string") return new Splice(body, writes, asIs).all(asked);
  if (!(body instanceof Uint8Array)) return undefined;
  // One character for each byte: so nothing has to be decoded.
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");
  const spliced = new Splice(text, writes, bytewise).all(asked);
  return spliced === undefined ? undefined : Buffer.from(spliced, "latin1");
}

/** One pass over a body, from write to write. Each mark has a place of its own: the SDK chooses the order of parameters. */
class Splice {
  private item = 0;
  private names = 0;
  private values = 0;
  private expression = 0;
  private readonly edits: Edit[] = [];
  /** Whether there is anything to add to items, and to updates: for what is not to be changed, nothing has to be found. */
  private readonly addsToItems: boolean;
  private readonly addsToUpdates: boolean;

  constructor(
    private readonly body: string,
    private readonly writes: ReadonlyArray<StampedWrite | undefined>,
    private readonly encode: (text: string) => string,
  ) {
    this.addsToItems = writes.some((write) => write?.addition?.item);
    this.addsToUpdates = writes.some((write) => write?.addition?.update);
  }

  all(asked: Request): string | undefined {
    const { writes } = this;
    let at = 0;
    if (asked.RequestItems) {
      for (const table in asked.RequestItems) {
        for (const { PutRequest } of asked.RequestItems[table]) {
          const addition = writes[at++]?.addition;
          if (PutRequest && !this.write(PutRequest, addition)) return undefined;
        }
      }
    } else if (asked.TransactItems) {
      for (const entry of asked.TransactItems) {
        const addition = writes[at++]?.addition;
        const stamped = stampedKind(entry);
        for (const kind in entry) {
          const write = entry[kind];
          if (write && !this.write(write, kind === stamped ? addition : undefined)) return undefined;
        }
      }
    } else if (!this.write(asked, writes[0]?.addition)) {
      return undefined;
    }
    return this.isDone() ? this.result() : undefined;
  }

  /** Steps over one write. False if the body is not its. */
  private write(write: Request, addition: Addition | undefined): boolean {
    if (this.addsToItems && write.Item) {
      this.item = this.after(ITEM, this.item);
      if (this.item === 0) return false;
      if (addition?.item) this.insert(this.item, this.membersOf(addition.item));
    }
    return !this.addsToUpdates || this.update(write, addition?.update);
  }

  private update(write: Request, update: Addition["update"]): boolean {
    let missing = "";
    if (write.ExpressionAttributeNames) {
      this.names = this.after(NAMES, this.names);
      if (this.names === 0) return false;
      if (update) this.insert(this.names, this.encode(update.names));
    } else if (update) {
      missing = `${NAMES}${this.encode(update.names)}},`;
    }
    if (write.ExpressionAttributeValues) {
      this.values = this.after(VALUES, this.values);
      if (this.values === 0) return false;
      if (update) this.insert(this.values, update.values);
    } else if (update) {
      missing += `${VALUES}${update.values}},`;
    }
    const { UpdateExpression: expression } = write;
    if (expression === undefined || expression === null) return update === undefined;
    const mark = this.expression;
    this.expression = this.after(EXPRESSION, mark);
    if (this.expression === 0) return false;
    if (update === undefined) return true;
    const before = this.encode(quoted(expression));
    if (!this.body.startsWith(before, this.expression)) return false;
    const removed = EXPRESSION.length + before.length;
    const text = `${missing}${EXPRESSION}${this.encode(quoted(update.expression))}`;
    this.edits.push({ at: this.expression - EXPRESSION.length, removed, text });
    return true;
  }

  /** The place behind the next mark, or 0 where there is none. */
  private after(mark: string, from: number): number {
    const at = this.body.indexOf(mark, from);
    return at < 0 ? 0 : at + mark.length;
  }

  /** Members at the beginning of an object. */
  private insert(at: number, members: string): void {
    const text = members === "" || this.body.startsWith("}", at) ? members : `${members},`;
    this.edits.push({ at, removed: 0, text });
  }

  private membersOf(attributes: Request): string {
    let members = "";
    for (const name in attributes) {
      // Stamps are numbers.
      members += `${members === "" ? "" : ","}${this.encode(quoted(name))}:{"N":"${attributes[name].N}"}`;
    }
    return members;
  }

  /** Whether no mark is left over: one more would be an attribute's, and who knows which of them. */
  private isDone(): boolean {
    if (this.addsToItems && this.after(ITEM, this.item) !== 0) return false;
    if (!this.addsToUpdates) return true;
    return (
      this.after(NAMES, this.names) === 0 &&
      this.after(VALUES, this.values) === 0 &&
      this.after(EXPRESSION, this.expression) === 0
    );
  }

  private result(): string {
    let result = "";
    let done = 0;
    for (const { at, removed, text } of this.edits.sort((one, other) => one.at - other.at)) {
      result += this.body.slice(done, at) + text;
      done = at + removed;
    }
    return result + this.body.slice(done);
  }
}

/** A text as in JSON. */
const quoted = remember((text) => JSON.stringify(text));

/** A text as a character for each of its bytes. */
const bytewise = remember((text) => Buffer.from(text).toString("latin1"));

function asIs(text: string): string {
  return text;
}
