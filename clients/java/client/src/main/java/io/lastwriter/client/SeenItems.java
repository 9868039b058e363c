package io.lastwriter.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** What is done with the items in the answers that one client gets: their stamps are remembered, and hidden from the caller. */
final class SeenItems {
    final Stamper stamper;
    final Memory memory;
    final StampNames names;
    private final boolean hide;

    SeenItems(Stamper stamper) {
        this.stamper = stamper;
        this.memory = stamper.settings.memory();
        this.names = stamper.settings.names();
        this.hide = stamper.settings.hide();
    }

    /** An item with all that is in it: remembers its stamps, and gives what the caller is to see of it. */
    Map<String, AttributeValue> whole(String table, Map<String, AttributeValue> item, Map<String, AttributeValue> key) {
        if (!stamper.covers(table)) {
            return item;
        }
        Memory.Table replica = stamper.table(table);
        stamper.settings.tables().notice(replica.name, item);
        if (names.anyAmong(item.keySet())) {
            memory.add(replica, key, names.read(item));
            return hidden(item);
        }
        return item;
    }

    /**
     * An item that was read by its key.
     *
     * @param projected whether the read asked for some attributes by name: then it tells nothing of stamps, and hides none
     * @param item null if there is none
     */
    Map<String, AttributeValue> one(
            String table, Map<String, AttributeValue> key, boolean projected, Map<String, AttributeValue> item) {
        if (!stamper.covers(table)) {
            return item;
        }
        memory.learnKeyNames(stamper.table(table), key.keySet());
        if (item == null || projected) {
            memory.forget(stamper.table(table), key);
            return item;
        }
        return whole(table, item, key);
    }

    /** Items that were read together, and tell their keys themselves. The list itself if the caller is to see all of it. */
    List<Map<String, AttributeValue>> several(
            String table, boolean projected, boolean fromIndex, List<Map<String, AttributeValue>> items) {
        if (!stamper.covers(table)) {
            return items;
        }
        List<Map<String, AttributeValue>> shown = new ArrayList<>(items.size());
        boolean changed = false;
        for (Map<String, AttributeValue> item : items) {
            Map<String, AttributeValue> visible = item;
            // An index may leave the stamps out, and then says nothing of them.
            if (projected || (fromIndex && !names.anyAmong(item.keySet()))) {
                memory.forget(stamper.table(table), item);
            } else {
                visible = whole(table, item, item);
            }
            changed |= visible != item;
            shown.add(visible);
        }
        return changed ? shown : items;
    }

    /** What the caller is to see of an item; the item itself if that is all of it. */
    Map<String, AttributeValue> hidden(Map<String, AttributeValue> item) {
        return hide ? names.without(item) : item;
    }
}
