/** Which tables are stamped, and what is known of each. */
import { EncryptedItemError } from "./errors.js";

/** Names of tables, or a function from name to boolean. Undefined for all. */
export type Tables = Iterable<string> | ((table: string) => boolean) | undefined;

/**
 * What client-side encryption leaves in an item: the material description of the AWS Database Encryption SDK, and that of
 * the DynamoDB Encryption Client before it. Both sign the item as they were given it.
 */
const MARKS = {
  aws_dbe_head: "the AWS Database Encryption SDK",
  "*amzn-ddb-map-desc*": "the DynamoDB Encryption Client",
};

/** The bare name: DynamoDB takes an ARN wherever it takes a table's name. */
export function tableName(nameOrArn: string): string {
  return nameOrArn.startsWith("arn:") ? nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1) : nameOrArn;
}

/** The tables to stamp, their keys as far as the settings tell, and whether signed items may be stamped. */
export class TableSettings {
  readonly keys: ReadonlyMap<string, ReadonlySet<string>>;
  private readonly choose: ((table: string) => boolean) | undefined;
  private readonly refuse: boolean;
  private readonly encrypted = new Set<string>();

  constructor(tables: Tables, keys: Record<string, Iterable<string>>, encrypted: "refuse" | "stamp") {
    if (typeof tables === "string") {
      throw new RangeError(`tables ${JSON.stringify(tables)} must be names or a function, not one name`);
    }
    if (encrypted !== "refuse" && encrypted !== "stamp") {
      throw new RangeError(`encrypted ${JSON.stringify(encrypted)} must be "refuse" or "stamp"`);
    }
    this.refuse = encrypted === "refuse";
    this.keys = new Map(Object.entries(keys).map(([table, names]) => [tableName(table), new Set(names)]));
    if (typeof tables === "function") {
      this.choose = tables;
    } else if (tables !== undefined) {
      const chosen = new Set([...tables].map(tableName));
      this.choose = (table) => chosen.has(table);
    }
  }

  /** Whether writes to this table are stamped. */
  covers(nameOrArn: unknown): nameOrArn is string {
    if (typeof nameOrArn !== "string") return false;
    return this.choose === undefined || Boolean(this.choose(tableName(nameOrArn)));
  }

  keysOf(table: string): ReadonlySet<string> | undefined {
    return this.keys.get(table);
  }

  /** Take note of a table whose items are signed, from one that was read. */
  notice(table: string, item: object): void {
    if (this.refuse && library(item) !== undefined) this.encrypted.add(table);
  }

  /** Throws EncryptedItemError for a write to an item that is signed, unless the settings allow for it. */
  refuseEncrypted(table: string, item?: unknown): void {
    if (!this.refuse) return;
    const signedBy = typeof item === "object" && item !== null ? library(item) : undefined;
    if (signedBy === undefined && !this.encrypted.has(table)) return;
    this.encrypted.add(table);
    throw new EncryptedItemError(
      `the items of table ${table} are signed by ${signedBy ?? "a client-side encryption library"}, and a stamp would make ` +
        'their signatures fail: give the stamps the attribute actions that the page "Client-side encryption" of the ' +
        'clients tells, then set encrypted: "stamp"',
    );
  }
}

function library(item: object): string | undefined {
  if (Object.hasOwn(item, "aws_dbe_head")) return MARKS.aws_dbe_head;
  return Object.hasOwn(item, "*amzn-ddb-map-desc*") ? MARKS["*amzn-ddb-map-desc*"] : undefined;
}
