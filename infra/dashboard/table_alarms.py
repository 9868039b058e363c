"""Alarms about the table: replication, replicas, throttling, errors, capacity."""

from __future__ import annotations

from .alarm_model import NOTHING_FOLLOWS, Alarm, Instance, dynamodb, own
from .names import MAX_INDEXES, MAX_REGIONS, OPERATIONS, SINGLE_ITEM_OPERATIONS, index, ref, region

QUIET = "No data is no event: the figure is published only when something was counted."
# Consumed is a sum over the period, the limit a rate per second: divide, then compare. Without a limit the point is dropped.
SHARE_USED = "100 * (m1 / PERIOD(m1)) / m2"


def replication_alarms() -> list[Alarm]:
    found = []
    for i in range(1, MAX_REGIONS + 1):
        latency = {"ReceivingRegion": region(i)}
        found.append(
            Alarm(
                logical_id=f"ReplicationLatencyAlarm{i}",
                slug="replication-latency",
                section="Replication latency",
                means="Writes of this Region take long to arrive in the Region",
                do="Look at AWS Health for both Regions and at write throttling there. While it lasts, concurrent writes lose "
                "more often: send writers to one Region.",
                metrics=(dynamodb("ReplicationLatency", "Average", **latency),),
                threshold=ref("ReplicationLatencyThresholdMs"),
                within=2,
                missing="notBreaching",
                missing_why="The figure is published only while writes replicate; replication-stalled watches for silence.",
                condition=f"SendsToRegion{i}",
                instance=Instance("Region", region(i)),
                unhealthy=True,
                recovers=True,
            )
        )
        found.append(
            Alarm(
                logical_id=f"ReplicationStalledAlarm{i}",
                slug="replication-stalled",
                section="Replication stalled",
                means="This Region takes writes, but none of them replicate to the Region",
                do="Look at the replica's state there (make status), its key, and AWS Health. Send writers to one Region until "
                "it is back. A replica that may not replicate for 20 hours becomes a table of its own. (While the processor catches up "
                "after a pause it counts old writes: then this is no news.)",
                metrics=(own("LocalWrites", "Sum"), dynamodb("ReplicationLatency", "SampleCount", **latency)),
                expression=NOTHING_FOLLOWS,
                threshold=0,
                within=3,
                missing="notBreaching",
                missing_why="A Region that takes no writes has none of the first figure, and then nothing has to replicate.",
                condition=f"SendsToRegion{i}",
                instance=Instance("Region", region(i)),
                unhealthy=True,
                recovers=True,
            )
        )
    for i in range(1, MAX_REGIONS + 1):
        found.append(
            Alarm(
                logical_id=f"ReplicaUnhealthyAlarm{i}",
                slug="replica-unhealthy",
                section="Replica unhealthy",
                means="As seen from here the replica does not work in the Region",
                do="Run make status. INACCESSIBLE_ENCRYPTION_CREDENTIALS: give the key back within 20 hours. "
                "REPLICATION_NOT_AUTHORIZED: the resource policy denies DynamoDB's replication role. REGION_DISABLED: enable the Region. "
                "ARCHIVED: the key was gone for too long; restore from the backup. DELETING: somebody removes it. CREATION_FAILED: remove "
                "it and add it again.",
                metrics=(own("ReplicaHealthy", "Minimum", ReplicaRegion=region(i)),),
                threshold=1,
                comparison="LessThanThreshold",
                within=3,
                out_of=4,
                missing="notBreaching",
                missing_why="The reporter has not run yet, or the replica left the table; reporter-silent watches the reporter.",
                condition=f"HasRegion{i}" if i > 2 else None,
                instance=Instance("Region", region(i)),
                unhealthy=True,
                recovers=True,
            )
        )
    return found


def indexed(kind: str) -> list[tuple[int, dict, Instance | None, str]]:
    """The table and its indexes, as (position, dimensions, instance, in words). The table's own position is 0."""
    found: list[tuple[int, dict, Instance | None, str]] = [(0, {}, None, f"{kind} the table itself")]
    for i in range(1, MAX_INDEXES + 1):
        found.append((i, {"GlobalSecondaryIndexName": index(i)}, Instance("index", index(i)), f"{kind} the index"))
    return found


def throttle_alarms() -> list[Alarm]:
    found = []
    for kind, what in (("Read", "Reads"), ("Write", "Writes")):
        for i, on_index, instance, place in indexed("on"):
            found.append(
                Alarm(
                    logical_id=f"{kind}ThrottleAlarm{i or ''}",
                    slug=f"{kind.lower()}-throttle",
                    section=f"{kind} throttling",
                    means=f"{what} are throttled {place}",
                    do="The dashboard shows the reason, Contributor Insights the throttled keys. A hot key: spread it. Provisioned "
                    "capacity, an on-demand maximum or the account's limit: raise it."
                    + (" Throttled writes delay replication too." if kind == "Write" else ""),
                    metrics=(dynamodb(f"{kind}ThrottleEvents", "Sum", **on_index),),
                    threshold=0,
                    # A burst of one minute shows at once; the minutes after it belong to the same burst.
                    period=60,
                    out_of=5,
                    missing="notBreaching",
                    missing_why=QUIET,
                    condition=f"HasIndex{i}" if i else None,
                    instance=instance,
                    unhealthy=True,
                )
            )
    return found


def request_alarms() -> list[Alarm]:
    # No figure is published for the table alone, so the operations are summed; ten metrics is an alarm's limit.
    return [
        Alarm(
            logical_id="SystemErrorsAlarm",
            slug="system-errors",
            section="System errors",
            means="DynamoDB answers requests to this table with internal errors (HTTP 500).",
            do="The SDKs retry. If it lasts, look at AWS Health and send traffic to another replica.",
            metrics=tuple(dynamodb("SystemErrors", "Sum", Operation=o) for o in OPERATIONS),
            expression="SUM(METRICS())",
            threshold=0,
            within=2,
            missing="notBreaching",
            missing_why=QUIET,
            unhealthy=True,
            recovers=True,
        ),
        Alarm(
            logical_id="ThrottledRequestsAlarm",
            slug="throttled-requests",
            section="Throttled requests",
            means="Whole requests to this table are throttled, not only parts of them.",
            do="The dashboard shows which operation. Then as for read-throttle and write-throttle.",
            metrics=tuple(dynamodb("ThrottledRequests", "Sum", Operation=o) for o in OPERATIONS),
            expression="SUM(METRICS())",
            threshold=0,
            period=60,
            out_of=5,
            missing="notBreaching",
            missing_why=QUIET,
            unhealthy=True,
        ),
    ]


def latency_alarms() -> list[Alarm]:
    return [
        Alarm(
            logical_id=f"RequestLatencyAlarm{operation}",
            slug="request-latency",
            section="Request latency",
            means="DynamoDB takes long to answer the operation",
            do="The figure is DynamoDB's own time, without the network. Look at AWS Health, then at the item sizes and at throttling "
            "(a table or index that is short of capacity). If it lasts, send traffic to another replica. STRONG waits for another "
            "Region: look there too. If it is always so, raise RequestLatencyThresholdMs.",
            # The average: a maximum shows one slow request of many, which a retry inside DynamoDB makes now and then.
            metrics=(dynamodb("SuccessfulRequestLatency", "Average", Operation=operation),),
            threshold=ref("RequestLatencyThresholdMs"),
            # A quiet table's average may be one request's, so it has to last.
            within=3,
            missing="notBreaching",
            missing_why="The figure is published only while such requests succeed; system-errors and throttled-requests watch the rest.",
            instance=Instance("operation", operation),
            unhealthy=True,
            recovers=True,
        )
        for operation in SINGLE_ITEM_OPERATIONS
    ]


def capacity_alarms() -> list[Alarm]:
    found = []
    for kind in ("Read", "Write"):
        for i, on_index, instance, place in indexed("of"):
            found.append(
                Alarm(
                    logical_id=f"{kind}CapacityAlarm{i or ''}",
                    slug=f"{kind.lower()}-capacity",
                    section=f"{kind} capacity",
                    means=f"{kind}s use most of the provisioned capacity {place}",
                    do="Auto scaling should follow: see whether it is at its maximum, and raise that. Steady load near the "
                    "maximum is cheaper with a higher minimum; spiky load is cheaper on demand.",
                    metrics=(
                        dynamodb(f"Consumed{kind}CapacityUnits", "Sum", **on_index),
                        dynamodb(f"Provisioned{kind}CapacityUnits", "Average", **on_index),
                    ),
                    expression=SHARE_USED,
                    threshold=ref("CapacityPercent"),
                    comparison="GreaterThanOrEqualToThreshold",
                    within=2,
                    missing="notBreaching",
                    missing_why="No consumption is published where there was none.",
                    condition=f"HasProvisionedIndex{i}" if i else "IsProvisioned",
                    instance=instance,
                    unhealthy=True,
                    recovers=True,
                )
            )
        found.append(
            Alarm(
                logical_id=f"OnDemand{kind}MaximumAlarm",
                slug=f"on-demand-{kind.lower()}-maximum",
                section=f"On-demand {kind.lower()} maximum",
                means=f"{kind}s use most of the on-demand maximum of the table (Max{kind}RequestUnits).",
                do="What is over the maximum is throttled. Raise it, or take it away (0), if the load is meant.",
                metrics=(
                    dynamodb(f"Consumed{kind}CapacityUnits", "Sum"),
                    dynamodb(f"OnDemandMax{kind}RequestUnits", "Maximum"),
                ),
                expression=SHARE_USED,
                threshold=ref("CapacityPercent"),
                comparison="GreaterThanOrEqualToThreshold",
                within=2,
                missing="notBreaching",
                missing_why="A table without a maximum publishes none, and one without load no consumption.",
                condition="IsOnDemand",
                unhealthy=True,
                recovers=True,
            )
        )
    return found
