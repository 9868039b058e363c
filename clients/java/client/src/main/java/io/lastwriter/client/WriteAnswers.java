package io.lastwriter.client;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemResponse;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemResponse;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/** The answers of writes that were made. Each method gives what the caller is to see. */
final class WriteAnswers {
    private final SeenItems seen;
    private final String region;

    WriteAnswers(SeenItems seen) {
        this.seen = seen;
        this.region = seen.stamper.region;
    }

    UpdateItemResponse update(Call call, UpdateItemRequest request, UpdateItemResponse answer) {
        Map<String, AttributeValue> attributes = answer.hasAttributes() ? answer.attributes() : null;
        Set<String> named = new HashSet<>(request.expressionAttributeNames().values());
        Map<String, AttributeValue> shown = single(call, request.returnValuesAsString(), attributes, named);
        return shown == attributes ? answer : answer.toBuilder().attributes(shown).build();
    }

    PutItemResponse put(Call call, PutItemRequest request, PutItemResponse answer) {
        Map<String, AttributeValue> attributes = answer.hasAttributes() ? answer.attributes() : null;
        Set<String> named = new HashSet<>(request.expressionAttributeNames().values());
        Map<String, AttributeValue> shown = single(call, request.returnValuesAsString(), attributes, named);
        return shown == attributes ? answer : answer.toBuilder().attributes(shown).build();
    }

    DeleteItemResponse delete(Call call, DeleteItemRequest request, DeleteItemResponse answer) {
        Map<String, AttributeValue> attributes = answer.hasAttributes() ? answer.attributes() : null;
        Set<String> named = new HashSet<>(request.expressionAttributeNames().values());
        Map<String, AttributeValue> shown = single(call, request.returnValuesAsString(), attributes, named);
        return shown == attributes ? answer : answer.toBuilder().attributes(shown).build();
    }

    /**
     * A call that makes one write.
     *
     * @param attributes what it returns of the item, null for nothing
     * @param named the attributes that the request names: these are not hidden
     * @return what the caller is to see of the attributes
     */
    private Map<String, AttributeValue> single(
            Call call, String returned, Map<String, AttributeValue> attributes, Set<String> named) {
        Call.Write write = call.writes().get(0);
        if (!seen.stamper.covers(write.table())) {
            return attributes;
        }
        Memory.Table table = seen.stamper.table(write.table());
        boolean some = attributes != null && !attributes.isEmpty();
        if ("ALL_NEW".equals(returned) && some) {
            seen.memory.learnKeyNames(table, write.content().keySet());
            seen.memory.add(table, write.content(), seen.names.read(attributes));
        } else {
            if (write.kind() != Call.Kind.PUT) {
                seen.memory.learnKeyNames(table, write.content().keySet());
            }
            if ("ALL_OLD".equals(returned) && some) {
                seen.memory.add(table, write.content(), seen.names.read(attributes));
            }
            made(write, call);
        }
        return some ? returned(attributes, named) : attributes;
    }

    private Map<String, AttributeValue> returned(Map<String, AttributeValue> attributes, Set<String> named) {
        Map<String, AttributeValue> rest = seen.hidden(attributes);
        if (rest == attributes) {
            return attributes;
        }
        Map<String, AttributeValue> shown = new LinkedHashMap<>(attributes);
        shown.keySet().removeIf(name -> !rest.containsKey(name) && !named.contains(name));
        // Without the stamp there would have been nothing to return.
        return shown.isEmpty() ? null : shown;
    }

    /** A write that was made. */
    private void made(Call.Write write, Call call) {
        Memory.Table table = seen.stamper.table(write.table());
        if (write.kind() != Call.Kind.PUT) {
            seen.memory.learnKeyNames(table, write.content().keySet());
        }
        switch (write.kind()) {
            case DELETE -> seen.memory.forget(table, write.content());
            case PUT -> putMade(table, write.content(), write.stamps());
            case UPDATE -> seen.memory.change(table, write.content(), known -> {
                Stamps.Pair own = known.pair(region);
                long time = call.time() == null ? 0 : call.time();
                return known.with(region, new Stamps.Pair(own.count() + 1, Math.max(time, own.time())));
            });
            case CHECK -> {} // It writes nothing.
        }
    }

    private void putMade(Memory.Table table, Map<String, AttributeValue> item, Stamps stamps) {
        Stamps.Pair own = stamps == null ? null : stamps.pairs().get(region);
        if (own == null) {
            seen.memory.forget(table, item); // It could not be stamped.
        } else if (own.count() == 1 && stamps.pairs().size() == 1 && stamps.reset() == null) {
            seen.memory.replace(table, item, stamps); // Its condition said that there was none.
        } else {
            seen.memory.add(table, item, stamps);
        }
    }

    BatchWriteItemResponse batch(Call call, BatchWriteItemRequest asked, BatchWriteItemResponse answer) {
        // What was not made is given back as it was sent.
        BatchWriteItemRequest sent = answer.unprocessedItems().isEmpty() || call.stamped() == null
                ? asked
                : (BatchWriteItemRequest) call.stamped().request();
        Iterator<Stamps> puts = call.puts().iterator();
        sent.requestItems().forEach((name, writes) -> {
            Memory.Table table = seen.stamper.covers(name) ? seen.stamper.table(name) : null;
            List<WriteRequest> notMade = answer.unprocessedItems().getOrDefault(name, List.of());
            for (WriteRequest write : writes) {
                Stamps stamps = write.putRequest() != null ? Call.next(puts) : null;
                if (table == null || (!notMade.isEmpty() && notMade.contains(write))) {
                    continue;
                }
                if (write.putRequest() != null) {
                    putMade(table, write.putRequest().item(), stamps);
                } else if (write.deleteRequest() != null) {
                    Map<String, AttributeValue> key = write.deleteRequest().key();
                    seen.memory.learnKeyNames(table, key.keySet());
                    seen.memory.forget(table, key);
                }
            }
        });
        if (sent == asked) {
            return answer;
        }
        return answer.toBuilder().unprocessedItems(asAsked(asked, sent, answer.unprocessedItems())).build();
    }

    /** Gives back the puts that were not made as the caller had them, to be sent again as a call of its own. */
    private static Map<String, List<WriteRequest>> asAsked(
            BatchWriteItemRequest asked, BatchWriteItemRequest sent, Map<String, List<WriteRequest>> unprocessed) {
        Map<String, List<WriteRequest>> restored = new LinkedHashMap<>();
        unprocessed.forEach((table, writes) -> {
            List<WriteRequest> wasSent = sent.requestItems().getOrDefault(table, List.of());
            List<WriteRequest> entries = new ArrayList<>(writes.size());
            for (WriteRequest write : writes) {
                int number = wasSent.indexOf(write);
                entries.add(number < 0 ? write : asked.requestItems().get(table).get(number));
            }
            restored.put(table, entries);
        });
        return restored;
    }

    void transaction(Call call, TransactWriteItemsRequest request) {
        for (Call.Write write : call.transaction()) {
            if (write.kind() == Call.Kind.CHECK || !seen.stamper.covers(write.table())) {
                continue;
            }
            if (request.clientRequestToken() != null) {
                // It may have been made before, under the same token, and then it was not made again now.
                seen.memory.forget(seen.stamper.table(write.table()), write.content());
            } else {
                made(write, call);
            }
        }
    }
}
