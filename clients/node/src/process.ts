import { microseconds, neverBack } from "./clock.js";
import type { Stamper } from "./stamper.js";
import { TokenMemory } from "./tokens.js";

/** What the whole process shares. */
interface Shared {
  /** The system's clock: two clients of one process agree on the time. */
  readonly clock: () => bigint;
  /** A retry may well use another client object. */
  readonly tokens: TokenMemory;
  /** Middleware stack of an instrumented client -> how it stamps, for `softDelete` and `revive`. */
  readonly instrumented: WeakMap<object, Instrumented>;
}

/** What `softDelete` and `revive` need of a plugin. */
export interface Instrumented {
  readonly prefix: string;
  readonly clock: () => bigint;
  readonly covers: Stamper["covers"];
}

const KEY = Symbol.for("lastwriter/1");
const holder = globalThis as { [KEY]?: Shared };

/** Held by the global object, because a process may load this package both by `import` and by `require`. */
export const shared: Shared = (holder[KEY] ??= {
  clock: neverBack(microseconds()),
  tokens: new TokenMemory(),
  instrumented: new WeakMap(),
});
