"""The dashboard of one Region."""

from __future__ import annotations

from .alarm_model import Alarm
from .alarms import all_alarms
from .alarms_template import UNHEALTHY_SLUG
from .names import ALARM_PREFIX, KINDS, OPERATIONS, PROCESSOR, REPORTER, sub
from .widgets import Board, account, dynamodb, graph, lambda_, mapping, math, numbers, own, search

NAMESPACE = "${MetricsNamespace}"
ALARM_ARN = f"arn:${{AWS::Partition}}:cloudwatch:${{AWS::Region}}:${{AWS::AccountId}}:alarm:{ALARM_PREFIX}"
HIDDEN = {"visible": False}
THROTTLE_REASONS = {
    "ProvisionedThroughput": "provisioned capacity",
    "MaxOnDemandThroughput": "on-demand maximum",
    "KeyRangeThroughput": "one partition's limit: a hot key",
    "AccountLimit": "the account's limit",
}
ACCOUNT_LIMITS = {
    "TableLevelReads": "reads of one table",
    "TableLevelWrites": "writes of one table",
    "Reads": "provisioned reads of all",
    "Writes": "provisioned writes of all",
}


def by_region() -> Board:
    """One Region: what was lost here, and whether everything that finds it works."""
    board = Board()
    board.text(
        "# ${TableName} in ${AWS::Region}\nConcurrent writes in several Regions are settled by **last writer wins**, item by "
        "item: the other write disappears. This Region's processor finds the writes made **here** that lost.",
        height=3,
    )
    _alarms(board)
    _conflicts(board)
    _replication(board)
    _coverage(board)
    _processor(board)
    _table(board)
    return board


def _alarms(board: Board) -> None:
    arns: list[str] = [ALARM_ARN + UNHEALTHY_SLUG]
    for alarm in all_alarms():
        if alarm.condition is None and alarm.instance is None:
            arns.append(ALARM_ARN + alarm.slug)
        else:
            arns.append(board.later(alarm.logical_id, alarm_entry(alarm), alarm.condition))
    board.text("## Alarms\nEach alarm's description says what to do; infra/README.md has a section for each.")
    board.row(6, {"type": "alarm", "properties": {"title": "Alarm states", "alarms": arns}})


def alarm_entry(alarm: Alarm) -> dict:
    """A later entry of the tile: the alarm's ARN after a comma."""
    if alarm.instance is None:
        return sub(f',"{ALARM_ARN}{alarm.slug}"')
    return {"Fn::Sub": [f',"{ALARM_ARN}{alarm.slug}-${{Instance}}"', {"Instance": alarm.instance.value}]}


def _conflicts(board: Board) -> None:
    board.text(
        "## Lost writes\nA **conflict** is a record in which the winner did not know writes made here. **Lost writes** is a lower "
        "bound; from three Regions on a lost write can come back inside a later winner (**returned**). Each is in the ledger."
    )
    board.row(
        6,
        graph(
            "Conflicts by kind",
            [own("Conflicts", "Kind", kind, label=kind) for kind in KINDS],
            stacked=True,
        ),
        graph(
            "Conflicts by winner's Region",
            [search(NAMESPACE, "Conflicts", "WinnerRegion", "Sum", "won in ${!PROP('Dim.WinnerRegion')}")],
            stacked=True,
        ),
        numbers("In this time range", [own("Conflicts"), own("LostWrites"), own("ReturnedWrites")]),
    )
    board.row(
        6,
        graph(
            "Lost writes against replicated writes",
            [
                own("LostWrites", id="lost"),
                own("ReturnedWrites"),
                own("ReplicatedWrites", id="replicated", yAxis="right"),
            ],
            yAxis={"left": {"min": 0, "label": "lost, returned"}, "right": {"min": 0, "label": "replicated"}},
        ),
        graph(
            "Lost writes per hundred replicated writes",
            [
                own("LostWrites", id="lost", **HIDDEN),
                own("ReplicatedWrites", id="replicated", **HIDDEN),
                math("IF(replicated > 0, 100 * lost / replicated, 0)", "lost-write rate, %", id="rate"),
            ],
        ),
        graph(
            "Open entries of the ledger, and the oldest one's age",
            [
                own("OpenEntries", stat="Maximum"),
                own("OldestOpenEntryAge", stat="Maximum", yAxis="right"),
            ],
            yAxis={"left": {"min": 0, "label": "entries"}, "right": {"min": 0, "label": "seconds"}},
        ),
    )


def _replication(board: Board) -> None:
    board.text(
        "## Replication\n**Propagation delay**: from a write's own time to its record's arrival in this Region's processor, so it "
        "includes the stream and the batching window. **ReplicationLatency** is AWS's figure for writes that leave this Region."
    )
    board.row(
        6,
        graph(
            "Propagation delay into this Region",
            [
                own("PropagationDelay", stat="p50", label="p50"),
                own("PropagationDelay", stat="p99", label="p99"),
                search(NAMESPACE, "PropagationDelay", "OriginRegion", "p99", "p99 from ${!PROP('Dim.OriginRegion')}"),
            ],
        ),
        graph(
            "ReplicationLatency out of this Region (AWS)",
            [search("AWS/DynamoDB", "ReplicationLatency", "ReceivingRegion", "Average", "to ${!PROP('Dim.ReceivingRegion')}")],
        ),
        graph(
            "Replicated writes by origin",
            [search(NAMESPACE, "ReplicatedWrites", "OriginRegion", "Sum", "from ${!PROP('Dim.OriginRegion')}")],
            stacked=True,
        ),
        graph(
            "Replicas as seen from here (1 works)",
            [search(NAMESPACE, "ReplicaHealthy", "ReplicaRegion", "Minimum", "${!PROP('Dim.ReplicaRegion')}")],
        ),
    )


def _coverage(board: Board) -> None:
    writes = ["LocalWrites", "ReplicatedWrites", "UnstampedWrites", "StaleOverwrites", "LocalOverwrites"]
    filled = [f"FILL(c{i}, 0)" for i in range(1, len(writes) + 1)]
    board.text(
        "## Stamp coverage\nThe proof holds for writers that **stamp**. Unstamped writes and stale overwrites show writers that do "
        "not; local overwrites are PutItems that dropped or raced stamps; hard deletes carry no stamp at all."
    )
    board.row(
        6,
        graph(
            "Stamped share of writes",
            [own(name, id=f"c{i}", **HIDDEN) for i, name in enumerate(writes, 1)]
            + [math(f"100 * ({filled[0]} + {filled[1]}) / ({' + '.join(filled)})", "stamped, %", id="coverage")],
            yAxis={"left": {"min": 0, "max": 100}},
        ),
        graph(
            "Writers that do not stamp",
            [own("UnstampedWrites"), own("StaleOverwrites"), own("LocalOverwrites"), own("OddStamps")],
        ),
        graph("Suspected conflicts of unstamped writes", [own("SuspectedConflicts"), own("PossibleConflicts")]),
        graph(
            "Deletes and their consequences",
            [own("Resurrections"), own("HardDeletes"), own("Expirations"), own("Purges")],
        ),
        graph("All records", [own("Records"), own("LocalWrites"), own("ReplicatedWrites")]),
    )


def _processor(board: Board) -> None:
    board.text(
        "## Processor\nThe stream keeps **24 hours**. A failed record is retried, and at the age limit its batch goes to the failure "
        "bucket. The function's own errors do not show partial batch failures; the mapping's event counts do."
    )
    board.row(
        6,
        graph("Iterator age (ms)", [lambda_("IteratorAge", PROCESSOR, stat="Maximum", label="oldest")]),
        graph(
            "Duration (ms)",
            [lambda_("Duration", PROCESSOR, stat=s, label=s) for s in ("p50", "p99", "Maximum")],
        ),
        graph(
            "Invocations and errors",
            [
                lambda_("Invocations", PROCESSOR, yAxis="right"),
                lambda_("Errors", PROCESSOR),
                lambda_("Throttles", PROCESSOR),
                lambda_("Errors", REPORTER, label="table reporter's errors"),
            ],
        ),
    )
    board.row(
        6,
        graph("Events", [mapping("PolledEventCount"), mapping("InvokedEventCount")]),
        graph(
            "Events that failed, were dropped, or went to the failure bucket",
            [
                own("BatchItemFailures"),
                mapping("FailedInvokeEventCount"),
                mapping("DroppedEventCount"),
                mapping("OnFailureDestinationDeliveredEventCount"),
                lambda_("DestinationDeliveryFailures", PROCESSOR),
            ],
        ),
        graph("Records set aside", [own("QuarantinedRecords"), own("UnusableRecords")]),
    )


def _table(board: Board) -> None:
    board.text(
        "## Table\nReplicated writes use capacity too. A throttled write in one Region delays replication into it. Sizes and counts "
        "are DynamoDB's own, renewed about every six hours."
    )
    for kind in ("Read", "Write"):
        board.row(
            6,
            graph(
                f"{kind} capacity used, units a second",
                [
                    dynamodb(f"Consumed{kind}CapacityUnits", id="used", **HIDDEN),
                    math("used / PERIOD(used)", "used by the table", id="rate"),
                    dynamodb(f"Provisioned{kind}CapacityUnits", stat="Average", label="provisioned for the table"),
                    dynamodb(f"OnDemandMax{kind}RequestUnits", stat="Maximum", label="on-demand maximum of the table"),
                ],
            ),
            graph(
                f"{kind} capacity used by indexes, units in 300 s",
                [
                    search(
                        "AWS/DynamoDB",
                        f"Consumed{kind}CapacityUnits",
                        "GlobalSecondaryIndexName",
                        "Sum",
                        "${!PROP('Dim.GlobalSecondaryIndexName')}",
                    )
                ],
            ),
            graph(
                f"{kind} throttling, table and indexes",
                [
                    dynamodb(f"{kind}ThrottleEvents", label="table"),
                    search(
                        "AWS/DynamoDB",
                        f"{kind}ThrottleEvents",
                        "GlobalSecondaryIndexName",
                        "Sum",
                        "${!PROP('Dim.GlobalSecondaryIndexName')}",
                    ),
                ],
            ),
            graph(
                f"Reasons of {kind.lower()} throttling, table",
                [dynamodb(f"{kind}{reason}ThrottleEvents", label=label) for reason, label in THROTTLE_REASONS.items()],
                stacked=True,
            ),
        )
    board.row(
        6,
        graph(
            "Latency by operation, average (ms)",
            [dynamodb("SuccessfulRequestLatency", "Operation", o, label=o) for o in OPERATIONS],
            stat="Average",
        ),
        graph(
            "Throttled requests by operation",
            [dynamodb("ThrottledRequests", "Operation", o, label=o) for o in OPERATIONS],
            stacked=True,
        ),
        graph(
            "Errors",
            [dynamodb("SystemErrors", "Operation", o, label=f"system, {o}") for o in OPERATIONS]
            + [dynamodb("ConditionalCheckFailedRequests", label="conditions not met", yAxis="right")],
        ),
    )
    board.row(
        6,
        graph("Items", [own("ItemCount", stat="Maximum")]),
        graph("Size, bytes", [own("TableSizeBytes", stat="Maximum")]),
        graph(
            "Items in indexes",
            [search(NAMESPACE, "IndexItemCount", "IndexName", "Maximum", "${!PROP('Dim.IndexName')}")],
        ),
        graph(
            "Size of indexes, bytes",
            [search(NAMESPACE, "IndexSizeBytes", "IndexName", "Maximum", "${!PROP('Dim.IndexName')}")],
        ),
    )
    board.row(
        6,
        graph("Items that Time To Live deleted here", [dynamodb("TimeToLiveDeletedItemCount")]),
        graph(
            "Provisioned capacity of the account in this Region, % of its limit",
            [account(f"AccountProvisioned{kind}CapacityUtilization", label=kind.lower()) for kind in ("Read", "Write")],
            stat="Maximum",
        ),
        numbers(
            "The account's limits in this Region, units a second",
            [account(f"AccountMax{kind}", label=label) for kind, label in ACCOUNT_LIMITS.items()],
            stat="Maximum",
        ),
    )
