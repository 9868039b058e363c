package io.lastwriter.client;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The Region that a client talks to: that of the endpoint, not the one that the caller runs in. A stamp that names another
 * Region than the one written to is worth nothing.
 */
final class EndpointRegion {
    /** The longest Region name that a stamp may hold. The stream processor has the same limit. */
    private static final int MAX_LENGTH = 32;
    /** Words of lowercase letters, at least two, and a number, joined by hyphens. */
    private static final Pattern REGION = Pattern.compile("(?:[a-z]+-){2,}[0-9]+");
    /**
     * The label before the Region: dynamodb.REGION, dynamodb-fips.REGION, ACCOUNT.ddb.REGION (account-based endpoints) and
     * vpce-....dynamodb.REGION.vpce (interface endpoints), under whichever suffix the partition has. The forms are those of
     * the service's endpoint rule set and of "AWS PrivateLink for DynamoDB".
     */
    private static final Pattern ENDPOINT = Pattern.compile(
            "^[a-z]+://(?:[a-z0-9-]+\\.)*(?:dynamodb|dynamodb-fips|ddb)\\.([a-z]{2,4}(?:-[a-z]+)+-\\d+)\\.[a-z0-9.-]+",
            Pattern.CASE_INSENSITIVE);

    private EndpointRegion() {}

    /** The Region in an AWS endpoint's host name; for any other host the signing Region. Null if neither tells. */
    static String of(String endpoint, String signingRegion) {
        Matcher matcher = ENDPOINT.matcher(endpoint == null ? "" : endpoint);
        return matcher.find() ? matcher.group(1).toLowerCase(Locale.ROOT) : signingRegion;
    }

    /**
     * Whether a name is shaped like a Region's, as in {@code us-east-1}. The stream processor has the same rule: it takes
     * what is named otherwise for no stamp at all.
     */
    static boolean isName(String name) {
        return name != null && name.length() <= MAX_LENGTH && REGION.matcher(name).matches();
    }

    /** Why a Region that is no name of one is refused. */
    static String refusal(String region) {
        return (region == null ? "null" : "\"" + region + "\"")
                + " is no Region to stamp with: words of lowercase letters and a number, joined by hyphens, as in"
                + " \"us-east-1\". Set region(...) of the interceptor's builder to the replica's Region";
    }
}
