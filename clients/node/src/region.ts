/** A Region's name becomes part of an attribute name, so it must not hold the colon that separates the parts. */
const REGION = /^[A-Za-z0-9-]+$/;

/**
 * The label before the Region: dynamodb.REGION, dynamodb-fips.REGION, ACCOUNT.ddb.REGION (account-based endpoints) and
 * vpce-....dynamodb.REGION.vpce (interface endpoints), under whichever suffix the partition has. The forms are those of
 * the service's endpoint rule set and of "AWS PrivateLink for DynamoDB".
 */
const ENDPOINT =
  /^[a-z]+:\/\/(?:[a-z0-9-]+\.)*(?:dynamodb|dynamodb-fips|ddb)\.([a-z]{2,4}(?:-[a-z]+)+-\d+)\.[a-z0-9.-]+/i;

/**
 * The Region in an AWS endpoint's host name; for any other host the Region that requests are signed for. It is the Region
 * written to, not the one that the caller runs in. Undefined if neither tells.
 */
export function endpointRegion(endpoint: string | undefined, signingRegion: string | undefined): string | undefined {
  const match = ENDPOINT.exec(endpoint ?? "");
  return match?.[1]?.toLowerCase() ?? (signingRegion || undefined);
}

/** Throws a RangeError if the name cannot be part of a stamp's name. */
export function checkRegion(region: string): string {
  if (typeof region !== "string" || !REGION.test(region)) {
    throw new RangeError(`${JSON.stringify(region)} is no Region name: use one like "us-east-1"`);
  }
  return region;
}
