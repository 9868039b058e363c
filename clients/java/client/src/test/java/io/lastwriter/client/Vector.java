package io.lastwriter.client;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;

/** One of the shared vectors, with the time that its file gives for all. */
record Vector(String file, JsonNode json, long clock) {
    private static final List<String> REQUESTS =
            List.of("update.json", "put.json", "transact.json", "tokens.json", "batch.json", "left-alone.json");
    private static final List<String> SEQUENCES =
            List.of("memory.json", "hidden.json", "written-back.json", "encrypted.json", "given-back.json");

    /** A clock that stands where it is told to. */
    static final class Hands extends Clock {
        volatile long micros;

        Hands(long micros) {
            this.micros = micros;
        }

        @Override
        public Instant instant() {
            return Instant.ofEpochSecond(micros / 1_000_000, micros % 1_000_000 * 1_000);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    /** Every vector that is a request and what is sent for it. */
    static List<Vector> requests() {
        return all(REQUESTS);
    }

    /** Every vector that is several calls in a row. */
    static List<Vector> sequences() {
        return all(SEQUENCES);
    }

    static List<Vector> of(String file) {
        return all(List.of(file));
    }

    private static List<Vector> all(List<String> files) {
        List<Vector> found = new ArrayList<>();
        for (String file : files) {
            JsonNode document = Json.vectors(file);
            long clock = document.field("clock").map(node -> Long.valueOf(node.asNumber())).orElse(0L);
            for (JsonNode vector : Json.get(document, "vectors").asArray()) {
                long own = vector.field("clock").map(node -> Long.valueOf(node.asNumber())).orElse(clock);
                found.add(new Vector(file, vector, own));
            }
        }
        return found;
    }

    /** The name for a test. */
    String label() {
        for (String field : List.of("name", "expression", "endpoint")) {
            String text = Json.string(json, field);
            if (text != null) {
                return file + ": " + text;
            }
        }
        return file;
    }

    String operation() {
        return Json.string(json, "operation");
    }

    JsonNode input() {
        return Json.get(json, "input");
    }

    JsonNode output() {
        JsonNode output = Json.get(json, "output");
        return output.isString() ? input() : output;
    }

    /** The interceptor's settings for this vector. */
    LastwriterInterceptor.Builder settings(Clock clock) {
        LastwriterInterceptor.Builder builder =
                LastwriterInterceptor.builder().region("us-east-1").clock(clock);
        json.field("options").ifPresent(options -> options.asObject().forEach((name, value) -> {
            switch (name) {
                case "region" -> builder.region(value.asString());
                case "prefix" -> builder.prefix(value.asString());
                case "tokens" -> builder.tokens(Tokens.valueOf(value.asString().toUpperCase(Locale.ROOT)));
                case "encrypted" -> builder.encrypted(Encrypted.valueOf(value.asString().toUpperCase(Locale.ROOT)));
                case "hide" -> builder.hide(value.asBoolean());
                case "remember" -> builder.remember(Integer.parseInt(value.asNumber()));
                case "tables" -> builder.tables(
                        value.asArray().stream().map(JsonNode::asString).toArray(String[]::new));
                case "keys" -> value.asObject().forEach((table, names) -> builder.keys(
                        table, names.asArray().stream().map(JsonNode::asString).toList()));
                default -> throw new AssertionError("an option that this client does not have: " + name);
            }
        }));
        return builder;
    }

    @Override
    public String toString() {
        return label();
    }
}
