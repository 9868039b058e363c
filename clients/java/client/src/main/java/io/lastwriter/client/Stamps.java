package io.lastwriter.client;

import java.util.HashMap;
import java.util.Map;

/**
 * All stamps of one version of an item. Nothing changes one that was made.
 *
 * @param pairs Region to its pair
 * @param reset when a put last dropped the item's history; null if none is known to have
 */
record Stamps(Map<String, Pair> pairs, Long reset) {
    /** How far the clocks of one Region's writers may lie apart, in microseconds: the stream processor's default tolerance. */
    private static final long CLOCK_TOLERANCE = 100_000;

    static final Stamps NONE = new Stamps(Map.of(), null);

    /**
     * One Region's stamp.
     *
     * @param n how many of its writes the version descends from; null if the item does not say
     * @param t the time of the latest of them in microseconds; null if the item does not say
     */
    record Pair(Long n, Long t) {
        static final Pair NONE = new Pair(null, null);

        long count() {
            return n == null ? 0 : n;
        }

        long time() {
            return t == null ? 0 : t;
        }

        /**
         * The pair of the later write of one Region.
         *
         * <p>By time where the times are further apart than clocks may be. A count alone would not do: it falls where a
         * Region's writes were lost, and is used again. Within the tolerance the count tells.
         */
        Pair later(Pair other) {
            long apart = other.time() - time();
            if (Math.abs(apart) > CLOCK_TOLERANCE) {
                return apart > 0 ? other : this;
            }
            if (count() != other.count()) {
                return count() > other.count() ? this : other;
            }
            return apart > 0 ? other : this;
        }
    }

    boolean isEmpty() {
        return pairs.isEmpty() && reset == null;
    }

    Pair pair(String region) {
        return pairs.getOrDefault(region, Pair.NONE);
    }

    /** What a process has seen that has seen both: of each Region the later pair, and the later reset. */
    Stamps later(Stamps other) {
        if (other.isEmpty() || equals(other)) {
            return this;
        }
        if (isEmpty()) {
            return other;
        }
        Map<String, Pair> merged = new HashMap<>(pairs);
        other.pairs.forEach((region, pair) -> merged.merge(region, pair, Pair::later));
        Long latest = reset == null || (other.reset != null && other.reset > reset) ? other.reset : reset;
        return new Stamps(merged, latest);
    }

    Stamps with(String region, Pair pair) {
        if (pairs.isEmpty() || (pairs.size() == 1 && pairs.containsKey(region))) {
            return new Stamps(Map.of(region, pair), reset);
        }
        Map<String, Pair> changed = new HashMap<>(pairs);
        changed.put(region, pair);
        return new Stamps(changed, reset);
    }
}
