package io.lastwriter.client;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** The few parts of DynamoDB's JSON that a stamp is made of. */
final class JsonText {
    private JsonText() {}

    static byte[] bytes(String json) {
        return json.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] concat(byte[]... texts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] text : texts) {
            all.writeBytes(text);
        }
        return all.toByteArray();
    }

    /** Appends a string with its quotes. */
    static StringBuilder quote(String text, StringBuilder json) {
        json.append('"');
        for (int at = 0; at < text.length(); at++) {
            char character = text.charAt(at);
            if (character == '"' || character == '\\') {
                json.append('\\').append(character);
            } else if (character < ' ') {
                json.append(String.format("\\u%04x", (int) character));
            } else {
                json.append(character);
            }
        }
        return json.append('"');
    }

    /** The members of an object of strings. */
    static String strings(Map<String, String> members) {
        StringBuilder json = new StringBuilder();
        members.forEach((name, text) -> quote(text, key(name, json)));
        return json.toString();
    }

    /** The members of an object of attribute values that are all numbers, as stamps are. */
    static String numbers(Map<String, AttributeValue> members) {
        StringBuilder json = new StringBuilder(128);
        members.forEach((name, value) -> number(name, value, json));
        return json.toString();
    }

    /** Appends one of them. */
    static void number(String name, AttributeValue value, StringBuilder json) {
        key(name, json).append("{\"N\":\"").append(value.n()).append("\"}");
    }

    private static StringBuilder key(String name, StringBuilder json) {
        if (!json.isEmpty()) {
            json.append(',');
        }
        return quote(name, json).append(':');
    }
}
