/** The longest Region name that a stamp may hold, in bytes. The stream processor has the same limit. */
const MAX_REGION_LENGTH = 32;

/** Words of lowercase letters, at least two, and a number, joined by hyphens. */
const REGION = /^(?:[a-z]+-){2,}[0-9]+$/;

/**
 * The label before the Region: dynamodb.REGION, dynamodb-fips.REGION, ACCOUNT.ddb.REGION (account-based endpoints) and
 * vpce-....dynamodb.REGION.vpce (interface endpoints), under whichever suffix the partition has. The forms are those of
 * the service's endpoint rule set and of "AWS PrivateLink for DynamoDB".
 */
const ENDPOINT =
  /^[a-z]+:\/\/(?:[a-z0-9-]+\.)*(?:dynamodb|dynamodb-fips|ddb)\.([a-z]{2,4}(?:-[a-z]+)+-\d+)\.[a-z0-9.-]+/i;

/**
 * Whether a name is shaped like a Region's, as in `us-east-1` or `us-gov-west-1`.
 *
 * The stream processor has the same rule: it takes what is named otherwise for no stamp at all.
 */
export function isRegionName(name: unknown): name is string {
  return typeof name === "string" && name.length <= MAX_REGION_LENGTH && REGION.test(name);
}

/**
 * The Region in an AWS endpoint's host name; for any other host the Region that requests are signed for. It is the Region
 * written to, not the one that the caller runs in: a stamp that names another is worth nothing. Undefined if neither tells.
 */
export function endpointRegion(endpoint: string | undefined, signingRegion: string | undefined): string | undefined {
  const match = ENDPOINT.exec(endpoint ?? "");
  return match?.[1]?.toLowerCase() ?? (signingRegion || undefined);
}

/**
 * What tells the DynamoDB of a Region from others: the Region, whichever of its AWS endpoints a call goes to (the SDK takes
 * that of an account where it knows one), or the URL of any other.
 */
export function placeOf(endpoint: string): string {
  return endpointRegion(endpoint, undefined) ?? endpoint;
}

/** What is to be told of a Region that the stream processor would take for none. */
export function oddRegion(region: unknown): string {
  return (
    `${JSON.stringify(region)} is no Region to stamp with: words of lowercase letters and a number, joined by hyphens, ` +
    'as in "us-east-1". Set region in lastwriter() to the replica\'s Region'
  );
}
