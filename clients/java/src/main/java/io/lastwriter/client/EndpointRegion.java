package io.lastwriter.client;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The Region that a client talks to: that of the endpoint, not the one that the caller runs in. */
final class EndpointRegion {
    /** A Region's name becomes part of an attribute name, so it must not hold the colon that separates the parts. */
    private static final Pattern REGION = Pattern.compile("[A-Za-z0-9-]+");
    /**
     * The label before the Region: dynamodb.REGION, dynamodb-fips.REGION, ACCOUNT.ddb.REGION (account-based endpoints) and
     * vpce-....dynamodb.REGION.vpce (interface endpoints). From the service's endpoint rule set.
     */
    private static final Pattern ENDPOINT = Pattern.compile(
            "^[a-z]+://(?:[a-z0-9-]+\\.)*(?:dynamodb|dynamodb-fips|ddb)\\.([a-z]{2,4}(?:-[a-z]+)+-\\d+)\\.[a-z0-9.-]+",
            Pattern.CASE_INSENSITIVE);

    private EndpointRegion() {}

    /** The Region in an AWS endpoint's host name; for any other host the signing Region. Null if neither tells. */
    static String of(String endpoint, String signingRegion) {
        Matcher matcher = ENDPOINT.matcher(endpoint == null ? "" : endpoint);
        return matcher.find() ? matcher.group(1).toLowerCase(java.util.Locale.ROOT) : signingRegion;
    }

    /** The Region as given, or IllegalArgumentException if it cannot be part of a stamp's name. */
    static String check(String region) {
        if (region == null || !REGION.matcher(region).matches()) {
            throw new IllegalArgumentException("\"" + region + "\" is no Region name: use one like \"us-east-1\"");
        }
        return region;
    }
}
