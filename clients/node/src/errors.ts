/** Base of all errors of this package. None of them holds item contents. */
export class LastwriterError extends Error {
  override name = "LastwriterError";
}

/** A write could not be stamped. Thrown to the caller only with `strict: true`. */
export class StampError extends LastwriterError {
  override name = "StampError";
}

/** An item is signed by a client-side encryption library, which would not know a stamp from tampering. */
export class EncryptedItemError extends StampError {
  override name = "EncryptedItemError";
}

/** `softDelete`, `revive` or `remembered` was called for a client or a table that `lastwriter()` does not stamp. */
export class NotInstrumented extends LastwriterError {
  override name = "NotInstrumented";
}
