"""What would change is worked out and shown before anything is asked; `plan` stops there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from doubles import StubbedAws, stack
from doubles import context as make_context

from infra.deploy import approval, change_sets
from infra.deploy.artifacts import Artifact
from infra.deploy.errors import DeployError
from infra.deploy.system import Builder

REGION = "us-east-1"
CFN = ("cloudformation", REGION)
KEY, BUCKET = "lastwriter-dev-orders-key", "lastwriter-dev-orders-artifacts"
ARTIFACT = Artifact("stream-processor", Path("x"), "0" * 64, "arm64")
EMPTY = {"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}
DETAILS = [
    {"Target": {"Attribute": "Properties", "Name": "PendingWindowInDays", "Path": "/Properties/PendingWindowInDays",
                "BeforeValue": "30", "AfterValue": "7", "RequiresRecreation": "Never"}, "Evaluation": "Static"},
]
CHANGED_KEY = {"ResourceChange": {"Action": "Modify", "LogicalResourceId": "PrimaryKey",
                                  "ResourceType": "AWS::KMS::Key", "Replacement": "False", "Details": DETAILS}}


@pytest.fixture(name="context")
def _context(aws: StubbedAws):  # type: ignore[no-untyped-def]
    return make_context(aws, regions=[REGION])


def builder(context) -> Builder:
    return Builder(context, ARTIFACT, ARTIFACT)


def steps(on: Builder) -> None:
    """Two stacks, the second of which needs nothing of the first."""
    on.apply(REGION, "artifacts", {})
    on.apply(REGION, "key", {"PrimaryKeyArn": ""})


def lay_out_no_stack(aws: StubbedAws) -> None:
    aws.refuse(*CFN, "describe_stacks", "ValidationError", "Stack with id x does not exist")


def lay_out_change_set(aws: StubbedAws, name: str, *changes: dict[str, Any]) -> None:
    aws.answer(*CFN, "describe_stacks", stack(name, "UPDATE_COMPLETE", outputs={"KeyArn": "arn"}))
    aws.answer(*CFN, "create_change_set", {})
    if not changes:
        aws.answer(*CFN, "describe_change_set", EMPTY)
        aws.answer(*CFN, "delete_change_set", {})
        return
    aws.answer(*CFN, "describe_change_set", {"Status": "CREATE_COMPLETE"})
    aws.answer(*CFN, "describe_change_set", {"Changes": list(changes)})


def test_plan_shows_what_would_change_with_its_properties_and_ends_with_2(aws: StubbedAws, context, said) -> None:
    lay_out_no_stack(aws)
    lay_out_change_set(aws, KEY, CHANGED_KEY)
    aws.answer(*CFN, "delete_change_set", {})
    assert approval.carry_out(context, builder(context), steps, "deploy.", plan_only=True) == 2
    assert f"{REGION} {BUCKET}: create, 2 resource(s)" in said()
    assert "AWS::S3::Bucket, AWS::S3::BucketPolicy" in said()
    assert f"{REGION} {KEY}: update" in said()
    assert "change PrimaryKey (AWS::KMS::Key)" in said() and "PendingWindowInDays: 30 -> 7" in said()


def test_plan_of_what_is_as_it_should_be_ends_with_0(aws: StubbedAws, context, said) -> None:
    for name in (BUCKET, KEY):
        lay_out_change_set(aws, name)
    assert approval.carry_out(context, builder(context), steps, "deploy.", plan_only=True) == 0
    assert "Nothing would change." in said() and f"as it should be: {REGION} artifacts, {REGION} key" in said()


def test_the_change_set_that_was_shown_is_the_one_that_is_executed(aws: StubbedAws, context, said) -> None:
    lay_out_change_set(aws, BUCKET)
    lay_out_change_set(aws, KEY, CHANGED_KEY)
    for name in (BUCKET, KEY):
        aws.answer(*CFN, "describe_stacks", stack(name, "UPDATE_COMPLETE"))
    aws.answer(*CFN, "execute_change_set", {})
    aws.answer(*CFN, "describe_stacks", stack(KEY, "UPDATE_COMPLETE"))
    assert approval.carry_out(context, builder(context), steps, "deploy.") == 0
    assert said().index("PendingWindowInDays: 30 -> 7") < said().index("updating (1 to change)")


def test_production_is_asked_after_the_changes_were_shown_and_a_no_leaves_no_change_set(aws: StubbedAws) -> None:
    context = make_context(aws, env="prod", regions=[REGION])
    lay_out_change_set(aws, BUCKET)
    lay_out_change_set(aws, KEY, CHANGED_KEY)
    aws.answer(*CFN, "delete_change_set", {})
    with pytest.raises(DeployError, match="ENV=prod: deploy. This needs an answer"):
        approval.carry_out(context, builder(context), steps, "deploy.")
    assert "PendingWindowInDays: 30 -> 7" in context.console.out.getvalue()


def test_all_destructive_changes_are_refused_before_the_first_stack_is_touched(aws: StubbedAws, context) -> None:
    removed = {"ResourceChange": {"Action": "Remove", "LogicalResourceId": "ArtifactBucket",
                                  "ResourceType": "AWS::S3::Bucket"}}
    replaced = {"ResourceChange": {**CHANGED_KEY["ResourceChange"], "Replacement": "True"}}
    lay_out_change_set(aws, BUCKET, removed)
    lay_out_change_set(aws, KEY, replaced)
    for _ in range(2):
        aws.answer(*CFN, "delete_change_set", {})
    with pytest.raises(DeployError) as raised:
        approval.carry_out(context, builder(context), steps, "deploy.")
    assert "REMOVE ArtifactBucket" in str(raised.value) and "REPLACE PrimaryKey" in str(raised.value)
    assert 'ALLOW="artifacts/ArtifactBucket key/PrimaryKey"' in str(raised.value)


def test_a_change_set_that_is_no_longer_what_is_asked_for_is_made_anew(aws: StubbedAws, context) -> None:
    lay_out_change_set(aws, KEY, CHANGED_KEY)
    aws.answer(*CFN, "describe_stacks", stack(KEY, "UPDATE_COMPLETE"))
    aws.answer(*CFN, "delete_change_set", {})
    aws.answer(*CFN, "create_change_set", {})
    aws.answer(*CFN, "describe_change_set", EMPTY)
    aws.answer(*CFN, "delete_change_set", {})
    aws.answer(*CFN, "describe_stacks", stack(KEY, "UPDATE_COMPLETE"))
    windows = iter(("7", "8"))
    approval.carry_out(context, builder(context),
                       lambda on: on.apply(REGION, "key", {"PendingWindowInDays": next(windows)}), "deploy.")


def test_a_stack_that_needs_what_is_not_made_yet_is_shown_as_waiting(aws: StubbedAws, context, said) -> None:
    def dependent(on: Builder) -> None:
        bucket = on.apply(REGION, "artifacts", {}).output("BucketName")
        on.apply(REGION, "reporter", {"CodeBucket": bucket})

    lay_out_no_stack(aws)
    aws.answer(*CFN, "describe_stacks", stack("lastwriter-dev-orders-reporter", "UPDATE_COMPLETE"))
    assert approval.carry_out(context, builder(context), dependent, "deploy.", plan_only=True) == 2
    assert "lastwriter-dev-orders-reporter: update, once CodeBucket is known" in said()


@pytest.mark.parametrize(("change", "expected"), [
    ({"Action": "Add", "ResourceType": "AWS::S3::Bucket"}, False),
    ({"Action": "Modify", "Replacement": "False", "ResourceType": "AWS::S3::Bucket"}, False),
    ({"Action": "Modify", "Replacement": "True", "ResourceType": "AWS::S3::Bucket"}, True),
    ({"Action": "Dynamic", "ResourceType": "AWS::S3::Bucket"}, True),
    ({"Action": "Remove", "ResourceType": "AWS::CloudWatch::Alarm"}, False),
])
def test_only_what_holds_data_is_destructive(change: dict[str, str], expected: bool) -> None:
    parsed, = change_sets.parse([{"ResourceChange": {"LogicalResourceId": "It", **change}}])
    assert parsed.is_destructive is expected


def test_a_property_that_asks_for_a_new_resource_is_not_lost_among_its_causes() -> None:
    target = {"Attribute": "Properties", "Name": "TableName"}
    parsed, = change_sets.parse([{"ResourceChange": {
        "Action": "Modify", "LogicalResourceId": "T", "ResourceType": "X", "Details": [
            {"Target": {**target, "RequiresRecreation": "Never"}}, {"Target": {**target, "RequiresRecreation": "Always"}},
            {"Target": {**target, "RequiresRecreation": "Never"}}]}}])
    assert [change.line() for change in parsed.properties] == ["TableName  (asks for a new resource)"]
