package io.lastwriter.client;

import java.util.HashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** Adds one Region's stamp to a put: the history that it carries, that its process has seen, or word that it has none. */
final class PutStamper {
    /** The stamps of a put that drops the history, at one moment: most puts of a batch have the same. */
    private record Beginning(Moment now, Map<String, AttributeValue> attributes, Stamps stamps) {}

    private static final AttributeValue ONE = StampNames.number(1);

    private final StampNames names;
    private final String region;
    private final String timeName;
    private final String countName;
    private volatile Beginning latest;

    PutStamper(StampNames names, String region) {
        this.names = names;
        this.region = region;
        this.timeName = names.time(region);
        this.countName = names.count(region);
    }

    /**
     * @param mustNotExist whether the put's condition says so; asked where the item carries no stamps
     * @param seen gives what is remembered of the item, or null; asked where the item may exist
     */
    StampedWrite.Put stamp(
            Map<String, AttributeValue> item, BooleanSupplier mustNotExist, Moment now, Supplier<Stamps> seen) {
        if (names.carriesStamps(item)) {
            StampedItem stamped = new StampedItem(item, Map.of(timeName, now.attribute(), countName, next(item)));
            return new StampedWrite.Put(stamped, names.read(stamped));
        }
        if (mustNotExist.getAsBoolean()) {
            Stamps stamps = new Stamps(Map.of(region, new Stamps.Pair(1L, now.micros())), null);
            return new StampedWrite.Put(new StampedItem(item, Map.of(timeName, now.attribute(), countName, ONE)), stamps);
        }
        Stamps known = seen.get();
        if (known == null || known.pairs().isEmpty()) {
            Beginning begun = beginning(now);
            return new StampedWrite.Put(new StampedItem(item, begun.attributes), begun.stamps);
        }
        Stamps stamps = known.with(region, new Stamps.Pair(after(known.pair(region).count()), now.micros()));
        Map<String, AttributeValue> added = new HashMap<>();
        names.write(stamps, added);
        return new StampedWrite.Put(new StampedItem(item, added), stamps);
    }

    private Beginning beginning(Moment now) {
        Beginning known = latest;
        if (known == null || known.now != now) {
            Stamps stamps = new Stamps(Map.of(region, new Stamps.Pair(1L, now.micros())), now.micros());
            known = new Beginning(
                    now, Map.of(timeName, now.attribute(), countName, ONE, names.reset, now.attribute()), stamps);
            latest = known;
        }
        return known;
    }

    /** Stamp with the count alone, in a transaction that every process has to make in the same way. */
    StampedWrite.Put count(Map<String, AttributeValue> item, BooleanSupplier mustNotExist) {
        AttributeValue count;
        if (names.carriesStamps(item)) {
            count = next(item);
        } else if (mustNotExist.getAsBoolean()) {
            count = ONE;
        } else {
            throw new StampException("a put without stamps, in a transaction with your own ClientRequestToken, may not differ"
                    + " between processes: give it a condition that the item must not exist, its stamps, or"
                    + " tokens(Tokens.REMEMBER)");
        }
        // What it wrote to is forgotten, so its stamps are nothing to remember.
        return new StampedWrite.Put(new StampedItem(item, Map.of(countName, count)), Stamps.NONE);
    }

    private AttributeValue next(Map<String, AttributeValue> item) {
        Long count = StampNames.part(item.get(countName));
        return StampNames.number(after(count == null ? 0 : count));
    }

    private static long after(long count) {
        return Math.min(count + 1, StampClock.MAX_PART);
    }
}
