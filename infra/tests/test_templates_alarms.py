"""Which alarms a stack has, by mode, Regions and indexes; and that their figures are compared in the same unit."""

from __future__ import annotations

import re

import pytest
from cfn import load
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
    "open-entries",
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
    "reporter-silent",
    "replica-unhealthy-us-east-1",
    "replica-unhealthy-eu-west-1",
    "read-throttle",
    "write-throttle",
    "request-latency-GetItem",
    "request-latency-PutItem",
    "request-latency-UpdateItem",
    "request-latency-DeleteItem",
    "system-errors",
    "throttled-requests",
    "table-unhealthy",
}


@pytest.mark.parametrize("mode", [{}, {"ConsistencyMode": "STRONG"}, {"BillingMode": "PROVISIONED"}], ids=str)
def test_the_alarms_that_every_stack_has(mode):
    assert set(alarms(**mode)) >= ALWAYS


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_each_other_region_has_a_latency_and_a_stall_alarm_and_each_region_a_replica_alarm(count):
    for region in FIVE[:count]:
        others = set(FIVE[:count]) - {region}
        assert slugs("replication-latency-", region=region, count=count) == {f"replication-latency-{r}" for r in others}
        assert slugs("replication-stalled-", region=region, count=count) == {f"replication-stalled-{r}" for r in others}
        assert slugs("replica-unhealthy-", region=region, count=count) == {f"replica-unhealthy-{r}" for r in FIVE[:count]}


def test_latency_alarms_name_the_receiving_region():
    dimensions = {d["Name"]: d["Value"] for d in alarms(region="us-east-1")[f"replication-latency-{FIVE[2]}"]["Dimensions"]}
    assert dimensions == {"TableName": "Orders.v2", "ReceivingRegion": FIVE[2]}


def test_strong_consistency_has_no_replication_alarm():
    assert slugs("replication-", ConsistencyMode="STRONG") == set()


@pytest.mark.parametrize("names", [[], ["GSI1"], ["GSI1", "GSI2"], ["aaa", "b-b", "c_c", "d.d", "eee"]], ids=str)
def test_each_index_has_throttle_alarms_that_end_in_its_name(names):
    made = slugs("", IndexNames=",".join(names))
    for kind in ("read", "write"):
        found = {s.removeprefix(f"{kind}-throttle-") for s in made if s.startswith(f"{kind}-throttle-")}
        assert found == set(names)


def test_capacity_alarms_are_there_only_when_capacity_is_provisioned():
    assert {s for s in alarms(IndexNames="GSI1") if "capacity" in s} == set()
    provisioned = {s for s in alarms(IndexNames="GSI1", BillingMode="PROVISIONED") if "capacity" in s}
    assert provisioned == {"read-capacity", "write-capacity", "read-capacity-GSI1", "write-capacity-GSI1"}


def test_maxima_are_watched_only_on_demand():
    assert slugs("on-demand-") == {"on-demand-read-maximum", "on-demand-write-maximum"}
    assert slugs("on-demand-", BillingMode="PROVISIONED") == set()


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
    table_alarms = {i for i in made if i.startswith(("Replica", "Read", "Write", "Request", "System", "ThrottledRequests", "OnDemand"))}
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


LONGEST = {
    "ProjectName": "p" * 10, "Environment": "staging", "TableLabel": "l" * 15, "TableName": "T" * 255, "RunbookUrl": "u" * 120,
    "IndexNames": ",".join(str(i) + "I" * 199 for i in range(5)), "BillingMode": "PROVISIONED",
    "Regions": "ap-southeast-1,ap-northeast-1,us-gov-west-1,ca-central-1,eu-central-1",
}


def too_long(template=None):
    """The alarms whose name or description CloudWatch would refuse, at the longest parameters."""
    made = stack("alarms.yaml", "ap-southeast-1", template, **LONGEST).resources().items()
    return [i for i, r in made if len(r["Properties"]["AlarmName"]) > 255 or len(r["Properties"]["AlarmDescription"]) > 1024]


def test_names_and_descriptions_fit_at_the_longest_parameters():
    assert too_long() == []


def test_a_description_that_does_not_fit_is_caught():
    broken = load("alarms.yaml")
    broken["Resources"]["ConflictsAlarm"]["Properties"]["AlarmDescription"]["Fn::Sub"][0] += "x" * 500
    assert too_long(broken) == ["ConflictsAlarm"]


def test_descriptions_name_the_table_and_link_to_the_dashboard_and_the_section():
    links = alarms(count=5, IndexNames="GSI1", RunbookUrl="https://git.example.com/ops/infra/README.md")
    board = stack("dashboard.yaml").outputs()["DashboardUrl"]
    for slug, alarm in links.items():
        assert "Orders.v2" in alarm["AlarmDescription"], slug
        assert f" {board} " in alarm["AlarmDescription"], slug
        assert re.search(r" https://git\.example\.com/ops/infra/README\.md#[a-z-]+$", alarm["AlarmDescription"]), slug
