package io.lastwriter.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.Update;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/** Adds one Region's stamp to requests. The caller's own objects are immutable and stay as they are. */
final class Stamper {
    final Settings settings;
    final String region;
    final String endpoint;
    private final TokenMemory tokenMemory;
    private final UpdateStamper updates;
    private final PutStamper puts;
    /** Each write comes by here, and there are few tables. */
    private final Map<String, Memory.Table> tables = new ConcurrentHashMap<>();
    /** The one that was asked for last: the writes of one request are mostly to one. */
    private volatile NamedTable latest = new NamedTable(null, null);

    private record NamedTable(String nameOrArn, Memory.Table table) {}

    Stamper(Settings settings, String region, String endpoint, TokenMemory tokenMemory) {
        this.settings = settings;
        this.region = region;
        this.endpoint = endpoint;
        this.tokenMemory = tokenMemory;
        this.updates = new UpdateStamper(settings.names(), region);
        this.puts = new PutStamper(settings.names(), region);
        settings.tables().keys().forEach((table, names) -> settings.memory().learnKeyNames(table(table), names));
    }

    /** Whether a request is one that is stamped. */
    static boolean isWrite(SdkRequest request) {
        return request instanceof UpdateItemRequest
                || request instanceof PutItemRequest
                || request instanceof TransactWriteItemsRequest
                || request instanceof BatchWriteItemRequest;
    }

    boolean covers(String nameOrArn) {
        return settings.tables().covers(nameOrArn);
    }

    /** The replica that a name in a request means. */
    Memory.Table table(String nameOrArn) {
        NamedTable known = latest;
        if (nameOrArn.equals(known.nameOrArn)) {
            return known.table;
        }
        Memory.Table table = tables.get(nameOrArn);
        if (table == null) {
            table = settings.memory().table(endpoint, TableSettings.name(nameOrArn));
            tables.put(nameOrArn, table);
        }
        latest = new NamedTable(nameOrArn, table);
        return table;
    }

    /**
     * The stamp of this moment for a request, or null where nothing is to be stamped.
     *
     * <p>In a transaction or a batch each write is stamped on its own: for one that cannot be, {@code onError} is called with
     * the reason, and it goes on as it was, unless {@code onError} throws.
     */
    Stamped stamp(SdkRequest request, Consumer<RuntimeException> onError) {
        if (request instanceof UpdateItemRequest update) {
            return covers(update.tableName()) ? update(update) : null;
        }
        if (request instanceof PutItemRequest put) {
            return covers(put.tableName()) && put.hasItem() ? put(put) : null;
        }
        if (request instanceof TransactWriteItemsRequest transaction) {
            return transaction.hasTransactItems() ? transaction(transaction, onError) : null;
        }
        if (request instanceof BatchWriteItemRequest batch) {
            return batch.hasRequestItems() ? batch(batch, onError) : null;
        }
        return null;
    }

    private Stamped update(UpdateItemRequest request) {
        Memory.Table table = table(request.tableName());
        settings.tables().refuseEncrypted(table.name);
        Moment now = Moment.of(settings.clock().now());
        Supplier<Stamps> seen = () -> settings.memory().find(table, request.key());
        boolean legacy = request.updateExpression() == null
                && (request.hasAttributeUpdates()
                        || request.hasExpected()
                        || request.conditionalOperatorAsString() != null);
        if (legacy) {
            // DynamoDB does not take expressions and the parameters that they replaced in one request.
            StampedWrite stamped = new StampedWrite.Legacy(updates.legacy(request.attributeUpdates(), now, seen.get()));
            return new Stamped(request, List.of(stamped), now.micros(), List.of());
        }
        StampedWrite stamped = updates.stamp(UpdateText.of(request), now, seen);
        return stamped == null ? null : new Stamped(request, List.of(stamped), now.micros(), List.of());
    }

    private Stamped put(PutItemRequest request) {
        Moment now = Moment.of(settings.clock().now());
        Memory.Table table = table(request.tableName());
        StampedWrite.Put put = put(table, request.item(), now, keys -> PutCondition.mustNotExist(request, keys));
        return new Stamped(request, List.of(put), now.micros(), List.of(put.stamps()));
    }

    private StampedWrite.Put put(
            Memory.Table table, Map<String, AttributeValue> item, Moment now, Predicate<Predicate<String>> mustNotExist) {
        settings.tables().refuseEncrypted(table.name, item);
        return puts.stamp(
                item,
                () -> mustNotExist.test(settings.tables().keysOf(table.name, item)),
                now,
                () -> settings.memory().find(table, item));
    }

    private Stamped transaction(TransactWriteItemsRequest request, Consumer<RuntimeException> onError) {
        String token = request.clientRequestToken();
        if (token != null && settings.tokens() == Tokens.LEAVE) {
            return null;
        }
        Moment now = Moment.of(
                token != null && settings.tokens() == Tokens.REMEMBER
                        ? tokenMemory.recall(region + " " + token, settings.clock()::now)
                        : settings.clock().now());
        List<StampedWrite> writes = new ArrayList<>(request.transactItems().size());
        List<Stamps> stamps = new ArrayList<>();
        for (TransactWriteItem entry : request.transactItems()) {
            StampedWrite.Update update = null;
            StampedWrite.Put put = null;
            try {
                if (entry.update() != null && entry.put() == null && covers(entry.update().tableName())) {
                    update = update(entry.update(), now, token != null);
                } else if (entry.put() != null && entry.put().hasItem() && covers(entry.put().tableName())) {
                    put = put(entry.put(), now, token != null);
                }
            } catch (RuntimeException error) { // Whatever it is, the write itself must go on.
                onError.accept(error);
            }
            if (entry.put() != null) {
                stamps.add(put == null ? null : put.stamps());
            }
            writes.add(update == null ? put : update);
        }
        return new Stamped(request, writes, now.micros(), stamps);
    }

    /**
     * An update of a transaction. One with the caller's token may come from another process too, which remembers other items,
     * so nothing goes into it that hangs on what was seen; and by default nothing that hangs on the time.
     */
    private StampedWrite.Update update(Update update, Moment now, boolean token) {
        if (update.updateExpression() == null) {
            return null;
        }
        Memory.Table table = table(update.tableName());
        settings.tables().refuseEncrypted(table.name);
        UpdateText given = UpdateText.of(update);
        return token && settings.tokens() == Tokens.COUNT
                ? updates.count(given)
                : updates.stamp(given, now, () -> token ? null : settings.memory().find(table, update.key()));
    }

    private StampedWrite.Put put(Put put, Moment now, boolean token) {
        Memory.Table table = table(put.tableName());
        Predicate<Predicate<String>> mustNotExist = keys -> PutCondition.mustNotExist(put, keys);
        if (!token) {
            return put(table, put.item(), now, mustNotExist);
        }
        settings.tables().refuseEncrypted(table.name, put.item());
        Predicate<String> keys = settings.tables().keysOf(table.name, put.item());
        return settings.tokens() == Tokens.COUNT
                ? puts.count(put.item(), () -> mustNotExist.test(keys))
                : puts.stamp(put.item(), () -> mustNotExist.test(keys), now, () -> null);
    }

    private Stamped batch(BatchWriteItemRequest request, Consumer<RuntimeException> onError) {
        Moment now = Moment.of(settings.clock().now());
        List<StampedWrite> stamped = new ArrayList<>();
        List<Stamps> stamps = new ArrayList<>();
        request.requestItems().forEach((name, writes) -> {
            Memory.Table table = covers(name) ? table(name) : null;
            for (WriteRequest write : writes) {
                PutRequest put = write.putRequest();
                StampedWrite.Put made = null;
                if (put != null && put.hasItem() && table != null) {
                    try {
                        made = put(table, put.item(), now, keys -> false);
                    } catch (RuntimeException error) { // Whatever it is, the write itself must go on.
                        onError.accept(error);
                    }
                }
                if (put != null) {
                    stamps.add(made == null ? null : made.stamps());
                }
                stamped.add(made);
            }
        });
        return new Stamped(request, stamped, now.micros(), stamps);
    }
}
