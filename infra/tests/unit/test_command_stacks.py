"""Stacks: stuck ones, empty updates, what an update may not do, and how an operation ends."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from botocore.stub import ANY
from doubles import StubbedAws, console, stack

from infra.deploy import stacks, templates
from infra.deploy.deployer import Deployer, StackUpdate
from infra.deploy.errors import DeployError

REGION, NAME = "eu-west-1", "lastwriter-dev-orders-key"
CFN = ("cloudformation", REGION)


def deployer(aws: StubbedAws, context) -> Deployer:
    return Deployer(aws, context.console, context.waiter, lambda region, path: {"TemplateBody": path.read_text()})


def event(resource: str, kind: str, status: str, reason: str = "") -> dict[str, Any]:
    return {"StackId": "id", "EventId": f"{resource}{status}", "StackName": NAME, "Timestamp": "2026-11-22T12:00:00Z",
            "LogicalResourceId": resource, "ResourceType": kind, "ResourceStatus": status,
            "ResourceStatusReason": reason}


FAILED_EVENTS = {"StackEvents": [
    event(NAME, "AWS::CloudFormation::Stack", "ROLLBACK_COMPLETE"),
    event("Alias", "AWS::KMS::Alias", "CREATE_FAILED", "Resource creation cancelled"),
    event("Key", "AWS::KMS::Key", "CREATE_FAILED", "alias/orders already exists"),
    event(NAME, "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS", "User Initiated"),
    event("Older", "AWS::KMS::Key", "CREATE_FAILED", "another story"),
]}


def test_a_stack_that_is_not_there_can_be_made(aws: StubbedAws) -> None:
    aws.refuse(*CFN, "describe_stacks", "ValidationError", f"Stack with id {NAME} does not exist")
    assert not stacks.check_usable(aws, REGION, NAME).exists


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_in_a_good_state_can_be_updated(aws: StubbedAws, status: str) -> None:
    aws.answer(*CFN, "describe_stacks", stack(NAME, status))
    assert stacks.check_usable(aws, REGION, NAME).exists


@pytest.mark.parametrize(("status", "expected"), [
    ("ROLLBACK_COMPLETE", f"aws cloudformation delete-stack --stack-name {NAME} --region {REGION}"),
    ("ROLLBACK_FAILED", "aws cloudformation delete-stack"),
    ("CREATE_FAILED", "aws cloudformation delete-stack"),
    ("DELETE_FAILED", "aws cloudformation delete-stack"),
    ("UPDATE_ROLLBACK_FAILED", f"aws cloudformation continue-update-rollback --stack-name {NAME}"),
])
def test_a_stuck_stack_is_refused_with_its_cause_and_the_way_out(aws: StubbedAws, status: str, expected: str) -> None:
    aws.answer(*CFN, "describe_stacks", stack(NAME, status))
    aws.answer(*CFN, "describe_stack_events", FAILED_EVENTS)
    with pytest.raises(DeployError) as raised:
        stacks.check_usable(aws, REGION, NAME)
    assert f"Stack {NAME} in {REGION} is in {status}" in str(raised.value)
    assert "Key: alias/orders already exists" in str(raised.value)
    assert expected in str(raised.value)


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"])
def test_a_stack_at_work_is_left_to_end(aws: StubbedAws, status: str) -> None:
    aws.answer(*CFN, "describe_stacks", stack(NAME, status))
    aws.answer(*CFN, "describe_stack_events", {"StackEvents": []})
    with pytest.raises(DeployError, match="another operation is at work on it"):
        stacks.check_usable(aws, REGION, NAME)


def test_credentials_that_may_not_look_are_no_missing_stack(aws: StubbedAws) -> None:
    aws.refuse(*CFN, "describe_stacks", "AccessDenied")
    with pytest.raises(Exception, match="AccessDenied"):
        stacks.find(aws, REGION, NAME)


def lay_out_change_set(aws: StubbedAws, before: dict[str, Any] | None, kind: str, parameters: list[Any]) -> None:
    if before is None:
        aws.refuse(*CFN, "describe_stacks", "ValidationError", f"Stack with id {NAME} does not exist")
    else:
        aws.answer(*CFN, "describe_stacks", before)
    aws.answer(*CFN, "create_change_set", {"Id": "arn:change-set"}, {
        "StackName": NAME, "ChangeSetName": ANY, "ChangeSetType": kind, "Parameters": parameters,
        "Capabilities": ANY, "TemplateBody": ANY, "Tags": [{"Key": "Project", "Value": "lastwriter"}]})


def apply(aws: StubbedAws, context) -> StackUpdate:
    return deployer(aws, context).apply(REGION, NAME, "encryption-key", {"ProjectName": "lastwriter"},
                                        {"Project": "lastwriter"})


GIVEN = {"ParameterKey": "ProjectName", "ParameterValue": "lastwriter"}


def test_an_update_without_a_change_is_no_error_and_leaves_no_change_set(aws: StubbedAws, context) -> None:
    before = stack(NAME, "UPDATE_COMPLETE", {"ProjectName": "lastwriter", "PendingWindowInDays": "7"})
    lay_out_change_set(aws, before, "UPDATE", [GIVEN, {"ParameterKey": "PendingWindowInDays",
                                                       "UsePreviousValue": True}])
    aws.answer(*CFN, "describe_change_set", {
        "Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."})
    aws.answer(*CFN, "delete_change_set", {})
    aws.answer(*CFN, "describe_stacks", before)
    assert apply(aws, context).changed is False


def test_a_new_stack_takes_defaults_and_is_waited_for(aws: StubbedAws, context, said) -> None:
    lay_out_change_set(aws, None, "CREATE", [GIVEN])
    aws.answer(*CFN, "describe_change_set", {"Status": "CREATE_IN_PROGRESS"})
    aws.answer(*CFN, "describe_change_set", {"Status": "CREATE_COMPLETE"})
    aws.answer(*CFN, "describe_change_set", {"Changes": [{"ResourceChange": {
        "Action": "Add", "LogicalResourceId": "Key", "ResourceType": "AWS::KMS::Key"}}]})
    aws.answer(*CFN, "execute_change_set", {})
    aws.answer(*CFN, "describe_stacks", stack(NAME, "CREATE_IN_PROGRESS"))
    aws.answer(*CFN, "describe_stacks", stack(NAME, "CREATE_COMPLETE", outputs={"KeyId": "mrk-1"}))
    change = apply(aws, context)
    assert change.changed and change.stack.output("KeyId") == "mrk-1"
    assert "1 to add" in said() and "CREATE_IN_PROGRESS" in said()


def test_a_template_that_cloudformation_refuses_leaves_no_empty_stack_behind(aws: StubbedAws, context) -> None:
    lay_out_change_set(aws, None, "CREATE", [GIVEN])
    aws.answer(*CFN, "describe_change_set", {"Status": "FAILED", "StatusReason": "STRONG needs three Regions"})
    aws.answer(*CFN, "delete_change_set", {})
    aws.answer(*CFN, "delete_stack", {}, {"StackName": NAME})
    with pytest.raises(DeployError, match="STRONG needs three Regions"):
        apply(aws, context)


@pytest.mark.parametrize("kind", ["AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table", "AWS::KMS::Key",
                                  "AWS::KMS::ReplicaKey", "AWS::S3::Bucket", "AWS::Lambda::EventSourceMapping"])
@pytest.mark.parametrize(("change", "verb"), [
    ({"Action": "Modify", "Replacement": "True"}, "REPLACE"),
    ({"Action": "Modify", "Replacement": "Conditional"}, "MAY REPLACE"),
    ({"Action": "Remove"}, "REMOVE"),
])
def test_an_update_that_would_replace_or_remove_what_holds_data_is_refused(
        aws: StubbedAws, context, kind: str, change: dict[str, str], verb: str) -> None:
    lay_out_change_set(aws, stack(NAME, "CREATE_COMPLETE"), "UPDATE", [GIVEN])
    aws.answer(*CFN, "describe_change_set", {"Status": "CREATE_COMPLETE"})
    aws.answer(*CFN, "describe_change_set", {"NextToken": "more", "Changes": []})
    aws.answer(*CFN, "describe_change_set", {"Changes": [{"ResourceChange": {
        **change, "LogicalResourceId": "Precious", "ResourceType": kind}}]})
    aws.answer(*CFN, "delete_change_set", {})
    with pytest.raises(DeployError, match=f"{NAME}: {verb} Precious: (.|\n)*name it: ALLOW=\"key/Precious\""):
        apply(aws, context)


def test_a_destructive_change_that_is_named_is_carried_out(aws: StubbedAws, context) -> None:
    lay_out_change_set(aws, stack(NAME, "CREATE_COMPLETE"), "UPDATE", [GIVEN])
    aws.answer(*CFN, "describe_change_set", {"Status": "CREATE_COMPLETE"})
    aws.answer(*CFN, "describe_change_set", {"Changes": [{"ResourceChange": {
        "Action": "Remove", "LogicalResourceId": "PrimaryKey", "ResourceType": "AWS::KMS::Key"}}]})
    aws.answer(*CFN, "execute_change_set", {})
    aws.answer(*CFN, "describe_stacks", stack(NAME, "UPDATE_COMPLETE"))
    allowing = dataclasses.replace(deployer(aws, context), allowed=frozenset({"key/PrimaryKey"}))
    assert allowing.apply(REGION, NAME, "encryption-key", {"ProjectName": "lastwriter"},
                          {"Project": "lastwriter"}).changed


def test_an_update_that_ends_in_a_rollback_tells_the_first_cause(aws: StubbedAws, context) -> None:
    aws.answer(*CFN, "describe_stacks", stack(NAME, "UPDATE_ROLLBACK_COMPLETE"))
    aws.answer(*CFN, "describe_stack_events", FAILED_EVENTS)
    with pytest.raises(DeployError) as raised:
        deployer(aws, context).wait(REGION, NAME)
    assert "ended in UPDATE_ROLLBACK_COMPLETE. Key: alias/orders already exists" in str(raised.value)
    assert "stacks before it stand" in str(raised.value)


def test_one_parameter_is_changed_without_the_template(aws: StubbedAws, context) -> None:
    before = stack(NAME, "CREATE_COMPLETE", {"MappingEnabled": "true", "BatchSize": "10"})
    aws.answer(*CFN, "describe_stacks", before)
    aws.answer(*CFN, "create_change_set", {}, {
        "StackName": NAME, "ChangeSetName": ANY, "ChangeSetType": "UPDATE", "Capabilities": ANY,
        "UsePreviousTemplate": True, "Parameters": [
            {"ParameterKey": "MappingEnabled", "ParameterValue": "false"},
            {"ParameterKey": "BatchSize", "UsePreviousValue": True}]})
    aws.answer(*CFN, "describe_change_set", {"Status": "FAILED", "StatusReason": "No updates are to be performed."})
    aws.answer(*CFN, "delete_change_set", {})
    aws.answer(*CFN, "describe_stacks", before)
    deployer(aws, context).set_parameters(REGION, NAME, {"MappingEnabled": "false"})


def test_a_stack_that_cannot_be_deleted_is_told(aws: StubbedAws, context) -> None:
    aws.answer(*CFN, "describe_stacks", stack(NAME, "CREATE_COMPLETE"))
    aws.answer(*CFN, "delete_stack", {})
    aws.answer(*CFN, "describe_stacks", stack(NAME, "DELETE_IN_PROGRESS"))
    aws.answer(*CFN, "describe_stacks", stack(NAME, "DELETE_FAILED"))
    aws.answer(*CFN, "describe_stack_events", {"StackEvents": [
        event("Bucket", "AWS::S3::Bucket", "DELETE_FAILED", "The bucket is not empty")]})
    with pytest.raises(DeployError, match="Bucket: The bucket is not empty"):
        deployer(aws, context).delete(REGION, NAME)


def test_an_output_that_is_missing_asks_for_a_deploy() -> None:
    with pytest.raises(DeployError, match="has no output KeyId.*\n.*make deploy"):
        stacks.Stack(NAME, REGION, "CREATE_COMPLETE", {}, {}).output("KeyId")


def test_a_parameter_that_no_template_has_is_refused(aws: StubbedAws, context) -> None:
    aws.answer(*CFN, "describe_stacks", stack(NAME, "CREATE_COMPLETE"))
    with pytest.raises(DeployError, match="The template has no parameter Nonsense"):
        deployer(aws, context).apply(REGION, NAME, "encryption-key", {"Nonsense": "1"}, {})


def test_a_template_that_is_missing_is_named() -> None:
    with pytest.raises(DeployError, match="The template nonsense.yaml is missing"):
        templates.parameters("nonsense")


def test_the_console_is_written_in_whole_lines() -> None:
    quiet = console()
    quiet.table(("A", "B"), [])
    quiet.table(("REGION", "N"), [("us-east-1", 1)])
    assert quiet.out.getvalue() == "  REGION     N\n  us-east-1  1\n"
