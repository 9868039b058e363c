package io.lastwriter.client;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * An item and its stamps as one map. The SDK makes a copy of the item that it is given: this spares another one, which would be
 * a good part of what a stamp costs.
 */
final class StampedItem extends AbstractMap<String, AttributeValue> {
    private final Map<String, AttributeValue> item;
    private final Map<String, AttributeValue> stamps;
    private final int replaced;

    /** The item with these attributes added, or in place of its own. */
    StampedItem(Map<String, AttributeValue> item, Map<String, AttributeValue> stamps) {
        this.item = item;
        this.stamps = stamps;
        int both = 0;
        for (String name : stamps.keySet()) {
            both += item.containsKey(name) ? 1 : 0;
        }
        this.replaced = both;
    }

    /** What the item has more than its own attributes; null if some of its own are replaced. */
    Map<String, AttributeValue> additions() {
        return replaced == 0 ? stamps : null;
    }

    @Override
    public int size() {
        return item.size() + stamps.size() - replaced;
    }

    @Override
    public void forEach(BiConsumer<? super String, ? super AttributeValue> action) {
        if (replaced == 0) {
            item.forEach(action);
        } else {
            item.forEach((name, value) -> {
                if (!stamps.containsKey(name)) {
                    action.accept(name, value);
                }
            });
        }
        stamps.forEach(action);
    }

    @Override
    public Set<Entry<String, AttributeValue>> entrySet() {
        return new AbstractSet<>() {
            @Override
            public Iterator<Entry<String, AttributeValue>> iterator() {
                Iterator<Entry<String, AttributeValue>> own = item.entrySet().stream()
                        .filter(entry -> !stamps.containsKey(entry.getKey()))
                        .iterator();
                Iterator<Entry<String, AttributeValue>> added = stamps.entrySet().iterator();
                return new Iterator<>() {
                    @Override
                    public boolean hasNext() {
                        return own.hasNext() || added.hasNext();
                    }

                    @Override
                    public Entry<String, AttributeValue> next() {
                        return own.hasNext() ? own.next() : added.next();
                    }
                };
            }

            @Override
            public int size() {
                return StampedItem.this.size();
            }
        };
    }
}
