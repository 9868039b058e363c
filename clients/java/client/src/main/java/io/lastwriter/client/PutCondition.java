package io.lastwriter.client;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import software.amazon.awssdk.services.dynamodb.model.ComparisonOperator;
import software.amazon.awssdk.services.dynamodb.model.ConditionalOperator;
import software.amazon.awssdk.services.dynamodb.model.ExpectedAttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;

/**
 * Whether a put's condition says that the item must not exist.
 *
 * <p>Only then does a put without stamps create an item, and not replace one whose history it never read. The answer is
 * conservative: true only if the condition as a whole cannot hold for an item that exists.
 */
final class PutCondition {
    private static final Set<String> COMPARATORS = Set.of("=", "<>", "<", "<=", ">", ">=");
    private static final Set<String> PUNCTUATION =
            Set.of("=", "<>", "<", "<=", ">", ">=", ",", "(", ")", "[", "]", ".", "+", "-");

    private final List<UpdateExpressions.Token> tokens;
    private final Predicate<String> isKey;
    private int at;

    private PutCondition(String expression, Predicate<String> isKey) {
        this.tokens = UpdateExpressions.tokens(expression);
        this.isKey = isKey;
    }

    /**
     * Whether there can be no item where the condition holds.
     *
     * @param names the request's ExpressionAttributeNames
     * @param isKey whether an attribute is one of the table's key attributes
     */
    static boolean mustNotExist(String expression, Map<String, String> names, Predicate<String> isKey) {
        PutCondition parser = new PutCondition(expression, name -> isKey.test(names.getOrDefault(name, name)));
        try {
            Meaning meaning = parser.or();
            return meaning.ifTrue && parser.at == parser.tokens.size();
        } catch (Malformed | StackOverflowError error) {
            return false; // DynamoDB will say what is wrong with it.
        }
    }

    /** Whether a PutItem can only succeed where there is no item. */
    static boolean mustNotExist(PutItemRequest put, Predicate<String> isKey) {
        if (put.conditionExpression() != null) {
            return mustNotExist(put.conditionExpression(), put.expressionAttributeNames(), isKey);
        }
        if (put.expected().isEmpty()) {
            return false;
        }
        Predicate<Map.Entry<String, ExpectedAttributeValue>> absent = entry -> isKey.test(entry.getKey())
                && (Boolean.FALSE.equals(entry.getValue().exists())
                        || entry.getValue().comparisonOperator() == ComparisonOperator.NULL);
        return put.conditionalOperator() == ConditionalOperator.OR
                ? put.expected().entrySet().stream().allMatch(absent)
                : put.expected().entrySet().stream().anyMatch(absent);
    }

    /** Whether a Put of a transaction can only succeed where there is no item. */
    static boolean mustNotExist(Put put, Predicate<String> isKey) {
        return put.conditionExpression() != null
                && mustNotExist(put.conditionExpression(), put.expressionAttributeNames(), isKey);
    }

    /** Whether "there is no item" follows if a condition holds, and if it does not. */
    private record Meaning(boolean ifTrue, boolean ifFalse) {}

    private static final class Malformed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Malformed() {
            super(null, null, false, false);
        }
    }

    private String peek(int ahead) {
        return at + ahead < tokens.size() ? tokens.get(at + ahead).text() : "";
    }

    private boolean peekIs(String keyword) {
        return peek(0).toUpperCase(Locale.ROOT).equals(keyword);
    }

    private String next() {
        String text = peek(0);
        if (text.isEmpty()) {
            throw new Malformed();
        }
        at++;
        return text;
    }

    private void expect(String text) {
        if (!next().toUpperCase(Locale.ROOT).equals(text)) {
            throw new Malformed();
        }
    }

    private Meaning or() {
        Meaning left = and();
        while (peekIs("OR")) {
            next();
            Meaning right = and();
            left = new Meaning(left.ifTrue && right.ifTrue, left.ifFalse || right.ifFalse);
        }
        return left;
    }

    private Meaning and() {
        Meaning left = not();
        while (peekIs("AND")) {
            next();
            Meaning right = not();
            left = new Meaning(left.ifTrue || right.ifTrue, left.ifFalse && right.ifFalse);
        }
        return left;
    }

    private Meaning not() {
        if (!peekIs("NOT")) {
            return primary();
        }
        next();
        Meaning inner = not();
        return new Meaning(inner.ifFalse, inner.ifTrue);
    }

    private Meaning primary() {
        if (peek(0).equals("(")) {
            next();
            Meaning inner = or();
            expect(")");
            return inner;
        }
        String function = peek(1).equals("(") ? peek(0) : "";
        String name = operand();
        if (COMPARATORS.contains(peek(0))) {
            next();
            operand();
        } else if (peekIs("BETWEEN")) {
            next();
            operand();
            expect("AND");
            operand();
        } else if (peekIs("IN")) {
            next();
            expect("(");
            arguments();
        } else if (function.equals("attribute_not_exists")) {
            return new Meaning(name != null && isKey.test(name), false);
        } else if (function.equals("attribute_exists")) {
            return new Meaning(false, name != null && isKey.test(name));
        }
        return new Meaning(false, false);
    }

    /** A path, a placeholder or a function call. The name, if it is a bare one or has that as its one argument. */
    private String operand() {
        String text = next();
        if (PUNCTUATION.contains(text)) {
            throw new Malformed();
        }
        if (peek(0).equals("(")) {
            next();
            return arguments();
        }
        boolean bare = true;
        while (peek(0).equals(".") || peek(0).equals("[")) {
            bare = false;
            String opening = next();
            next();
            if (opening.equals("[")) {
                expect("]");
            }
        }
        return bare ? text : null;
    }

    private String arguments() {
        String name = operand();
        int count = 1;
        for (; peek(0).equals(","); count++) {
            next();
            operand();
        }
        expect(")");
        return count == 1 ? name : null;
    }
}
