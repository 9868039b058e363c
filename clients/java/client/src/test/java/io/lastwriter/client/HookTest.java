package io.lastwriter.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/** The interceptor in clients that send nothing: retries, the log, strictness, and what clients share. */
class HookTest {
    private static final String COUNT = "lw:n:us-east-1";
    private static final String TIME = "lw:t:us-east-1";
    private static final String RESET = "lw:reset";
    private static final Map<String, AttributeValue> KEY = Map.of("id", AttributeValue.fromS("o-1"));
    private static final String STORED =
            "{\"Item\": {\"id\": {\"S\": \"o-1\"}, \"" + COUNT + "\": {\"N\": \"5\"}, \"" + TIME + "\": {\"N\": \"7\"}}}";

    private final List<String> logged = new ArrayList<>();
    private final Handler notebook = new Handler() {
        @Override
        public void publish(LogRecord line) {
            logged.add(new SimpleFormatter().formatMessage(line));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };
    private final Logger logger = Logger.getLogger("lastwriter");
    private final Offline offline = new Offline();

    @BeforeEach
    void listen() {
        logger.addHandler(notebook);
        logger.setUseParentHandlers(false);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(notebook);
        logger.setUseParentHandlers(true);
    }

    private JsonNode lastItem() {
        return Json.get(offline.lastSent(), "Item");
    }

    private static String number(JsonNode item, String name) {
        return Json.string(Json.get(item, name), "N");
    }

    @Test
    void the_retries_of_a_call_send_the_same_stamp() {
        DynamoDbClient client = offline.retrying(LastwriterInterceptor.create());
        offline.answer(500, "{\"__type\": \"InternalServerError\"}");
        offline.lose();
        client.updateItem(b -> b.tableName("orders").key(KEY).updateExpression("REMOVE a"));
        assertEquals(3, offline.sent().size());
        assertEquals(1, offline.sent().stream().distinct().count());
    }

    @Test
    void the_retries_of_a_later_call_send_the_same_stamp() {
        DynamoDbClient client = offline.retrying(LastwriterInterceptor.create());
        client.listTables();
        offline.answer(500, "{\"__type\": \"InternalServerError\"}");
        offline.lose();
        client.updateItem(b -> b.tableName("orders").key(KEY).updateExpression("REMOVE a"));
        assertEquals(4, offline.sent().size());
        assertEquals(2, offline.sent().stream().distinct().count());
        assertTrue(Json.string(offline.lastSent(), "UpdateExpression").contains("#lwt = :lwt"));
    }

    /** An interceptor in front that sends something else than the request that the SDK has marshalled. */
    private static final ExecutionInterceptor OTHER_BODY = new ExecutionInterceptor() {
        private static final String BODY = "{\"Item\":{\"id\":{\"S\":\"o-1\"}},\"A\":{\"Item\":{}},\"Item\":{}}";

        @Override
        public Optional<RequestBody> modifyHttpContent(Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
            return context.request() instanceof PutItemRequest
                    ? Optional.of(RequestBody.fromContentProvider(
                            () -> new ByteArrayInputStream(BODY.getBytes(StandardCharsets.UTF_8)),
                            BODY.length(),
                            "application/x-amz-json-1.0"))
                    : context.requestBody();
        }

        @Override
        public SdkHttpRequest modifyHttpRequest(Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
            return context.request() instanceof PutItemRequest
                    ? context.httpRequest().toBuilder().putHeader("Content-Length", "" + BODY.length()).build()
                    : context.httpRequest();
        }
    };

    @Test
    void a_body_that_the_stamp_cannot_be_put_into_goes_out_as_it_is_and_is_told() {
        List<SdkRequest> marshalled = new ArrayList<>();
        ExecutionInterceptor observer = new ExecutionInterceptor() {
            @Override
            public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
                marshalled.add(context.request());
            }
        };
        DynamoDbClient client = offline.client(OTHER_BODY, LastwriterInterceptor.create(), observer);
        client.listTables();
        client.putItem(b -> b.tableName("orders").item(KEY));
        assertTrue(offline.lastSent().field("A").isPresent());
        assertEquals(1, logged.size());
        assertTrue(logged.get(0).contains("another interceptor has changed the request or its body"), logged.get(0));
        // From now on stamps are marshalled.
        client.updateItem(b -> b.tableName("orders").key(KEY).updateExpression("REMOVE a"));
        assertTrue(((UpdateItemRequest) marshalled.get(2)).updateExpression().contains("#lwt = :lwt"));
        assertTrue(Json.string(offline.lastSent(), "UpdateExpression").contains("#lwt = :lwt"));
        assertEquals(1, logged.size());
    }

    @Test
    void strict_does_not_send_a_body_that_the_stamp_cannot_be_put_into() {
        DynamoDbClient client = offline.client(OTHER_BODY, LastwriterInterceptor.builder().strict(true).build());
        client.listTables();
        assertThrows(StampException.class, () -> client.putItem(b -> b.tableName("orders").item(KEY)));
        assertEquals(1, offline.sent().size());
    }

    @Test
    void a_transaction_is_retried_with_the_token_and_the_stamp_that_it_had() {
        DynamoDbClient client = offline.retrying(LastwriterInterceptor.create());
        offline.answer(500, "{\"__type\": \"InternalServerError\"}");
        client.transactWriteItems(b -> b.transactItems(
                TransactWriteItem.builder().update(u -> u.tableName("orders").key(KEY).updateExpression("REMOVE a")).build()));
        assertEquals(2, offline.sent().size());
        assertEquals(offline.sent().get(0), offline.sent().get(1));
        JsonNode update = Json.get(Json.get(offline.lastSent(), "TransactItems").asArray().get(0), "Update");
        // With the caller's token there would be no time in it.
        assertTrue(Json.string(update, "UpdateExpression").contains("#lwt = :lwt"));
    }

    @Test
    void what_a_client_has_read_the_next_put_carries_and_the_reader_does_not_see() {
        DynamoDbClient client = offline.client(LastwriterInterceptor.create());
        offline.answer(200, STORED);
        assertEquals(KEY, client.getItem(b -> b.tableName("orders").key(KEY)).item());
        client.putItem(b -> b.tableName("orders").item(KEY));
        assertEquals("6", number(lastItem(), COUNT));
        assertTrue(lastItem().field(RESET).isEmpty());
    }

    @Test
    void the_clients_of_one_interceptor_share_what_they_have_seen_in_one_region() {
        LastwriterInterceptor lastwriter = LastwriterInterceptor.create();
        offline.answer(200, STORED);
        offline.async(lastwriter).getItem(b -> b.tableName("orders").key(KEY)).join();
        offline.client(lastwriter).putItem(b -> b.tableName("orders").item(KEY));
        assertEquals("6", number(lastItem(), COUNT));
        offline.client("eu-west-1", AwsRetryStrategy.doNotRetry(), lastwriter).putItem(b -> b.tableName("orders").item(KEY));
        assertEquals("1", number(lastItem(), "lw:n:eu-west-1"));
        assertTrue(lastItem().field(RESET).isPresent(), "what was seen in another Region is not claimed here");
    }

    @Test
    void clients_with_interceptors_of_their_own_do_not_share() {
        offline.answer(200, STORED);
        offline.client(LastwriterInterceptor.create()).getItem(b -> b.tableName("orders").key(KEY));
        offline.client(LastwriterInterceptor.create()).putItem(b -> b.tableName("orders").item(KEY));
        assertTrue(lastItem().field(RESET).isPresent());
    }

    @Test
    void a_client_with_two_interceptors_stamps_once() {
        DynamoDbClient client = offline.client(LastwriterInterceptor.create(), LastwriterInterceptor.create());
        offline.answer(200, STORED);
        assertEquals(KEY, client.getItem(b -> b.tableName("orders").key(KEY)).item());
        client.putItem(b -> b.tableName("orders").item(KEY));
        assertEquals("6", number(lastItem(), COUNT));
    }

    @Test
    void what_is_remembered_can_be_handed_over() {
        LastwriterInterceptor lastwriter = LastwriterInterceptor.create();
        DynamoDbClient client = offline.client(lastwriter);
        assertEquals(Map.of(), lastwriter.remembered("us-east-1", "orders", KEY));
        offline.answer(200, STORED);
        client.getItem(b -> b.tableName("orders").key(KEY));
        Map<String, AttributeValue> history = lastwriter.remembered("us-east-1", "orders", KEY);
        assertEquals(Map.of(COUNT, AttributeValue.fromN("5"), TIME, AttributeValue.fromN("7")), history);
        assertEquals(Map.of(), lastwriter.remembered("eu-west-1", "orders", KEY));
    }

    @Test
    void history_is_carried_or_left_behind() {
        Map<String, AttributeValue> item =
                Map.of("id", AttributeValue.fromS("o-1"), COUNT, AttributeValue.fromN("5"), "lw:deleted", AttributeValue.fromBool(true));
        assertEquals(Map.of(COUNT, AttributeValue.fromN("5")), History.stamps(item));
        assertEquals(
                Map.of("id", AttributeValue.fromS("o-1"), "lw:deleted", AttributeValue.fromBool(true)),
                History.withoutStamps(item));
        assertEquals(Map.of(), History.stamps(item, "w"));
    }

    @Test
    void an_error_without_its_stamps_is_the_error_that_came() {
        DynamoDbClient client = offline.client(LastwriterInterceptor.create());
        offline.answer(400, "{\"__type\": \"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException\", \"message\": \"The"
                + " conditional request failed\", " + STORED.substring(1));
        ConditionalCheckFailedException error = assertThrows(
                ConditionalCheckFailedException.class,
                () -> client.deleteItem(b -> b.tableName("orders").key(KEY).conditionExpression("attribute_not_exists(id)")));
        assertEquals(KEY, error.item());
        assertEquals(400, error.statusCode());
        assertEquals("ConditionalCheckFailedException", error.awsErrorDetails().errorCode());
        assertTrue(error.getMessage().contains("The conditional request failed"));
        assertTrue(error.getStackTrace().length > 0);
        // What it showed was seen.
        client.putItem(b -> b.tableName("orders").item(KEY));
        assertEquals("6", number(lastItem(), COUNT));
    }

    @Test
    void an_asynchronous_client_fails_its_future_with_the_same_errors() {
        LastwriterInterceptor strict = LastwriterInterceptor.builder().strict(true).build();
        DynamoDbAsyncClient client = offline.async(strict);
        offline.answer(400, "{\"__type\": \"ConditionalCheckFailedException\", \"message\": \"no\", " + STORED.substring(1));
        CompletionException error = assertThrows(
                CompletionException.class,
                () -> client.deleteItem(b -> b.tableName("orders").key(KEY).conditionExpression("a = b")).join());
        assertEquals(KEY, ((ConditionalCheckFailedException) error.getCause()).item());
        Map<String, AttributeValue> signed = Map.of("id", AttributeValue.fromS("o-1"), "aws_dbe_head", AttributeValue.fromB(SdkBytes.fromUtf8String("x")));
        int before = offline.sent().size();
        CompletionException refused = assertThrows(
                CompletionException.class,
                () -> client.putItem(b -> b.tableName("orders").item(signed)).join());
        assertSame(EncryptedItemException.class, refused.getCause().getClass());
        assertEquals(before, offline.sent().size(), "nothing is sent");
    }

    @Test
    void each_table_with_signed_items_is_told_once() {
        DynamoDbClient client = offline.client(LastwriterInterceptor.create());
        Map<String, AttributeValue> signed = Map.of("id", AttributeValue.fromS("o-1"), "aws_dbe_head", AttributeValue.fromB(SdkBytes.fromUtf8String("x")));
        for (String table : List.of("vault", "vault", "safe")) {
            client.putItem(b -> b.tableName(table).item(signed));
            assertEquals(2, lastItem().asObject().size());
        }
        assertEquals(2, logged.size());
        assertTrue(logged.get(0).contains("the items of table vault are signed by the AWS Database Encryption SDK"), logged.get(0));
        assertTrue(logged.get(1).contains("table safe"), logged.get(1));
    }

    @Test
    void a_client_with_an_odd_region_works_and_is_told_once() {
        DynamoDbClient client = offline.client("local", AwsRetryStrategy.doNotRetry(), LastwriterInterceptor.create());
        client.getItem(b -> b.tableName("orders").key(KEY));
        assertEquals(List.of(), logged);
        client.putItem(b -> b.tableName("orders").item(KEY));
        client.putItem(b -> b.tableName("orders").item(KEY));
        assertEquals(1, lastItem().asObject().size());
        assertEquals(1, logged.size());
        assertTrue(logged.get(0).contains("\"local\" is no Region to stamp with"), logged.get(0));
        DynamoDbClient strict = offline.client(
                "local", AwsRetryStrategy.doNotRetry(), LastwriterInterceptor.builder().strict(true).build());
        assertThrows(StampException.class, () -> strict.putItem(b -> b.tableName("orders").item(KEY)));
        strict.getItem(b -> b.tableName("orders").key(KEY));
    }

    @Test
    void a_fault_in_a_setting_neither_stops_a_write_nor_shows_what_is_in_it() {
        LastwriterInterceptor lastwriter = LastwriterInterceptor.builder()
                .tables(table -> {
                    throw new IllegalStateException("o-1 is secret");
                })
                .build();
        DynamoDbClient client = offline.client(lastwriter);
        client.putItem(b -> b.tableName("orders").item(KEY));
        offline.answer(200, STORED);
        assertEquals(3, client.getItem(b -> b.tableName("orders").key(KEY)).item().size());
        assertEquals(2, logged.size());
        assertTrue(logged.get(0).startsWith("a write went out without its stamp, in us-east-1 (told once): IllegalStateException at "), logged.get(0));
        assertTrue(logged.get(1).startsWith("an answer could not be read for its stamps"), logged.get(1));
        assertTrue(logged.stream().noneMatch(line -> line.contains("secret")));
    }

    @Test
    void a_soft_delete_of_a_table_that_is_not_stamped_is_refused() {
        LastwriterInterceptor lastwriter = LastwriterInterceptor.builder().tables("orders").build();
        var request = software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest.builder().tableName("carts").key(KEY).build();
        assertThrows(IllegalArgumentException.class, () -> lastwriter.softDelete(request, "expires"));
        var broken = request.toBuilder().tableName("orders").updateExpression("SET").build();
        assertThrows(IllegalArgumentException.class, () -> lastwriter.softDelete(broken, "expires"));
    }
}
