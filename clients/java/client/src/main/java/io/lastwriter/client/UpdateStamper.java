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
import java.util.stream.Stream;
import software.amazon.awssdk.services.dynamodb.model.AttributeAction;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.AttributeValueUpdate;

/** Adds one Region's stamp to an update: two clauses, whatever the expression holds. */
final class UpdateStamper {
    private static final List<String> STEMS = List.of("lwt", "lwn");
    static final AttributeValue ONE = StampNames.number(1);

    /** Applications send few, since values are placeholders. With more, all are made anew. */
    private static final int MAX_EXPRESSIONS = 1024;

    /** How many updates of one expression are told apart by their conditions, names and values. */
    private static final int MAX_ALIKE = 8;

    /** How updates of one shape are stamped, if they are. The shape is what decides that: all of an update but its values. */
    private static final class KnownShape {
        private final String condition;
        // To look a few names up is faster than to compare maps.
        private final String[] aliases;
        private final String[] attributes;
        private final String[] values;
        private final boolean withTime;
        private final Extension extension;
        private final boolean namesStamps;

        KnownShape(UpdateText update, boolean withTime, Extension extension, boolean namesStamps) {
            this.condition = update.condition();
            this.aliases = namesOf(update).keySet().toArray(String[]::new);
            this.attributes = namesOf(update).values().toArray(String[]::new);
            this.values = valuesOf(update).toArray(String[]::new);
            this.withTime = withTime;
            this.extension = extension;
            this.namesStamps = namesStamps;
        }

        /** Whether an update of the same expression is of this shape. */
        boolean isOf(UpdateText update, boolean withTime) {
            return withTime == this.withTime
                    && Objects.equals(update.condition(), condition)
                    && hasNames(namesOf(update))
                    && hasValues(valuesOf(update));
        }

        private boolean hasNames(Map<String, String> given) {
            boolean same = given.size() == aliases.length;
            for (int number = 0; same && number < aliases.length; number++) {
                same = Objects.equals(attributes[number], given.get(aliases[number]));
            }
            return same;
        }

        private boolean hasValues(Set<String> given) {
            boolean same = given.size() == values.length;
            for (int number = 0; same && number < values.length; number++) {
                same = given.contains(values[number]);
            }
            return same;
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
    /** By the expression; "" stands for none, which DynamoDB rejects. */
    private final Map<String, List<KnownShape>> known = new ConcurrentHashMap<>();

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
        KnownShape shape = knownShape(given, true);
        UpdateText update = given;
        if (given.expression() != null && (shape == null ? namesStamps(given) : shape.namesStamps)) {
            UpdateText rest = WrittenBack.leaveOut(names, given, seen.get(), now.micros());
            update = rest == null ? given : rest;
        }
        Extension extension = shape != null && update == given ? shape.extension : extension(update, true);
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
        KnownShape shape = knownShape(update, withTime);
        return shape == null ? newShape(update, withTime).extension : shape.extension;
    }

    /** The shape of an update, if one like it came by before; else null. */
    private KnownShape knownShape(UpdateText update, boolean withTime) {
        for (KnownShape shape : known.getOrDefault(expressionOf(update), List.of())) {
            if (shape.isOf(update, withTime)) {
                return shape;
            }
        }
        return null;
    }

    private KnownShape newShape(UpdateText update, boolean withTime) {
        KnownShape made = new KnownShape(update, withTime, newExtension(update, withTime), namesStamps(update));
        if (known.size() >= MAX_EXPRESSIONS) {
            known.clear();
        }
        known.compute(expressionOf(update), (same, alike) -> alike == null || alike.size() >= MAX_ALIKE
                ? List.of(made)
                : Stream.concat(alike.stream(), Stream.of(made)).toList());
        return made;
    }

    private boolean namesStamps(UpdateText update) {
        return names.anyAmong(namesOf(update).values());
    }

    private static String expressionOf(UpdateText update) {
        return update.expression() == null ? "" : update.expression();
    }

    /** How to stamp an update of this text; null if there is nothing to stamp. */
    private Extension newExtension(UpdateText update, boolean withTime) {
        String expression = update.expression();
        Map<String, String> names = namesOf(update);
        Map<String, String> newNames = new LinkedHashMap<>();
        // A writer that stamps by hand goes on to do so: two actions on one path would fail the write.
        Set<String> written = new HashSet<>();
        if (expression != null) {
            Optional<UpdateExpressions.Parsed> parsed = UpdateExpressions.parse(expression);
            if (parsed.isEmpty()) {
                return null;
            }
            parsed.get().targets().forEach(target -> written.add(names.get(target)));
        }
        List<String> texts =
                List.of(expression == null ? "" : expression, update.condition() == null ? "" : update.condition());
        String suffix = UpdateExpressions.suffix(STEMS, texts, names.keySet(), valuesOf(update));
        Map<String, String> additions = new LinkedHashMap<>();
        String timeValue = withTime && !written.contains(timeName) ? ":lwt" + suffix : null;
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

    private static Map<String, String> namesOf(UpdateText update) {
        return update.names() == null ? Map.of() : update.names();
    }

    private static Set<String> valuesOf(UpdateText update) {
        return update.values() == null ? Set.of() : update.values().keySet();
    }

    private static AttributeValueUpdate change(AttributeAction action, AttributeValue value) {
        return AttributeValueUpdate.builder().action(action).value(value).build();
    }
}
