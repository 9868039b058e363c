"""Who reads a stream already. Two readers of one shard at a time are DynamoDB's limit; a third gets both throttled.

DynamoDB developer guide, "Change data capture for DynamoDB Streams": no more than two processes should read from the
same shard at the same time; for global tables AWS recommends one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.aws import Aws
from infra.deploy.console import Console
from infra.deploy.errors import DeployError

MAX_READERS = 2


@dataclass(frozen=True)
class Reader:
    """Something that reads a stream: an event source mapping of Lambda, or a pipe of EventBridge."""

    kind: str
    name: str
    state: str
    mapping_id: str = ""


def find_readers(aws: Aws, region: str, stream_arn: str) -> list[Reader]:
    """The readers that can be seen: mappings and pipes of this account in this Region.

    Programs with the Kinesis Client Library, and other accounts, leave no trace here.
    """
    pages = aws.client("lambda", region).get_paginator("list_event_source_mappings").paginate(EventSourceArn=stream_arn)
    found = [
        Reader("event source mapping", m["FunctionArn"].split(":function:")[-1], m.get("State", ""), m["UUID"])
        for page in pages for m in page["EventSourceMappings"]
    ]
    return found + _pipes(aws, region, stream_arn)


def _pipes(aws: Aws, region: str, stream_arn: str) -> list[Reader]:
    """The pipes on a stream; none where the service is not there or these credentials may not list them."""
    try:
        pipes: list[dict[str, Any]] = []
        for page in aws.client("pipes", region).get_paginator("list_pipes").paginate(SourcePrefix=stream_arn):
            pipes += page["Pipes"]
    except (ClientError, BotoCoreError):
        return []
    return [Reader("pipe", p["Name"], p.get("CurrentState", "")) for p in pipes if p.get("Source") == stream_arn]


def check(aws: Aws, console: Console, region: str, stream_arn: str, own_mapping: str) -> None:
    """List a stream's readers, warn of a second one and refuse to become the third.

    `own_mapping` is the id of the mapping that we have already, or empty. A disabled reader counts: it can be enabled
    at any time.
    """
    readers = find_readers(aws, region, stream_arn)
    others = [reader for reader in readers if not own_mapping or reader.mapping_id != own_mapping]
    for reader in readers:
        mine = " (ours)" if reader not in others else ""
        console.step(f"{region}: the stream is read by {reader.kind} {reader.name}, {reader.state}{mine}")
    if not readers:
        console.step(f"{region}: nothing reads the stream yet")
    if len(others) >= MAX_READERS:
        names = ", ".join(f"{reader.kind} {reader.name}" for reader in others)
        raise DeployError(
            f"The stream in {region} has {len(others)} readers already: {names}. DynamoDB allows two for a shard; a "
            "third would have all of them throttled. Nothing was changed.",
            "delete a reader that is no longer needed (a disabled one counts, it can be enabled at any time), or fan "
            "the stream out from one reader.",
        )
    if others:
        console.step(f"{region}: WARNING: with this processor the stream has two readers, which is DynamoDB's limit; "
                     "AWS recommends one for a global table")
