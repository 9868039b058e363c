package io.lastwriter.client;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import software.amazon.awssdk.services.dynamodb.model.AttributeAction;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.AttributeValueUpdate;

/** Adds one Region's stamp to an update: two clauses, whatever the expression holds. */
final class UpdateStamper {
    private static final List<String> STEMS = List.of("lwt", "lwn");
    static final AttributeValue ONE = StampNames.number(1);

    /** Applications send few, since values are placeholders. With more, all are made anew. */
    private static final int REMEMBERED_SHAPES = 1024;

    /** What decides how an update is stamped: all of it but its values. */
    private record Shape(
            String expression, String condition, Map<String, String> names, Set<String> values, boolean withTime) {
        /** The same without a hold on the caller's objects. */
        Shape kept() {
            return new Shape(expression, condition, Map.copyOf(names), Set.copyOf(values), withTime);
        }

        /** Of what tells shapes apart: the placeholders of values are in the expression. */
        @Override
        public int hashCode() {
            return 31 * Objects.hashCode(expression) + names.hashCode();
        }
    }

    /** A shape, and how an update of it is stamped, if it is. */
    private static final class KnownShape {
        private final Shape shape;
        private final Extension extension;
        // The maps of the shape once more: to look a few names up is faster than to compare maps.
        private final String[] aliases;
        private final String[] attributes;
        private final String[] values;

        KnownShape(Shape shape, Extension extension) {
            this.shape = shape;
            this.extension = extension;
            this.aliases = shape.names.keySet().toArray(String[]::new);
            this.attributes = shape.names.values().toArray(String[]::new);
            this.values = shape.values.toArray(String[]::new);
        }

        /** Whether an update is of this shape. */
        boolean isOf(UpdateText update, boolean withTime) {
            return withTime == shape.withTime
                    && Objects.equals(update.expression(), shape.expression)
                    && Objects.equals(update.condition(), shape.condition)
                    && hasNames(update.names())
                    && hasValues(update.values());
        }

        private boolean hasNames(Map<String, String> names) {
            if (names == null || names.size() != aliases.length) {
                return names == null && aliases.length == 0;
            }
            for (int number = 0; number < aliases.length; number++) {
                if (!attributes[number].equals(names.get(aliases[number]))) {
                    return false;
                }
            }
            return true;
        }

        private boolean hasValues(Map<String, AttributeValue> given) {
            if (given == null || given.size() != values.length) {
                return given == null && values.length == 0;
            }
            for (String value : values) {
                if (!given.containsKey(value)) {
                    return false;
                }
            }
            return true;
        }
    }

    /**
     * What a stamp adds to an update.
     *
     * @param expression the expression with the stamp's clauses
     * @param names the names that these need
     * @param timeValue the placeholder of the time; null if there is none
     * @param countValue that of the number to count on by
     * @param expressionJson the expression as JSON
     * @param namesJson the names as members of a JSON object
     */
    record Extension(
            String expression,
            Map<String, String> names,
            String timeValue,
            String countValue,
            byte[] expressionJson,
            byte[] namesJson) {
        /** Its values as members of a JSON object. */
        byte[] valuesJson(AttributeValue now) {
            StringBuilder json = new StringBuilder(64);
            if (timeValue != null) {
                JsonText.number(timeValue, now, json);
            }
            if (countValue != null) {
                JsonText.number(countValue, ONE, json);
            }
            return JsonText.bytes(json.toString());
        }
    }

    private final StampNames names;
    private final String timeName;
    private final String countName;
    private final Map<Shape, KnownShape> known = new ConcurrentHashMap<>();
    /** That of the latest update: the updates of one transaction are often alike. */
    private volatile KnownShape latest;

    UpdateStamper(StampNames names, String region) {
        this.names = names;
        this.timeName = names.time(region);
        this.countName = names.count(region);
    }

    /**
     * The update with its stamp, or null where nothing is to be changed.
     *
     * @param now the time of the call
     * @param seen gives what is remembered of the item, or null; asked only where an update writes stamps itself
     * @throws StampException where the update cannot be stamped
     */
    StampedWrite.Update stamp(UpdateText given, Moment now, Supplier<Stamps> seen) {
        if (given.hasEmptyMap()) {
            return null;
        }
        UpdateText update = given;
        if (given.expression() != null && given.names() != null && names.anyAmong(given.names().values())) {
            UpdateText rest = WrittenBack.leaveOut(names, given, seen.get(), now.micros());
            update = rest == null ? given : rest;
        }
        Extension extension = extension(update, true);
        // Only clauses that really write are left of a valid expression, so it is the caller's stamp that stays.
        return extension == null && update == given
                ? null
                : new StampedWrite.Update(given, update, extension, now.attribute());
    }

    /** Stamp with the count alone, in a transaction that every process has to make in the same way. */
    StampedWrite.Update count(UpdateText given) {
        Extension extension = given.expression() == null || given.hasEmptyMap() ? null : extension(given, false);
        return extension == null ? null : new StampedWrite.Update(given, given, extension, null);
    }

    /** Legacy AttributeUpdates with the stamp. */
    Map<String, AttributeValueUpdate> legacy(Map<String, AttributeValueUpdate> updates, Moment now, Stamps seen) {
        Map<String, AttributeValueUpdate> stamped = new LinkedHashMap<>();
        stamped.put(timeName, change(AttributeAction.PUT, now.attribute()));
        stamped.put(countName, change(AttributeAction.ADD, ONE));
        stamped.putAll(WrittenBack.leaveOut(names, updates, seen, now.micros()));
        return stamped;
    }

    /** The clauses that an update lacks; null if it lacks none, or is one that DynamoDB rejects. */
    private Extension extension(UpdateText update, boolean withTime) {
        KnownShape found = latest;
        if (found != null && found.isOf(update, withTime)) {
            return found.extension;
        }
        Set<String> values = update.values() == null ? Set.of() : update.values().keySet();
        Map<String, String> aliases = update.names() == null ? Map.of() : update.names();
        Shape shape = new Shape(update.expression(), update.condition(), aliases, values, withTime);
        found = known.get(shape);
        if (found == null) {
            found = new KnownShape(shape.kept(), newExtension(shape));
            if (known.size() >= REMEMBERED_SHAPES) {
                known.clear();
            }
            known.put(found.shape, found);
        }
        latest = found;
        return found.extension;
    }

    /** How to stamp an update of this text; null if there is nothing to stamp. */
    private Extension newExtension(Shape shape) {
        String expression = shape.expression;
        Map<String, String> newNames = new LinkedHashMap<>();
        // A writer that stamps by hand goes on to do so: two actions on one path would fail the write.
        Set<String> written = new HashSet<>();
        if (expression != null) {
            Optional<UpdateExpressions.Parsed> parsed = UpdateExpressions.parse(expression);
            if (parsed.isEmpty()) {
                return null;
            }
            parsed.get().targets().forEach(target -> written.add(shape.names.get(target)));
        }
        List<String> texts =
                List.of(expression == null ? "" : expression, shape.condition == null ? "" : shape.condition);
        String suffix = UpdateExpressions.suffix(STEMS, texts, shape.names.keySet(), shape.values);
        Map<String, String> additions = new LinkedHashMap<>();
        String timeValue = shape.withTime && !written.contains(timeName) ? ":lwt" + suffix : null;
        if (timeValue != null) {
            additions.put("SET", "#lwt" + suffix + " = " + timeValue);
            newNames.put("#lwt" + suffix, timeName);
        }
        String countValue = written.contains(countName) ? null : ":lwn" + suffix;
        if (countValue != null) {
            additions.put("ADD", "#lwn" + suffix + " " + countValue);
            newNames.put("#lwn" + suffix, countName);
        }
        if (additions.isEmpty()) {
            return null;
        }
        String extended = UpdateExpressions.extend(expression, additions).orElseThrow();
        if (extended.getBytes(StandardCharsets.UTF_8).length > UpdateExpressions.MAX_BYTES) {
            throw new StampException("the update expression with its stamp would pass "
                    + UpdateExpressions.MAX_BYTES + " bytes: shorten it");
        }
        return new Extension(
                extended,
                newNames,
                timeValue,
                countValue,
                JsonText.bytes(JsonText.quote(extended, new StringBuilder()).toString()),
                JsonText.bytes(JsonText.strings(newNames)));
    }

    private static AttributeValueUpdate change(AttributeAction action, AttributeValue value) {
        return AttributeValueUpdate.builder().action(action).value(value).build();
    }
}
