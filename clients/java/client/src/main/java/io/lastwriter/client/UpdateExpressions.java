package io.lastwriter.client;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Just enough of DynamoDB's update expression grammar to add clauses to one.
 *
 * <p>An update expression is up to four sections, each begun by its keyword (SET, REMOVE, ADD, DELETE), in any order and
 * case. Values never stand in the text (they are placeholders), so no quoting has to be understood. The grammar is in the
 * DynamoDB Developer Guide, "Update expressions".
 */
final class UpdateExpressions {
    /** DynamoDB rejects a longer expression string ("Service, account, and table quotas"). */
    static final int MAX_BYTES = 4096;

    private static final Pattern TOKEN = Pattern.compile("[^\\s,=<>().\\[\\]+\\-]+|<>|<=|>=|[,=<>().\\[\\]+\\-]");
    private static final Set<String> KEYWORDS = Set.of("SET", "REMOVE", "ADD", "DELETE");
    /** After one of these an operand must follow, so a word there is a name and not a section keyword. */
    private static final Set<String> EXPECTS_OPERAND = Set.of(",", "=", "+", "-", ".", "(", "[");

    private UpdateExpressions() {}

    /** One token and where it stands in the expression. */
    record Token(String text, int start, int end) {}

    /** A section of an update expression: its keyword as written, and the text of each of its actions. */
    record Section(String keyword, List<String> actions) {}

    /**
     * What has to be known of an update expression to extend it.
     *
     * @param sections section keyword in upper case, to the offset just behind its last token
     * @param targets the first token of each path that is written: a name or a {@code #placeholder}
     * @param end the offset just behind the last token
     */
    record Parsed(Map<String, Integer> sections, List<String> targets, int end) {}

    /** Split an update or condition expression into tokens. White space is dropped. */
    static List<Token> tokens(String expression) {
        List<Token> found = new ArrayList<>();
        Matcher matcher = TOKEN.matcher(expression);
        while (matcher.find()) {
            found.add(new Token(matcher.group(), matcher.start(), matcher.end()));
        }
        return found;
    }

    /**
     * Find the sections of an update expression. Empty if it is one that DynamoDB rejects anyway (empty, an empty or doubled
     * section, a dangling comma): it must not become valid by what is added to it.
     */
    static Optional<Parsed> parse(String expression) {
        Map<String, Integer> sections = new LinkedHashMap<>();
        List<String> targets = new ArrayList<>();
        String section = null;
        String previous = "";
        boolean atStartOfAction = false;
        int depth = 0;
        int end = 0;
        for (Token token : tokens(expression)) {
            String text = token.text();
            end = token.end();
            String keyword = text.toUpperCase(Locale.ROOT);
            if (KEYWORDS.contains(keyword) && depth == 0 && !EXPECTS_OPERAND.contains(previous)) {
                if (sections.containsKey(keyword) || atStartOfAction) {
                    return Optional.empty();
                }
                section = keyword;
                atStartOfAction = true;
            } else if (section == null) {
                return Optional.empty();
            } else if (atStartOfAction) {
                if (EXPECTS_OPERAND.contains(text) || text.equals(")") || text.equals("]")) {
                    return Optional.empty();
                }
                targets.add(text);
                atStartOfAction = false;
            } else if (depth == 0 && text.equals(",")) {
                atStartOfAction = true;
            } else if (text.equals("(") || text.equals("[")) {
                depth++;
            } else if (text.equals(")") || text.equals("]")) {
                depth--;
            }
            sections.put(section, end);
            previous = text;
        }
        if (section == null || atStartOfAction || depth != 0 || EXPECTS_OPERAND.contains(previous)) {
            return Optional.empty();
        }
        return Optional.of(new Parsed(sections, targets, end));
    }

    /** The sections of an expression that {@link #parse} takes, to leave some of its actions out. */
    static List<Section> sections(String expression) {
        List<Section> found = new ArrayList<>();
        int depth = 0;
        int start = -1;
        int end = 0;
        String previous = "";
        for (Token token : tokens(expression)) {
            String text = token.text();
            boolean keyword = depth == 0
                    && KEYWORDS.contains(text.toUpperCase(Locale.ROOT))
                    && !EXPECTS_OPERAND.contains(previous);
            if (start >= 0 && (keyword || (depth == 0 && text.equals(",")))) {
                found.get(found.size() - 1).actions().add(expression.substring(start, end));
                start = -1;
            }
            if (keyword) {
                found.add(new Section(text, new ArrayList<>()));
            } else if (start < 0 && !text.equals(",")) {
                start = token.start();
            }
            if (text.equals("(") || text.equals("[")) {
                depth++;
            } else if (text.equals(")") || text.equals("]")) {
                depth--;
            }
            previous = text;
            end = token.end();
        }
        if (start >= 0) {
            found.get(found.size() - 1).actions().add(expression.substring(start, end));
        }
        return found;
    }

    /**
     * Add actions to an update expression, each to its section, or as a new section at the end.
     *
     * @param expression the expression, or null for none: then the additions are the expression
     * @param additions section keyword to actions, in the order in which new sections are to stand
     * @return the longer expression; empty if {@link #parse} gives nothing
     */
    static Optional<String> extend(String expression, Map<String, String> additions) {
        StringBuilder tail = new StringBuilder();
        if (expression == null) {
            additions.forEach((keyword, actions) -> tail.append(' ').append(keyword).append(' ').append(actions));
            return Optional.of(tail.substring(1));
        }
        Optional<Parsed> parsed = parse(expression);
        if (parsed.isEmpty()) {
            return Optional.empty();
        }
        TreeMap<Integer, String> pieces = new TreeMap<>();
        additions.forEach((keyword, actions) -> {
            Integer at = parsed.get().sections().get(keyword);
            if (at == null) {
                tail.append(' ').append(keyword).append(' ').append(actions);
            } else {
                pieces.put(at, ", " + actions);
            }
        });
        // Back to front, so that the offsets stay right; a section that ends the expression goes before what is new.
        StringBuilder result = new StringBuilder(expression).insert(parsed.get().end(), tail);
        pieces.descendingMap().forEach((at, text) -> {
            // A keyword may follow a bracket at once, but not a placeholder.
            boolean apart = at == result.length() || Character.isWhitespace(result.charAt(at));
            result.insert(at, apart ? text : text + " ");
        });
        return Optional.of(result.toString());
    }

    /**
     * The first of "", "1", "2", ... that keeps {@code #stem} and {@code :stem} apart from everything the caller uses. A
     * placeholder that the caller uses but forgot to define counts as used: defining it would hide the mistake.
     */
    static String suffix(
            List<String> stems, Collection<String> texts, Set<String> names, Set<String> values) {
        for (int number = 0; ; number++) {
            String suffix = number == 0 ? "" : Integer.toString(number);
            boolean taken = stems.stream().anyMatch(stem -> {
                String name = "#" + stem + suffix;
                String value = ":" + stem + suffix;
                return names.contains(name)
                        || values.contains(value)
                        || texts.stream().anyMatch(text -> text.contains(name) || text.contains(value));
            });
            if (!taken) {
                return suffix;
            }
        }
    }
}
