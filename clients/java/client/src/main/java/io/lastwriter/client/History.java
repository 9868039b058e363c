package io.lastwriter.client;

import java.util.LinkedHashMap;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** Carrying an item's history from a read to a put, or leaving it behind. */
public final class History {
    private static final String DEFAULT_PREFIX = "lw";

    private History() {}

    /**
     * The stamp attributes of an item as read, to put back with its new contents. An item has them if it was asked for by
     * name, or read with {@code hide(false)}.
     */
    public static Map<String, AttributeValue> stamps(Map<String, AttributeValue> item) {
        return stamps(item, DEFAULT_PREFIX);
    }

    /** As {@link #stamps(Map)}, for a prefix of your own. */
    public static Map<String, AttributeValue> stamps(Map<String, AttributeValue> item, String prefix) {
        StampNames names = new StampNames(prefix);
        Map<String, AttributeValue> stamps = new LinkedHashMap<>(item);
        stamps.keySet().removeIf(name -> names.parse(name) == null);
        return stamps;
    }

    /** The item without its stamps: for output, or to put a copy under another key, whose history it is not. */
    public static Map<String, AttributeValue> withoutStamps(Map<String, AttributeValue> item) {
        return withoutStamps(item, DEFAULT_PREFIX);
    }

    /** As {@link #withoutStamps(Map)}, for a prefix of your own. */
    public static Map<String, AttributeValue> withoutStamps(Map<String, AttributeValue> item, String prefix) {
        Map<String, AttributeValue> rest = new LinkedHashMap<>(item);
        rest.keySet().removeAll(stamps(item, prefix).keySet());
        return rest;
    }
}
