package io.lastwriter.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/** The shared vectors that are one call each, through the SDK's own clients, up to the bytes that would be sent. */
class ConformanceTest {
    static List<Vector> requests() {
        return Vector.requests();
    }

    static List<Vector> softDeletes() {
        return Vector.of("soft-delete.json");
    }

    static List<Vector> conditions() {
        return Vector.of("conditions.json");
    }

    static List<Vector> endpoints() {
        return Vector.of("regions.json");
    }

    static List<JsonNode> names() {
        return Json.get(Json.vectors("regions.json"), "names").asArray();
    }

    /** The SDK makes up a token where the caller gave none. */
    private static Map<String, JsonNode> withoutMadeUpToken(JsonNode body, JsonNode input) {
        return input.field("ClientRequestToken").isPresent() ? body.asObject() : Json.without(body, "ClientRequestToken");
    }

    private static LastwriterInterceptor interceptor(Vector vector) {
        return vector.settings(new Vector.Hands(vector.clock())).build();
    }

    @ParameterizedTest
    @MethodSource("requests")
    void a_client_sends_what_the_vector_says(Vector vector) {
        Offline offline = new Offline();
        Offline.call(offline.client(interceptor(vector)), vector.operation(), vector.input());
        assertEquals(vector.output().asObject(), withoutMadeUpToken(offline.lastSent(), vector.input()));
    }

    @ParameterizedTest
    @MethodSource("requests")
    void an_asynchronous_client_sends_what_the_vector_says(Vector vector) {
        Offline offline = new Offline();
        Offline.call(offline.async(interceptor(vector)), vector.operation(), vector.input());
        assertEquals(vector.output().asObject(), withoutMadeUpToken(offline.lastSent(), vector.input()));
    }

    /** The stamp of a first call is marshalled by the SDK, and those of later ones are put into what it has marshalled. */
    @ParameterizedTest
    @MethodSource("requests")
    void a_client_that_has_made_a_call_sends_what_the_vector_says(Vector vector) {
        Offline offline = new Offline();
        DynamoDbClient client = offline.client(interceptor(vector));
        client.listTables();
        Offline.call(client, vector.operation(), vector.input());
        assertEquals(vector.output().asObject(), withoutMadeUpToken(offline.lastSent(), vector.input()));
    }

    @ParameterizedTest
    @MethodSource("requests")
    void an_asynchronous_client_that_has_made_a_call_sends_what_the_vector_says(Vector vector) {
        Offline offline = new Offline();
        DynamoDbAsyncClient client = offline.async(interceptor(vector));
        client.listTables().join();
        Offline.call(client, vector.operation(), vector.input());
        assertEquals(vector.output().asObject(), withoutMadeUpToken(offline.lastSent(), vector.input()));
    }

    /** Shows that the tests above see what the interceptor does, and not something else. */
    @ParameterizedTest
    @MethodSource("requests")
    void without_the_interceptor_nothing_is_stamped(Vector vector) {
        Offline offline = new Offline();
        Offline.call(offline.client(), vector.operation(), vector.input());
        assertEquals(vector.input().asObject(), withoutMadeUpToken(offline.lastSent(), vector.input()));
    }

    @ParameterizedTest
    @MethodSource("softDeletes")
    void soft_deletes(Vector vector) {
        LastwriterInterceptor lastwriter = interceptor(vector);
        Offline offline = new Offline();
        DynamoDbClient client = offline.client(lastwriter);
        JsonNode arguments = Json.get(vector.json(), "arguments");
        UpdateItemRequest request = Json.read("UpdateItemRequest", arguments, UpdateItemRequest.class);
        String ttl = Json.string(arguments, "ttlAttribute");
        String seconds = Json.string(arguments, "expiresInSeconds");
        boolean onlyDeleted = arguments.field("onlyDeleted").map(JsonNode::asBoolean).orElse(true);
        if (Json.string(vector.json(), "call").equals("revive")) {
            client.updateItem(
                    onlyDeleted ? lastwriter.revive(request, ttl) : lastwriter.reviveUnconditionally(request, ttl));
        } else if (seconds == null) {
            client.updateItem(lastwriter.softDelete(request, ttl));
        } else {
            client.updateItem(lastwriter.softDelete(request, ttl, Duration.ofSeconds(Long.parseLong(seconds))));
        }
        assertEquals(vector.output(), offline.lastSent());
    }

    @ParameterizedTest
    @MethodSource("conditions")
    void what_a_condition_says_about_existence(Vector vector) {
        JsonNode json = vector.json();
        Map<String, String> names = new HashMap<>();
        json.field("names").ifPresent(node -> node.asObject().forEach((alias, name) -> names.put(alias, name.asString())));
        Set<String> item = texts(Json.get(json, "item"));
        Predicate<String> keys = json.field("keys").map(ConformanceTest::texts).orElse(item)::contains;
        boolean expected = Json.get(json, "mustNotExist").asBoolean();
        assertEquals(expected, PutCondition.mustNotExist(Json.string(json, "expression"), names, keys));
    }

    private static Set<String> texts(JsonNode array) {
        return Set.copyOf(array.asArray().stream().map(JsonNode::asString).toList());
    }

    @ParameterizedTest
    @MethodSource("endpoints")
    void the_region_of_an_endpoint(Vector vector) {
        String endpoint = Json.string(vector.json(), "endpoint");
        String signing = Json.string(vector.json(), "signing");
        assertEquals(Json.string(vector.json(), "region"), EndpointRegion.of(endpoint, signing));
    }

    @ParameterizedTest
    @MethodSource("names")
    void which_names_are_regions(JsonNode vector) {
        String name = Json.string(vector, "name");
        if (!Json.get(vector, "valid").asBoolean()) {
            LastwriterInterceptor.Builder builder = LastwriterInterceptor.builder();
            String message = assertThrows(IllegalArgumentException.class, () -> builder.region(name)).getMessage();
            assertTrue(message.startsWith("\"" + name + "\" is no Region to stamp with"), message);
            return;
        }
        Offline offline = new Offline();
        LastwriterInterceptor lastwriter = LastwriterInterceptor.builder().region(name).build();
        Offline.call(
                offline.client(lastwriter),
                "PutItem",
                Json.parse("{\"TableName\": \"orders\", \"Item\": {\"id\": {\"S\": \"o-1\"}}}"));
        assertTrue(Json.get(offline.lastSent(), "Item").field("lw:n:" + name).isPresent());
    }
}
