package io.lastwriter.client;

/**
 * Whether the SDK makes JSON of requests, so that a stamp can be put into what it makes. It is known when one has gone by: an SDK
 * to come may speak another protocol, and no write is to go without its stamp to find that out.
 */
final class BodyFormat {
    private enum Format {
        UNKNOWN,
        JSON,
        OTHER
    }

    private volatile Format format = Format.UNKNOWN;

    boolean isJson() {
        return format == Format.JSON;
    }

    /** A body of this type has gone by. */
    void see(String contentType) {
        if (format == Format.UNKNOWN) {
            format = contentType != null && contentType.startsWith("application/x-amz-json-") ? Format.JSON : Format.OTHER;
        }
    }

    /** A body was not as expected. From now on stamps go into requests. */
    void isNotJson() {
        format = Format.OTHER;
    }
}
