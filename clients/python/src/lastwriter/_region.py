"""The Region that a client talks to.

It is the Region of the endpoint, not the one that the caller runs in: a stamp that names another Region than the one
written to is worth nothing.
"""

from __future__ import annotations

import re
from typing import Any

#: The longest Region name that a stamp may hold, in bytes. The stream processor has the same limit.
MAX_REGION_LENGTH = 32

#: Words of lowercase letters, at least two, and a number, joined by hyphens.
_REGION = re.compile(r"(?:[a-z]+-){2,}[0-9]+\Z")

#: The label before the Region: dynamodb.REGION, dynamodb-fips.REGION, ACCOUNT.ddb.REGION (account-based endpoints) and
#: vpce-....dynamodb.REGION.vpce (interface endpoints), under whichever suffix the partition has. The forms are those of
#: the service's endpoint rule set and of "AWS PrivateLink for DynamoDB".
_ENDPOINT = re.compile(
    r"\A[a-z]+://(?:[a-z0-9-]+\.)*(?:dynamodb|dynamodb-fips|ddb)\.([a-z]{2,4}(?:-[a-z]+)+-\d+)\.[a-z0-9.-]+", re.IGNORECASE
)


def is_region_name(name: Any) -> bool:
    """Whether a name is shaped like a Region's, as in `us-east-1` or `us-gov-west-1`.

    The stream processor has the same rule: it takes what is named otherwise for no stamp at all.
    """
    return isinstance(name, str) and len(name) <= MAX_REGION_LENGTH and _REGION.match(name) is not None


def endpoint_region(endpoint: str | None, signing_region: str | None) -> str | None:
    """The Region in an AWS endpoint's host name; for any other host the Region that requests are signed for.

    None if neither tells.
    """
    match = _ENDPOINT.match(endpoint or "")
    if match:
        return match.group(1).lower()
    return signing_region or None


def check_region(region: Any) -> str:
    """The Region as given, or ValueError if the stream processor would not take a stamp that names it."""
    if not is_region_name(region):
        raise ValueError(
            f"{region!r} is no Region to stamp with: words of lowercase letters and a number, joined by hyphens, "
            "as in 'us-east-1'. Set region= to the replica's Region"
        )
    return region
