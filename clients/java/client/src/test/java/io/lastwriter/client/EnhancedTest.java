package io.lastwriter.client;

import static io.lastwriter.client.LocalWorld.EAST;
import static io.lastwriter.client.LocalWorld.WEST;
import static io.lastwriter.client.LocalWorld.when;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.enhanced.dynamodb.AttributeConverterProvider;
import software.amazon.awssdk.enhanced.dynamodb.AttributeValueType;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbAsyncTable;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedAsyncClient;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbTable;
import software.amazon.awssdk.enhanced.dynamodb.Key;
import software.amazon.awssdk.enhanced.dynamodb.TableMetadata;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.enhanced.dynamodb.document.EnhancedDocument;
import software.amazon.awssdk.enhanced.dynamodb.model.WriteBatch;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;

/** The Enhanced Client, which reads an item, changes it and puts what it knows of it. */
@ExtendWith(LocalWorld.Started.class)
class EnhancedTest {
    private static final String COUNT = "lw:n:us-east-1";
    private static final String RESET = "lw:reset";

    private final LocalWorld world;
    private final DynamoDbClient plain;
    private final DynamoDbEnhancedClient enhanced;
    private final DynamoDbTable<Order> orders;
    private final String customer = "customer-" + UUID.randomUUID();
    private final Key key = Key.builder().partitionValue(customer).sortValue("1").build();

    EnhancedTest(LocalWorld world) {
        this.world = world;
        this.plain = world.client(EAST);
        this.enhanced = enhancedClient(EAST);
        this.orders = enhanced.table(world.table(), TableSchema.fromBean(Order.class));
    }

    private DynamoDbEnhancedClient enhancedClient(String region) {
        LastwriterInterceptor lastwriter = LastwriterInterceptor.builder().strict(true).build();
        return DynamoDbEnhancedClient.builder().dynamoDbClient(world.client(region, lastwriter)).build();
    }

    private Map<String, AttributeValue> stored(String number) {
        Map<String, AttributeValue> raw = Map.of("PK", AttributeValue.fromS(customer), "SK", AttributeValue.fromS(number));
        return plain.getItem(b -> b.tableName(world.table()).key(raw).consistentRead(true)).item();
    }

    @Test
    void a_bean_that_was_read_and_put_back_keeps_its_history() {
        orders.putItem(new Order(customer, "1", "Main St"));
        Order order = orders.getItem(key);
        order.setAddress("Station Rd");
        orders.putItem(order);
        assertEquals("2", stored("1").get(COUNT).n());
        // Where nothing was known of the item when it was first put, that stays said.
        Long first = StampNames.part(stored("1").get(RESET));
        order.setAddress("Mill Ln");
        orders.updateItem(order);
        assertEquals("3", stored("1").get(COUNT).n());
        assertEquals(first, StampNames.part(stored("1").get(RESET)));
        assertEquals("Mill Ln", orders.getItem(key).getAddress());
    }

    @Test
    void a_versioned_bean_keeps_its_history_and_its_version() {
        DynamoDbTable<VersionedOrder> versioned = enhanced.table(world.table(), TableSchema.fromBean(VersionedOrder.class));
        versioned.putItem(new VersionedOrder(customer, "1", "Main St"));
        assertFalse(stored("1").containsKey(RESET), "its condition said that there was none");
        VersionedOrder order = versioned.getItem(key);
        VersionedOrder stale = versioned.getItem(key);
        order.setAddress("Station Rd");
        versioned.putItem(order);
        assertEquals("2", stored("1").get(COUNT).n());
        assertEquals("2", stored("1").get("version").n());
        assertFalse(stored("1").containsKey(RESET));
        assertThrows(ConditionalCheckFailedException.class, () -> versioned.putItem(stale));
        VersionedOrder again = versioned.getItem(key);
        again.setAddress("Mill Ln");
        assertEquals(3, versioned.updateItem(again).getVersion());
        assertEquals("3", stored("1").get(COUNT).n());
    }

    @Test
    void the_asynchronous_enhanced_client_does_the_same() {
        LastwriterInterceptor lastwriter = LastwriterInterceptor.builder().strict(true).build();
        DynamoDbAsyncTable<VersionedOrder> versioned = DynamoDbEnhancedAsyncClient.builder()
                .dynamoDbClient(world.async(EAST, lastwriter))
                .build()
                .table(world.table(), TableSchema.fromBean(VersionedOrder.class));
        versioned.putItem(new VersionedOrder(customer, "1", "Main St"))
                .thenCompose(made -> versioned.getItem(key))
                .thenCompose(versioned::putItem)
                .join();
        assertEquals("2", stored("1").get(COUNT).n());
        assertFalse(stored("1").containsKey(RESET));
    }

    @Test
    void batches_and_transactions_of_beans_are_stamped() {
        // They are put before any request has told the names of their keys.
        LastwriterInterceptor lastwriter = LastwriterInterceptor.builder()
                .strict(true)
                .keys(world.table(), List.of("PK", "SK"))
                .build();
        DynamoDbEnhancedClient enhanced = DynamoDbEnhancedClient.builder()
                .dynamoDbClient(world.client(EAST, lastwriter))
                .build();
        DynamoDbTable<Order> orders = enhanced.table(world.table(), TableSchema.fromBean(Order.class));
        enhanced.batchWriteItem(b -> b.writeBatches(WriteBatch.builder(Order.class)
                .mappedTableResource(orders)
                .addPutItem(new Order(customer, "1", "Main St"))
                .addPutItem(new Order(customer, "2", "Main St"))
                .build()));
        enhanced.transactWriteItems(b -> b.addPutItem(orders, new Order(customer, "1", "Station Rd"))
                .addUpdateItem(orders, new Order(customer, "2", "Station Rd")));
        assertEquals("2", stored("1").get(COUNT).n());
        assertEquals("2", stored("2").get(COUNT).n());
        assertEquals(
                List.of("Station Rd", "Station Rd"),
                orders.query(b -> b.queryConditional(
                                software.amazon.awssdk.enhanced.dynamodb.model.QueryConditional.keyEqualTo(
                                        k -> k.partitionValue(customer))))
                        .items()
                        .stream()
                        .map(Order::getAddress)
                        .toList());
    }

    @Test
    void a_document_has_no_stamps_in_it() {
        TableSchema<EnhancedDocument> schema = TableSchema.documentSchemaBuilder()
                .addIndexPartitionKey(TableMetadata.primaryIndexName(), "PK", AttributeValueType.S)
                .addIndexSortKey(TableMetadata.primaryIndexName(), "SK", AttributeValueType.S)
                .attributeConverterProviders(AttributeConverterProvider.defaultProvider())
                .build();
        DynamoDbTable<EnhancedDocument> documents = enhanced.table(world.table(), schema);
        orders.putItem(new Order(customer, "1", "Main St"));
        EnhancedDocument document = documents.getItem(key);
        assertFalse(document.toJson().contains("lw:"), document.toJson());
        documents.putItem(document.toBuilder().putString("address", "Station Rd").build());
        assertEquals("2", stored("1").get(COUNT).n());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void hand_overs_are_no_conflict_and_a_lost_bean_is_certain(boolean versioned) {
        TableSchema<? extends Order> schema = versioned ? TableSchema.fromBean(VersionedOrder.class) : TableSchema.fromBean(Order.class);
        handOverAndLose(schema, versioned ? new VersionedOrder(customer, "1", "made") : new Order(customer, "1", "made"));
    }

    @SuppressWarnings("unchecked")
    private <T extends Order> void handOverAndLose(TableSchema<? extends Order> beans, Order made) {
        TableSchema<T> schema = (TableSchema<T>) beans;
        DynamoDbTable<T> east = enhanced.table(world.table(), schema);
        DynamoDbTable<T> west = enhancedClient(WEST).table(world.table(), schema);
        east.putItem((T) made);
        T there = when("the bean to replicate", () -> west.getItem(key), found -> found != null);
        there.setAddress("handed over");
        west.putItem(there);
        T here = when("it to come back", () -> east.getItem(key), found -> found.getAddress().equals("handed over"));
        there = west.getItem(key);
        world.toggle(EAST);
        here.setAddress("lost");
        east.putItem(here);
        there.setAddress("kept");
        west.putItem(there);
        world.toggle(EAST);
        List<String> lost = when("the loss in the ledger", () -> world.conflicts(EAST, customer), found -> !found.isEmpty());
        assertEquals(List.of("certain update_update"), lost);
        assertEquals(List.of(), world.conflicts(WEST, customer));
        assertEquals("kept", east.getItem(key).getAddress());
    }
}
