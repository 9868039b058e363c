"""Settings that differ by Region, and what a new Region takes from the primary."""

from __future__ import annotations

from pathlib import Path

import pytest
from doubles import StubbedAws, stack
from doubles import context as make_context

from infra.deploy import system
from infra.deploy.artifacts import Artifact
from infra.deploy.commands import add_region
from infra.deploy.errors import DeployError

VPC = "{0}:VpcId=vpc-0a1b2c3d {0}:SubnetIds=subnet-0a"
ARTIFACT = Artifact("stream-processor", Path("x"), "0" * 64, "arm64")
PROCESSOR = "lastwriter-dev-orders-processor"


def no_stack(aws: StubbedAws, region: str) -> None:
    aws.refuse("cloudformation", region, "describe_stacks", "ValidationError", "Stack with id x does not exist")


def test_a_rule_that_one_regions_values_break_is_told_before_anything_is_made(aws: StubbedAws) -> None:
    given = f"us-east-1:RouteTableIds=rtb-0a {VPC.format('us-east-1')} {VPC.format('eu-west-1')}"
    context = make_context(aws, params=given)
    builder = system.Builder(context, ARTIFACT, ARTIFACT)
    no_stack(aws, "us-east-1")
    builder.check_rules("us-east-1", "processor", {})
    no_stack(aws, "eu-west-1")
    expected = "in eu-west-1 do not go together(.|\n)*CreateVpcEndpoints needs RouteTableIds"
    with pytest.raises(DeployError, match=expected):
        builder.check_rules("eu-west-1", "processor", {})


def lay_out_primary(aws: StubbedAws) -> None:
    no_stack(aws, "eu-west-1")
    settings = {
        "processor": {"LedgerImages": "diff", "StampPrefix": "xx", "SubnetIds": "subnet-0a", "MappingEnabled": "false",
                      "StartingPosition": "LATEST", "StreamArn": "arn", "Gone": "1"},
        "reporter": {"ScheduleMinutes": "2"}, "alarms": {"ConflictsThreshold": "5"}, "dashboard": {},
    }
    for part, values in settings.items():
        aws.answer("cloudformation", "us-east-1", "describe_stacks",
                   stack(f"lastwriter-dev-orders-{part}", "CREATE_COMPLETE", values))
    aws.answer("cloudformation", "us-east-1", "describe_stacks",
               stack(PROCESSOR, "CREATE_COMPLETE", settings["processor"]))


def test_a_new_region_takes_the_primarys_settings_but_not_its_place_nor_its_position(aws: StubbedAws, said) -> None:
    context = make_context(aws, params="eu-west-1:StampPrefix=yy")
    lay_out_primary(aws)
    system.inherit(context, "eu-west-1")
    assert context.own_parameters("eu-west-1", "processor") == {"LedgerImages": "diff", "StampPrefix": "yy"}
    assert context.own_parameters("eu-west-1", "reporter") == {"ScheduleMinutes": "2"}
    assert context.own_parameters("eu-west-1", "alarms") == {"ConflictsThreshold": "5"}
    assert context.own_parameters("us-east-1", "processor") == {}
    assert "the one in eu-west-1 will not be" in context.console.out.getvalue()


def test_a_region_that_has_a_processor_keeps_its_own_settings(aws: StubbedAws, context) -> None:
    aws.answer("cloudformation", "eu-west-1", "describe_stacks", stack(PROCESSOR, "CREATE_COMPLETE", {"StreamArn": "arn"}))
    system.inherit(context, "eu-west-1")
    assert context.own_parameters("eu-west-1", "processor") == {}


def test_add_region_takes_params_for_the_new_region_alone(aws: StubbedAws) -> None:
    context = make_context(aws, params="us-east-1:MemorySize=512 eu-west-2:MemorySize=512")
    with pytest.raises(DeployError, match="write eu-west-2:Name=value"):
        add_region._check_parameters(context, "eu-west-2")
    add_region._check_parameters(make_context(aws, params="eu-west-2:MemorySize=512"), "eu-west-2")
