/**
 * The stamps that a process has seen, by table and key.
 *
 * A put that carries no stamps takes them from here: it claims to have seen what its process has really seen, and so keeps
 * the history that most mappers drop.
 */
import { keyText } from "./key.js";
import { isEmpty, later, NO_STAMPS, type Attributes, type Stamps } from "./stamps.js";

/** How many items are remembered. About 10 MB with the stamps of three Regions; beyond it the item used longest ago goes. */
export const CAPACITY = 10_000;

/** One replica of a table. The same table in another Region is another one: what was seen there may not be here. */
export interface Table {
  /** Where it is: a Region, or the URL of an endpoint that is not AWS's. */
  readonly place: string;
  readonly name: string;
  /** The names of its key attributes, sorted; undefined where no request has told them yet. */
  keyNames: readonly string[] | undefined;
  /**
   * Tells its items from those of others. Forgetting a table is a new number for it: its items are never found again, and
   * drop out in time.
   */
  number: number;
}

type Change = (known: Stamps | undefined) => Stamps | undefined;

/** Stamps by table and key. No call of it waits, so any number of calls under way may use one. */
export class Memory {
  /** In the order of last use. */
  private readonly items = new Map<string, Stamps>();
  private readonly tables = new Map<string, Table>();
  private numbers = 0;

  constructor(readonly capacity: number = CAPACITY) {
    if (!Number.isSafeInteger(capacity) || capacity < 0) {
      throw new RangeError(`remember ${String(capacity)} must be the number of items to remember, 0 for none`);
    }
  }

  /** How many items are remembered. */
  get size(): number {
    return this.items.size;
  }

  /** The table of this name there. */
  table(place: string, name: string): Table {
    // Neither holds a space.
    const id = `${place} ${name}`;
    let table = this.tables.get(id);
    if (table === undefined) {
      table = { place, name, keyNames: undefined, number: this.numbers++ };
      this.tables.set(id, table);
    }
    return table;
  }

  /** Take the names from a request that DynamoDB took: it refuses a Key with too few or too many. */
  learnKeyNames(table: Table, names: readonly string[]): void {
    const known = table.keyNames;
    if (known === undefined || known.length !== names.length || !known.every((name) => names.includes(name))) {
      table.keyNames = [...names].sort();
    }
  }

  /** What is remembered of the item with this key. `item` is a Key or an item with all its key attributes. */
  find(table: Table, item: Attributes): Stamps | undefined {
    const key = this.key(table, item);
    const stamps = key === undefined ? undefined : this.items.get(key);
    if (stamps !== undefined) {
      this.items.delete(key as string);
      this.items.set(key as string, stamps);
    }
    return stamps;
  }

  /** Remember stamps that were seen. Nothing older replaces what is known. */
  add(table: Table, item: Attributes, seen: Stamps): void {
    if (!isEmpty(seen)) this.update(table, item, (known) => later(known ?? NO_STAMPS, seen));
  }

  /** Remember these stamps and no others: the item is new. */
  replace(table: Table, item: Attributes, stamps: Stamps): void {
    this.update(table, item, () => stamps);
  }

  /** Change what is remembered of an item; where nothing is, nothing is known. */
  change(table: Table, item: Attributes, change: (known: Stamps) => Stamps): void {
    this.update(table, item, (known) => known && change(known));
  }

  forget(table: Table, item: Attributes): void {
    if (this.items.size > 0) this.update(table, item, () => undefined);
  }

  forgetTable(table: Table): void {
    table.number = this.numbers++;
  }

  /** Forget every table there whose name is among those. */
  forgetTables(place: string, named: (table: string) => boolean): void {
    for (const table of this.tables.values()) {
      if (table.place === place && named(table.name)) this.forgetTable(table);
    }
  }

  /** What tells this item from all others, or undefined where its key attributes are not known, or not all there. */
  key(table: Table, item: Attributes): string | undefined {
    return table.keyNames && keyText(table.number, table.keyNames, item);
  }

  private update(table: Table, item: Attributes, change: Change): void {
    const key = this.capacity === 0 ? undefined : this.key(table, item);
    if (key === undefined) return;
    const stamps = change(this.items.get(key));
    this.items.delete(key);
    if (stamps === undefined) return;
    this.items.set(key, stamps);
    if (this.items.size > this.capacity) this.items.delete(this.items.keys().next().value as string);
  }
}
