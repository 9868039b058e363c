"""With what the stacks of an attached table begin, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from doubles import StubbedAws, stack, table
from doubles import context as make_context
from doubles import said as said_in

from infra.deploy import system, tables
from infra.deploy.artifacts import Artifact
from infra.deploy.commands import attach
from infra.deploy.stacks import Stack
from infra.deploy.tables import Replica

REGION = "us-east-1"
ARTIFACT = Artifact("stream-processor", Path("x"), "0" * 64, "arm64")


def lay_out(aws: StubbedAws, part: str, parameters: dict[str, str] | None, region: str = REGION) -> None:
    """DescribeStacks' answer about one stack; None: there is none."""
    if parameters is None:
        aws.refuse("cloudformation", region, "describe_stacks", "ValidationError", "Stack with id x does not exist")
    else:
        name = f"lastwriter-dev-orders-{part}"
        aws.answer("cloudformation", region, "describe_stacks", stack(name, "CREATE_COMPLETE", parameters))


@pytest.mark.parametrize("processor, alarms, position, percent", [
    pytest.param(None, None, "LATEST", "100", id="new stacks"),
    pytest.param({"StreamArn": "arn", "StartingPosition": "TRIM_HORIZON"}, {"UnstampedWritesPercent": "0"}, None, None,
                 id="what is there keeps what it has"),
    pytest.param({"KeyArn": "arn"}, None, "LATEST", "100", id="a stack that holds an imported ledger alone"),
    pytest.param({"StreamArn": "arn", "StartingPosition": "LATEST"}, {"ConflictsThreshold": "0"}, None, None,
                 id="alarms of an earlier version stay on"),
])
def test_an_attached_table_begins_now_and_without_the_alarm_on_unstamped_writes(
        aws: StubbedAws, context, processor: Any, alarms: Any, position: str | None, percent: str | None) -> None:
    lay_out(aws, "processor", processor)
    lay_out(aws, "alarms", alarms)
    system.begin_attached(context, REGION)
    assert context.own_parameters(REGION, "processor").get("StartingPosition") == position
    assert context.own_parameters(REGION, "alarms").get("UnstampedWritesPercent") == percent


def test_params_say_otherwise(aws: StubbedAws) -> None:
    context = make_context(aws, params="StartingPosition=TRIM_HORIZON UnstampedWritesPercent=2")
    lay_out(aws, "processor", None)
    lay_out(aws, "alarms", None)
    system.begin_attached(context, REGION)
    assert context.own_parameters(REGION, "processor") == {"StartingPosition": "TRIM_HORIZON"}
    assert context.own_parameters(REGION, "alarms") == {"UnstampedWritesPercent": "2"}


def test_a_region_that_comes_later_takes_the_primarys_limit(aws: StubbedAws, context) -> None:
    context.inherited["eu-west-1", "alarms"] = {"UnstampedWritesPercent": "0"}
    lay_out(aws, "processor", None, "eu-west-1")
    lay_out(aws, "alarms", None, "eu-west-1")
    system.begin_attached(context, "eu-west-1")
    assert context.own_parameters("eu-west-1", "alarms") == {"UnstampedWritesPercent": "0"}


@pytest.mark.parametrize("given, before, warned", [("", {"UnstampedWritesPercent": "100"}, True),
                                                   ("UnstampedWritesPercent=0", {"UnstampedWritesPercent": "100"}, False),
                                                   ("", {}, False)])
def test_what_to_expect_of_unstamped_writes_is_said(aws: StubbedAws, given: str, before: dict[str, str], warned: bool) -> None:
    context = make_context(aws, regions=[REGION], params=given)
    lay_out(aws, "alarms", before)
    replica = Replica(REGION, "orders", table(REGION, Replicas=[])["Table"])
    attach._print_warnings(context, {REGION: replica})
    assert ('the alarm on them is off in us-east-1 until you run this again with PARAMS="UnstampedWritesPercent=0"'
            in said_in(context)) == warned


def test_indexes_that_the_alarms_cannot_name_are_told_of(aws: StubbedAws, context, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["I" * 255, *(f"GSI{i}" for i in range(1, 7))]
    replica = tables.Replica(REGION, "orders", table(REGION, GlobalSecondaryIndexes=[{"IndexName": n} for n in names])["Table"])
    given: dict[str, dict[str, str]] = {}
    monkeypatch.setattr(system.Builder, "apply", lambda self, region, part, values: given.update({part: values}))
    outputs = {"EventSourceMappingId": "id", "TopicArn": "arn"}
    processor = Stack("processor", REGION, "CREATE_COMPLETE", outputs, {"MetricsNamespace": "LastWriter", "Timeout": "30"})
    system.Builder(context, ARTIFACT, ARTIFACT).watch(REGION, replica, processor)
    assert given["alarms"]["IndexNames"] == given["dashboard"]["IndexNames"] == "GSI1,GSI2,GSI3,GSI4,GSI5"
    assert "has 7 indexes; the alarms watch the first 5 of those whose names have at most 200 characters" in said_in(context)
