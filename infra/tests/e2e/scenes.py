"""What the tests write into a table, and where they look for what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from emulator import Emulator, eventually

NAMESPACE = "LastWriter"
BASE = 1_795_349_587_000_000
"""A time for stamps, in microseconds."""


def stamps(**pairs: tuple[int, int]) -> dict[str, dict[str, str]]:
    """Stamps by Region, written `us_east_1=(n, t)`; t counts from BASE."""
    answer = {}
    for name, (count, moment) in pairs.items():
        region = name.replace("_", "-")
        answer[f"lw:n:{region}"] = {"N": str(count)}
        answer[f"lw:t:{region}"] = {"N": str(BASE + moment)}
    return answer


def lose_a_write(emulator: Emulator, table: str, item: str, address: str) -> None:
    """In us-east-1: a write that a concurrent one from eu-west-1 overwrites, as replication would bring it.

    The winner's version is put straight into the Region's table. It descends from the item as it was before the
    local write, so it never saw that write.
    """
    client = emulator.client("dynamodb", "us-east-1")
    key = {"PK": {"S": item}, "SK": {"S": "address"}}
    before = stamps(us_east_1=(1, 0), eu_west_1=(1, 0))
    client.put_item(TableName=table, Item={**key, **before, "address": {"S": "first"}})
    client.update_item(
        TableName=table, Key=key, UpdateExpression="SET #a = :a, #t = :now ADD #n :one",
        ExpressionAttributeNames={"#a": "address", "#t": "lw:t:us-east-1", "#n": "lw:n:us-east-1"},
        ExpressionAttributeValues={":a": {"S": address}, ":now": {"N": str(BASE + 1000)}, ":one": {"N": "1"}},
    )
    winner = stamps(us_east_1=(1, 0), eu_west_1=(2, 2000))
    client.put_item(TableName=table, Item={**key, **winner, "address": {"S": "winner"}})


def ledger_entries(emulator: Emulator, region: str, ledger: str, item: str) -> list[dict[str, Any]]:
    """The ledger's entries about an item."""
    pages = emulator.client("dynamodb", region).get_paginator("scan").paginate(TableName=ledger)
    return [entry for page in pages for entry in page["Items"] if item in entry.get("ItemKey", {}).get("S", "")]


def metric_sum(emulator: Emulator, region: str, name: str, **dimensions: str) -> float:
    """The sum of a metric over the last hour."""
    now = datetime.now(UTC)
    points = emulator.client("cloudwatch", region).get_metric_statistics(
        Namespace=NAMESPACE, MetricName=name, StartTime=now - timedelta(hours=1), EndTime=now + timedelta(minutes=5),
        Period=3600, Statistics=["Sum"], Dimensions=[{"Name": n, "Value": v} for n, v in dimensions.items()],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)


def check_lost_write_is_found(emulator: Emulator, table: str, ledger: str, item: str) -> None:
    """Lose a write and find it: in the ledger with its image, and in the metrics."""
    lose_a_write(emulator, table, item, "lost")
    entry, = eventually(lambda: ledger_entries(emulator, "us-east-1", ledger, item),
                        f"the ledger entry of {item}; the emulator says: {emulator.tail()}")
    assert entry["TableName"] == {"S": table}
    assert entry["Kind"] == {"S": "update_update"}
    assert entry["Confidence"] == {"S": "certain"}
    assert entry["Status"] == {"S": "open"}
    assert entry["Winner"]["M"]["Region"] == {"S": "eu-west-1"}
    loser = entry["Loser"]["M"]
    assert loser["Region"] == {"S": "us-east-1"}
    assert loser["Image"]["M"]["address"] == {"S": "lost"}
    assert entry["DifferingAttributes"] == {"L": [{"S": "address"}]}
    for dimensions in ({}, {"Kind": "update_update"}, {"WinnerRegion": "eu-west-1"}):
        eventually(lambda: metric_sum(emulator, "us-east-1", "Conflicts", TableName=table, **dimensions) == 1,
                   f"the metric Conflicts with {dimensions}")
    assert metric_sum(emulator, "us-east-1", "LostWrites", TableName=table) == 1
