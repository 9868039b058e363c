package io.lastwriter.client;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    private static final AttributeValue ONE = StampNames.number(1);

    /** Applications send few, since values are placeholders. With more, all are made anew. */
    private static final int REMEMBERED_SHAPES = 1024;

    /** What decides how an update is stamped: all of it but its values. */
    private record Shape(
            String expression, String condition, Map<String, String> names, Set<String> values, boolean withTime) {
        /** The same without a hold on the caller's objects. */
        Shape kept() {
            return new Shape(expression, condition, Map.copyOf(names), Set.copyOf(values), withTime);
        }
    }

    /** An expression with the stamp's clauses, the names that it needs, and the placeholders of what was added. */
    private record Extension(String expression, Map<String, String> names, String timeValue, String countValue) {}

    private final StampNames names;
    private final String timeName;
    private final String countName;
    private final Map<Shape, Optional<Extension>> extensions = new ConcurrentHashMap<>();

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
    UpdateText stamp(UpdateText given, Moment now, Supplier<Stamps> seen) {
        if (given.hasEmptyMap()) {
            return null;
        }
        UpdateText update = given;
        if (given.expression() != null && given.names() != null && names.anyAmong(given.names().values())) {
            UpdateText rest = WrittenBack.leaveOut(names, given, seen.get(), now.micros());
            update = rest == null ? given : rest;
        }
        UpdateText stamped = extend(update, now.attribute());
        if (stamped != null) {
            return stamped;
        }
        // Only clauses that really write are left of a valid expression, so it is the caller's stamp that stays.
        return update == given ? null : update;
    }

    /** Stamp with the count alone, in a transaction that every process has to make in the same way. */
    UpdateText count(UpdateText given) {
        return given.expression() == null || given.hasEmptyMap() ? null : extend(given, null);
    }

    /** Legacy AttributeUpdates with the stamp. */
    Map<String, AttributeValueUpdate> legacy(Map<String, AttributeValueUpdate> updates, Moment now, Stamps seen) {
        Map<String, AttributeValueUpdate> stamped = new LinkedHashMap<>();
        stamped.put(timeName, change(AttributeAction.PUT, now.attribute()));
        stamped.put(countName, change(AttributeAction.ADD, ONE));
        stamped.putAll(WrittenBack.leaveOut(names, updates, seen, now.micros()));
        return stamped;
    }

    /** The update with the clauses that it lacks; null if it lacks none, or is one that DynamoDB rejects. */
    private UpdateText extend(UpdateText update, AttributeValue now) {
        Set<String> values = update.values() == null ? Set.of() : update.values().keySet();
        Map<String, String> aliases = update.names() == null ? Map.of() : update.names();
        Shape shape = new Shape(update.expression(), update.condition(), aliases, values, now != null);
        Optional<Extension> known = extensions.get(shape);
        if (known == null) {
            known = Optional.ofNullable(newExtension(shape));
            if (extensions.size() >= REMEMBERED_SHAPES) {
                extensions.clear();
            }
            extensions.put(shape.kept(), known);
        }
        if (known.isEmpty()) {
            return null;
        }
        Extension extension = known.get();
        Map<String, AttributeValue> newValues = new HashMap<>((values.size() + 3) * 4 / 3 + 1);
        if (update.values() != null) {
            newValues.putAll(update.values());
        }
        if (extension.timeValue != null) {
            newValues.put(extension.timeValue, now);
        }
        if (extension.countValue != null) {
            newValues.put(extension.countValue, ONE);
        }
        return new UpdateText(extension.expression, update.condition(), extension.names, newValues);
    }

    /** How to stamp an update of this text; null if there is nothing to stamp. */
    private Extension newExtension(Shape shape) {
        String expression = shape.expression;
        Map<String, String> newNames = new HashMap<>(shape.names);
        // A writer that stamps by hand goes on to do so: two actions on one path would fail the write.
        Set<String> written = new HashSet<>();
        if (expression != null) {
            Optional<UpdateExpressions.Parsed> parsed = UpdateExpressions.parse(expression);
            if (parsed.isEmpty()) {
                return null;
            }
            parsed.get().targets().forEach(target -> written.add(newNames.get(target)));
        }
        List<String> texts =
                List.of(expression == null ? "" : expression, shape.condition == null ? "" : shape.condition);
        String suffix = UpdateExpressions.suffix(STEMS, texts, newNames.keySet(), shape.values);
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
        return new Extension(extended, newNames, timeValue, countValue);
    }

    private static AttributeValueUpdate change(AttributeAction action, AttributeValue value) {
        return AttributeValueUpdate.builder().action(action).value(value).build();
    }
}
