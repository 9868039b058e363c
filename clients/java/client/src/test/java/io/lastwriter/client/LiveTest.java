package io.lastwriter.client;

import static io.lastwriter.client.LocalWorld.EAST;
import static io.lastwriter.client.LocalWorld.WEST;
import static io.lastwriter.client.LocalWorld.item;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/**
 * Stamped clients against a global table, over HTTP. Each test ends with a look at every item of its table, in every Region:
 * none may be without a stamp. That is this suite's form of "UnstampedWrites is zero for instrumented clients".
 */
@ExtendWith(LocalWorld.Started.class)
class LiveTest {
    private static final String COUNT = "lw:n:us-east-1";
    private static final String TIME = "lw:t:us-east-1";
    private static final String RESET = "lw:reset";
    private static final Map<String, AttributeValue> KEY = item("{\"id\": {\"S\": \"o-1\"}}");
    private static final Map<String, AttributeValue> BEFORE = item("""
            {"id": {"S": "o-1"}, "a": {"S": "old"}, "b": {"S": "old"}, "l": {"L": [{"N": "1"}, {"N": "2"}]},
             "m": {"M": {"add": {"N": "1"}, "set": {"N": "2"}}}, "clicks": {"N": "3"}, "tags": {"SS": ["x", "y"]}, "set_x": {"N": "4"}}""");
    private static final Map<String, AttributeValue> VALUES = item("""
            {":s": {"S": "new"}, ":l": {"L": [{"N": "9"}]}, ":one": {"N": "1"}, ":tags": {"SS": ["y", "z"]},
             ":lwt": {"S": "mine"}, ":lwn": {"N": "7"}}""");
    /** Every shape of update, and the names that it needs. */
    private static final Map<String, Map<String, String>> SHAPES = Map.ofEntries(
            Map.entry("SET a = :s", Map.of()),
            Map.entry("SET l = list_append(l, :l), c = if_not_exists(c, :s)", Map.of()),
            Map.entry("SET clicks = clicks + :one, set_x = set_x - :one", Map.of()),
            Map.entry("SET m.#add = :one, l[0] = :one", Map.of("#add", "add")),
            Map.entry("REMOVE a, l[1]", Map.of()),
            Map.entry("ADD clicks :one, tags :tags", Map.of()),
            Map.entry("DELETE tags :tags", Map.of()),
            Map.entry("SET a = :s REMOVE b ADD clicks :one DELETE tags :tags", Map.of()),
            Map.entry("delete tags :tags add clicks :one rEmove b set a = :s", Map.of()),
            Map.entry("SET #set = :s, #lwt = :one REMOVE set_x", Map.of("#set", "set", "#lwt", "add")),
            Map.entry("SET a = :lwt ADD clicks :lwn", Map.of()),
            Map.entry("", Map.of()));

    /** The SDK's two clients. */
    enum Kind {
        SYNCHRONOUS,
        ASYNCHRONOUS
    }

    private final LocalWorld world;
    private final DynamoDbClient plain;
    private final String orders;
    /** Tables that stamps are not looked for in. */
    private final String unstamped;

    LiveTest(LocalWorld world) {
        this.world = world;
        this.plain = world.client(EAST);
        this.orders = world.newTable();
        this.unstamped = world.newTable();
    }

    @AfterEach
    void every_item_has_a_stamp() {
        for (String region : List.of(EAST, WEST)) {
            for (Map<String, AttributeValue> item : world.client(region).scan(b -> b.tableName(orders)).items()) {
                assertTrue(item.keySet().stream().anyMatch(name -> name.startsWith("lw:n:")), "a write went out without its stamp");
            }
        }
    }

    private static LastwriterInterceptor strict() {
        return LastwriterInterceptor.builder().strict(true).build();
    }

    private DynamoDbClient stamping() {
        return world.client(EAST, strict());
    }

    private Map<String, AttributeValue> stored(Map<String, AttributeValue> key) {
        return plain.getItem(b -> b.tableName(orders).key(key).consistentRead(true)).item();
    }

    private static UpdateItemRequest update(String table, String expression, Map<String, String> names) {
        Map<String, AttributeValue> values = new HashMap<>(VALUES);
        values.keySet().removeIf(name -> !expression.matches("(?s).*" + name + "(?![a-z]).*"));
        return UpdateItemRequest.builder()
                .tableName(table)
                .key(KEY)
                .updateExpression(expression.isEmpty() ? null : expression)
                .expressionAttributeNames(names.isEmpty() ? null : names)
                .expressionAttributeValues(values.isEmpty() ? null : values)
                .build();
    }

    @ParameterizedTest
    @EnumSource
    void an_update_does_what_it_does_without_the_stamp(Kind kind) {
        LastwriterInterceptor lastwriter = strict();
        DynamoDbClient client = world.client(EAST, lastwriter);
        var async = world.async(EAST, lastwriter);
        SHAPES.forEach((expression, names) -> {
            client.deleteItem(b -> b.tableName(orders).key(KEY));
            client.putItem(b -> b.tableName(orders).item(BEFORE));
            plain.putItem(b -> b.tableName(unstamped).item(BEFORE));
            UpdateItemRequest request = update(orders, expression, names);
            if (kind == Kind.SYNCHRONOUS) {
                client.updateItem(request);
            } else {
                async.updateItem(request).join();
            }
            plain.updateItem(update(unstamped, expression, names));
            Map<String, AttributeValue> expected = plain.getItem(b -> b.tableName(unstamped).key(KEY)).item();
            Map<String, AttributeValue> item = stored(KEY);
            assertEquals(expected, History.withoutStamps(item), expression);
            assertEquals(expected, client.getItem(b -> b.tableName(orders).key(KEY)).item(), expression);
            assertEquals("2", item.get(COUNT).n(), expression);
        });
    }

    @Test
    void what_dynamodb_rejects_it_goes_on_to_reject() {
        DynamoDbClient client = stamping();
        for (String broken : List.of("SET", "SET a = :s,", "SET a = :s SET b = :s", "nonsense", "SET set = :s", "REMOVE a, a")) {
            DynamoDbException error =
                    assertThrows(DynamoDbException.class, () -> client.updateItem(update(orders, broken, Map.of())), broken);
            assertEquals("ValidationException", error.awsErrorDetails().errorCode(), broken);
        }
        assertEquals(Map.of(), stored(KEY));
    }

    @Test
    void a_legacy_update_counts() {
        DynamoDbClient client = stamping();
        client.putItem(b -> b.tableName(orders).item(BEFORE));
        client.updateItem(b -> b.tableName(orders)
                .key(KEY)
                .attributeUpdates(Map.of("a", software.amazon.awssdk.services.dynamodb.model.AttributeValueUpdate.builder()
                        .value(AttributeValue.fromS("new"))
                        .build())));
        assertEquals("new", stored(KEY).get("a").s());
        assertEquals("2", stored(KEY).get(COUNT).n());
    }

    @Test
    void the_times_of_updates_never_go_back() {
        DynamoDbClient client = stamping();
        List<Long> times = new ArrayList<>();
        for (int number = 0; number < 3; number++) {
            client.updateItem(update(orders, "REMOVE a", Map.of()));
            times.add(Long.valueOf(stored(KEY).get(TIME).n()));
        }
        assertEquals("3", stored(KEY).get(COUNT).n());
        assertEquals(times.stream().sorted().toList(), times);
    }

    private TransactWriteItemsRequest.Builder transaction() {
        UpdateItemRequest update = update(orders, "ADD clicks :one", Map.of());
        TransactWriteItem click = TransactWriteItem.builder()
                .update(u -> u.tableName(orders)
                        .key(KEY)
                        .updateExpression(update.updateExpression())
                        .expressionAttributeValues(update.expressionAttributeValues()))
                .build();
        TransactWriteItem create = TransactWriteItem.builder()
                .put(p -> p.tableName(orders)
                        .item(item("{\"id\": {\"S\": \"o-3\"}}"))
                        .conditionExpression("attribute_not_exists(id)"))
                .build();
        TransactWriteItem delete = TransactWriteItem.builder()
                .delete(d -> d.tableName(orders).key(item("{\"id\": {\"S\": \"o-2\"}}")))
                .build();
        return TransactWriteItemsRequest.builder().transactItems(click, create, delete);
    }

    @ParameterizedTest
    @EnumSource
    void a_transaction_has_one_time(Kind kind) {
        LastwriterInterceptor lastwriter = strict();
        if (kind == Kind.SYNCHRONOUS) {
            world.client(EAST, lastwriter).transactWriteItems(transaction().build());
        } else {
            world.async(EAST, lastwriter).transactWriteItems(transaction().build()).join();
        }
        Map<String, AttributeValue> third = stored(item("{\"id\": {\"S\": \"o-3\"}}"));
        assertEquals("1", stored(KEY).get(COUNT).n());
        assertEquals("1", third.get(COUNT).n());
        assertEquals(stored(KEY).get(TIME), third.get(TIME));
        assertThrows(
                TransactionCanceledException.class, () -> stamping().transactWriteItems(transaction().build()));
        assertEquals("1", stored(KEY).get(COUNT).n());
    }

    @Test
    void a_transaction_sent_again_with_its_token_is_the_same_whichever_process_sends_it() {
        String token = UUID.randomUUID().toString();
        // Another process has another clock, and has seen other items.
        for (int process = 0; process < 2; process++) {
            Clock clock = Clock.offset(Clock.systemUTC(), Duration.ofMillis(process));
            LastwriterInterceptor lastwriter = LastwriterInterceptor.builder().clock(clock).strict(true).build();
            DynamoDbClient client = world.client(EAST, lastwriter);
            if (process == 1) {
                client.getItem(b -> b.tableName(orders).key(KEY));
            }
            client.transactWriteItems(transaction().clientRequestToken(token).build());
        }
        assertEquals("1", stored(KEY).get("clicks").n());
        assertEquals("1", stored(KEY).get(COUNT).n());
        assertFalse(stored(KEY).containsKey(TIME));
    }

    @Test
    void with_a_time_in_the_stamp_another_process_would_not_match() {
        // What the default guards against: the stamp as this process makes it, and as one would with another clock.
        String token = UUID.randomUUID().toString();
        DynamoDbClient client = world.client(EAST, LastwriterInterceptor.builder().tokens(Tokens.REMEMBER).build());
        client.transactWriteItems(transaction().clientRequestToken(token).build());
        client.transactWriteItems(transaction().clientRequestToken(token).build());
        assertEquals("1", stored(KEY).get(COUNT).n());
        assertTrue(stored(KEY).containsKey(TIME));
        DynamoDbClient other = world.client(EAST, LastwriterInterceptor.builder().tokens(Tokens.LEAVE).build());
        DynamoDbException error = assertThrows(
                DynamoDbException.class,
                () -> other.transactWriteItems(transaction().clientRequestToken(token).build()));
        assertEquals("IdempotentParameterMismatchException", error.awsErrorDetails().errorCode());
    }

    @ParameterizedTest
    @EnumSource
    void a_batch_is_stamped(Kind kind) {
        LastwriterInterceptor lastwriter = strict();
        List<WriteRequest> puts = new ArrayList<>();
        for (int number = 0; number < 25; number++) {
            Map<String, AttributeValue> item = Map.of("id", AttributeValue.fromS("o-" + number));
            puts.add(WriteRequest.builder().putRequest(p -> p.item(item)).build());
        }
        if (kind == Kind.SYNCHRONOUS) {
            world.client(EAST, lastwriter).batchWriteItem(b -> b.requestItems(Map.of(orders, puts)));
        } else {
            world.async(EAST, lastwriter).batchWriteItem(b -> b.requestItems(Map.of(orders, puts))).join();
        }
        List<Map<String, AttributeValue>> items = plain.scan(b -> b.tableName(orders)).items();
        assertEquals(25, items.size());
        assertTrue(items.stream().allMatch(item -> item.get(COUNT).n().equals("1") && item.containsKey(RESET)));
    }

    @Test
    void each_regions_writer_stamps_its_own_region() {
        LastwriterInterceptor lastwriter = strict();
        for (String region : List.of(EAST, WEST)) {
            DynamoDbClient client = world.client(region, lastwriter);
            client.updateItem(update(orders, "REMOVE a", Map.of()));
            Map<String, AttributeValue> item =
                    world.client(region).getItem(b -> b.tableName(orders).key(KEY).consistentRead(true)).item();
            assertTrue(item.containsKey("lw:n:" + region) && item.containsKey("lw:t:" + region), item.toString());
        }
    }

    @Test
    void a_put_of_what_was_read_keeps_the_history_without_showing_it() {
        Map<String, AttributeValue> stamped = item("""
                {"id": {"S": "o-1"}, "a": {"S": "v"}, "lw:n:eu-west-1": {"N": "4"}, "lw:t:eu-west-1": {"N": "9"},
                 "lw:n:us-east-1": {"N": "2"}, "lw:t:us-east-1": {"N": "8"}}""");
        plain.putItem(b -> b.tableName(orders).item(stamped));
        DynamoDbClient client = stamping();
        Map<String, AttributeValue> read = client.getItem(b -> b.tableName(orders).key(KEY).consistentRead(true)).item();
        assertEquals(item("{\"id\": {\"S\": \"o-1\"}, \"a\": {\"S\": \"v\"}}"), read);
        Map<String, AttributeValue> changed = new HashMap<>(read);
        changed.put("a", AttributeValue.fromS("w"));
        client.putItem(b -> b.tableName(orders)
                .item(changed)
                .conditionExpression("#t = :t")
                .expressionAttributeNames(Map.of("#t", TIME))
                .expressionAttributeValues(Map.of(":t", AttributeValue.fromN("8"))));
        assertEquals("3", stored(KEY).get(COUNT).n());
        assertEquals("4", stored(KEY).get("lw:n:eu-west-1").n());
        assertFalse(stored(KEY).containsKey(RESET));
        Map<String, AttributeValue> asked = client.getItem(b -> b.tableName(orders)
                        .key(KEY)
                        .projectionExpression("#n")
                        .expressionAttributeNames(Map.of("#n", COUNT)))
                .item();
        assertEquals(Map.of(COUNT, AttributeValue.fromN("3")), asked);
        List<Map<String, AttributeValue>> found = client.scanPaginator(b -> b.tableName(orders)
                        .filterExpression("#n = :n")
                        .expressionAttributeNames(Map.of("#n", COUNT))
                        .expressionAttributeValues(Map.of(":n", AttributeValue.fromN("3"))))
                .items()
                .stream()
                .toList();
        assertEquals(List.of(changed), found);
    }

    @Test
    void an_update_that_writes_back_what_was_read_is_stamped_all_the_same() {
        DynamoDbClient client = world.client(EAST, LastwriterInterceptor.builder().strict(true).hide(false).build());
        client.updateItem(update(orders, "SET a = :s", Map.of()));
        Map<String, AttributeValue> item = client.getItem(b -> b.tableName(orders).key(KEY)).item();
        Map<String, String> names = new HashMap<>();
        Map<String, AttributeValue> values = new HashMap<>();
        List<String> actions = new ArrayList<>();
        item.forEach((name, value) -> {
            if (!name.equals("id")) {
                int number = names.size();
                names.put("#n" + number, name);
                values.put(":v" + number, value);
                actions.add("#n" + number + " = :v" + number);
            }
        });
        client.updateItem(b -> b.tableName(orders)
                .key(KEY)
                .updateExpression("SET " + String.join(", ", actions))
                .expressionAttributeNames(names)
                .expressionAttributeValues(values));
        assertEquals("2", stored(KEY).get(COUNT).n());
        assertTrue(Long.parseLong(stored(KEY).get(TIME).n()) > Long.parseLong(item.get(TIME).n()));
    }

    @Test
    void a_soft_delete_leaves_a_mark_until_it_is_revived() {
        LastwriterInterceptor lastwriter = strict();
        DynamoDbClient client = world.client(EAST, lastwriter);
        UpdateItemRequest which = UpdateItemRequest.builder().tableName(orders).key(KEY).build();
        long before = Instant.now().getEpochSecond();
        client.putItem(b -> b.tableName(orders).item(BEFORE));
        client.updateItem(lastwriter.softDelete(which, "expires"));
        assertEquals(AttributeValue.fromBool(true), stored(KEY).get("lw:deleted"));
        assertTrue(Long.parseLong(stored(KEY).get("expires").n()) >= before + Duration.ofDays(7).toSeconds());
        assertTrue(client.getItem(b -> b.tableName(orders).key(KEY)).item().containsKey("lw:deleted"), "it is no stamp");
        client.updateItem(lastwriter.revive(which, "expires"));
        assertEquals("3", stored(KEY).get(COUNT).n());
        assertEquals(BEFORE, History.withoutStamps(stored(KEY)));
        assertThrows(
                ConditionalCheckFailedException.class, () -> client.updateItem(lastwriter.revive(which, "expires")));
    }
}
