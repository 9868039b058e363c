"""What a deployment publishes, minute by minute, as AWS's pages and the specification say: healthy, or with a fault.

One Region's figures: us-east-1, which replicates with eu-west-1. A fault is a function that changes a minute's figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from alarm_simulator import Published
from stacks import MAPPING_ID, TABLE

NAME = TABLE["TableName"]
PREFIX = "lastwriter-dev-orders-a1b2c3"
PROCESSOR, REPORTER = f"{PREFIX}-stream-processor", f"{PREFIX}-table-reporter"
HERE, OTHER, INDEX = "us-east-1", "eu-west-1", "GSI1"

LAMBDA, DYNAMODB, OWN = "AWS/Lambda", "AWS/DynamoDB", "LastWriter"


@dataclass
class Minute:
    """The figures of one minute: (namespace, name, further dimensions) to values."""

    number: int
    figures: dict[tuple[str, str, tuple[tuple[str, str], ...]], tuple[float, ...]] = field(default_factory=dict)

    def function(self, name: str, function: str, *values: float) -> None:
        self.figures[LAMBDA, name, (("FunctionName", function),)] = values

    def mapping(self, name: str, *values: float) -> None:
        self.figures[LAMBDA, name, (("EventSourceMappingUUID", MAPPING_ID),)] = values

    def table(self, name: str, *values: float, **dimensions: str) -> None:
        self.figures[DYNAMODB, name, (("TableName", NAME), *dimensions.items())] = values

    def own(self, name: str, *values: float, **dimensions: str) -> None:
        self.figures[OWN, name, (("TableName", NAME), *dimensions.items())] = values

    def without(self, *names: str, **dimensions: str) -> None:
        """Take figures away, by name and what dimensions are given."""
        self.figures = {key: v for key, v in self.figures.items()
                        if not (key[1] in names and set(dimensions.items()) <= set(key[2]))}


Fault = Callable[[Minute], Any]


def healthy(minute: int, writes: int, provisioned: bool = False) -> Minute:
    """A minute with so many local writes, as many replicated ones, and all well.

    Without a write DynamoDB publishes no consumption and Lambda no invocation; the mapping polls all the same, and says 0.
    """
    now = Minute(minute)
    now.mapping("PolledEventCount", 2.0 * writes)
    if minute % 5 == 3:
        now.function("Invocations", REPORTER, 1)
        now.function("Errors", REPORTER, 0)
        now.own("ItemCount", 100)
        now.own("OpenEntries", 2)
        now.own("OldestOpenEntryAge", 7_200)
        for region in (HERE, OTHER):
            now.own("ReplicaHealthy", 1, ReplicaRegion=region)
    if provisioned and minute % 5 == 0:
        for dimensions in ({}, {"GlobalSecondaryIndexName": INDEX}):
            for kind in ("Read", "Write"):
                now.table(f"Provisioned{kind}CapacityUnits", 100, **dimensions)
    if not writes:
        return now
    for dimensions in ({}, {"GlobalSecondaryIndexName": INDEX}):
        now.table("ConsumedWriteCapacityUnits", 2 * writes, **dimensions)
        now.table("ConsumedReadCapacityUnits", writes, **dimensions)
    # The figure is of five minutes in AWS; a point a minute is the harder case for a window of five.
    now.table("ReplicationLatency", *[900.0] * writes, ReceivingRegion=OTHER)
    for operation, milliseconds in (("PutItem", 6.0), ("UpdateItem", 7.0), ("GetItem", 3.0), ("Scan", 900.0)):
        now.table("SuccessfulRequestLatency", *[milliseconds] * writes, Operation=operation)
    for name, *values in (("Invocations", 1), ("Errors", 0), ("Throttles", 0), ("Duration", 25), ("IteratorAge", 1500)):
        now.function(name, PROCESSOR, *values)
    now.mapping("InvokedEventCount", 2 * writes)
    now.mapping("FailedInvokeEventCount", 0)
    for name, value in (("Records", 2 * writes), ("LocalWrites", writes), ("ReplicatedWrites", writes), ("Conflicts", 0),
                        ("LostWrites", 0)):
        now.own(name, value)
    return now


def timeline(minutes: int, writes: Callable[[int], int], fault: Fault | None = None, since: int = 0, until: int | None = None,
             provisioned: bool = False) -> Published:
    """Minutes of a deployment; the fault is there from `since` until `until`."""
    published = Published()
    for number in range(minutes):
        now = healthy(number, writes(number), provisioned)
        if fault and since <= number < (minutes if until is None else until):
            fault(now)
        for (namespace, name, dimensions), values in now.figures.items():
            published.put(number, namespace, name, dict(dimensions), *values)
    return published


def steady(minute: int) -> int:
    """Two hundred writes a minute."""
    return 200


def none(minute: int) -> int:
    """A table that nobody writes to."""
    return 0


def seldom(minute: int) -> int:
    """One write in seventeen minutes."""
    return int(minute % 17 == 4)


def from_noon(minute: int) -> int:
    """Nothing for half an hour, then a steady load: as when traffic is moved to a new table."""
    return 200 if minute >= 30 else 0


def in_bursts(minute: int) -> int:
    """Three busy minutes, then twenty quiet ones."""
    return 5000 if minute % 23 < 3 else 0
