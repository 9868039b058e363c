package io.lastwriter.client;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.Get;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.ItemResponse;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;
import software.amazon.awssdk.services.dynamodb.model.TransactGetItem;
import software.amazon.awssdk.services.dynamodb.model.TransactGetItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactGetItemsResponse;

/** The answers of reads. Each method gives what the caller is to see: the answer itself if that is all of it. */
final class ReadAnswers {
    private final SeenItems seen;

    ReadAnswers(SeenItems seen) {
        this.seen = seen;
    }

    GetItemResponse get(GetItemRequest request, GetItemResponse answer) {
        boolean projected = projected(request.projectionExpression(), request.attributesToGet());
        Map<String, AttributeValue> item = answer.hasItem() ? answer.item() : null;
        Map<String, AttributeValue> shown = seen.one(request.tableName(), request.key(), projected, item);
        return shown == item ? answer : answer.toBuilder().item(shown).build();
    }

    QueryResponse query(QueryRequest request, QueryResponse answer) {
        boolean projected = projected(request.projectionExpression(), request.attributesToGet());
        List<Map<String, AttributeValue>> shown =
                page(request.tableName(), projected, request.indexName(), answer.lastEvaluatedKey(), answer.items());
        return shown == answer.items() ? answer : answer.toBuilder().items(shown).build();
    }

    ScanResponse scan(ScanRequest request, ScanResponse answer) {
        boolean projected = projected(request.projectionExpression(), request.attributesToGet());
        List<Map<String, AttributeValue>> shown =
                page(request.tableName(), projected, request.indexName(), answer.lastEvaluatedKey(), answer.items());
        return shown == answer.items() ? answer : answer.toBuilder().items(shown).build();
    }

    private List<Map<String, AttributeValue>> page(
            String table,
            boolean projected,
            String index,
            Map<String, AttributeValue> lastKey,
            List<Map<String, AttributeValue>> items) {
        boolean fromIndex = index != null && !index.isEmpty();
        if (!lastKey.isEmpty() && !fromIndex && seen.stamper.covers(table)) {
            seen.memory.learnKeyNames(seen.stamper.table(table), lastKey.keySet());
        }
        return seen.several(table, projected, fromIndex, items);
    }

    BatchGetItemResponse batchGet(BatchGetItemRequest request, BatchGetItemResponse answer) {
        Map<String, List<Map<String, AttributeValue>>> responses = new LinkedHashMap<>();
        boolean changed = false;
        for (Map.Entry<String, List<Map<String, AttributeValue>>> entry : answer.responses().entrySet()) {
            KeysAndAttributes asked = request.requestItems().get(entry.getKey());
            KeysAndAttributes unprocessed = answer.unprocessedKeys().get(entry.getKey());
            List<Map<String, AttributeValue>> shown =
                    asked == null ? entry.getValue() : batchGet(entry.getKey(), asked, entry.getValue(), unprocessed);
            changed |= shown != entry.getValue();
            responses.put(entry.getKey(), shown);
        }
        return changed ? answer.toBuilder().responses(responses).build() : answer;
    }

    private List<Map<String, AttributeValue>> batchGet(
            String name, KeysAndAttributes asked, List<Map<String, AttributeValue>> items, KeysAndAttributes left) {
        List<Map<String, AttributeValue>> keys = asked.keys();
        if (keys.isEmpty() || !seen.stamper.covers(name)) {
            return items;
        }
        Memory.Table table = seen.stamper.table(name);
        seen.memory.learnKeyNames(table, keys.get(0).keySet());
        if (projected(asked.projectionExpression(), asked.attributesToGet())) {
            keys.forEach(key -> seen.memory.forget(table, key));
            return items;
        }
        List<Map<String, AttributeValue>> unprocessed = left == null ? List.of() : left.keys();
        if (items.size() + unprocessed.size() < keys.size()) {
            Set<Memory.Key> there = new HashSet<>();
            items.forEach(item -> there.add(seen.memory.key(table, item)));
            unprocessed.forEach(key -> there.add(seen.memory.key(table, key)));
            for (Map<String, AttributeValue> key : keys) {
                if (!there.contains(seen.memory.key(table, key))) {
                    seen.memory.forget(table, key); // There is no such item.
                }
            }
        }
        return seen.several(name, false, false, items);
    }

    TransactGetItemsResponse transactGet(TransactGetItemsRequest request, TransactGetItemsResponse answer) {
        List<ItemResponse> responses = new ArrayList<>(answer.responses());
        boolean changed = false;
        List<TransactGetItem> asked = request.transactItems();
        for (int number = 0; number < Math.min(asked.size(), responses.size()); number++) {
            Get get = asked.get(number).get();
            ItemResponse response = responses.get(number);
            Map<String, AttributeValue> item = response.hasItem() ? response.item() : null;
            boolean projected = projected(get.projectionExpression(), null);
            Map<String, AttributeValue> shown = seen.one(get.tableName(), get.key(), projected, item);
            if (shown != item) {
                responses.set(number, response.toBuilder().item(shown).build());
                changed = true;
            }
        }
        return changed ? answer.toBuilder().responses(responses).build() : answer;
    }

    private static boolean projected(String expression, List<String> attributes) {
        return (expression != null && !expression.isEmpty()) || (attributes != null && !attributes.isEmpty());
    }
}
