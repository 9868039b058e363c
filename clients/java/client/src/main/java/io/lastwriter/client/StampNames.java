package io.lastwriter.client;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** Tells stamp attributes from others by their names, for one prefix, and reads and writes the stamps in them. */
final class StampNames {
    /** What a stamp attribute holds. */
    enum Kind {
        COUNT,
        TIME,
        RESET
    }

    /** What a stamp attribute's name says. The Region is null for a reset. */
    record Attribute(Kind kind, String region) {}

    /** Few names come by, again and again: those of the Regions of the tables. Beyond it they are parsed each time. */
    private static final int REMEMBERED_NAMES = 1024;

    final String reset;
    /** The mark of a soft delete. It is for the application to see, and no stamp. */
    final String deleted;
    /** What every name of ours begins with. */
    final String start;

    private final Map<String, Optional<Attribute>> parsed = new ConcurrentHashMap<>();

    StampNames(String prefix) {
        if (prefix == null || prefix.isEmpty() || prefix.contains(":")) {
            throw new IllegalArgumentException("prefix must be some text without a colon");
        }
        this.start = prefix + ":";
        this.reset = start + "reset";
        this.deleted = start + "deleted";
    }

    String count(String region) {
        return start + "n:" + region;
    }

    String time(String region) {
        return start + "t:" + region;
    }

    String name(Attribute attribute) {
        return switch (attribute.kind) {
            case COUNT -> count(attribute.region);
            case TIME -> time(attribute.region);
            case RESET -> reset;
        };
    }

    /** Which stamp attribute a name is; null if it is none. */
    Attribute parse(String name) {
        if (name == null || !name.startsWith(start)) {
            return null;
        }
        Optional<Attribute> known = parsed.get(name);
        if (known == null) {
            known = Optional.ofNullable(parseNew(name));
            if (parsed.size() < REMEMBERED_NAMES) {
                parsed.put(name, known);
            }
        }
        return known.orElse(null);
    }

    private Attribute parseNew(String name) {
        if (name.equals(reset)) {
            return new Attribute(Kind.RESET, null);
        }
        String rest = name.substring(start.length());
        String region = rest.length() > 2 ? rest.substring(2) : "";
        if (!EndpointRegion.isName(region)) {
            return null;
        }
        if (rest.startsWith("n:")) {
            return new Attribute(Kind.COUNT, region);
        }
        return rest.startsWith("t:") ? new Attribute(Kind.TIME, region) : null;
    }

    /** Whether one of these names is a stamp's. Each attribute of each item that is read comes by here. */
    boolean anyAmong(Iterable<String> names) {
        for (String name : names) {
            if (parse(name) != null) {
                return true;
            }
        }
        return false;
    }

    /** Whether an item carries a count or a time. */
    boolean carriesStamps(Map<String, AttributeValue> item) {
        for (String name : item.keySet()) {
            Attribute attribute = parse(name);
            if (attribute != null && attribute.kind != Kind.RESET && part(item.get(name)) != null) {
                return true;
            }
        }
        return false;
    }

    /** The stamps that an item carries. */
    Stamps read(Map<String, AttributeValue> item) {
        return read(item, AttributeValue::n);
    }

    /** The stamps that an item carries, whose attributes are of any kind: {@code number} gives the text of one's number, or null. */
    <V> Stamps read(Map<String, V> item, Function<V, String> number) {
        Map<String, Stamps.Pair> pairs = null;
        Long resetTime = null;
        for (Map.Entry<String, V> entry : item.entrySet()) {
            Attribute attribute = parse(entry.getKey());
            Long part = attribute == null || entry.getValue() == null ? null : part(number.apply(entry.getValue()));
            if (part == null) {
                continue;
            }
            if (attribute.kind == Kind.RESET) {
                resetTime = part;
                continue;
            }
            pairs = pairs == null ? new HashMap<>() : pairs;
            Stamps.Pair known = pairs.getOrDefault(attribute.region, Stamps.Pair.NONE);
            pairs.put(
                    attribute.region,
                    attribute.kind == Kind.COUNT ? new Stamps.Pair(part, known.t()) : new Stamps.Pair(known.n(), part));
        }
        return pairs == null && resetTime == null ? Stamps.NONE : new Stamps(pairs == null ? Map.of() : pairs, resetTime);
    }

    /** Puts stamps into an item as attributes. */
    void write(Stamps stamps, Map<String, AttributeValue> item) {
        stamps.pairs().forEach((region, pair) -> {
            if (pair.n() != null) {
                item.put(count(region), number(pair.n()));
            }
            if (pair.t() != null) {
                item.put(time(region), number(pair.t()));
            }
        });
        if (stamps.reset() != null) {
            item.put(reset, number(stamps.reset()));
        }
    }

    /** The item without its stamps; the item itself if it has none. */
    Map<String, AttributeValue> without(Map<String, AttributeValue> item) {
        if (!anyAmong(item.keySet())) {
            return item;
        }
        Map<String, AttributeValue> rest = new LinkedHashMap<>(item);
        rest.keySet().removeIf(name -> parse(name) != null);
        return rest;
    }

    static AttributeValue number(long value) {
        return AttributeValue.builder().n(Long.toString(value)).build();
    }

    /** A count or time from an attribute value; null for what is no integer in the range of a stamp. */
    static Long part(AttributeValue value) {
        return value == null ? null : part(value.n());
    }

    private static Long part(String text) {
        if (text == null) {
            return null;
        }
        try {
            if (!text.isEmpty() && text.length() < 18 && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
                return Long.parseLong(text);
            }
            BigDecimal number = new BigDecimal(text);
            if (number.signum() == 0) {
                return 0L;
            }
            // The order matters: 1E+999999 must not be spelt out.
            if (number.signum() < 0 || (long) number.precision() - number.scale() > 18) {
                return null;
            }
            long integer = number.longValueExact();
            return integer <= StampClock.MAX_PART ? integer : null;
        } catch (ArithmeticException | NumberFormatException error) {
            return null;
        }
    }
}
