package io.lastwriter.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/**
 * Stamps in the body that the SDK has made are those that the SDK makes of the stamped request: as JSON, and to what is signed,
 * which {@link Offline} checks of everything that is sent.
 */
class SpliceTest {
    private static final Map<String, AttributeValue> KEY = Map.of("id", AttributeValue.fromS("o-1"));
    private static final List<String> MARKS =
            List.of("Item", "ExpressionAttributeNames", "ExpressionAttributeValues", "UpdateExpression", "PutRequest", "a\"Item");

    /** Sends a request twice: with its stamp marshalled, and spliced in. */
    private final class Twice {
        final Offline marshalling = new Offline();
        final Offline splicing = new Offline();
        private final Vector.Hands clock = new Vector.Hands(1_795_349_587_051_000L);
        private SdkPojo marshalled;
        /** Takes note of what was marshalled. */
        private final ExecutionInterceptor observer = new ExecutionInterceptor() {
            @Override
            public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
                marshalled = (SdkPojo) context.request();
            }
        };

        /** Both send the same; whether the stamp was spliced in. */
        boolean same(SdkRequest request) {
            send(client(marshalling), request);
            assertFalse(isMarshalled(request), "the first call is marshalled with its stamp");
            DynamoDbClient second = client(splicing);
            second.listTables();
            send(second, request);
            assertEquals(marshalling.lastSent(), splicing.lastSent());
            return isMarshalled(request);
        }

        private boolean isMarshalled(SdkRequest request) {
            return marshalled.equalsBySdkFields(request);
        }

        private DynamoDbClient client(Offline offline) {
            return offline.client(LastwriterInterceptor.builder().clock(clock).strict(true).build(), observer);
        }
    }

    private static void send(DynamoDbClient client, SdkRequest request) {
        if (request instanceof UpdateItemRequest update) {
            client.updateItem(update);
        } else if (request instanceof PutItemRequest put) {
            client.putItem(put);
        } else if (request instanceof TransactWriteItemsRequest transaction) {
            client.transactWriteItems(transaction);
        } else {
            client.batchWriteItem((BatchWriteItemRequest) request);
        }
    }

    private static AttributeValue text(String text) {
        return AttributeValue.fromS(text);
    }

    private static TransactWriteItem update(String expression) {
        return TransactWriteItem.builder()
                .update(u -> u.tableName("orders").key(KEY).updateExpression(expression))
                .build();
    }

    private static TransactWriteItemsRequest transaction(TransactWriteItem... entries) {
        // A token of its own, or the SDK makes up another each time; and then a stamp has no time.
        return TransactWriteItemsRequest.builder().transactItems(entries).clientRequestToken("token").build();
    }

    private void splices(SdkRequest request) {
        assertTrue(new Twice().same(request), "the stamp is spliced in");
    }

    @Test
    void an_item_with_attributes_that_are_named_like_members() {
        Map<String, AttributeValue> item = new HashMap<>(KEY);
        MARKS.forEach(name -> item.put(name, AttributeValue.fromM(Map.of(name, AttributeValue.fromM(Map.of(name, text(name)))))));
        splices(PutItemRequest.builder().tableName("orders").item(item).build());
        splices(transaction(TransactWriteItem.builder()
                .put(p -> p.tableName("orders").item(item).conditionExpression("attribute_not_exists(id)"))
                .build()));
        WriteRequest put = WriteRequest.builder().putRequest(p -> p.item(item)).build();
        WriteRequest delete = WriteRequest.builder().deleteRequest(d -> d.key(Map.of("Item", text("o-1")))).build();
        splices(BatchWriteItemRequest.builder()
                .requestItems(Map.of("Item", List.of(put, delete, put), "orders", List.of(delete, put)))
                .build());
    }

    @Test
    void texts_that_hold_what_is_looked_for() {
        Map<String, AttributeValue> item = new HashMap<>(KEY);
        item.put("a", text("\"Item\":{\"a\":1} \\\"Item\\\":{ \"ExpressionAttributeNames\":{ \"UpdateExpression\":\" \\"));
        splices(PutItemRequest.builder().tableName("orders").item(item).build());
        splices(UpdateItemRequest.builder()
                .tableName("orders")
                .key(item)
                .updateExpression("SET a = :a")
                .expressionAttributeValues(Map.of(":a", item.get("a")))
                .build());
    }

    @Test
    void items_of_every_type_and_of_any_text() {
        Map<String, AttributeValue> item = new LinkedHashMap<>(KEY);
        item.put("größe", text("日本語 \u0000\u001f\u007f\u2028 𝄞 é"));
        item.put("binary", AttributeValue.fromB(SdkBytes.fromByteArray(new byte[] {0, 34, 92, 123, 125, -1})));
        item.put("empty", AttributeValue.fromM(Map.of()));
        item.put("none", AttributeValue.fromL(List.of()));
        item.put("null", AttributeValue.fromNul(true));
        splices(PutItemRequest.builder().tableName("orders").item(item).build());
        splices(PutItemRequest.builder().tableName("orders").item(Map.of()).build());
    }

    @Test
    void updates_with_and_without_names_and_values() {
        UpdateItemRequest.Builder update = UpdateItemRequest.builder().tableName("orders").key(KEY);
        splices(update.build());
        splices(update.updateExpression("REMOVE a").build());
        splices(update.updateExpression("REMOVE #a").expressionAttributeNames(Map.of("#a", "é\"\\")).build());
        splices(update.updateExpression("REMOVE #a SET b=:b ADD c :b")
                .expressionAttributeValues(Map.of(":b", text("é")))
                .build());
        splices(update.updateExpression("SET größe=:b,#a=:b\tREMOVE c").build());
        // DynamoDB has to reject it, and gets what the SDK would have made of it.
        splices(update.updateExpression("SET \"a\\\"=:b,#a=:b ADD c :b").build());
        splices(UpdateItemRequest.builder()
                .key(KEY)
                .tableName("orders")
                .conditionExpression("a = :a")
                .expressionAttributeValues(Map.of(":a", text("UpdateExpression")))
                .build());
    }

    @Test
    void a_transaction_of_unlike_writes() {
        Map<String, String> names = Map.of("#a", "UpdateExpression");
        Map<String, AttributeValue> values = Map.of(":a", AttributeValue.fromM(Map.of("ExpressionAttributeNames", text("x"))));
        TransactWriteItem delete = TransactWriteItem.builder()
                .delete(d -> d.tableName("orders").key(KEY).conditionExpression("#a = :a").expressionAttributeNames(names)
                        .expressionAttributeValues(values))
                .build();
        TransactWriteItem check = TransactWriteItem.builder()
                .conditionCheck(c -> c.tableName("orders").key(KEY).conditionExpression("#a = :a").expressionAttributeNames(names)
                        .expressionAttributeValues(values))
                .build();
        TransactWriteItem put = TransactWriteItem.builder()
                .put(p -> p.tableName("orders").item(KEY).conditionExpression("attribute_not_exists(id) AND #a = :a")
                        .expressionAttributeNames(names).expressionAttributeValues(values))
                .build();
        TransactWriteItem broken = update("nonsense");
        TransactWriteItem full = TransactWriteItem.builder()
                .update(u -> u.tableName("orders").key(KEY).updateExpression("ADD #a :a REMOVE b").expressionAttributeNames(names)
                        .expressionAttributeValues(values))
                .build();
        TransactWriteItem empty = TransactWriteItem.builder().update(u -> u.tableName("orders").key(KEY)).build();
        splices(transaction(
                update("REMOVE a"), delete, full, check, broken, put, update("REMOVE a"), empty, full, delete, update("SET a=b")));
    }

    @Test
    void an_entry_with_two_writes_is_marshalled() {
        TransactWriteItem two = update("REMOVE a").toBuilder().delete(d -> d.tableName("orders").key(KEY)).build();
        assertFalse(new Twice().same(transaction(two)));
    }

    @Test
    void a_stamp_that_replaces_something_is_marshalled() {
        Map<String, AttributeValue> item = new HashMap<>(KEY);
        item.put("lw:n:us-east-1", AttributeValue.fromN("3"));
        assertFalse(new Twice().same(PutItemRequest.builder().tableName("orders").item(item).build()));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void whatever_is_asked_for(long seed) {
        Random random = new Random(seed);
        int spliced = 0;
        for (int number = 0; number < 150; number++) {
            spliced += new Twice().same(new RandomRequests(random).next()) ? 1 : 0;
        }
        assertTrue(spliced > 100, spliced + " of 150 were spliced");
    }

    /** Requests with many names, texts and values that a careless splice would fall over. */
    private record RandomRequests(Random random) {
        SdkRequest next() {
            return switch (random.nextInt(4)) {
                case 0 -> PutItemRequest.builder().tableName(name()).item(item(3)).build();
                case 1 -> {
                    var part = part();
                    yield UpdateItemRequest.builder()
                            .tableName("orders")
                            .key(item(1))
                            .updateExpression(part.expression)
                            .expressionAttributeNames(part.names)
                            .expressionAttributeValues(part.values)
                            .build();
                }
                case 2 -> {
                    TransactWriteItem[] entries = new TransactWriteItem[1 + random.nextInt(6)];
                    for (int at = 0; at < entries.length; at++) {
                        entries[at] = entry();
                    }
                    // Something in it has to be stamped.
                    entries[random.nextInt(entries.length)] = update("REMOVE a");
                    yield transaction(entries);
                }
                default -> {
                    Map<String, List<WriteRequest>> tables = new LinkedHashMap<>();
                    for (int table = random.nextInt(3); table >= 0; table--) {
                        List<WriteRequest> writes = new ArrayList<>();
                        for (int write = random.nextInt(5); write >= 0; write--) {
                            boolean isPut = write == 0 || random.nextBoolean();
                            writes.add(isPut
                                    ? WriteRequest.builder().putRequest(p -> p.item(item(3))).build()
                                    : WriteRequest.builder().deleteRequest(d -> d.key(item(2))).build());
                        }
                        tables.put(name() + table, writes);
                    }
                    yield BatchWriteItemRequest.builder().requestItems(tables).build();
                }
            };
        }

        private record Part(String expression, Map<String, String> names, Map<String, AttributeValue> values) {}

        private Part part() {
            Map<String, String> names = random.nextBoolean() ? null : new HashMap<>(Map.of("#a", name()));
            Map<String, AttributeValue> values = random.nextBoolean() ? null : new HashMap<>(Map.of(":a", value(3)));
            String target = names == null ? "a" : "#a";
            List<String> sections = new ArrayList<>();
            if (values != null) {
                sections.add("SET " + target + " = :a, b = if_not_exists(b, :a)");
                sections.add("ADD c :a");
            }
            sections.add("REMOVE d, " + (values == null ? target : "e"));
            java.util.Collections.shuffle(sections, random);
            String expression = String.join(random.nextBoolean() ? " " : "\n\t", sections);
            return new Part(random.nextInt(8) == 0 && values == null && names == null ? null : expression, names, values);
        }

        private TransactWriteItem entry() {
            Part part = part();
            return switch (random.nextInt(4)) {
                case 0 -> TransactWriteItem.builder()
                        .put(p -> p.tableName("orders").item(item(3)).conditionExpression("attribute_not_exists(id)")
                                .expressionAttributeNames(part.names).expressionAttributeValues(part.values))
                        .build();
                case 1 -> TransactWriteItem.builder()
                        .delete(d -> d.tableName("orders").key(item(1)).expressionAttributeNames(part.names)
                                .expressionAttributeValues(part.values))
                        .build();
                case 2 -> TransactWriteItem.builder()
                        .conditionCheck(c -> c.tableName("orders").key(item(1)).conditionExpression("a = b")
                                .expressionAttributeNames(part.names).expressionAttributeValues(part.values))
                        .build();
                default -> TransactWriteItem.builder()
                        .update(u -> u.tableName("orders").key(item(1)).updateExpression(part.expression)
                                .expressionAttributeNames(part.names).expressionAttributeValues(part.values))
                        .build();
            };
        }

        private Map<String, AttributeValue> item(int depth) {
            Map<String, AttributeValue> item = new HashMap<>(KEY);
            for (int number = random.nextInt(5); number > 0; number--) {
                item.put(name(), value(depth));
            }
            return item;
        }

        private String name() {
            return random.nextInt(3) == 0 ? MARKS.get(random.nextInt(MARKS.size())) : "é" + random.nextInt(100);
        }

        private AttributeValue value(int depth) {
            return switch (random.nextInt(depth > 0 ? 6 : 3)) {
                case 0 -> text("\\\"" + name() + "\":{\"");
                case 1 -> AttributeValue.fromN("1");
                case 2 -> AttributeValue.fromB(SdkBytes.fromUtf8String(name()));
                case 3 -> AttributeValue.fromL(List.of(value(depth - 1), value(depth - 1)));
                default -> AttributeValue.fromM(random.nextInt(4) == 0 ? Map.of() : Map.of(name(), value(depth - 1)));
            };
        }
    }

    private static Splice splice(SdkRequest request) {
        Settings settings = new Settings(
                null,
                new StampNames("lw"),
                StampClock.SYSTEM,
                new TableSettings(table -> true, Map.of(), true),
                Tokens.COUNT,
                new Memory(0),
                true,
                true);
        Stamper stamper = new Stamper(settings, "us-east-1", "", TokenMemory.PROCESS);
        return Splice.of(stamper.stamp(request, error -> {
            throw error;
        }));
    }

    @Test
    void a_body_that_is_not_of_the_request_is_told() {
        PutItemRequest put = PutItemRequest.builder().tableName("orders").item(KEY).build();
        assertNotNull(splice(put).into(RequestBody.fromString("{\"Item\":{}}")));
        for (String other : List.of("", "{}", "[]", "{\"Item\":", "{\"Item\":1}", "{\"Item\":{},\"Item\":{}}")) {
            assertNull(splice(put).into(RequestBody.fromString(other)), other);
        }
        UpdateItemRequest update = UpdateItemRequest.builder().tableName("orders").key(KEY).updateExpression("REMOVE a").build();
        assertNotNull(splice(update).into(RequestBody.fromString("{\"UpdateExpression\":\"\\\\\"}")));
        for (String other : List.of("{\"UpdateExpression\":", "{\"UpdateExpression\":\"a", "{\"UpdateExpression\":\"\\\"}")) {
            assertNull(splice(update).into(RequestBody.fromString(other)), other);
        }
        UpdateItemRequest bare = UpdateItemRequest.builder().tableName("orders").key(KEY).build();
        assertNotNull(splice(bare).into(RequestBody.fromString("{}")));
        assertNull(splice(bare).into(RequestBody.fromString("")));
        assertNull(splice(bare).into(RequestBody.fromString("[]")));
    }

    @Test
    void an_sdk_that_makes_something_else_of_requests_is_given_stamped_ones() {
        BodyFormat format = new BodyFormat();
        format.see("application/cbor");
        format.see("application/x-amz-json-1.0");
        assertFalse(format.isJson());
        BodyFormat json = new BodyFormat();
        json.see("application/x-amz-json-1.0");
        assertTrue(json.isJson());
        json.isNotJson();
        assertFalse(json.isJson());
    }

    @Test
    void an_interceptor_behind_changes_the_request_and_what_it_makes_of_it_is_stamped() {
        Offline offline = new Offline();
        ExecutionInterceptor behind = changingPuts(put -> put.item(Map.of("id", text("o-2"), "Item", text("x"))));
        DynamoDbClient client = offline.client(LastwriterInterceptor.builder().strict(true).build(), behind);
        client.listTables();
        client.putItem(b -> b.tableName("orders").item(KEY));
        JsonNode item = Json.get(offline.lastSent(), "Item");
        assertEquals("o-2", Json.string(Json.get(item, "id"), "S"));
        assertEquals("1", Json.string(Json.get(item, "lw:n:us-east-1"), "N"));
    }

    @Test
    void an_interceptor_behind_sends_a_write_to_a_table_that_is_not_stamped() {
        Offline offline = new Offline();
        ExecutionInterceptor behind = changingPuts(put -> put.tableName("carts"));
        LastwriterInterceptor lastwriter = LastwriterInterceptor.builder().tables("orders").strict(true).build();
        DynamoDbClient client = offline.client(lastwriter, behind);
        client.listTables();
        client.putItem(b -> b.tableName("orders").item(KEY));
        assertEquals(1, Json.get(offline.lastSent(), "Item").asObject().size());
    }

    @Test
    void the_interceptor_behind_sees_what_is_sent() {
        Offline offline = new Offline();
        List<RequestBody> seen = new ArrayList<>();
        ExecutionInterceptor behind = new ExecutionInterceptor() {
            @Override
            public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
                seen.add(context.requestBody().orElseThrow());
                assertEquals(
                        Long.toString(context.requestBody().orElseThrow().optionalContentLength().orElseThrow()),
                        context.httpRequest().firstMatchingHeader("Content-Length").orElseThrow());
            }
        };
        DynamoDbClient client = offline.client(LastwriterInterceptor.create(), LastwriterInterceptor.create(), behind);
        client.putItem(b -> b.tableName("orders").item(KEY));
        client.putItem(b -> b.tableName("orders").item(KEY));
        assertEquals(2, seen.size());
        assertEquals(seen.get(0).optionalContentLength(), seen.get(1).optionalContentLength());
        assertEquals(seen.get(0).contentType(), seen.get(1).contentType());
    }

    private static ExecutionInterceptor changingPuts(Consumer<PutItemRequest.Builder> change) {
        return new ExecutionInterceptor() {
            @Override
            public SdkRequest modifyRequest(Context.ModifyRequest context, ExecutionAttributes attributes) {
                return context.request() instanceof PutItemRequest put
                        ? put.toBuilder().applyMutation(change).build()
                        : context.request();
            }
        };
    }
}
