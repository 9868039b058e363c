"""The dashboard across Regions: the same questions, one line or stack for each Region."""

from __future__ import annotations

import json
from typing import Any

from .alarms_template import UNHEALTHY_SLUG
from .names import ALARM_PREFIX, MAX_REGIONS, PROCESSOR, region
from .widgets import Board, graph, search

NAMESPACE = "${MetricsNamespace}"
REGION = "@region"
"""Stands for the Region in an entry's text."""


def across_regions() -> Board:
    """All Regions side by side. Entries of a third, fourth and fifth Region are there where the Region is."""
    board = Board()
    board.text(
        "# ${TableName} in all Regions\nEach line is one Region's own answer: a write is lost in the Region where it was made, so the "
        "figures add up. Each Region has a dashboard of its own with the details.",
        height=3,
    )
    _alarms(board)
    _lost_writes(board)
    _replication(board)
    _coverage(board)
    _processor(board)
    _table(board)
    return board


def _alarms(board: Board) -> None:
    def arn(slug: str) -> str:
        return f"arn:${{AWS::Partition}}:cloudwatch:{REGION}:${{AWS::AccountId}}:alarm:{ALARM_PREFIX}{slug}"

    arns = _per_region(board, "Unhealthy", arn(UNHEALTHY_SLUG)) + _per_region(board, "Lost", arn("conflicts"), continues=True)
    board.text("## Alarms\nOf each Region: **table unhealthy**, and **conflicts**.")
    board.row(4, {"type": "alarm", "properties": {"title": "Alarm states of all Regions", "alarms": arns}})


def _lost_writes(board: Board) -> None:
    board.text("## Lost writes\nBy the Region that **lost**; by kind and by winner, for each of them; beside what replicated into it.")
    board.row(
        6,
        graph("Conflicts by losing Region", _own(board, "Conflicts"), stacked=True),
        graph("Conflicts by kind", _own_by(board, "Conflicts", "Kind"), stacked=True),
        graph("Conflicts by winner's Region", _own_by(board, "Conflicts", "WinnerRegion"), stacked=True),
    )
    board.row(
        6,
        graph("Lost writes", _own(board, "LostWrites"), stacked=True),
        graph("Replicated writes", _own(board, "ReplicatedWrites"), stacked=True),
        graph("Lost writes that came back", _own(board, "ReturnedWrites"), stacked=True),
    )


def _replication(board: Board) -> None:
    board.text("## Replication\nFrom a write's own time to its record's arrival in the Region; beside it AWS's figure, for each pair.")
    board.row(
        6,
        graph("Propagation delay into the Region, p50 (ms)", _own(board, "PropagationDelay", "p50")),
        graph("Propagation delay into the Region, p99 (ms)", _own(board, "PropagationDelay", "p99")),
        graph(
            "ReplicationLatency out of the Region (AWS, ms)",
            _search(board, "Latency", "AWS/DynamoDB", "ReplicationLatency", "ReceivingRegion", "Average"),
        ),
    )


def _coverage(board: Board) -> None:
    board.text("## Stamp coverage\nWriters that do not stamp, and what unstamped writers or old versions overwrote.")
    board.row(
        6,
        graph("Unstamped writes", _own(board, "UnstampedWrites"), stacked=True),
        graph("Stale overwrites", _own(board, "StaleOverwrites"), stacked=True),
        graph("Hard deletes", _own(board, "HardDeletes"), stacked=True),
        graph("Suspected conflicts of unstamped writes", _own(board, "SuspectedConflicts"), stacked=True),
    )


def _processor(board: Board) -> None:
    board.text("## Processors\nHow far behind, how long, and what failed. The stream keeps **24 hours**.")
    board.row(
        6,
        graph("Iterator age (ms)", _function(board, "IteratorAge", "Maximum")),
        graph("Duration, p99 (ms)", _function(board, "Duration", "p99")),
        graph("Function errors", _function(board, "Errors", "Sum"), stacked=True),
        graph("Batch item failures", _own(board, "BatchItemFailures"), stacked=True),
    )


def _table(board: Board) -> None:
    board.text("## Table\nCapacity in units of 300 s, throttling, requests, and growth. Replicated writes use capacity in every Region.")
    board.row(
        6,
        graph("Write capacity used", _dynamodb(board, "ConsumedWriteCapacityUnits")),
        graph("Read capacity used", _dynamodb(board, "ConsumedReadCapacityUnits")),
        graph("Write throttling", _dynamodb(board, "WriteThrottleEvents"), stacked=True),
        graph("Read throttling", _dynamodb(board, "ReadThrottleEvents"), stacked=True),
    )
    board.row(
        6,
        graph(
            "Latency by operation, average (ms)",
            _search(board, "Requests", "AWS/DynamoDB", "SuccessfulRequestLatency", "Operation", "Average"),
        ),
        graph(
            "System errors by operation",
            _search(board, "SystemErrors", "AWS/DynamoDB", "SystemErrors", "Operation", "Sum"),
            stacked=True,
        ),
        graph("Items", _own(board, "ItemCount", "Maximum")),
        graph("Size, bytes", _own(board, "TableSizeBytes", "Maximum")),
    )


def _own(board: Board, metric: str, stat: str = "Sum") -> list[Any]:
    return _line(board, f"{metric}{stat}", [NAMESPACE, metric, "TableName", "${TableName}"], stat)


def _dynamodb(board: Board, metric: str, stat: str = "Sum") -> list[Any]:
    return _line(board, f"{metric}{stat}", ["AWS/DynamoDB", metric, "TableName", "${TableName}"], stat)


def _function(board: Board, metric: str, stat: str) -> list[Any]:
    return _line(board, f"Function{metric}", ["AWS/Lambda", metric, "FunctionName", PROCESSOR], stat)


def _own_by(board: Board, metric: str, dimension: str) -> list[Any]:
    return _search(board, f"{metric}By{dimension}", NAMESPACE, metric, dimension, "Sum")


def _line(board: Board, name: str, metric: list[Any], stat: str) -> list[Any]:
    return _per_region(board, name, [*metric, {"region": REGION, "label": REGION, "stat": stat}])


def _search(board: Board, name: str, namespace: str, metric: str, dimension: str, stat: str) -> list[Any]:
    label = f"{REGION} ${{!PROP('Dim.{dimension}')}}"
    return _per_region(board, name, search(namespace, metric, dimension, stat, label, region=REGION))


def _per_region(board: Board, name: str, entry: Any, continues: bool = False) -> list[Any]:
    """The entry once for each Region. The first Region's opens the list, unless the list continues another."""
    text = json.dumps(entry, separators=(",", ":")).replace(REGION, "${Region}")
    entries: list[Any] = []
    for i in range(1, MAX_REGIONS + 1):
        opens = i == 1 and not continues
        one = {"Fn::Sub": [("" if opens else ",") + text, {"Region": region(i)}]}
        if opens:
            entries.append(board.first(f"{name}{i}", one))
        else:
            entries.append(board.later(f"{name}{i}", one, f"HasRegion{i}" if i > 2 else None))
    return entries
