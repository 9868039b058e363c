/**
 * The stamp attributes of an item as read, to put back with its new contents:
 *
 *     new PutCommand({ TableName, Item: { ...contents, ...stamps(item) } })
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
  return name.startsWith(`${prefix}:n:`) || name.startsWith(`${prefix}:t:`) || name === `${prefix}:reset`;
}
