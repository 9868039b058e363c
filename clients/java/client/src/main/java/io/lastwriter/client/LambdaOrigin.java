package io.lastwriter.client;

import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.StreamRecord;

/** {@link Origin} for the records of a Lambda event. It needs aws-lambda-java-events, which a function that gets them has. */
public final class LambdaOrigin {
    private LambdaOrigin() {}

    /** The origin of a record of a Lambda event. */
    public static Origin of(DynamodbStreamRecord record) {
        return of(record, OriginSettings.defaults());
    }

    /** As {@link #of(DynamodbStreamRecord)}, with settings. */
    public static Origin of(DynamodbStreamRecord record, OriginSettings settings) {
        StreamRecord change = record == null ? null : record.getDynamodb();
        if (change == null) {
            return Origin.UNKNOWN;
        }
        OriginRule<AttributeValue> rule =
                new OriginRule<>(settings, AttributeValue::getN, AttributeValue::getS, AttributeValue::getBOOL);
        boolean byService = record.getUserIdentity() != null
                && OriginRule.isTimeToLive(
                        record.getUserIdentity().getType(),
                        record.getUserIdentity().getPrincipalId());
        return rule.origin(
                settings.regionOr(record.getAwsRegion(), record.getEventSourceARN()),
                record.getEventName(),
                change.getOldImage(),
                change.getNewImage(),
                byService);
    }
}
