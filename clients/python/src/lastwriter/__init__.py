"""Stamps writes to a DynamoDB global table, so that those lost to last writer wins can be found.

    import boto3, lastwriter

    table = lastwriter.instrument(boto3.resource("dynamodb")).Table("orders")
"""

from ._errors import EncryptedItemError, LastwriterError, NotInstrumented, StampError
from ._history import remembered, stamps, without_stamps
from ._instrument import instrument
from ._origin import Origin, origin
from ._soft_delete import revive, soft_delete

__all__ = [
    "EncryptedItemError",
    "LastwriterError",
    "NotInstrumented",
    "Origin",
    "StampError",
    "instrument",
    "origin",
    "remembered",
    "revive",
    "soft_delete",
    "stamps",
    "without_stamps",
]
