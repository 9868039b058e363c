/** Time for stamps: integer microseconds since 1970, never going back within a process. */

/** The largest time or count that a stamp may hold: the end of the year 9999 in microseconds. */
export const MAX_PART = 253402300799999999n;

/** Gives microseconds since 1970. */
export type Clock = () => number | bigint;

/** Wraps a source of microseconds so that a later reading is never smaller than an earlier one. */
export function neverBack(source: Clock): () => bigint {
  let last = 0n;
  return () => {
    const reading = source();
    // BigInt() throws for a fraction and for what is no number at all.
    const now = BigInt(reading);
    if (now < 0n || now > MAX_PART) throw new RangeError("the clock must return microseconds since 1970");
    if (now > last) last = now;
    return last;
  };
}

/**
 * `Date.now()` has whole milliseconds only. The finer clock of `performance` gives what lies between, and is set anew
 * whenever it leaves the millisecond that the system's clock shows (it drifts, and stands still while a machine sleeps).
 */
export function microseconds(wall = Date.now, fine = () => performance.now()): () => number {
  let offset = wall() - fine();
  return () => {
    const now = wall();
    let time = offset + fine();
    if (time < now || time >= now + 1) {
      offset = now - fine();
      time = now;
    }
    return Math.floor(time * 1000);
  };
}
