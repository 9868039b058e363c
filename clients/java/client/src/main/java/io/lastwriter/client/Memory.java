package io.lastwriter.client;

import java.math.BigDecimal;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * The stamps that a process has seen, by table and key, for any number of threads. The lock is never held across a call.
 *
 * <p>A put that carries no stamps takes them from here: it claims to have seen what its process has really seen, and so keeps
 * the history that most mappers drop.
 */
final class Memory {
    /** How many items are remembered by default. Beyond it the item used longest ago goes. */
    static final int CAPACITY = 10_000;

    /** One replica of a table. The same table in another Region is another one: what was seen there may not be here. */
    static final class Table {
        final String endpoint;
        final String name;
        /** The names of its key attributes, sorted; null where no request has told them yet. */
        private volatile List<String> keyNames;
        /**
         * Tells its items from those of others. Forgetting a table is a new number for it: its items are never found again,
         * and drop out in time.
         */
        private volatile long number;

        private Table(String endpoint, String name, long number) {
            this.endpoint = endpoint;
            this.name = name;
            this.number = number;
        }
    }

    /** What tells an item from all others. The values of its key are in a form that is equal where DynamoDB's keys are. */
    record Key(long table, Object first, Object second) {}

    private record TableKey(String endpoint, String name) {}

    private final int capacity;
    /** In the order of last use. Guarded by itself. */
    private final LinkedHashMap<Key, Stamps> items = new LinkedHashMap<>(16, 0.75f, true);
    /** Guarded by itself. */
    private final Map<TableKey, Table> tables = new HashMap<>();
    private final AtomicLong numbers = new AtomicLong();

    Memory(int capacity) {
        if (capacity < 0) {
            throw new IllegalArgumentException("remember must be the number of items to remember, 0 for none: " + capacity);
        }
        this.capacity = capacity;
    }

    /** The table of this name there. */
    Table table(String endpoint, String name) {
        synchronized (tables) {
            return tables.computeIfAbsent(
                    new TableKey(endpoint, name), key -> new Table(endpoint, name, numbers.getAndIncrement()));
        }
    }

    /** Take the names from a request that DynamoDB took: it refuses a Key with too few or too many. */
    void learnKeyNames(Table table, Collection<String> names) {
        List<String> known = table.keyNames;
        if (known == null || known.size() != names.size() || !names.containsAll(known)) {
            table.keyNames = names.stream().sorted().toList();
        }
    }

    /** What is remembered of the item with this key; null if nothing is. The item is a Key, or has all its key attributes. */
    Stamps find(Table table, Map<String, AttributeValue> item) {
        Key key = key(table, item);
        if (key == null) {
            return null;
        }
        synchronized (items) {
            return items.get(key);
        }
    }

    /** Remember stamps that were seen. Nothing older replaces what is known. */
    void add(Table table, Map<String, AttributeValue> item, Stamps seen) {
        if (!seen.isEmpty()) {
            put(table, item, known -> known == null ? seen : known.later(seen));
        }
    }

    /** Remember these stamps and no others: the item is new. */
    void replace(Table table, Map<String, AttributeValue> item, Stamps stamps) {
        put(table, item, known -> stamps);
    }

    /** Change what is remembered of an item; where nothing is, nothing is known. */
    void change(Table table, Map<String, AttributeValue> item, UnaryOperator<Stamps> change) {
        Key key = key(table, item);
        if (key != null) {
            synchronized (items) {
                items.computeIfPresent(key, (same, known) -> change.apply(known));
            }
        }
    }

    void forget(Table table, Map<String, AttributeValue> item) {
        put(table, item, known -> null);
    }

    void forgetTable(Table table) {
        table.number = numbers.getAndIncrement();
    }

    /** Forget every table of an endpoint whose name is among those. */
    void forgetTables(String endpoint, Predicate<String> named) {
        List<Table> forgotten;
        synchronized (tables) {
            forgotten = tables.values().stream()
                    .filter(table -> table.endpoint.equals(endpoint) && named.test(table.name))
                    .toList();
        }
        forgotten.forEach(this::forgetTable);
    }

    int size() {
        synchronized (items) {
            return items.size();
        }
    }

    private void put(Table table, Map<String, AttributeValue> item, UnaryOperator<Stamps> change) {
        Key key = key(table, item);
        if (key == null) {
            return;
        }
        synchronized (items) {
            items.compute(key, (same, known) -> change.apply(known));
            if (items.size() > capacity) {
                items.remove(items.keySet().iterator().next());
            }
        }
    }

    /** What tells this item from all others, or null where it is not to be remembered: its key's names may not be known. */
    Key key(Table table, Map<String, AttributeValue> item) {
        List<String> names = table.keyNames;
        if (capacity == 0 || names == null || names.isEmpty()) {
            return null;
        }
        Object first = keyValue(item.get(names.get(0)));
        Object second = names.size() == 1 ? null : keyValue(item.get(names.get(1)));
        if (first == null || (second == null && names.size() > 1)) {
            return null; // A projection left a key attribute out, or DynamoDB will refuse it.
        }
        return new Key(table.number, first, second);
    }

    /** A text, bytes or a number: of unlike classes, so that a text is no number. 1 and 1.0 are one key. */
    private static Object keyValue(AttributeValue value) {
        if (value == null) {
            return null;
        }
        return switch (value.type()) {
            case S -> value.s();
            case B -> value.b();
            case N -> keyNumber(value.n());
            case SS, NS, BS, M, L, BOOL, NUL, UNKNOWN_TO_SDK_VERSION -> null;
        };
    }

    private static BigDecimal keyNumber(String text) {
        try {
            return new BigDecimal(text).stripTrailingZeros();
        } catch (NumberFormatException error) {
            return null;
        }
    }
}
