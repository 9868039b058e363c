"""The Region that a client talks to.

It is the Region of the endpoint, not the one that the caller runs in: a stamp that names another Region than the one
written to is worth nothing.
"""

from __future__ import annotations

import re

#: A Region's name becomes part of an attribute name, so it must not hold the colon that separates the parts.
_REGION = re.compile(r"[A-Za-z0-9-]+\Z")

#: The label before the Region: dynamodb.REGION, dynamodb-fips.REGION, ACCOUNT.ddb.REGION (account-based endpoints) and
#: vpce-....dynamodb.REGION.vpce (interface endpoints), under whichever suffix the partition has. The forms are those of
#: the service's endpoint rule set and of "AWS PrivateLink for DynamoDB".
_ENDPOINT = re.compile(
    r"\A[a-z]+://(?:[a-z0-9-]+\.)*(?:dynamodb|dynamodb-fips|ddb)\.([a-z]{2,4}(?:-[a-z]+)+-\d+)\.[a-z0-9.-]+", re.IGNORECASE
)


def endpoint_region(endpoint: str | None, signing_region: str | None) -> str | None:
    """The Region in an AWS endpoint's host name; for any other host the Region that requests are signed for.

    None if neither tells.
    """
    match = _ENDPOINT.match(endpoint or "")
    if match:
        return match.group(1).lower()
    return signing_region or None


def check_region(region: str) -> str:
    """The Region as given, or ValueError if it cannot be part of a stamp's name."""
    if not isinstance(region, str) or not _REGION.match(region):
        raise ValueError(f"{region!r} is no Region name: use one like 'us-east-1'")
    return region
