"""What a company brings along: keys, topics, tags, a role for CloudFormation."""

from __future__ import annotations

import dataclasses

import pytest
from doubles import ACCOUNT, REGIONS, StubbedAws, stack, table
from doubles import context as make_context

from infra.deploy import cli, preflight, tags
from infra.deploy.deployer import merged_tags
from infra.deploy.errors import DeployError
from infra.deploy.stacks import Stack

MRK = f"mrk-{'0' * 32}"


def keys(*ids: str) -> str:
    return " ".join(f"{region}:ExistingKeyArn=arn:aws:kms:{region}:{ACCOUNT}:key/{key}"
                    for region, key in zip(REGIONS, ids, strict=False))


def check(aws: StubbedAws, params: str, table_is_ours: bool = True) -> None:
    context = make_context(aws, params=params)
    for region in REGIONS:
        for part in ("key", "processor"):
            if not context.own_parameters(region, part).get({"key": "ExistingKeyArn", "processor": "AlarmTopicArn"}[part]):
                aws.refuse("cloudformation", region, "describe_stacks", "ValidationError", "Stack with id x does not exist")
    preflight.check_given(context, REGIONS, table_is_ours)


@pytest.mark.parametrize(("params", "ours"), [
    ("", True), (keys(MRK, MRK), True), (keys("1a-2b", "3c-4d"), False),
    (f"us-east-1:AlarmTopicArn=arn:aws:sns:us-east-1:{ACCOUNT}:pages", True),
])
def test_what_goes_together_is_taken(aws: StubbedAws, params: str, ours: bool) -> None:
    check(aws, params, ours)


@pytest.mark.parametrize(("params", "expected"), [
    (keys(MRK), "not for eu-west-1"),
    (keys("1a-2b", "3c-4d"), "needs one multi-Region key"),
    (keys(MRK, MRK.replace("0", "1")), "needs one multi-Region key"),
    (f"AlarmTopicArn=arn:aws:sns:us-east-1:{ACCOUNT}:pages", "AlarmTopicArn of eu-west-1 is of another Region"),
])
def test_what_does_not_go_together_is_refused_before_anything_is_made(aws: StubbedAws, params: str, expected: str) -> None:
    with pytest.raises(DeployError, match=expected) as raised:
        check(aws, params)
    assert "Nothing was changed" in str(raised.value)


def test_tags_are_read_and_an_empty_value_takes_one_away() -> None:
    assert tags.parse("Team=shop CostCentre=") == {"Team": "shop", "CostCentre": ""}


@pytest.mark.parametrize(("text", "expected"), [
    ("Team", "which is not Key=value"), ("=x", "which is not Key=value"), ("Project=x", "may not set Project"),
    ("aws:x=y", "may not set aws:x"),
])
def test_wrong_tags_are_refused(text: str, expected: str) -> None:
    with pytest.raises(DeployError, match=expected):
        tags.parse(text)


def test_tags_stay_until_they_are_given_again() -> None:
    before = Stack("s", "us-east-1", "CREATE_COMPLETE", {}, {}, {"Team": "shop", "Old": "1", "aws:x": "y"})
    assert merged_tags(before, {"Old": "", "Table": "orders"}) == {"Team": "shop", "Table": "orders"}


def test_replicas_get_the_tags_that_the_stack_cannot_give_them(aws: StubbedAws) -> None:
    context = make_context(aws, regions=["us-east-1"])
    context.tags = {"Team": "shop", "Same": "1", "Old": ""}
    arn = table("us-east-1")["Table"]["TableArn"]
    client = ("dynamodb", "us-east-1")
    aws.answer(*client, "describe_table", table("us-east-1"))
    aws.answer(*client, "list_tags_of_resource", {"Tags": [{"Key": "Old", "Value": "x"}, {"Key": "Same", "Value": "1"}]})
    aws.answer(*client, "tag_resource", {}, {"ResourceArn": arn, "Tags": [{"Key": "Team", "Value": "shop"}]})
    aws.answer(*client, "untag_resource", {}, {"ResourceArn": arn, "TagKeys": ["Old"]})
    tags.tag_replicas(context, ["us-east-1"])


def test_cloudformation_works_with_the_role_that_is_given(aws: StubbedAws, context) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/deploy"
    deployer = dataclasses.replace(context.deployer(), service_role=role)
    client = ("cloudformation", "us-east-1")
    aws.answer(*client, "describe_stacks", stack("s", "CREATE_COMPLETE"))
    aws.answer(*client, "delete_stack", {}, {"StackName": "s", "RoleARN": role})
    aws.refuse(*client, "describe_stacks", "ValidationError", "Stack with id s does not exist")
    deployer.delete("us-east-1", "s")


def test_a_role_that_is_none_is_refused() -> None:
    with pytest.raises(DeployError, match="is not the ARN of a role"):
        cli._role("deploy")
