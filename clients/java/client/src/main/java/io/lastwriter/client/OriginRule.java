package io.lastwriter.client;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/** How the origin of a change is told, whatever the attributes of its images are made of. */
final class OriginRule<V> {
    private final String originAttribute;
    private final StampNames names;
    private final Function<V, String> number;
    private final Function<V, String> text;
    private final Function<V, Boolean> flag;

    /** The functions give an attribute's N, S and BOOL, or null if it is of another kind. */
    OriginRule(
            OriginSettings settings, Function<V, String> number, Function<V, String> text, Function<V, Boolean> flag) {
        this.originAttribute = settings.originAttribute();
        this.names = new StampNames(settings.prefix());
        this.number = number;
        this.text = text;
        this.flag = flag;
    }

    /** Whether an identity is that of DynamoDB's time to live. */
    static boolean isTimeToLive(String type, String principal) {
        return "Service".equals(type) && "dynamodb.amazonaws.com".equals(principal);
    }

    /**
     * @param here the Region of the stream
     * @param old the image before; null if the record has none
     * @param changed the image after; null if the record has none
     * @param timeToLive whether DynamoDB's time to live removed it
     */
    Origin origin(String here, String event, Map<String, V> old, Map<String, V> changed, boolean timeToLive) {
        if (!EndpointRegion.isName(here)) {
            return Origin.UNKNOWN;
        }
        if ("REMOVE".equals(event)) {
            return ofRemoval(here, old, timeToLive);
        }
        boolean inserted = "INSERT".equals(event);
        boolean modified = "MODIFY".equals(event);
        if (changed == null || !(inserted || modified) || (modified && changed.equals(old))) {
            return Origin.UNKNOWN; // Equal images: nothing was written.
        }
        Origin found = Origin.UNKNOWN;
        if (old != null || inserted) {
            Stamps before = old == null ? Stamps.NONE : names.read(old, number);
            found = ofChange(here, before, names.read(changed, number), inserted);
        }
        V attribute = originAttribute == null ? null : changed.get(originAttribute);
        if (found != Origin.UNKNOWN || attribute == null) {
            return found;
        }
        String named = text.apply(attribute);
        return EndpointRegion.isName(named) ? Origin.from(named, here) : Origin.UNKNOWN;
    }

    private static Origin ofChange(String here, Stamps before, Stamps after, boolean inserted) {
        Map<String, Stamps.Pair> foreign = new HashMap<>();
        boolean ownAdvanced = false;
        for (Map.Entry<String, Stamps.Pair> entry : after.pairs().entrySet()) {
            Stamps.Pair pair = entry.getValue();
            Stamps.Pair was = before.pairs().get(entry.getKey());
            if (was == null || pair.count() > was.count() || pair.time() > was.time()) {
                if (entry.getKey().equals(here)) {
                    ownAdvanced = true;
                } else {
                    foreign.put(entry.getKey(), pair);
                }
            }
        }
        String latest = latest(foreign);
        if (latest == null) {
            return ownAdvanced ? Origin.from(here, here) : Origin.UNKNOWN;
        }
        Stamps.Pair own = after.pairs().get(here);
        // Put back here with its stamps.
        boolean putBack = inserted && own != null && own.time() >= foreign.get(latest).time();
        return Origin.from(putBack ? here : latest, here);
    }

    private Origin ofRemoval(String here, Map<String, V> old, boolean timeToLive) {
        V mark = old == null ? null : old.get(names.deleted);
        if (mark != null && Boolean.TRUE.equals(flag.apply(mark))) {
            String marked = latest(names.read(old, number).pairs());
            if (marked != null) {
                return Origin.from(marked, here);
            }
        }
        return timeToLive ? Origin.from(here, here) : Origin.UNKNOWN;
    }

    /** The Region with the latest time, on a tie the one with the smaller name; null if there is none. */
    private static String latest(Map<String, Stamps.Pair> pairs) {
        return pairs.entrySet().stream()
                .min(Comparator.comparing((Map.Entry<String, Stamps.Pair> entry) -> -entry.getValue().time())
                        .thenComparing(Map.Entry::getKey))
                .map(Map.Entry::getKey)
                .orElse(null);
    }
}
