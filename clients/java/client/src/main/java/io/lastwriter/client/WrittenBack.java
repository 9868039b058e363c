package io.lastwriter.client;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.AttributeValueUpdate;

/**
 * Stamps that an update writes itself: by hand, to stamp, or back again, as part of an item that was read.
 *
 * <p>A mapper that saves all of an item's attributes sets its stamps to what it read, and the write would look as if it had
 * never been made. So such a clause is taken out and the stamp advanced. One that advances a stamp by hand stays.
 */
final class WrittenBack {
    /** In microseconds. A time set by hand is that of the write: one that is older was read. */
    private static final long OLDEST_BY_HAND = 60_000_000;
    /** What DynamoDB takes for a placeholder. Mappers that make one of an attribute's name go beyond it. */
    private static final Pattern PLACEHOLDER = Pattern.compile("[#:][A-Za-z0-9_]+");

    private WrittenBack() {}

    /** Where the value comes from that an update gives a stamp. */
    private enum Source {
        READ,
        HAND,
        UNCLEAR
    }

    /** How an update writes a stamp: sets it to a number, adds to it (nobody does that with what was read), or otherwise. */
    private enum Way {
        NUMBER,
        ADVANCE,
        OTHER
    }

    private record Write(Way way, long number) {
        static final Write ADVANCE = new Write(Way.ADVANCE, 0);
        static final Write OTHER = new Write(Way.OTHER, 0);

        static Write of(Long part) {
            return part == null ? OTHER : new Write(Way.NUMBER, part);
        }
    }

    private record Action(int section, int number, StampNames.Attribute attribute, String target, String operand) {}

    /**
     * The update without its written-back stamps; null where it writes none back. Its expression is null if nothing is left.
     *
     * @param seen what is remembered of the item; null if nothing is
     * @throws StampException where it cannot be told of a stamp whether it was read
     */
    static UpdateText leaveOut(StampNames names, UpdateText update, Stamps seen, long now) {
        Map<String, AttributeValue> values = update.values() == null ? Map.of() : update.values();
        Map<String, StampNames.Attribute> stamps = new LinkedHashMap<>();
        update.names().forEach((alias, name) -> {
            StampNames.Attribute attribute = names.parse(name);
            if (attribute != null) {
                stamps.put(alias, attribute);
            }
        });
        Map<String, String> odd = plainPlaceholders(stamps.keySet(), values.keySet());
        String text = update.expression();
        for (Map.Entry<String, String> plain : odd.entrySet()) {
            text = replace(text, plain.getValue(), plain.getKey());
        }
        if (UpdateExpressions.parse(text).isEmpty()) {
            return null;
        }
        List<UpdateExpressions.Section> sections = UpdateExpressions.sections(text);
        Map<StampNames.Attribute, Write> written = new LinkedHashMap<>();
        List<Action> actions = new ArrayList<>();
        for (int section = 0; section < sections.size(); section++) {
            String keyword = sections.get(section).keyword().toUpperCase(Locale.ROOT);
            List<String> texts = sections.get(section).actions();
            for (int number = 0; number < texts.size(); number++) {
                String action = texts.get(number);
                int equals = keyword.equals("SET") ? action.indexOf('=') : -1;
                String target = equals < 0 ? action.strip().split("\\s+", 2)[0] : action.substring(0, equals).strip();
                String operand = equals < 0 ? "" : action.substring(equals + 1).strip();
                StampNames.Attribute attribute = stamps.get(odd.getOrDefault(target, target));
                if (attribute != null) {
                    AttributeValue value = values.get(odd.getOrDefault(operand, operand));
                    written.put(attribute, write(keyword, operand, value));
                    actions.add(new Action(section, number, attribute, target, operand));
                }
            }
        }
        Set<StampNames.Attribute> read = readOnes(names, written, seen, now);
        List<Action> taken = actions.stream().filter(action -> read.contains(action.attribute)).toList();
        return taken.isEmpty() ? null : rest(update, values, sections, taken, odd);
    }

    /** The update without the actions that are taken out, and without the names and values that nothing else uses. */
    private static UpdateText rest(
            UpdateText update,
            Map<String, AttributeValue> values,
            List<UpdateExpressions.Section> sections,
            List<Action> taken,
            Map<String, String> odd) {
        List<String> kept = new ArrayList<>();
        for (int at = 0; at < sections.size(); at++) {
            int section = at;
            List<String> remaining = new ArrayList<>();
            List<String> texts = sections.get(at).actions();
            for (int number = 0; number < texts.size(); number++) {
                int action = number;
                if (taken.stream().noneMatch(one -> one.section == section && one.number == action)) {
                    remaining.add(texts.get(number));
                }
            }
            if (!remaining.isEmpty()) {
                kept.add(sections.get(at).keyword() + " " + String.join(", ", remaining));
            }
        }
        String rest = String.join(" ", kept);
        for (Map.Entry<String, String> plain : odd.entrySet()) {
            rest = replace(rest, plain.getKey(), plain.getValue());
        }
        String used = rest + " " + (update.condition() == null ? "" : update.condition());
        Set<String> unused = taken.stream()
                .flatMap(action -> Stream.of(action.target, action.operand))
                .map(placeholder -> odd.getOrDefault(placeholder, placeholder))
                .filter(placeholder -> !boundary(placeholder).matcher(used).find())
                .collect(Collectors.toSet());
        return new UpdateText(
                rest.isEmpty() ? null : rest,
                update.condition(),
                without(unused, update.names()),
                without(unused, values));
    }

    private static <V> Map<String, V> without(Set<String> unused, Map<String, V> map) {
        Map<String, V> rest = new LinkedHashMap<>(map);
        rest.keySet().removeAll(unused);
        return rest;
    }

    /** Legacy AttributeUpdates without written-back stamps. */
    static Map<String, AttributeValueUpdate> leaveOut(
            StampNames names, Map<String, AttributeValueUpdate> updates, Stamps seen, long now) {
        Map<StampNames.Attribute, Write> written = new LinkedHashMap<>();
        updates.forEach((name, update) -> {
            StampNames.Attribute attribute = names.parse(name);
            if (attribute != null) {
                String action = update.actionAsString() == null ? "PUT" : update.actionAsString();
                written.put(attribute, write(action.equals("PUT") ? "SET" : action, "", update.value()));
            }
        });
        Set<StampNames.Attribute> read = readOnes(names, written, seen, now);
        if (read.isEmpty()) {
            return updates;
        }
        return without(read.stream().map(names::name).collect(Collectors.toSet()), updates);
    }

    /** Those that were read. StampException where it cannot be told of one. */
    private static Set<StampNames.Attribute> readOnes(
            StampNames names, Map<StampNames.Attribute, Write> written, Stamps seen, long now) {
        Set<StampNames.Attribute> read = new HashSet<>();
        sources(written, seen == null ? Stamps.NONE : seen, now).forEach((attribute, source) -> {
            if (source == Source.UNCLEAR) {
                throw new StampException("an update writes " + names.name(attribute)
                        + ", and it cannot be told whether it stamps by hand or writes back what was read: leave stamps out"
                        + " of what you save, or add to the count with ADD and set the time");
            }
            if (source == Source.READ) {
                read.add(attribute);
            }
        });
        return read;
    }

    /** Where the stamps come from that one update writes, by the table in the conformance page. */
    private static Map<StampNames.Attribute, Source> sources(
            Map<StampNames.Attribute, Write> written, Stamps known, long now) {
        Map<StampNames.Attribute, Source> found = new HashMap<>();
        // Times first: they tell most, and a count goes with its time.
        List<StampNames.Attribute> ordered = written.keySet().stream()
                .sorted(Comparator.comparing(attribute -> attribute.kind() == StampNames.Kind.COUNT))
                .toList();
        for (StampNames.Attribute attribute : ordered) {
            found.put(attribute, source(attribute, written, known, found, now));
        }
        return found;
    }

    private static Source source(
            StampNames.Attribute attribute,
            Map<StampNames.Attribute, Write> written,
            Stamps known,
            Map<StampNames.Attribute, Source> found,
            long now) {
        Write write = written.get(attribute);
        if (write.way != Way.NUMBER) {
            return write.way == Way.ADVANCE ? Source.HAND : Source.UNCLEAR;
        }
        String region = attribute.region();
        Long part = switch (attribute.kind()) {
            case COUNT -> known.pair(region).n();
            case TIME -> known.pair(region).t();
            case RESET -> known.reset();
        };
        if (part != null && write.number <= part) {
            return Source.READ;
        }
        return switch (attribute.kind()) {
            case COUNT -> {
                Source beside = found.get(new StampNames.Attribute(StampNames.Kind.TIME, region));
                yield beside != null ? beside : part == null ? Source.UNCLEAR : Source.HAND;
            }
            case TIME -> {
                Write count = written.get(new StampNames.Attribute(StampNames.Kind.COUNT, region));
                // Both parts as numbers: an item that was read a moment ago, or a stamp made by hand.
                boolean both = part == null && count != null && count.way == Way.NUMBER;
                yield write.number < now - OLDEST_BY_HAND ? Source.READ : both ? Source.UNCLEAR : Source.HAND;
            }
            case RESET -> write.number < now - OLDEST_BY_HAND ? Source.READ : Source.HAND;
        };
    }

    private static Write write(String keyword, String operand, AttributeValue value) {
        if (keyword.equals("ADD") || (keyword.equals("SET") && operand.contains("+"))) {
            return Write.ADVANCE;
        }
        return keyword.equals("SET") ? Write.of(StampNames.part(value)) : Write.OTHER;
    }

    /**
     * Plain placeholder to original, for those that DynamoDB's grammar cannot tell from other text, as
     * {@code :lw:n:us-east-1}. The longest first, since one may begin with another.
     */
    private static Map<String, String> plainPlaceholders(Set<String> aliases, Set<String> values) {
        List<String> odd = Stream.concat(aliases.stream(), values.stream())
                .filter(alias -> alias.length() > 1 && (alias.startsWith("#") || alias.startsWith(":")))
                .filter(alias -> !PLACEHOLDER.matcher(alias).matches())
                .sorted(Comparator.comparing(String::length).reversed())
                .toList();
        Map<String, String> plain = new LinkedHashMap<>();
        for (int number = 0; number < odd.size(); number++) {
            plain.put(odd.get(number).charAt(0) + "lwplain" + number, odd.get(number));
        }
        return plain;
    }

    private static Pattern boundary(String placeholder) {
        return Pattern.compile(Pattern.quote(placeholder) + "(?![A-Za-z0-9_])");
    }

    private static String replace(String text, String placeholder, String replacement) {
        return boundary(placeholder).matcher(text).replaceAll(Matcher.quoteReplacement(replacement));
    }
}
