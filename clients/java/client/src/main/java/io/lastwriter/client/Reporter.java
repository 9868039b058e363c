package io.lastwriter.client;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Says what could not be stamped or read: once of a kind, and never with a key or a value. */
final class Reporter {
    /** The platform's logger: java.util.logging, or what an application has put in its place. */
    private static final System.Logger LOGGER = System.getLogger("lastwriter");

    private final boolean strict;
    private final Set<String> told = ConcurrentHashMap.newKeySet();

    Reporter(boolean strict) {
        this.strict = strict;
    }

    /** A write could not be stamped. It must not fail for that, unless that was asked for. */
    void unstamped(RuntimeException error, String region) {
        if (!strict) {
            log(error, "a write went out without its stamp", region);
        } else if (error instanceof StampException) {
            throw error;
        } else {
            throw new StampException("the write could not be stamped: " + reason(error), error);
        }
    }

    /** An answer could not be read. It reaches the caller all the same. */
    void unread(RuntimeException error, String region) {
        log(error, "an answer could not be read for its stamps", region);
    }

    private void log(RuntimeException error, String what, String region) {
        // Each table whose items are signed is told: its writes stay without stamps until something is done.
        String kind = error instanceof EncryptedItemException ? error.getMessage() : what;
        if (told.add(kind)) {
            LOGGER.log(System.Logger.Level.ERROR, what + ", in " + region + " (told once): " + reason(error));
        }
    }

    /** An unknown error's message may hold a key or a value, so only its kind and place are told. */
    private static String reason(RuntimeException error) {
        if (error instanceof StampException) {
            return error.getMessage();
        }
        StackTraceElement[] trace = error.getStackTrace();
        String place = trace.length == 0 ? "an unknown place" : trace[0].toString();
        return error.getClass().getSimpleName() + " at " + place;
    }
}
