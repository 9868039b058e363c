package io.lastwriter.client;

import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Update;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/**
 * What is the same in an UpdateItem and in an Update of a transaction. What the request does not have is null.
 *
 * @param names ExpressionAttributeNames
 * @param values ExpressionAttributeValues
 */
record UpdateText(String expression, String condition, Map<String, String> names, Map<String, AttributeValue> values) {
    static UpdateText of(UpdateItemRequest request) {
        return new UpdateText(
                request.updateExpression(),
                request.conditionExpression(),
                request.hasExpressionAttributeNames() ? request.expressionAttributeNames() : null,
                request.hasExpressionAttributeValues() ? request.expressionAttributeValues() : null);
    }

    static UpdateText of(Update update) {
        return new UpdateText(
                update.updateExpression(),
                update.conditionExpression(),
                update.hasExpressionAttributeNames() ? update.expressionAttributeNames() : null,
                update.hasExpressionAttributeValues() ? update.expressionAttributeValues() : null);
    }

    /** DynamoDB rejects an empty map, and must go on to do so. */
    boolean hasEmptyMap() {
        return (names != null && names.isEmpty()) || (values != null && values.isEmpty());
    }

    UpdateItemRequest in(UpdateItemRequest request) {
        return request.toBuilder()
                .updateExpression(expression)
                .expressionAttributeNames(names)
                .expressionAttributeValues(values)
                .build();
    }

    Update in(Update update) {
        return update.toBuilder()
                .updateExpression(expression)
                .expressionAttributeNames(names)
                .expressionAttributeValues(values)
                .build();
    }
}
