package io.lastwriter.client;

/** An item is signed by a client-side encryption library, which would not know a stamp from tampering. */
public final class EncryptedItemException extends StampException {
    private static final long serialVersionUID = 1L;

    EncryptedItemException(String message) {
        super(message);
    }
}
