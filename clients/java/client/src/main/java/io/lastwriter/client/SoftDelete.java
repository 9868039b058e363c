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
    /** Longer than a stream's 24 hours, and than most outages that delay replication. */
    static final Duration DEFAULT_EXPIRES_IN = Duration.ofDays(7);

    private SoftDelete() {}

    static UpdateItemRequest mark(
            Settings settings, UpdateItemRequest request, String ttlAttribute, Duration expiresIn) {
        String suffix = check(settings, request);
        long expires = settings.clock().now() / 1_000_000 + expiresIn.toSeconds();
        Map<String, AttributeValue> values = new HashMap<>(request.expressionAttributeValues());
        values.put(":lwd" + suffix, AttributeValue.builder().bool(true).build());
        values.put(":lwx" + suffix, StampNames.number(expires));
        String action = "#lwd" + suffix + " = :lwd" + suffix + ", #lwx" + suffix + " = :lwx" + suffix;
        return request.toBuilder()
                .updateExpression(extend(request, "SET", action))
                .expressionAttributeNames(names(settings, request, suffix, ttlAttribute))
                .expressionAttributeValues(values)
                .build();
    }

    static UpdateItemRequest revive(
            Settings settings, UpdateItemRequest request, String ttlAttribute, boolean onlyDeleted) {
        String suffix = check(settings, request);
        String own = request.conditionExpression();
        String marked = "attribute_exists(#lwd" + suffix + ")";
        String both = own == null ? marked : marked + " AND (" + own + ")";
        return request.toBuilder()
                .updateExpression(extend(request, "REMOVE", "#lwd" + suffix + ", #lwx" + suffix))
                .conditionExpression(onlyDeleted ? both : own)
                .expressionAttributeNames(names(settings, request, suffix, ttlAttribute))
                .build();
    }

    /** The suffix that keeps our placeholders apart from the caller's. */
    private static String check(Settings settings, UpdateItemRequest request) {
        if (!settings.tables().covers(request.tableName())) {
            throw new IllegalArgumentException("this table is not among those that the interceptor was told to stamp");
        }
        if (request.hasAttributeUpdates() || request.hasExpected() || request.conditionalOperatorAsString() != null) {
            throw new IllegalArgumentException("legacy parameters are not supported here: use expressions");
        }
        List<String> texts = List.of(
                Optional.ofNullable(request.updateExpression()).orElse(""),
                Optional.ofNullable(request.conditionExpression()).orElse(""));
        return UpdateExpressions.suffix(
                List.of("lwd", "lwx"),
                texts,
                request.expressionAttributeNames().keySet(),
                request.expressionAttributeValues().keySet());
    }

    private static Map<String, String> names(
            Settings settings, UpdateItemRequest request, String suffix, String ttlAttribute) {
        Map<String, String> names = new HashMap<>(request.expressionAttributeNames());
        names.put("#lwd" + suffix, settings.names().deleted);
        names.put("#lwx" + suffix, ttlAttribute);
        return names;
    }

    private static String extend(UpdateItemRequest request, String keyword, String actions) {
        // An expression that cannot be extended is one that DynamoDB rejects: it must not pass for a delete.
        return UpdateExpressions.extend(request.updateExpression(), Map.of(keyword, actions))
                .orElseThrow(() -> new IllegalArgumentException("updateExpression is not a valid update expression"));
    }
}
