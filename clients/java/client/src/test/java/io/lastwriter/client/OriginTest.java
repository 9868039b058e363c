package io.lastwriter.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.Identity;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.StreamRecord;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.dynamodb.model.Record;

/** Where the write of a stream record was made, by the shared vectors. */
class OriginTest {
    static List<Vector> vectors() {
        return Vector.of("origin.json");
    }

    private static OriginSettings settings(Vector vector) {
        OriginSettings settings = OriginSettings.defaults();
        for (Map.Entry<String, JsonNode> option :
                vector.json().field("options").map(JsonNode::asObject).orElse(Map.of()).entrySet()) {
            String value = option.getValue().asString();
            settings = switch (option.getKey()) {
                case "region" -> settings.withRegion(value);
                case "prefix" -> settings.withPrefix(value);
                case "originAttribute" -> settings.withOriginAttribute(value);
                default -> throw new AssertionError("an option that this client does not have: " + option.getKey());
            };
        }
        return settings;
    }

    private static Origin expected(Vector vector) {
        JsonNode origin = Json.get(vector.json(), "origin");
        Origin.Kind kind = Origin.Kind.valueOf(Json.string(origin, "kind").toUpperCase(Locale.ROOT));
        return new Origin(kind, Optional.ofNullable(Json.string(origin, "region")));
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void the_origin_of_a_record_of_a_lambda_event(Vector vector) {
        Origin found = LambdaOrigin.of(lambdaRecord(Json.get(vector.json(), "record")), settings(vector));
        assertEquals(expected(vector), found);
        assertEquals(found.kind() == Origin.Kind.LOCAL, found.isLocal());
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void the_origin_of_a_record_of_the_streams_client(Vector vector) {
        JsonNode json = Json.get(vector.json(), "record");
        OriginSettings settings = settings(vector);
        if (json.field("awsRegion").isEmpty() && json.field("eventSourceARN").isPresent()) {
            // These records have no ARN: the reader knows which stream it reads.
            settings = settings.withRegion(settings.regionOr(null, Json.string(json, "eventSourceARN")));
        }
        // The Streams API spells an identity in capitals. Those of a Lambda event are tested above.
        Record record = Json.read("Record", Json.parse(json.toString()
                .replace("\"principalId\"", "\"PrincipalId\"")
                .replace("\"type\"", "\"Type\"")), Record.class);
        assertEquals(expected(vector), Origin.of(record, settings));
    }

    @Test
    void what_is_no_record_has_no_origin() {
        assertEquals(Origin.UNKNOWN, Origin.of(null));
        assertEquals(Origin.UNKNOWN, LambdaOrigin.of(null));
        assertEquals(Origin.UNKNOWN, LambdaOrigin.of(new DynamodbStreamRecord()));
    }

    private static DynamodbStreamRecord lambdaRecord(JsonNode json) {
        DynamodbStreamRecord record = new DynamodbStreamRecord();
        record.setEventName(Json.string(json, "eventName"));
        record.setAwsRegion(Json.string(json, "awsRegion"));
        record.setEventSourceARN(Json.string(json, "eventSourceARN"));
        json.field("userIdentity").ifPresent(node -> {
            // Lambda's serializer reads both spellings into the same fields.
            Identity identity = new Identity();
            node.asObject().forEach((name, value) -> {
                if (name.equalsIgnoreCase("type")) {
                    identity.setType(value.asString());
                } else {
                    identity.setPrincipalId(value.asString());
                }
            });
            record.setUserIdentity(identity);
        });
        json.field("dynamodb").ifPresent(node -> {
            StreamRecord change = new StreamRecord();
            node.field("OldImage").ifPresent(image -> change.setOldImage(image(image)));
            node.field("NewImage").ifPresent(image -> change.setNewImage(image(image)));
            record.setDynamodb(change);
        });
        return record;
    }

    private static Map<String, AttributeValue> image(JsonNode json) {
        Map<String, AttributeValue> image = new HashMap<>();
        json.asObject().forEach((name, value) -> {
            AttributeValue attribute = new AttributeValue();
            attribute.setS(Json.string(value, "S"));
            attribute.setN(Json.string(value, "N"));
            value.field("BOOL").ifPresent(flag -> attribute.setBOOL(flag.asBoolean()));
            image.put(name, attribute);
        });
        return image;
    }
}
