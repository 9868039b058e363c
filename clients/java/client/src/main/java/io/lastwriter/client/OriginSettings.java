package io.lastwriter.client;

/**
 * What {@link Origin} is to know of a stream.
 *
 * @param region the Region of the stream, where its records do not say it as AWS does; null to take theirs
 * @param prefix the stream processor's STAMP_PREFIX
 * @param originAttribute an attribute in which the table's writers name their Region, such as
 *     {@code aws:rep:updateregion} of the first version of global tables; asked where the stamps do not tell. Null for none
 */
public record OriginSettings(String region, String prefix, String originAttribute) {
    /** What holds for a table of which nothing else is known. */
    public static OriginSettings defaults() {
        return new OriginSettings(null, "lw", null);
    }

    /** The same with a Region of the stream. */
    public OriginSettings withRegion(String region) {
        return new OriginSettings(region, prefix, originAttribute);
    }

    /** The same with another prefix. */
    public OriginSettings withPrefix(String prefix) {
        return new OriginSettings(region, prefix, originAttribute);
    }

    /** The same with an attribute in which writers name their Region. */
    public OriginSettings withOriginAttribute(String originAttribute) {
        return new OriginSettings(region, prefix, originAttribute);
    }

    /** The stream's Region by these settings, by its records, or by the ARN of the stream; null if none tells. */
    String regionOr(String awsRegion, String streamArn) {
        if (region != null) {
            return region;
        }
        if (awsRegion != null && !awsRegion.isEmpty()) {
            return awsRegion;
        }
        String[] parts = streamArn == null ? new String[0] : streamArn.split(":");
        return parts.length > 3 ? parts[3] : null;
    }
}
