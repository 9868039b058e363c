"""The dashboards are valid for two to five Regions, and each check of them bites."""

from __future__ import annotations

import copy
import re

import dashboard_checks as checks
import pytest
from cfn import load
from metric_uses import boards
from stacks import FIVE, stack


def board(name="RegionDashboard", count=5, region="us-east-1", **parameters):
    return boards(stack("dashboard.yaml", region, Regions=",".join(FIVE[:count]), **parameters))[name]


@pytest.mark.parametrize("check", checks.ALL, ids=lambda c: c.__name__)
@pytest.mark.parametrize("count", [2, 3, 4, 5])
@pytest.mark.parametrize("name", ["RegionDashboard", "AllRegionsDashboard"])
def test_nothing_is_wrong(check, count, name):
    assert check(board(name, count)) == []


def widget(body, kind="metric"):
    return next(w for w in body["widgets"] if w["type"] == kind)


BREAKS = {
    "on each other": (checks.overlaps, lambda b: b["widgets"][3].update(y=b["widgets"][2]["y"])),
    "out of the columns": (checks.overlaps, lambda b: b["widgets"][0].update(width=25)),
    "no period": (checks.metric_widgets, lambda b: widget(b)["properties"].pop("period")),
    "a period of 45 s": (checks.metric_widgets, lambda b: widget(b)["properties"].update(period=45)),
    "no Region": (checks.metric_widgets, lambda b: widget(b)["properties"].pop("region")),
    "no statistic": (checks.metric_widgets, lambda b: widget(b)["properties"].pop("stat")),
    "no metrics": (checks.metric_widgets, lambda b: widget(b)["properties"].update(metrics=[])),
    "a dimension without value": (checks.metric_widgets, lambda b: widget(b)["properties"]["metrics"][0].insert(2, "Kind")),
    "an id twice": (
        checks.metric_widgets,
        lambda b: widget(b)["properties"].update(metrics=[["A", "B", {"id": "m"}], ["A", "C", {"id": "m"}]]),
    ),
    "nothing visible": (
        checks.metric_widgets,
        lambda b: widget(b)["properties"].update(metrics=[["A", "B", {"visible": False}]]),
    ),
    "no text": (checks.explanations, lambda b: b.update(widgets=[w for w in b["widgets"] if w["type"] != "text"])),
    "an open placeholder": (checks.placeholders, lambda b: widget(b)["properties"].update(region="${AWS::Region}")),
}


@pytest.mark.parametrize("check, break_it", BREAKS.values(), ids=BREAKS)
def test_a_broken_copy_is_caught(check, break_it):
    body = copy.deepcopy(board())
    break_it(body)
    assert check(body) != []


def test_every_check_is_shown_to_bite():
    assert {check for check, _ in BREAKS.values()} == set(checks.ALL)


def test_the_board_across_regions_is_made_in_the_primary_only():
    assert set(boards(stack("dashboard.yaml", "us-east-1"))) == {"RegionDashboard", "AllRegionsDashboard"}
    elsewhere = stack("dashboard.yaml", "eu-west-1")
    assert set(boards(elsewhere)) == {"RegionDashboard"}
    assert set(elsewhere.outputs()) == {"DashboardName", "DashboardUrl"}


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_every_graph_across_regions_has_one_line_for_each_region(count):
    for widget_ in board("AllRegionsDashboard", count)["widgets"]:
        if widget_["type"] == "metric":
            assert [m[-1]["region"] for m in widget_["properties"]["metrics"]] == FIVE[:count]


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_the_alarm_tile_across_regions_names_two_alarms_of_each_region(count):
    (tile,) = [w for w in board("AllRegionsDashboard", count)["widgets"] if w["type"] == "alarm"]
    regions = [arn.split(":")[3] for arn in tile["properties"]["alarms"]]
    assert regions == FIVE[:count] * 2


MODES = [
    {},
    {"ConsistencyMode": "STRONG"},
    {"BillingMode": "PROVISIONED", "IndexNames": "GSI1,GSI2"},
    {"IndexNames": "a-1,b_2,c.3,ddd,eee", "BillingMode": "PROVISIONED"},
]


@pytest.mark.parametrize("mode", MODES, ids=str)
@pytest.mark.parametrize("region", FIVE[:3])
def test_the_alarm_tile_names_exactly_the_alarms_that_exist(mode, region):
    made = stack("alarms.yaml", region, Regions=",".join(FIVE[:3]), **mode).resources()
    names = {r["Properties"]["AlarmName"] for r in made.values()}
    (tile,) = [w for w in board(count=3, region=region, **mode)["widgets"] if w["type"] == "alarm"]
    arns = tile["properties"]["alarms"]
    assert {arn.split(":alarm:")[1] for arn in arns} == names
    assert {arn.split(":")[3] for arn in arns} == {region}
    # CloudWatch's limit for an alarm widget.
    assert len(arns) <= 100


def test_dashboard_names_are_allowed_and_carry_the_region():
    outputs = stack("dashboard.yaml").outputs()
    for resource in load("dashboard.yaml")["Resources"].values():
        name = stack("dashboard.yaml").resolve(resource["Properties"]["DashboardName"])
        assert re.fullmatch("[A-Za-z0-9_-]{1,255}", name) and "us-east-1" in name
        assert any(str(value).endswith(name) for key, value in outputs.items() if key.endswith("Url"))
