import { microseconds, neverBack } from "./clock.js";
import type { Memory } from "./memory.js";
import type { StampNames } from "./stamps.js";
import type { TableSettings } from "./tables.js";
import { TokenMemory } from "./tokens.js";

/** What the whole process shares. */
interface Shared {
  /** The system's clock: two clients of one process agree on the time. */
  readonly clock: () => bigint;
  /** A retry may well use another client object. */
  readonly tokens: TokenMemory;
  /** Middleware stack of an instrumented client -> how it stamps, for `softDelete`, `revive` and `remembered`. */
  readonly instrumented: WeakMap<object, Instrumented>;
}

/** What `softDelete`, `revive` and `remembered` need of a plugin, and the places that the client has called. */
export interface Instrumented {
  readonly names: Pick<StampNames, "deleted" | "attributesOf">;
  readonly clock: () => bigint;
  readonly tables: Pick<TableSettings, "covers">;
  readonly memory: Pick<Memory, "table" | "find">;
  readonly places: ReadonlySet<string>;
}

const KEY = Symbol.for("lastwriter/2");
const holder = globalThis as { [KEY]?: Shared };

/** Held by the global object, because a process may load this package both by `import` and by `require`. */
export const shared: Shared = (holder[KEY] ??= {
  clock: neverBack(microseconds()),
  tokens: new TokenMemory(),
  instrumented: new WeakMap(),
});
