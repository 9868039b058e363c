package io.lastwriter.client;

import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Record;

/**
 * In which Region the write was made that a stream record tells of.
 *
 * <p>Every replica's stream has all writes, local and replicated ones alike, and AWS marks neither: {@code awsRegion} is the
 * Region whose stream was read. To act on an event once, act where its write was made.
 *
 * <p>Stamps tell it: the Region whose stamp advanced between the images. So the stream's view type must be
 * NEW_AND_OLD_IMAGES, and the writer must have stamped. Of a removed item the old image's mark tells it ({@code lw:deleted}:
 * where it was marked), or else the identity of DynamoDB's TTL service, which only the Region gets in which TTL removed the
 * item. A plain DeleteItem leaves no trace of its Region: unknown.
 *
 * @param region where the write was made; empty if that is unknown
 */
public record Origin(Kind kind, Optional<String> region) {
    /** What is known of the Region. */
    public enum Kind {
        /** The Region of the stream. */
        LOCAL,
        /** Another Region: the write was replicated from there. */
        REPLICATED,
        /** Nothing is: of an unstamped write, of a plain delete, or where the stream has not both images. */
        UNKNOWN
    }

    static final Origin UNKNOWN = new Origin(Kind.UNKNOWN, Optional.empty());

    static Origin from(String region, String here) {
        return new Origin(region.equals(here) ? Kind.LOCAL : Kind.REPLICATED, Optional.of(region));
    }

    /** Whether the write was made in the Region of the stream. */
    public boolean isLocal() {
        return kind == Kind.LOCAL;
    }

    /** The origin of a record of the SDK's streams client. For those of a Lambda event see {@link LambdaOrigin}. */
    public static Origin of(Record record) {
        return of(record, OriginSettings.defaults());
    }

    /** As {@link #of(Record)}, with settings. */
    public static Origin of(Record record, OriginSettings settings) {
        if (record == null || record.dynamodb() == null) {
            return UNKNOWN;
        }
        OriginRule<AttributeValue> rule =
                new OriginRule<>(settings, AttributeValue::n, AttributeValue::s, AttributeValue::bool);
        boolean byService = record.userIdentity() != null
                && OriginRule.isTimeToLive(record.userIdentity().type(), record.userIdentity().principalId());
        return rule.origin(
                settings.regionOr(record.awsRegion(), null),
                record.eventNameAsString(),
                record.dynamodb().hasOldImage() ? record.dynamodb().oldImage() : null,
                record.dynamodb().hasNewImage() ? record.dynamodb().newImage() : null,
                byService);
    }
}
