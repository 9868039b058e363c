"""Which alarms a stack has, by mode, Regions and indexes; and that their figures are compared in the same unit."""

from __future__ import annotations

import re

import pytest
from stacks import FIVE, stack

PREFIX = "lastwriter-dev-orders-a1b2c3."


def alarms(region="us-east-1", count=3, **parameters):
    made = stack("alarms.yaml", region, Regions=",".join(FIVE[:count]), **parameters).resources()
    return {r["Properties"]["AlarmName"].removeprefix(PREFIX): r["Properties"] for r in made.values()}


def slugs(start, **parameters):
    return {s for s in alarms(**parameters) if s.startswith(start)}


ALWAYS = {
    "conflicts",
    "lost-write-rate",
    "unstamped-writes",
    "stale-overwrites",
    "quarantined-records",
    "unusable-records",
    "iterator-age",
    "processor-silent",
    "function-errors",
    "function-throttles",
    "function-duration",
    "failed-events",
    "dropped-events",
    "failure-destination",
    "destination-delivery-failures",
    "reporter-errors",
    "replica-not-active-1",
    "replica-not-active-2",
    "read-throttle",
    "write-throttle",
    "system-errors",
    "throttled-requests",
    "table-unhealthy",
}


@pytest.mark.parametrize("mode", [{}, {"ConsistencyMode": "STRONG"}, {"BillingMode": "PROVISIONED"}], ids=str)
def test_the_alarms_that_every_stack_has(mode):
    assert set(alarms(**mode)) >= ALWAYS


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_each_other_region_has_a_latency_and_a_stall_alarm_and_each_region_a_replica_alarm(count):
    for position, region in enumerate(FIVE[:count], 1):
        others = {str(i) for i in range(1, count + 1) if i != position}
        assert slugs("replication-latency-", region=region, count=count) == {f"replication-latency-{i}" for i in others}
        assert slugs("replication-stalled-", region=region, count=count) == {f"replication-stalled-{i}" for i in others}
        assert len(slugs("replica-not-active-", region=region, count=count)) == count


def test_latency_alarms_name_the_receiving_region():
    dimensions = {d["Name"]: d["Value"] for d in alarms(region="us-east-1")["replication-latency-3"]["Dimensions"]}
    assert dimensions == {"TableName": "Orders.v2", "ReceivingRegion": FIVE[2]}


def test_strong_consistency_has_no_replication_alarm():
    assert slugs("replication-", ConsistencyMode="STRONG") == set()


@pytest.mark.parametrize("names, count", [("", 0), ("GSI1", 1), ("GSI1,GSI2", 2), ("aaa,b-b,c_c,d.d,eee", 5)])
def test_each_index_has_throttle_alarms(names, count):
    assert slugs("read-throttle-index", IndexNames=names) == {f"read-throttle-index-{i}" for i in range(1, count + 1)}
    assert slugs("write-throttle-index", IndexNames=names) == {f"write-throttle-index-{i}" for i in range(1, count + 1)}


def test_capacity_alarms_are_there_only_when_capacity_is_provisioned():
    assert {s for s in alarms(IndexNames="GSI1") if "capacity" in s} == set()
    provisioned = {s for s in alarms(IndexNames="GSI1", BillingMode="PROVISIONED") if "capacity" in s}
    assert provisioned == {"read-capacity", "write-capacity", "read-capacity-index-1", "write-capacity-index-1"}


def test_capacity_is_compared_as_a_rate_over_300_seconds():
    alarm = alarms(BillingMode="PROVISIONED")["write-capacity"]
    result, consumed, provisioned = alarm["Metrics"]
    assert result["Expression"] == "100 * (m1 / PERIOD(m1)) / m2"
    assert (consumed["MetricStat"]["Stat"], consumed["MetricStat"]["Period"]) == ("Sum", 300)
    assert (provisioned["MetricStat"]["Stat"], provisioned["MetricStat"]["Period"]) == ("Average", 300)


def test_duration_is_compared_with_the_timeout_in_percent():
    assert alarms(FunctionTimeout="60")["function-duration"]["Metrics"][0]["Expression"] == "m1 / (60 * 10)"


@pytest.mark.parametrize("mode", [{}, {"ConsistencyMode": "STRONG"}, {"BillingMode": "PROVISIONED", "IndexNames": "GSI1"}], ids=str)
@pytest.mark.parametrize("count", [2, 5])
def test_the_composite_watches_alarms_of_this_stack_and_is_well_formed(mode, count):
    made = stack("alarms.yaml", Regions=",".join(FIVE[:count]), **mode).resources()
    rule = made["TableUnhealthyAlarm"]["Properties"]["AlarmRule"]
    assert re.fullmatch(r'ALARM\("<\w+>"\)(?: OR ALARM\("<\w+>"\))*', rule)
    watched = set(re.findall(r"<(\w+)>", rule))
    assert watched <= set(made)
    table_alarms = {i for i in made if i.startswith(("Replica", "Read", "Write", "System", "ThrottledRequests"))}
    assert watched == table_alarms
    # CloudWatch's limits: a hundred alarms in a rule, and its length (an alarm's name takes more room than its token).
    assert len(watched) <= 100
    assert len(watched) * (len(' OR ALARM("")') + 60) <= 10240


def test_names_of_two_tables_environments_or_projects_never_meet():
    def every_name(**parameters):
        made = stack("alarms.yaml", **parameters).resources().values()
        return {r["Properties"]["AlarmName"] for r in made}

    sets = [every_name(), every_name(TableLabel="other"), every_name(Environment="prod"), every_name(ProjectName="mine")]
    assert len(set().union(*sets)) == sum(map(len, sets))


def test_descriptions_fit():
    """CloudWatch's limit is 1,024 characters; the longest table name has 255."""
    for slug, alarm in alarms(count=5, IndexNames="GSI1", BillingMode="PROVISIONED").items():
        assert len(alarm["AlarmDescription"]) + 255 <= 1024, slug
        assert "Orders.v2" in alarm["AlarmDescription"]
