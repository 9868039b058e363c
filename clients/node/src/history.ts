/** Carrying an item's history from a read to a put, or leaving it behind. */
import { NotInstrumented } from "./errors.js";
import { shared } from "./process.js";
import { stampNames } from "./stamps.js";
import { tableName } from "./tables.js";

/**
 * The stamp attributes of an item as read, to put back with its new contents:
 *
 *     new PutCommand({ TableName, Item: { ...contents, ...stamps(item) } })
 *
 * An item has them if they were asked for by name, or it was read with `hide: false`.
 */
export function stamps<Item extends object>(item: Item, prefix = "lw"): Partial<Item> {
  return filter(item, (name) => isStamp(name, prefix));
}

/** The item without its stamps: for output, or to put a copy under another key, whose history it is not. */
export function withoutStamps<Item extends object>(item: Item, prefix = "lw"): Partial<Item> {
  return filter(item, (name) => !isStamp(name, prefix));
}

function filter<Item extends object>(item: Item, keep: (name: string) => boolean): Partial<Item> {
  return Object.fromEntries(Object.entries(item).filter(([name]) => keep(name))) as Partial<Item>;
}

function isStamp(name: string, prefix: string): boolean {
  return stampNames(prefix).attribute(name) !== undefined;
}

/**
 * The stamps that this process remembers of an item: to hand to another process, which puts the item back there. In
 * DynamoDB JSON; none if nothing is remembered. With a document client use `lastwriter/document`.
 *
 * @throws NotInstrumented if the client is not stamped.
 */
export function remembered(
  client: { middlewareStack: object },
  { TableName, Key }: { TableName: string; Key: Record<string, any> },
): Record<string, { N: string }> {
  const instrumented = shared.instrumented.get(client.middlewareStack);
  if (instrumented === undefined) {
    throw new NotInstrumented("call client.middlewareStack.use(lastwriter()) on this client first");
  }
  const { memory, places, names } = instrumented;
  for (const place of places) {
    const seen = memory.find(memory.table(place, tableName(TableName)), Key);
    if (seen !== undefined) return names.attributesOf(seen);
  }
  return {};
}
