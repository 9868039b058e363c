"""`remove-region`: one Region, said first what is lost, the others left as they are."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import ANY
from doubles import StubbedAws, stack, table
from doubles import context as make_context

from infra.deploy import preflight
from infra.deploy.commands import remove_region
from infra.deploy.deployer import ChangeSet
from infra.deploy.errors import DeployError
from infra.deploy.stacks import Stack

THREE = ["us-east-1", "eu-west-1", "eu-west-2"]
CFN = ("cloudformation", "us-east-1")


def table_stack(regions: str = ",".join(THREE), **changes: str) -> Stack:
    return Stack("lastwriter-dev-orders-table", "us-east-1", "UPDATE_COMPLETE", {},
                 {"GlobalTableRegions": regions, "ReplicasWithPolicy": "3", "BillingMode": "PAY_PER_REQUEST", **changes})


@pytest.mark.parametrize(("regions", "region", "changes", "expected"), [
    (THREE, "us-east-1", {}, "us-east-1 is the primary Region"),
    (THREE, "ap-south-1", {}, "is not one of REGIONS"),
    (THREE, "eu-west-2", {"ConsistencyMode": "STRONG"}, "it keeps its Regions"),
    (THREE[:2], "eu-west-1", {"regions": "us-east-1,eu-west-1"}, "would have one Region left"),
    (THREE[:2], "eu-west-1", {}, "use REGIONS=us-east-1,eu-west-1,eu-west-2"),
])
def test_a_region_that_cannot_go_is_refused(aws: StubbedAws, regions: list[str], region: str, changes: dict[str, str],
                                            expected: str) -> None:
    with pytest.raises(DeployError, match=expected) as raised:
        remove_region._check(make_context(aws, regions=regions), region, table_stack(**changes))
    assert "Nothing was changed" in str(raised.value)


def test_a_removal_that_was_interrupted_goes_on(aws: StubbedAws) -> None:
    context = make_context(aws, regions=THREE)
    shorter = table_stack("us-east-1,eu-west-1")
    assert remove_region._check(context, "eu-west-2", shorter) == ["us-east-1", "eu-west-1"]
    assert remove_region._table_change(context, shorter, "eu-west-2") is None


def test_the_tables_update_holds_the_shorter_list_and_nothing_else(aws: StubbedAws) -> None:
    context = make_context(aws, regions=THREE)
    before = table_stack()
    aws.answer(*CFN, "describe_stacks", stack(before.name, before.status, before.parameters))
    aws.answer(*CFN, "create_change_set", {}, {
        "StackName": before.name, "ChangeSetName": ANY, "ChangeSetType": "UPDATE", "Capabilities": ANY,
        "UsePreviousTemplate": True, "Parameters": [
            {"ParameterKey": "GlobalTableRegions", "ParameterValue": "us-east-1,eu-west-1"},
            {"ParameterKey": "ReplicasWithPolicy", "ParameterValue": "2"},
            {"ParameterKey": "BillingMode", "UsePreviousValue": True}]})
    aws.answer(*CFN, "describe_change_set", {"Status": "CREATE_COMPLETE"})
    aws.answer(*CFN, "describe_change_set", {"Changes": []})
    assert remove_region._table_change(context, before, "eu-west-2") is not None


def lay_out_protection(aws: StubbedAws, before: bool) -> None:
    client = ("dynamodb", "eu-west-2")
    aws.answer(*client, "describe_table", table("eu-west-2", DeletionProtectionEnabled=before))
    aws.answer(*client, "update_table", {}, {"TableName": "orders", "DeletionProtectionEnabled": not before})
    aws.answer(*client, "describe_table", table("eu-west-2", DeletionProtectionEnabled=not before))


def test_a_replica_that_could_not_be_deleted_is_protected_again(aws: StubbedAws) -> None:
    context = make_context(aws, regions=THREE)
    lay_out_protection(aws, before=True)
    aws.answer(*CFN, "execute_change_set", {})
    aws.answer(*CFN, "describe_stacks", stack("lastwriter-dev-orders-table", "UPDATE_ROLLBACK_COMPLETE"))
    aws.answer(*CFN, "describe_stack_events", {"StackEvents": []})
    lay_out_protection(aws, before=False)
    change_set: Any = ChangeSet(table_stack(), "change", {}, ())
    with pytest.raises(DeployError, match="ended in UPDATE_ROLLBACK_COMPLETE"):
        remove_region._remove_replica(context, "eu-west-2", change_set)


def test_deploy_names_the_command_where_regions_got_shorter(aws: StubbedAws) -> None:
    context = make_context(aws, regions=THREE[:2])
    with pytest.raises(DeployError, match="REGION=eu-west-2"):
        preflight._refuse_regions(context, THREE)
