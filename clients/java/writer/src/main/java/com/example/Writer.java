package com.example;

import io.lastwriter.client.LastwriterInterceptor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.protocols.jsoncore.JsonWriter;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/**
 * A stamped writer: {@code java -jar writer.jar REGION ENDPOINT TABLE}
 *
 * <p>Each line of standard input is an UpdateItem in DynamoDB JSON, without TableName; each line of standard output is the
 * item as that write left it.
 */
public final class Writer {
    private final DynamoDbClient client;
    private final String table;

    private Writer(DynamoDbClient client, String table) {
        this.client = client;
        this.table = table;
    }

    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 3) {
            System.err.println("usage: java -jar writer.jar REGION ENDPOINT TABLE");
            System.exit(2);
        }
        LastwriterInterceptor lastwriter =
                LastwriterInterceptor.builder().strict(true).hide(false).build();
        DynamoDbClient client = DynamoDbClient.builder()
                .region(Region.of(arguments[0]))
                .endpointOverride(URI.create(arguments[1]))
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
                .overrideConfiguration(c -> c.addExecutionInterceptor(lastwriter))
                .build();
        Writer writer = new Writer(client, arguments[2]);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            output.println(writer.update(JsonNode.parser().parse(line)));
        }
    }

    private String update(JsonNode asked) {
        UpdateItemRequest.Builder request = UpdateItemRequest.builder()
                .tableName(table)
                .key(item(asked.field("Key").orElseThrow()))
                .returnValues(ReturnValue.ALL_NEW);
        asked.field("UpdateExpression").ifPresent(text -> request.updateExpression(text.asString()));
        asked.field("ConditionExpression").ifPresent(text -> request.conditionExpression(text.asString()));
        asked.field("ExpressionAttributeValues").ifPresent(values -> request.expressionAttributeValues(item(values)));
        asked.field("ExpressionAttributeNames").ifPresent(node -> {
            Map<String, String> names = new HashMap<>();
            node.asObject().forEach((alias, name) -> names.put(alias, name.asString()));
            request.expressionAttributeNames(names);
        });
        try (JsonWriter json = JsonWriter.create()) {
            write(json, client.updateItem(request.build()).attributes());
            return new String(json.getBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Map<String, AttributeValue> item(JsonNode json) {
        Map<String, AttributeValue> item = new HashMap<>();
        json.asObject().forEach((name, value) -> item.put(name, attribute(value)));
        return item;
    }

    private static AttributeValue attribute(JsonNode json) {
        Map.Entry<String, JsonNode> only = json.asObject().entrySet().iterator().next();
        JsonNode value = only.getValue();
        return switch (only.getKey()) {
            case "S" -> AttributeValue.fromS(value.asString());
            case "N" -> AttributeValue.fromN(value.asString());
            case "B" -> AttributeValue.fromB(bytes(value));
            case "SS" -> AttributeValue.fromSs(value.asArray().stream().map(JsonNode::asString).toList());
            case "NS" -> AttributeValue.fromNs(value.asArray().stream().map(JsonNode::asString).toList());
            case "BS" -> AttributeValue.fromBs(value.asArray().stream().map(Writer::bytes).toList());
            case "L" -> AttributeValue.fromL(value.asArray().stream().map(Writer::attribute).toList());
            case "M" -> AttributeValue.fromM(item(value));
            case "BOOL" -> AttributeValue.fromBool(value.asBoolean());
            case "NULL" -> AttributeValue.fromNul(value.asBoolean());
            default -> throw new IllegalArgumentException("no attribute type: " + only.getKey());
        };
    }

    private static SdkBytes bytes(JsonNode text) {
        return SdkBytes.fromByteArray(java.util.Base64.getDecoder().decode(text.asString()));
    }

    private static void write(JsonWriter json, Map<String, AttributeValue> item) {
        json.writeStartObject();
        item.forEach((name, value) -> {
            json.writeFieldName(name).writeStartObject();
            write(json, value);
            json.writeEndObject();
        });
        json.writeEndObject();
    }

    private static void write(JsonWriter json, AttributeValue value) {
        switch (value.type()) {
            case S -> json.writeFieldName("S").writeValue(value.s());
            case N -> json.writeFieldName("N").writeValue(value.n());
            case B -> json.writeFieldName("B").writeValue(value.b().asByteBuffer());
            case SS -> texts(json, "SS", value.ss());
            case NS -> texts(json, "NS", value.ns());
            case BS -> {
                json.writeFieldName("BS").writeStartArray();
                value.bs().forEach(one -> json.writeValue(one.asByteBuffer()));
                json.writeEndArray();
            }
            case L -> {
                json.writeFieldName("L").writeStartArray();
                value.l().forEach(one -> {
                    json.writeStartObject();
                    write(json, one);
                    json.writeEndObject();
                });
                json.writeEndArray();
            }
            case M -> {
                json.writeFieldName("M");
                write(json, value.m());
            }
            case BOOL -> json.writeFieldName("BOOL").writeValue(value.bool());
            case NUL -> json.writeFieldName("NULL").writeValue(value.nul());
            case UNKNOWN_TO_SDK_VERSION -> throw new IllegalArgumentException("an attribute of an unknown type");
        }
    }

    private static void texts(JsonWriter json, String type, List<String> texts) {
        json.writeFieldName(type).writeStartArray();
        texts.forEach(json::writeValue);
        json.writeEndArray();
    }
}
