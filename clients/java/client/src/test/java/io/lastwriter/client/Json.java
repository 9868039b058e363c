package io.lastwriter.client;

import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.utils.builder.Buildable;

/** DynamoDB JSON, as the vectors have it, and the SDK's objects that it stands for. */
final class Json {
    private static final String MODEL = "software.amazon.awssdk.services.dynamodb.model.";

    private Json() {}

    static JsonNode parse(String text) {
        return JsonNode.parser().parse(text);
    }

    /** A vector file of clients/conformance. */
    static JsonNode vectors(String file) {
        try {
            return parse(Files.readString(Path.of("..", "..", "conformance", file)));
        } catch (java.io.IOException error) {
            throw new java.io.UncheckedIOException(error);
        }
    }

    static String string(JsonNode node, String field) {
        return node.field(field).filter(value -> !value.isNull()).map(JsonNode::text).orElse(null);
    }

    static JsonNode get(JsonNode node, String field) {
        return node.field(field).orElseThrow(() -> new AssertionError("no " + field + " in " + node));
    }

    /** An object without some of its fields. */
    static Map<String, JsonNode> without(JsonNode object, String... fields) {
        Map<String, JsonNode> rest = new LinkedHashMap<>(object.asObject());
        rest.keySet().removeAll(List.of(fields));
        return rest;
    }

    /** The object of the SDK's model with this name. */
    static <T> T read(String type, JsonNode json, Class<T> kind) {
        try {
            Method builder = Class.forName(MODEL + type).getMethod("builder");
            SdkPojo made = (SdkPojo) builder.invoke(null);
            fill(made, json.asObject());
            return kind.cast(((Buildable) made).build());
        } catch (ReflectiveOperationException error) {
            throw new AssertionError(error);
        }
    }

    private static void fill(SdkPojo builder, Map<String, JsonNode> json) {
        for (SdkField<?> field : builder.sdkFields()) {
            JsonNode value = json.get(field.locationName());
            if (value != null) {
                field.set(builder, value(field, value));
            }
        }
    }

    private static Object value(SdkField<?> field, JsonNode json) {
        MarshallingType<?> type = field.marshallingType();
        if (json.isNull()) {
            return null;
        } else if (type == MarshallingType.STRING) {
            return json.text();
        } else if (type == MarshallingType.BOOLEAN) {
            return json.asBoolean();
        } else if (type == MarshallingType.INTEGER) {
            return Integer.valueOf(json.asNumber());
        } else if (type == MarshallingType.LONG) {
            return Long.valueOf(json.asNumber());
        } else if (type == MarshallingType.SDK_BYTES) {
            return SdkBytes.fromByteArray(Base64.getDecoder().decode(json.asString()));
        } else if (type == MarshallingType.LIST) {
            SdkField<?> member = field.getTrait(ListTrait.class).memberFieldInfo();
            List<Object> list = new ArrayList<>();
            json.asArray().forEach(one -> list.add(value(member, one)));
            return list;
        } else if (type == MarshallingType.MAP) {
            SdkField<?> member = field.getTrait(MapTrait.class).valueFieldInfo();
            Map<String, Object> map = new LinkedHashMap<>();
            json.asObject().forEach((name, one) -> map.put(name, value(member, one)));
            return map;
        } else if (type == MarshallingType.SDK_POJO) {
            SdkPojo builder = field.constructor().get();
            fill(builder, json.asObject());
            return ((Buildable) builder).build();
        }
        throw new AssertionError("no vector has had a " + type + " yet: " + field.locationName());
    }
}
