package io.lastwriter.client;

/** A write could not be stamped. Thrown to the caller only by a strict interceptor. Holds no item contents. */
public class StampException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StampException(String message) {
        super(message);
    }

    StampException(String message, Throwable cause) {
        super(message, cause);
    }
}
