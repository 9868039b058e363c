package io.lastwriter.client;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/**
 * The requests that mark an item as deleted, and that bring it back. A DeleteItem leaves nothing behind that could carry a
 * stamp, so a conflict with it cannot be told. A mark can.
 */
final class SoftDelete {
    private SoftDelete() {}

    static UpdateItemRequest mark(
            LastwriterInterceptor.Builder settings, UpdateItemRequest request, String ttlAttribute, Duration expiresIn) {
        String suffix = check(settings, request);
        long expires = settings.clock.now() / 1_000_000 + expiresIn.toSeconds();
        Map<String, AttributeValue> values = new HashMap<>(request.expressionAttributeValues());
        values.put(":lwd" + suffix, AttributeValue.builder().bool(true).build());
        values.put(":lwx" + suffix, Stamper.number(expires));
        String action = "#lwd" + suffix + " = :lwd" + suffix + ", #lwx" + suffix + " = :lwx" + suffix;
        return request.toBuilder()
                .updateExpression(extend(request, "SET", action))
                .expressionAttributeNames(names(settings, request, suffix, ttlAttribute))
                .expressionAttributeValues(values)
                .build();
    }

    static UpdateItemRequest revive(
            LastwriterInterceptor.Builder settings, UpdateItemRequest request, String ttlAttribute) {
        String suffix = check(settings, request);
        String own = request.conditionExpression();
        String marked = "attribute_exists(#lwd" + suffix + ")";
        return request.toBuilder()
                .updateExpression(extend(request, "REMOVE", "#lwd" + suffix + ", #lwx" + suffix))
                .conditionExpression(own == null ? marked : marked + " AND (" + own + ")")
                .expressionAttributeNames(names(settings, request, suffix, ttlAttribute))
                .build();
    }

    /** The suffix that keeps our placeholders apart from the caller's. */
    private static String check(LastwriterInterceptor.Builder settings, UpdateItemRequest request) {
        if (!settings.covers(request.tableName())) {
            throw new IllegalArgumentException("this table is not among those that the interceptor was told to stamp");
        }
        if (request.hasAttributeUpdates() || request.hasExpected() || request.conditionalOperator() != null) {
            throw new IllegalArgumentException("legacy parameters are not supported here: use expressions");
        }
        List<String> texts = List.of(
                Optional.ofNullable(request.updateExpression()).orElse(""),
                Optional.ofNullable(request.conditionExpression()).orElse(""));
        return UpdateExpressions.suffix(
                List.of("lwd", "lwx"), texts, request.expressionAttributeNames(), request.expressionAttributeValues());
    }

    private static Map<String, String> names(
            LastwriterInterceptor.Builder settings, UpdateItemRequest request, String suffix, String ttlAttribute) {
        Map<String, String> names = new HashMap<>(request.expressionAttributeNames());
        names.put("#lwd" + suffix, settings.prefix + ":deleted");
        names.put("#lwx" + suffix, ttlAttribute);
        return names;
    }

    private static String extend(UpdateItemRequest request, String keyword, String actions) {
        // An expression that cannot be extended is one that DynamoDB rejects: it must not pass for a delete.
        return UpdateExpressions.extend(request.updateExpression(), Map.of(keyword, actions))
                .orElseThrow(() -> new IllegalArgumentException("updateExpression is not a valid update expression"));
    }
}
