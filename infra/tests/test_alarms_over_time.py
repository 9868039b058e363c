"""The alarms, simulated: a healthy deployment from nothing raises none, and each fault raises exactly its own."""

from __future__ import annotations

import pytest
from alarm_simulator import ALARM, OK, READINGS, Simulation
from cfn import load
from figures import HERE, INDEX, OTHER, PROCESSOR, REPORTER, Minute, from_noon, in_bursts, none, seldom, steady, timeline
from stacks import stack

ON_DEMAND = {"Regions": f"{HERE},{OTHER}", "IndexNames": INDEX}
PROVISIONED = {**ON_DEMAND, "BillingMode": "PROVISIONED"}
STRONG = {**ON_DEMAND, "ConsistencyMode": "STRONG"}
NOT_STAMPED_YET = {**ON_DEMAND, "UnstampedWritesPercent": "100"}


def simulation(reading, parameters=None, template=None):
    return Simulation(stack("alarms.yaml", HERE, template, **(parameters or ON_DEMAND)), reading)


def raised(published, minutes, reading, parameters=None, template=None):
    """The alarms of which the topic was told."""
    return {n.alarm for n in simulation(reading, parameters, template).run(published, minutes) if n.state == ALARM}


@pytest.mark.parametrize("reading", READINGS, ids=str)
@pytest.mark.parametrize("writes", [none, seldom, steady, from_noon, in_bursts], ids=lambda w: w.__name__)
@pytest.mark.parametrize("parameters", [ON_DEMAND, PROVISIONED, STRONG], ids=["on-demand", "provisioned", "strong"])
def test_a_healthy_deployment_from_nothing_raises_nothing(parameters, writes, reading):
    made = simulation(reading, parameters)
    published = timeline(150, writes, provisioned=parameters is PROVISIONED)
    notices = made.run(published, 150)
    assert made.ever_in_alarm == set(), "no alarm is red at any time"
    # CloudWatch tells of a new alarm that is OK where it tells of recoveries: once, when it is made.
    assert {(n.minute, n.state) for n in notices} <= {(0, OK)}


@pytest.mark.parametrize("reading", READINGS, ids=str)
def test_nothing_is_raised_before_anything_is_published(reading):
    assert raised(timeline(0, none), 60, reading) == set()


def unstamped(share):
    """A share of the local writes, in percent, has no stamp."""
    def fault(now: Minute) -> None:
        writes = 200
        now.own("LocalWrites", writes * (100 - share) / 100)
        now.own("ReplicatedWrites", 0)
        now.own("UnstampedWrites", writes * share / 100)
    return fault


@pytest.mark.parametrize("reading", READINGS, ids=str)
def test_a_table_that_nobody_stamps_yet_is_watched_in_peace(reading):
    for share in (100, 60):
        assert raised(timeline(60, steady, unstamped(share)), 60, reading, NOT_STAMPED_YET) == set()
        assert raised(timeline(60, steady, unstamped(share)), 60, reading) == {"unstamped-writes"}


def test_a_share_of_unstamped_writes_is_an_alarm_from_its_limit_on():
    limited = {**ON_DEMAND, "UnstampedWritesPercent": "5"}
    assert raised(timeline(60, steady, unstamped(4)), 60, READINGS[0], limited) == set()
    assert raised(timeline(60, steady, unstamped(6)), 60, READINGS[0], limited) == {"unstamped-writes"}


OWN_METRICS = ("Records", "LocalWrites", "ReplicatedWrites", "Conflicts", "LostWrites")


def processor_stands_still(now: Minute) -> None:
    """The mapping is disabled: it polls no more, and the function's and the mapping's figures end."""
    now.without("PolledEventCount", "InvokedEventCount", "FailedInvokeEventCount", *OWN_METRICS)
    now.without("Invocations", "Errors", "Throttles", "Duration", "IteratorAge", FunctionName=PROCESSOR)


def processor_reads_another_stream(now: Minute) -> None:
    """As after a restore to the same name: the mapping polls a stream in which nothing happens."""
    processor_stands_still(now)
    now.mapping("PolledEventCount", 0)


def key_of_the_other_region_is_gone(now: Minute) -> None:
    now.without("ReplicationLatency")
    if now.number % 5 == 3:
        now.own("ReplicaHealthy", 0, ReplicaRegion=OTHER)


def own_replica_is_archived(now: Minute) -> None:
    if now.number % 5 == 3:
        now.own("ReplicaHealthy", 0, ReplicaRegion=HERE)


def schedule_is_switched_off(now: Minute) -> None:
    now.without("Invocations", "Errors", FunctionName=REPORTER)
    now.without("ReplicaHealthy", "ItemCount", "OpenEntries", "OldestOpenEntryAge")


def reporter_fails(now: Minute) -> None:
    now.without("ReplicaHealthy", "ItemCount", "OpenEntries", "OldestOpenEntryAge")
    if now.number % 5 == 3:
        now.function("Errors", REPORTER, 1)


def nobody_looks_at_the_ledger(now: Minute) -> None:
    if now.number % 5 == 3:
        now.own("OldestOpenEntryAge", 300_000)


def slow(operation, milliseconds=400.0):
    """DynamoDB takes long for one operation."""
    return lambda now: now.table("SuccessfulRequestLatency", *[milliseconds] * 50, Operation=operation)


def function_does_not_start(now: Minute) -> None:
    """A wrong setting: every invocation fails, and nothing is judged."""
    now.without(*OWN_METRICS)
    now.function("Errors", PROCESSOR, 1)
    now.mapping("FailedInvokeEventCount", 400)
    now.function("IteratorAge", PROCESSOR, 60_000 * now.number)


# What went wrong, since minute 60 unless it says otherwise; how it looks; which alarms tell of it.
FAULTS = {
    "one conflict": (lambda now: now.own("Conflicts", 1), {"conflicts"}),
    "one write in fifty is lost": (
        lambda now: (now.own("Conflicts", 4), now.own("LostWrites", 4)), {"conflicts", "lost-write-rate"}),
    "a writer does not stamp": (lambda now: now.own("UnstampedWrites", 3), {"unstamped-writes"}),
    "an unstamped write is overwritten": (lambda now: now.own("SuspectedConflicts", 1), {"suspected-conflicts"}),
    "an old version is put back": (lambda now: now.own("StaleOverwrites", 1), {"stale-overwrites"}),
    "nobody looks at the ledger": (nobody_looks_at_the_ledger, {"open-entries"}),
    "a record cannot be read": (lambda now: now.own("QuarantinedRecords", 1), {"quarantined-records"}),
    "the stream's view type is changed": (lambda now: now.own("UnusableRecords", 400), {"unusable-records"}),
    "the processor falls behind": (lambda now: now.function("IteratorAge", PROCESSOR, 400_000), {"iterator-age"}),
    "the mapping is paused": (processor_stands_still, {"processor-silent"}),
    "the mapping reads another stream": (processor_reads_another_stream, {"processor-silent"}),
    "the function does not start": (function_does_not_start, {"function-errors", "failed-events", "iterator-age"}),
    "the account has no concurrency left": (lambda now: now.function("Throttles", PROCESSOR, 5), {"function-throttles"}),
    "invocations nearly time out": (lambda now: now.function("Duration", PROCESSOR, 25_000), {"function-duration"}),
    "the ledger refuses entries": (lambda now: now.mapping("FailedInvokeEventCount", 7), {"failed-events"}),
    "records are given up and dropped": (lambda now: now.mapping("DroppedEventCount", 10), {"dropped-events"}),
    "a batch goes to the failure bucket": (
        lambda now: now.mapping("OnFailureDestinationDeliveredEventCount", 10), {"failure-destination"}),
    "the failure bucket refuses a batch": (
        lambda now: now.function("DestinationDeliveryFailures", PROCESSOR, 1), {"destination-delivery-failures"}),
    "the reporter fails": (reporter_fails, {"reporter-errors"}),
    "the reporter's schedule is off": (schedule_is_switched_off, {"reporter-silent"}),
    "replication is slow": (
        lambda now: now.table("ReplicationLatency", *[20_000.0] * 200, ReceivingRegion=OTHER), {f"replication-latency-{OTHER}"}),
    "replication stands still": (lambda now: now.without("ReplicationLatency"), {f"replication-stalled-{OTHER}"}),
    "the other Region's key is gone": (
        key_of_the_other_region_is_gone, {f"replica-unhealthy-{OTHER}", f"replication-stalled-{OTHER}"}),
    "the own replica is archived": (own_replica_is_archived, {f"replica-unhealthy-{HERE}"}),
    "reads are throttled": (lambda now: now.table("ReadThrottleEvents", 3), {"read-throttle"}),
    "writes are throttled": (
        lambda now: (now.table("WriteThrottleEvents", 3), now.table("ThrottledRequests", 2, Operation="PutItem")),
        {"write-throttle", "throttled-requests"}),
    "an index throttles reads": (
        lambda now: now.table("ReadThrottleEvents", 3, GlobalSecondaryIndexName=INDEX), {f"read-throttle-{INDEX}"}),
    "an index throttles writes": (
        lambda now: now.table("WriteThrottleEvents", 3, GlobalSecondaryIndexName=INDEX), {f"write-throttle-{INDEX}"}),
    **{f"DynamoDB takes long for {o}": (slow(o), {f"request-latency-{o}"})
       for o in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")},
    "DynamoDB answers with errors": (lambda now: now.table("SystemErrors", 1, Operation="Query"), {"system-errors"}),
    "reads near the on-demand maximum": (
        lambda now: (now.table("ConsumedReadCapacityUnits", 5_400), now.table("OnDemandMaxReadRequestUnits", 100)),
        {"on-demand-read-maximum"}),
    "writes near the on-demand maximum": (
        lambda now: (now.table("ConsumedWriteCapacityUnits", 5_400), now.table("OnDemandMaxWriteRequestUnits", 100)),
        {"on-demand-write-maximum"}),
}
PROVISIONED_FAULTS = {
    f"{kind} capacity of {place} is used up": (
        lambda now, kind=kind, on=on: now.table(f"Consumed{kind}CapacityUnits", 5_400, **on), {f"{kind.lower()}-capacity{end}"})
    for kind in ("Read", "Write")
    for place, on, end in (("the table", {}, ""), ("an index", {"GlobalSecondaryIndexName": INDEX}, f"-{INDEX}"))
}


@pytest.mark.parametrize("reading", READINGS, ids=str)
@pytest.mark.parametrize("fault, alarms", FAULTS.values(), ids=FAULTS)
def test_a_fault_raises_exactly_its_alarm(fault, alarms, reading):
    assert raised(timeline(120, steady, fault, since=60), 120, reading) == alarms


@pytest.mark.parametrize("reading", READINGS, ids=str)
@pytest.mark.parametrize("fault, alarms", PROVISIONED_FAULTS.values(), ids=PROVISIONED_FAULTS)
def test_used_up_capacity_raises_exactly_its_alarm(fault, alarms, reading):
    assert raised(timeline(120, steady, fault, since=60, provisioned=True), 120, reading, PROVISIONED) == alarms


@pytest.mark.parametrize("reading", READINGS, ids=str)
@pytest.mark.parametrize("fault, alarms", [
    (processor_stands_still, {"processor-silent"}),
    (lambda now: now.without("ReplicationLatency"), {f"replication-stalled-{OTHER}"}),
    (schedule_is_switched_off, {"reporter-silent"}),
], ids=["the processor never began", "replication never began", "the reporter never began"])
def test_what_never_began_is_raised_too(fault, alarms, reading):
    """The figure that is missing was never published: what FILL makes of such a one is not certain."""
    assert raised(timeline(60, steady, fault), 60, reading) == alarms


@pytest.mark.parametrize("reading", READINGS, ids=str)
@pytest.mark.parametrize("name", [n for n in FAULTS if "throttle" in n])
def test_throttling_in_one_minute_alone_is_seen(name, reading):
    fault, alarms = FAULTS[name]
    assert raised(timeline(120, steady, fault, since=77, until=78), 120, reading) == alarms


def test_every_alarm_has_a_fault():
    told = set().union(*(alarms for _, alarms in (*FAULTS.values(), *PROVISIONED_FAULTS.values())))
    made = [stack("alarms.yaml", HERE, **mode).resources("AWS::CloudWatch::Alarm").values() for mode in (ON_DEMAND, PROVISIONED)]
    assert told == {a["Properties"]["AlarmName"].split(".", 1)[1] for alarms in made for a in alarms}


def test_a_slow_minute_is_no_alarm_and_a_slow_scan_is_its_own_business():
    for fault in (slow("Scan", 5_000.0), slow("Query"), slow("BatchWriteItem"), slow("PutItem", 150.0)):
        assert raised(timeline(120, steady, fault, since=60), 120, READINGS[0]) == set()
    assert raised(timeline(120, steady, slow("PutItem"), since=60, until=69), 120, READINGS[0]) == set()


def test_latency_rings_from_the_limit_that_was_given_on():
    strict = {**ON_DEMAND, "RequestLatencyThresholdMs": "100"}
    assert raised(timeline(120, steady, slow("PutItem", 150.0), since=60), 120, READINGS[0], strict) == {"request-latency-PutItem"}


RECOVERIES = {"request-latency-GetItem", "request-latency-PutItem", "request-latency-UpdateItem", "request-latency-DeleteItem",
              "iterator-age", "processor-silent", "function-errors", "function-throttles", "function-duration", "failed-events",
              "reporter-errors", "reporter-silent", f"replication-latency-{OTHER}", f"replication-stalled-{OTHER}",
              f"replica-unhealthy-{OTHER}", f"replica-unhealthy-{HERE}", "system-errors", "on-demand-read-maximum",
              "on-demand-write-maximum"}


@pytest.mark.parametrize("fault, alarms", FAULTS.values(), ids=FAULTS)
def test_the_end_of_a_state_is_news_and_the_end_of_a_count_is_not(fault, alarms):
    notices = simulation(READINGS[0]).run(timeline(180, steady, fault, since=60, until=110), 180)
    assert {n.alarm for n in notices if n.state == OK and n.minute} == alarms & RECOVERIES


def test_a_trouble_is_told_once_and_by_the_alarm_that_says_what_to_do():
    notices = simulation(READINGS[0]).run(timeline(180, steady, key_of_the_other_region_is_gone, since=60), 180)
    assert sorted(n.alarm for n in notices if n.minute) == [f"replica-unhealthy-{OTHER}", f"replication-stalled-{OTHER}"]


def test_the_composite_is_on_while_one_of_its_alarms_is():
    made = simulation(READINGS[0])
    made.run(timeline(120, steady, own_replica_is_archived, since=60), 120)
    assert made.in_alarm() == {f"replica-unhealthy-{HERE}", "table-unhealthy"}


def changed(logical_id, **properties):
    """A copy of the alarms with one alarm's properties changed."""
    template = load("alarms.yaml")
    template["Resources"][logical_id]["Properties"] |= properties
    return template


def with_expression(logical_id, expression):
    template = load("alarms.yaml")
    template["Resources"][logical_id]["Properties"]["Metrics"][0]["Expression"] = expression
    return template


FILLED = "IF(FILL(m1, 0) > 0 AND FILL(m2, 0) == 0, 1, 0)"


def test_an_alarm_that_leans_on_fill_is_caught():
    """Under one of the readings it never rings for a figure that never was."""
    for logical_id, fault in (("ProcessorSilentAlarm", processor_stands_still),
                              ("ReplicationStalledAlarm2", lambda now: now.without("ReplicationLatency"))):
        broken = with_expression(logical_id, FILLED)
        silent = [r for r in READINGS if not raised(timeline(60, steady, fault), 60, r, template=broken)]
        assert silent and silent != READINGS


@pytest.mark.parametrize("logical_id", ["ReplicaUnhealthyAlarm2", "ConflictsAlarm", "IteratorAgeAlarm"])
def test_an_alarm_that_takes_silence_for_bad_news_is_caught(logical_id):
    broken = changed(logical_id, TreatMissingData="breaching")
    assert raised(timeline(60, none), 60, READINGS[0], template=broken) != set()


def test_a_latency_alarm_on_the_slowest_request_is_caught():
    one_of_many = lambda now: now.table("SuccessfulRequestLatency", 3_000.0, *[6.0] * 199, Operation="PutItem")  # noqa: E731
    published = timeline(120, steady, one_of_many, since=60)
    assert raised(published, 120, READINGS[0]) == set()
    broken = changed("RequestLatencyAlarmPutItem", Statistic="Maximum")
    assert raised(published, 120, READINGS[0], template=broken) == {"request-latency-PutItem"}


def test_a_count_of_unstamped_writes_in_place_of_a_share_is_caught():
    broken = with_expression("UnstampedWritesAlarm", "m1")
    assert raised(timeline(60, steady, unstamped(100)), 60, READINGS[0], NOT_STAMPED_YET, broken) != set()


def test_throttling_by_five_minutes_in_two_periods_is_caught():
    broken = changed("WriteThrottleAlarm", Period=300, EvaluationPeriods=3, DatapointsToAlarm=2)
    fault, _ = FAULTS["writes are throttled"]
    published = timeline(120, steady, fault, since=77, until=78)
    assert "write-throttle" not in raised(published, 120, READINGS[0], template=broken)


def test_a_composite_that_tells_beside_its_alarms_is_caught():
    broken = changed("TableUnhealthyAlarm", AlarmActions=[{"Ref": "TopicArn"}])
    told = raised(timeline(120, steady, own_replica_is_archived, since=60), 120, READINGS[0], template=broken)
    assert told == {f"replica-unhealthy-{HERE}", "table-unhealthy"}
