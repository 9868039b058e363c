package io.lastwriter.client;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The time stamped for each ClientRequestToken, so that a transaction sent again is the same transaction, until ten minutes
 * after the token's last use.
 *
 * <p>DynamoDB answers a token that comes back with other parameters with IdempotentParameterMismatchException, for ten
 * minutes after the first request with that token is done (API reference of TransactWriteItems).
 */
final class TokenMemory {
    static final long REMEMBERED_NANOS = 600_000_000_000L;
    /** About 20 MB. Beyond it the token used longest ago is forgotten early. */
    static final int CAPACITY = 100_000;
    /** One for the process: a retry may well use another client object. */
    static final TokenMemory PROCESS = new TokenMemory(System::nanoTime, REMEMBERED_NANOS, CAPACITY);

    private record Entry(long used, long time) {}

    private final LongSupplier nanos;
    private final long remembered;
    private final int capacity;
    /** In the order of last use. */
    private final LinkedHashMap<String, Entry> entries = new LinkedHashMap<>();

    TokenMemory(LongSupplier nanos, long remembered, int capacity) {
        this.nanos = nanos;
        this.remembered = remembered;
        this.capacity = capacity;
    }

    /** The time remembered for this token, or what {@code make} gives now. */
    synchronized long recall(String token, LongSupplier make) {
        long now = nanos.getAsLong();
        // Taken out before others are forgotten, so that a token in use is never the one to go.
        Entry known = entries.remove(token);
        forget(now);
        boolean valid = known != null && now - known.used < remembered;
        long time = valid ? known.time : make.getAsLong();
        entries.put(token, new Entry(now, time));
        return time;
    }

    private void forget(long now) {
        Iterator<Map.Entry<String, Entry>> oldest = entries.entrySet().iterator();
        while (oldest.hasNext()) {
            Entry entry = oldest.next().getValue();
            if (now - entry.used < remembered && entries.size() < capacity) {
                return;
            }
            oldest.remove();
        }
    }
}
