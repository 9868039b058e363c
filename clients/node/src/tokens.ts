/**
 * The time stamped for each ClientRequestToken, so that a transaction sent again is the same transaction.
 *
 * DynamoDB answers a token that comes back with other parameters with IdempotentParameterMismatchException, for ten minutes
 * after the first request with that token is done (API reference of TransactWriteItems).
 */

export const REMEMBERED_MS = 600_000;
/** About 20 MB. Beyond it the token used longest ago is forgotten early. */
export const CAPACITY = 100_000;

/** Remembers what was made for a token until ten minutes after its last use. */
export class TokenMemory {
  /** In the order of last use. */
  private readonly entries = new Map<string, { used: number; value: bigint }>();

  constructor(
    private readonly monotonic: () => number = () => performance.now(),
    private readonly milliseconds = REMEMBERED_MS,
    private readonly capacity = CAPACITY,
  ) {}

  /** What was made for this token, or what `make` gives now. */
  recall(token: string, make: () => bigint): bigint {
    const now = this.monotonic();
    const known = this.entries.get(token);
    // Taken out before others are forgotten, so that a token in use is never the one to go.
    this.entries.delete(token);
    this.forget(now);
    const value = known === undefined || now - known.used >= this.milliseconds ? make() : known.value;
    this.entries.set(token, { used: now, value });
    return value;
  }

  private forget(now: number): void {
    for (const [token, { used }] of this.entries) {
      if (now - used < this.milliseconds && this.entries.size < this.capacity) return;
      this.entries.delete(token);
    }
  }
}
