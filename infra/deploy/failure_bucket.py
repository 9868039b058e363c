"""The failure bucket: what Lambda put there, how to read it, and moving what was judged out of the way.

Lambda developer guide, "Retain discarded records for a DynamoDB event source in Lambda": an object's key is
`aws/lambda/<mapping's UUID>/<shard id>/<year>/<month>/<day>/<time>-<random UUID>`, its content a JSON document about
the failed invocation, whose `payload` is the whole event. The guide shows the payload as a string that holds JSON; an
object is taken too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws
from infra.deploy.errors import code_of

FAILED_PREFIX = "aws/lambda/"
DONE_PREFIX = "done/"
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""Lambda quotas: the most that a synchronous invocation takes. A batch that Lambda made never is larger."""


class UnreadableBatch(Exception):
    """An object of the bucket is no failed batch, and why. The message holds nothing of its content."""


@dataclass(frozen=True)
class StoredBatch:
    """An object of the failure bucket that is not done yet."""

    key: str
    size: int
    modified: datetime


@dataclass(frozen=True)
class FailedBatch:
    """A failed batch: the event to invoke the function with, as Lambda did."""

    stream_arn: str
    condition: str
    records: int
    payload: bytes


@dataclass(frozen=True)
class FailureBucket:
    """The failure bucket of one Region."""

    aws: Aws
    region: str
    name: str

    @property
    def _owner(self) -> dict[str, str]:
        """A bucket of that name in another account is not ours, and is not read."""
        return {"ExpectedBucketOwner": self.aws.account}

    def batches(self, since: datetime | None = None) -> list[StoredBatch]:
        """What waits there, the oldest first; with `since` only what was put there from then on."""
        found = [batch for batch in self._objects() if since is None or batch.modified >= since]
        return sorted(found, key=lambda batch: (batch.modified, batch.key))

    def _objects(self) -> Iterator[StoredBatch]:
        pages = self.aws.client("s3", self.region).get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=FAILED_PREFIX, **self._owner)
        for page in pages:
            for entry in page.get("Contents", []):
                yield StoredBatch(entry["Key"], entry["Size"], entry["LastModified"])

    def read(self, key: str) -> FailedBatch | None:
        """The batch in an object, or None where the object is gone. Raises UnreadableBatch."""
        try:
            answer = self.aws.client("s3", self.region).get_object(Bucket=self.name, Key=key, **self._owner)
        except ClientError as error:
            if code_of(error) in ("NoSuchKey", "404"):
                return None
            raise
        return parse(answer["Body"].read())

    def mark_done(self, key: str) -> None:
        """Move an object to `done/`. S3 knows no move: the copy stands before the original goes."""
        client = self.aws.client("s3", self.region)
        client.copy_object(Bucket=self.name, Key=f"{DONE_PREFIX}{key}", CopySource={"Bucket": self.name, "Key": key},
                           ExpectedSourceBucketOwner=self.aws.account, **self._owner)
        client.delete_object(Bucket=self.name, Key=key, **self._owner)


def parse(content: bytes) -> FailedBatch:
    """An object's content. Raises UnreadableBatch."""
    try:
        document = json.loads(content)
    except ValueError as error:
        raise UnreadableBatch("the object is not JSON") from error
    if not isinstance(document, dict) or "payload" not in document:
        raise UnreadableBatch("the object has no payload, so it is no invocation record for an S3 destination")
    payload = document["payload"]
    # A string is sent as it is. Written again from an object, text must not grow into \u escapes: the event may be as
    # large as an invocation can be.
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    event = payload if isinstance(payload, dict) else _event(text)
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list):
        raise UnreadableBatch("the payload is no event with Records")
    body = text.encode()
    if len(body) > MAX_PAYLOAD_BYTES:
        raise UnreadableBatch(f"the payload has {len(body)} bytes, more than an invocation takes")
    return FailedBatch(_field(document, "DDBStreamBatchInfo", "streamArn"),
                       _field(document, "requestContext", "condition") or "unknown", len(records), body)


def _event(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UnreadableBatch("the payload is not JSON") from error


def _field(document: dict[str, Any], part: str, name: str) -> str:
    inner = document.get(part)
    return str(inner.get(name, "")) if isinstance(inner, dict) else ""
