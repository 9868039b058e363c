package io.lastwriter.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

/** The shared vectors that are several calls in a row: what the client has seen in one shows in the next. */
class SequencesTest {
    static List<Vector> sequences() {
        return Vector.sequences();
    }

    @ParameterizedTest
    @MethodSource("sequences")
    void a_client_does_what_the_vector_says(Vector vector) {
        Vector.Hands clock = new Vector.Hands(vector.clock());
        Offline offline = new Offline();
        play(vector, clock, offline, offline.client(vector.settings(clock).build()), false);
    }

    @ParameterizedTest
    @MethodSource("sequences")
    void an_asynchronous_client_does_what_the_vector_says(Vector vector) {
        Vector.Hands clock = new Vector.Hands(vector.clock());
        Offline offline = new Offline();
        play(vector, clock, offline, offline.async(vector.settings(clock).build()), false);
    }

    /** The stamps of its first write, too, are put into what the SDK has marshalled. */
    @ParameterizedTest
    @MethodSource("sequences")
    void a_client_that_has_made_a_call_does_what_the_vector_says(Vector vector) {
        Vector.Hands clock = new Vector.Hands(vector.clock());
        Offline offline = new Offline();
        DynamoDbClient client = offline.client(vector.settings(clock).build());
        client.listTables();
        play(vector, clock, offline, client, false);
    }

    @ParameterizedTest
    @MethodSource("sequences")
    void strict_fails_where_the_vector_says(Vector vector) {
        Vector.Hands clock = new Vector.Hands(vector.clock());
        Offline offline = new Offline();
        play(vector, clock, offline, offline.client(vector.settings(clock).strict(true).build()), true);
    }

    @ParameterizedTest
    @MethodSource("sequences")
    void strict_fails_an_asynchronous_client_where_the_vector_says(Vector vector) {
        Vector.Hands clock = new Vector.Hands(vector.clock());
        Offline offline = new Offline();
        play(vector, clock, offline, offline.async(vector.settings(clock).strict(true).build()), true);
    }

    private static void play(Vector vector, Vector.Hands clock, Offline offline, Object client, boolean strict) {
        for (JsonNode step : Json.get(vector.json(), "steps").asArray()) {
            clock.micros = step.field("clock").map(node -> Long.valueOf(node.asNumber())).orElse(vector.clock());
            String operation = Json.string(step, "operation");
            JsonNode input = Json.get(step, "input");
            boolean lost = step.field("lost").isPresent();
            if (lost) {
                offline.lose();
            } else if (step.field("error").isPresent()) {
                offline.answer(400, text(Json.get(step, "error")));
            } else {
                offline.answer(200, text(Json.get(step, "answer")));
            }
            Object returned;
            try {
                returned = Offline.call(client, operation, input);
            } catch (DynamoDbException error) {
                returned = error;
            } catch (StampException error) {
                assertTrue(strict && step.field("strictFails").isPresent(), error.getMessage());
                return;
            } catch (SdkClientException error) {
                assertTrue(lost, String.valueOf(error));
                returned = null;
            }
            assertTrue(!(strict && step.field("strictFails").isPresent()), "it went through");
            JsonNode sent = Json.get(step, "sent");
            assertEquals(
                    (sent.isString() ? input : sent).asObject(),
                    input.field("ClientRequestToken").isPresent()
                            ? offline.lastSent().asObject()
                            : Json.without(offline.lastSent(), "ClientRequestToken"));
            if (!lost) {
                checkReturned(operation, step, returned);
            }
        }
    }

    private static void checkReturned(String operation, JsonNode step, Object returned) {
        JsonNode came = step.field("error").orElseGet(() -> Json.get(step, "answer"));
        JsonNode expected = step.field("returned").orElse(came);
        if (returned instanceof ConditionalCheckFailedException failed) {
            ConditionalCheckFailedException wanted =
                    Json.read("ConditionalCheckFailedException", expected, ConditionalCheckFailedException.class);
            assertEquals(wanted.item(), failed.item());
        } else if (returned instanceof TransactionCanceledException cancelled) {
            TransactionCanceledException wanted =
                    Json.read("TransactionCanceledException", expected, TransactionCanceledException.class);
            assertEquals(wanted.cancellationReasons(), cancelled.cancellationReasons());
        } else if (returned instanceof SdkPojo answer && !(returned instanceof Exception)) {
            SdkPojo wanted = Json.read(operation + "Response", expected, SdkPojo.class);
            assertTrue(wanted.equalsBySdkFields(answer), () -> "expected " + wanted + ", but it was " + answer);
        }
    }

    private static String text(JsonNode node) {
        return node.toString();
    }
}
