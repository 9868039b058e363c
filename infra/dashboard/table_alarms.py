"""Alarms about the table: replication, replicas, throttling, errors, capacity."""

from __future__ import annotations

from .alarm_model import Alarm, dynamodb, own
from .names import MAX_INDEXES, MAX_REGIONS, OPERATIONS, index, ref, region

QUIET = "No data is no event: the figure is published only when something was counted."


def replication_alarms() -> list[Alarm]:
    found = []
    for i in range(1, MAX_REGIONS + 1):
        latency = {"ReceivingRegion": region(i)}
        found.append(
            Alarm(
                logical_id=f"ReplicationLatencyAlarm{i}",
                slug=f"replication-latency-{i}",
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
                instance=region(i),
                unhealthy=True,
            )
        )
        found.append(
            Alarm(
                logical_id=f"ReplicationStalledAlarm{i}",
                slug=f"replication-stalled-{i}",
                section="Replication stalled",
                means="This Region takes writes, but none of them replicate to the Region",
                do="Look at the replica's state there (make status), its key, and AWS Health. Send writers to one Region until "
                "it is back. A replica that may not replicate for 20 hours becomes a table of its own. (While the processor catches up "
                "after a pause it counts old writes: then this is no news.)",
                metrics=(own("LocalWrites", "Sum"), dynamodb("ReplicationLatency", "SampleCount", **latency)),
                expression="IF(FILL(m1, 0) > 0 AND FILL(m2, 0) == 0, 1, 0)",
                threshold=0,
                within=3,
                missing="notBreaching",
                missing_why="Both figures are filled with 0, so data is missing only where CloudWatch itself has none.",
                condition=f"SendsToRegion{i}",
                instance=region(i),
                unhealthy=True,
            )
        )
    for i in range(1, MAX_REGIONS + 1):
        found.append(
            Alarm(
                logical_id=f"ReplicaNotActiveAlarm{i}",
                slug=f"replica-not-active-{i}",
                section="Replica not active",
                means="As seen from here the replica is not ACTIVE, or the reporter is silent, in the Region",
                do="Run make status. INACCESSIBLE_ENCRYPTION_CREDENTIALS: give the key back within 20 hours. "
                "REPLICATION_NOT_AUTHORIZED: the resource policy denies DynamoDB's replication role. CREATING or UPDATING: wait.",
                metrics=(own("ReplicaActive", "Minimum", ReplicaRegion=region(i)),),
                threshold=1,
                comparison="LessThanThreshold",
                # The schedule may put two reports into one period and none into the next, so one miss is no news.
                within=3,
                out_of=4,
                missing="breaching",
                missing_why="The reporter runs every five minutes at least: silence means that nobody watches, or that the "
                "replica left the table.",
                condition=f"HasRegion{i}" if i > 2 else None,
                instance=region(i),
                unhealthy=True,
            )
        )
    return found


def throttle_alarms() -> list[Alarm]:
    found = []
    for kind, what in (("Read", "Reads"), ("Write", "Writes")):
        for i in range(MAX_INDEXES + 1):
            on_index = {"GlobalSecondaryIndexName": index(i)} if i else {}
            place = "the index" if i else "the table itself"
            found.append(
                Alarm(
                    logical_id=f"{kind}ThrottleAlarm{i or ''}",
                    slug=f"{kind.lower()}-throttle" + (f"-index-{i}" if i else ""),
                    section=f"{kind} throttling",
                    means=f"{what} are throttled on {place}",
                    do="Contributor Insights shows the hot keys. Spread them, raise capacity or its maximum (PROVISIONED), or "
                    "the on-demand maximum."
                    + (" Throttled writes delay replication too." if kind == "Write" else ""),
                    metrics=(dynamodb(f"{kind}ThrottleEvents", "Sum", **on_index),),
                    threshold=0,
                    within=2,
                    missing="notBreaching",
                    missing_why=QUIET,
                    condition=f"HasIndex{i}" if i else None,
                    instance=index(i) if i else None,
                    unhealthy=True,
                )
            )
    return found


def request_alarms() -> list[Alarm]:
    # No figure is published for the table alone, so the operations are summed; ten metrics is an alarm's limit.
    total = " + ".join(f"FILL(m{i}, 0)" for i in range(1, len(OPERATIONS) + 1))
    return [
        Alarm(
            logical_id="SystemErrorsAlarm",
            slug="system-errors",
            section="System errors",
            means="DynamoDB answers requests to this table with internal errors (HTTP 500).",
            do="The SDKs retry. If it lasts, look at AWS Health and send traffic to another replica.",
            metrics=tuple(dynamodb("SystemErrors", "Sum", Operation=o) for o in OPERATIONS),
            expression=total,
            threshold=0,
            within=2,
            missing="notBreaching",
            missing_why=QUIET,
            unhealthy=True,
        ),
        Alarm(
            logical_id="ThrottledRequestsAlarm",
            slug="throttled-requests",
            section="Throttled requests",
            means="Whole requests to this table are throttled, not only parts of them.",
            do="The dashboard shows which operation. Then as for read-throttle and write-throttle.",
            metrics=tuple(dynamodb("ThrottledRequests", "Sum", Operation=o) for o in OPERATIONS),
            expression=total,
            threshold=0,
            within=2,
            missing="notBreaching",
            missing_why=QUIET,
            unhealthy=True,
        ),
    ]


def capacity_alarms() -> list[Alarm]:
    found = []
    for kind in ("Read", "Write"):
        for i in range(MAX_INDEXES + 1):
            on_index = {"GlobalSecondaryIndexName": index(i)} if i else {}
            found.append(
                Alarm(
                    logical_id=f"{kind}CapacityAlarm{i or ''}",
                    slug=f"{kind.lower()}-capacity" + (f"-index-{i}" if i else ""),
                    section=f"{kind} capacity",
                    means=f"{kind}s use most of the provisioned capacity of " + ("the index" if i else "the table itself"),
                    do="Auto scaling should follow: see whether it is at its maximum, and raise that. Steady load near the "
                    "maximum is cheaper with a higher minimum; spiky load is cheaper on demand.",
                    metrics=(
                        dynamodb(f"Consumed{kind}CapacityUnits", "Sum", **on_index),
                        dynamodb(f"Provisioned{kind}CapacityUnits", "Average", **on_index),
                    ),
                    # Consumed is a sum over the period, provisioned a rate per second: divide, then compare.
                    expression="100 * (m1 / PERIOD(m1)) / m2",
                    threshold=ref("CapacityPercent"),
                    comparison="GreaterThanOrEqualToThreshold",
                    within=2,
                    missing="notBreaching",
                    missing_why="No consumption is published where there was none.",
                    condition=f"HasProvisionedIndex{i}" if i else "IsProvisioned",
                    instance=index(i) if i else None,
                    unhealthy=True,
                )
            )
    return found
