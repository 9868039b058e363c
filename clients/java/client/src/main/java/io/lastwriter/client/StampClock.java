package io.lastwriter.client;

import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/** Integer microseconds since 1970, never going back within a process. */
final class StampClock {
    /** The largest time or count that a stamp may hold: the end of the year 9999 in microseconds. */
    static final long MAX_PART = 253402300799999999L;
    /** One for the process, so that two clients of it agree. */
    static final StampClock SYSTEM = new StampClock(Clock.systemUTC());

    private final Clock source;
    private final AtomicLong last = new AtomicLong();

    StampClock(Clock source) {
        this.source = source;
    }

    /** The time in microseconds. ArithmeticException if the clock gives none that a stamp can hold. */
    long now() {
        Instant instant = source.instant();
        long micros = Math.addExact(
                Math.multiplyExact(instant.getEpochSecond(), 1_000_000L), instant.getNano() / 1_000);
        if (micros < 0 || micros > MAX_PART) {
            throw new ArithmeticException("the clock must lie between 1970 and the year 9999");
        }
        return last.accumulateAndGet(micros, Math::max);
    }
}
