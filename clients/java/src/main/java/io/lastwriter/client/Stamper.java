package io.lastwriter.client;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.services.dynamodb.model.AttributeAction;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.AttributeValueUpdate;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.ComparisonOperator;
import software.amazon.awssdk.services.dynamodb.model.ConditionalOperator;
import software.amazon.awssdk.services.dynamodb.model.ExpectedAttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.Update;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/** Adds one Region's stamp, of one moment, to requests. The caller's own objects are immutable and stay as they are. */
final class Stamper {
    private final LastwriterInterceptor.Builder settings;
    private final String timeName;
    private final String countName;
    private final String resetName;
    private final long time;
    private final Consumer<RuntimeException> onError;

    Stamper(LastwriterInterceptor.Builder settings, String region, long time, Consumer<RuntimeException> onError) {
        this.settings = settings;
        this.timeName = settings.prefix + ":t:" + region;
        this.countName = settings.prefix + ":n:" + region;
        this.resetName = settings.prefix + ":reset";
        this.time = time;
        this.onError = onError;
    }

    /** The bare name: DynamoDB takes an ARN wherever it takes a table's name. */
    static String tableName(String nameOrArn) {
        return nameOrArn.startsWith("arn:") ? nameOrArn.substring(nameOrArn.lastIndexOf('/') + 1) : nameOrArn;
    }

    /** A count or time from an attribute value; empty for what is no integer in the range of a stamp. */
    static Optional<Long> part(AttributeValue value) {
        if (value == null || value.n() == null) {
            return Optional.empty();
        }
        try {
            BigDecimal number = new BigDecimal(value.n());
            // The order matters: 1E+999999 must not be spelt out.
            if (number.signum() < 0 || number.precision() - number.scale() > 18) {
                return Optional.empty();
            }
            long integer = number.longValueExact();
            return integer <= StampClock.MAX_PART ? Optional.of(integer) : Optional.empty();
        } catch (ArithmeticException | NumberFormatException error) {
            return Optional.empty();
        }
    }

    /** The request with the stamp, or the request itself where nothing is to be stamped. */
    SdkRequest stamp(SdkRequest request) {
        if (request instanceof UpdateItemRequest update && settings.covers(update.tableName())) {
            return update(update);
        }
        if (request instanceof PutItemRequest put && settings.covers(put.tableName()) && put.hasItem()) {
            boolean create = mustNotExist(put);
            return put.toBuilder().item(item(put.item(), create)).build();
        }
        if (request instanceof TransactWriteItemsRequest transaction && transaction.hasTransactItems()) {
            List<TransactWriteItem> items = new ArrayList<>();
            transaction.transactItems().forEach(item -> items.add(attempt(this::transactItem, item)));
            return transaction.toBuilder().transactItems(items).build();
        }
        if (request instanceof BatchWriteItemRequest batch && batch.hasRequestItems()) {
            Map<String, List<WriteRequest>> tables = new LinkedHashMap<>();
            batch.requestItems().forEach((table, writes) -> {
                List<WriteRequest> stamped = new ArrayList<>();
                writes.forEach(write -> stamped.add(settings.covers(table) ? attempt(this::batchItem, write) : write));
                tables.put(table, stamped);
            });
            return batch.toBuilder().requestItems(tables).build();
        }
        return request;
    }

    private <T> T attempt(Function<T, T> stamp, T write) {
        try {
            return stamp.apply(write);
        } catch (RuntimeException error) {
            onError.accept(error);
            return write;
        }
    }

    private WriteRequest batchItem(WriteRequest write) {
        PutRequest put = write.putRequest();
        if (put == null || !put.hasItem()) {
            return write;
        }
        return write.toBuilder().putRequest(put.toBuilder().item(item(put.item(), false)).build()).build();
    }

    private TransactWriteItem transactItem(TransactWriteItem entry) {
        Update update = entry.update();
        if (update != null && update.updateExpression() != null && settings.covers(update.tableName())) {
            return expression(
                            update.updateExpression(),
                            update.conditionExpression(),
                            update.hasExpressionAttributeNames() ? update.expressionAttributeNames() : null,
                            update.hasExpressionAttributeValues() ? update.expressionAttributeValues() : null)
                    .map(stamped -> entry.toBuilder()
                            .update(update.toBuilder()
                                    .updateExpression(stamped.expression)
                                    .expressionAttributeNames(stamped.names)
                                    .expressionAttributeValues(stamped.values)
                                    .build())
                            .build())
                    .orElse(entry);
        }
        Put put = entry.put();
        if (put != null && put.hasItem() && settings.covers(put.tableName())) {
            boolean create = put.conditionExpression() != null
                    && PutCondition.mustNotExist(
                            put.conditionExpression(),
                            put.expressionAttributeNames(),
                            keys(put.tableName(), put.item()));
            return entry.toBuilder().put(put.toBuilder().item(item(put.item(), create)).build()).build();
        }
        return entry;
    }

    private UpdateItemRequest update(UpdateItemRequest request) {
        // DynamoDB does not take expressions and the parameters that they replaced in one request.
        boolean legacy = request.updateExpression() == null
                && (request.hasAttributeUpdates() || request.hasExpected() || request.conditionalOperator() != null);
        if (legacy) {
            Map<String, AttributeValueUpdate> updates = new HashMap<>();
            updates.put(timeName, change(AttributeAction.PUT, time));
            updates.put(countName, change(AttributeAction.ADD, 1));
            updates.putAll(request.attributeUpdates());
            return request.toBuilder().attributeUpdates(updates).build();
        }
        return expression(
                        request.updateExpression(),
                        request.conditionExpression(),
                        request.hasExpressionAttributeNames() ? request.expressionAttributeNames() : null,
                        request.hasExpressionAttributeValues() ? request.expressionAttributeValues() : null)
                .map(stamped -> request.toBuilder()
                        .updateExpression(stamped.expression)
                        .expressionAttributeNames(stamped.names)
                        .expressionAttributeValues(stamped.values)
                        .build())
                .orElse(request);
    }

    private record Stamped(String expression, Map<String, String> names, Map<String, AttributeValue> values) {}

    private Optional<Stamped> expression(
            String expression, String condition, Map<String, String> names, Map<String, AttributeValue> values) {
        if ((names != null && names.isEmpty()) || (values != null && values.isEmpty())) {
            return Optional.empty(); // DynamoDB rejects an empty map, and must go on to do so.
        }
        List<String> targets = List.of();
        if (expression != null) {
            Optional<UpdateExpressions.Parsed> parsed = UpdateExpressions.parse(expression);
            if (parsed.isEmpty()) {
                return Optional.empty();
            }
            targets = parsed.get().targets();
        }
        Map<String, String> newNames = names == null ? new HashMap<>() : new HashMap<>(names);
        Map<String, AttributeValue> newValues = values == null ? new HashMap<>() : new HashMap<>(values);
        // A writer that stamps by hand goes on to do so: two actions on one path would fail the write.
        Set<String> written = new HashSet<>();
        targets.forEach(target -> written.add(newNames.get(target)));
        List<String> texts = List.of(expression == null ? "" : expression, condition == null ? "" : condition);
        String suffix = UpdateExpressions.suffix(List.of("lwt", "lwn"), texts, newNames, newValues);
        Map<String, String> additions = new LinkedHashMap<>();
        if (!written.contains(timeName)) {
            additions.put("SET", "#lwt" + suffix + " = :lwt" + suffix);
            newNames.put("#lwt" + suffix, timeName);
            newValues.put(":lwt" + suffix, number(time));
        }
        if (!written.contains(countName)) {
            additions.put("ADD", "#lwn" + suffix + " :lwn" + suffix);
            newNames.put("#lwn" + suffix, countName);
            newValues.put(":lwn" + suffix, number(1));
        }
        if (additions.isEmpty()) {
            return Optional.empty();
        }
        String extended = UpdateExpressions.extend(expression, additions).orElseThrow();
        if (extended.getBytes(StandardCharsets.UTF_8).length > UpdateExpressions.MAX_BYTES) {
            throw new StampException("the update expression with its stamp would pass 4096 bytes: shorten it", null);
        }
        return Optional.of(new Stamped(extended, newNames, newValues));
    }

    private Map<String, AttributeValue> item(Map<String, AttributeValue> item, boolean create) {
        Map<String, AttributeValue> stamped = new LinkedHashMap<>(item);
        stamped.put(timeName, number(time));
        if (carriesStamps(item)) {
            long count = part(item.get(countName)).orElse(0L);
            stamped.put(countName, number(Math.min(count + 1, StampClock.MAX_PART)));
        } else {
            stamped.put(countName, number(1));
            if (!create) {
                stamped.put(resetName, number(time));
            }
        }
        return stamped;
    }

    private boolean carriesStamps(Map<String, AttributeValue> item) {
        String times = settings.prefix + ":t:";
        String counts = settings.prefix + ":n:";
        return item.entrySet().stream()
                .anyMatch(entry -> (entry.getKey().startsWith(times) || entry.getKey().startsWith(counts))
                        && part(entry.getValue()).isPresent());
    }

    private boolean mustNotExist(PutItemRequest put) {
        Predicate<String> isKey = keys(put.tableName(), put.item());
        if (put.conditionExpression() != null) {
            return PutCondition.mustNotExist(put.conditionExpression(), put.expressionAttributeNames(), isKey);
        }
        Map<String, ExpectedAttributeValue> expected = put.expected();
        Predicate<Map.Entry<String, ExpectedAttributeValue>> absent = entry -> isKey.test(entry.getKey())
                && (Boolean.FALSE.equals(entry.getValue().exists())
                        || entry.getValue().comparisonOperator() == ComparisonOperator.NULL);
        if (expected.isEmpty()) {
            return false;
        }
        return put.conditionalOperator() == ConditionalOperator.OR
                ? expected.entrySet().stream().allMatch(absent)
                : expected.entrySet().stream().anyMatch(absent);
    }

    /** If the table's keys are not known, each attribute of the item that is put is taken for a possible key. */
    private Predicate<String> keys(String table, Map<String, AttributeValue> item) {
        Set<String> known = settings.keys.get(tableName(table == null ? "" : table));
        return known == null ? item::containsKey : known::contains;
    }

    /**
     * Undo the stamps of puts that a BatchWriteItem answer gives back as not written: the caller will send them again, as
     * another call that is stamped anew, and the write that never happened must not count.
     */
    Map<String, List<WriteRequest>> takeBack(Map<String, List<WriteRequest>> unprocessed) {
        Map<String, List<WriteRequest>> tables = new LinkedHashMap<>();
        unprocessed.forEach((table, writes) -> {
            List<WriteRequest> restored = new ArrayList<>();
            writes.forEach(write -> restored.add(takeBack(write)));
            tables.put(table, restored);
        });
        return tables;
    }

    private WriteRequest takeBack(WriteRequest write) {
        PutRequest put = write.putRequest();
        if (put == null || part(put.item().get(timeName)).orElse(-1L) != time) {
            return write;
        }
        Map<String, AttributeValue> item = new LinkedHashMap<>(put.item());
        long count = part(item.get(countName)).orElse(0L);
        if (count > 1) {
            item.put(countName, number(count - 1));
        } else {
            item.remove(countName);
            item.remove(timeName);
            if (part(item.get(resetName)).orElse(-1L) == time) {
                item.remove(resetName);
            }
        }
        return write.toBuilder().putRequest(put.toBuilder().item(item).build()).build();
    }

    private static AttributeValueUpdate change(AttributeAction action, long value) {
        return AttributeValueUpdate.builder().action(action).value(number(value)).build();
    }

    static AttributeValue number(long value) {
        return AttributeValue.builder().n(Long.toString(value)).build();
    }
}
