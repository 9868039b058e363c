"""The metrics that templates name are those that the code emits, or that AWS publishes, with their dimensions."""

from __future__ import annotations

import json

import pytest
from cfn import load
from metric_uses import NAMESPACE, Use, alarm_uses, aws_metrics, board_uses, boards, own_metrics, search_use, wrong
from stacks import FIVE, stack

EVERYTHING = {
    "Regions": ",".join(FIVE),
    "IndexNames": "GSI1,GSI2,GSI3,GSI4,GSI5",
    "BillingMode": "PROVISIONED",
}


def every_board(template=None):
    return boards(stack("dashboard.yaml", template=template, **EVERYTHING))


def test_alarms_name_only_metrics_that_exist():
    uses = alarm_uses(stack("alarms.yaml", **EVERYTHING))
    assert len(uses) > 70
    assert wrong(uses) == []


@pytest.mark.parametrize("board", ["RegionDashboard", "AllRegionsDashboard"])
def test_dashboards_name_only_metrics_that_exist(board):
    uses = board_uses(every_board()[board])
    assert len(uses) > 20
    assert wrong(uses) == []


def test_every_metric_that_the_code_emits_is_on_the_regions_dashboard():
    shown = {u.metric for u in board_uses(every_board()["RegionDashboard"]) if u.namespace == NAMESPACE}
    assert set(own_metrics()) - shown == set()


def test_every_dimension_set_that_the_code_emits_is_on_the_regions_dashboard():
    shown = {(u.metric, u.dimensions) for u in board_uses(every_board()["RegionDashboard"]) if u.namespace == NAMESPACE}
    emitted = {(n, frozenset(s)) for n, m in own_metrics().items() for s in m["dimension_sets"]}
    assert emitted - shown == set()


def test_every_aws_metric_of_the_list_is_used():
    used = {(u.namespace, u.metric) for b in every_board().values() for u in board_uses(b)}
    used |= {(u.namespace, u.metric) for u in alarm_uses(stack("alarms.yaml", **EVERYTHING))}
    listed = {(namespace, metric) for namespace, metrics in aws_metrics().items() for metric in metrics}
    assert listed - used == set()


def test_every_aws_metric_has_a_source():
    for metrics in aws_metrics().values():
        for metric, entry in metrics.items():
            assert entry["source"] in ("dynamodb", "lambda") and entry["dimensions"], metric


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(Use(NAMESPACE, "Conflict", frozenset({"TableName"}), "x"), id="a metric the code does not have"),
        pytest.param(Use(NAMESPACE, "LostWrites", frozenset({"TableName", "Kind"}), "x"), id="a dimension it does not have"),
        pytest.param(Use("AWS/DynamoDB", "PendingReplicationCount", frozenset({"TableName"}), "x"), id="not on the list"),
        pytest.param(Use("AWS/DynamoDB", "SystemErrors", frozenset({"TableName"}), "x"), id="by operation only"),
    ],
)
def test_a_wrong_use_is_caught(use):
    assert wrong([use]) != []


def test_a_broken_copy_of_the_alarms_is_caught():
    broken = load("alarms.yaml")
    broken["Resources"]["ConflictsAlarm"]["Properties"]["MetricName"] = "Conflict"
    assert wrong(alarm_uses(stack("alarms.yaml", template=broken))) != []


def test_a_broken_copy_of_the_dashboard_is_caught():
    broken = load("dashboard.yaml")
    body = broken["Resources"]["RegionDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    body[0] = body[0].replace("WinnerRegion", "Winner").replace("HardDeletes", "Deletes")
    assert len(wrong(board_uses(every_board(broken)["RegionDashboard"]))) == 2


def test_a_search_of_another_form_is_not_passed_over():
    with pytest.raises(ValueError, match="another form"):
        search_use("SEARCH('LastWriter Conflicts', 'Sum')", "x")


def test_the_kinds_on_the_dashboard_are_those_of_the_code():
    """The specification, section 3. The code's own list is compared with the contract's where it has one."""
    entries = [e for w in every_board()["RegionDashboard"]["widgets"] for e in w["properties"].get("metrics", []) if "Kind" in e]
    kinds = {e[e.index("Kind") + 1] for e in entries}
    assert kinds == {"update_update", "insert_insert", "update_delete", "delete_update", "delete_delete", "overwrite"}


def test_alarms_take_ten_metrics_at_most():
    """CloudWatch's limit for an alarm on an expression."""
    for logical_id, alarm in stack("alarms.yaml", **EVERYTHING).resources("AWS::CloudWatch::Alarm").items():
        queries = [q for q in alarm["Properties"].get("Metrics", []) if "MetricStat" in q]
        assert len(queries) <= 10, logical_id
        returning = [q for q in alarm["Properties"].get("Metrics", []) if q["ReturnData"]]
        assert not alarm["Properties"].get("Metrics") or len(returning) == 1, logical_id


def test_the_contract_is_sound():
    for metric in own_metrics().values():
        assert metric["unit"] in ("Count", "Milliseconds", "Seconds", "Bytes")
        assert all("TableName" in s for s in metric["dimension_sets"])
    json.dumps(own_metrics())
