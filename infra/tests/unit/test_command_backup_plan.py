"""`backup-plan`: which stack it makes, of what, and what it refuses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from doubles import StubbedAws, stack, table
from doubles import context as make_context
from doubles import said as said_in

from infra.deploy import templates
from infra.deploy.commands.backup_plan import backup_plan
from infra.deploy.errors import DeployError

REGION, KEY = "us-east-1", "arn:aws:kms:us-east-1:123456789012:key/mrk-1"


def lay_out(aws: StubbedAws) -> None:
    aws.answer("dynamodb", REGION, "describe_table", table(REGION))
    aws.answer("cloudformation", REGION, "describe_stacks", stack("lastwriter-dev-orders-key", "CREATE_COMPLETE", {}, {"KeyArn": KEY}))


@pytest.mark.parametrize("params, copied", [
    ("BackupRetentionDays=365", "copy none into another account"),
    ("CopyToVaultArn=arn:aws:backup:us-east-1:210987654321:backup-vault:safe", "copy each to arn:aws:backup"),
])
def test_the_plan_is_a_stack_of_its_own_in_the_primary_region(aws: StubbedAws, monkeypatch: pytest.MonkeyPatch,
                                                               params: str, copied: str) -> None:
    context = make_context(aws, params=params)
    lay_out(aws)
    made: list[Any] = []

    def apply(region: str, name: str, template: str, parameters: dict[str, str], tags: dict[str, str]) -> Any:
        made.append((region, name, template, parameters))
        return SimpleNamespace(stack=SimpleNamespace(output=lambda _: "a-vault"))

    monkeypatch.setattr(type(context), "deployer", lambda *_: SimpleNamespace(apply=apply))
    backup_plan(context)
    (region, name, template, given), = made
    assert (region, name, template) == (REGION, "lastwriter-dev-orders-backup-plan", "backup-plan")
    assert (given["TableName"], given["KeyArn"]) == ("orders", KEY)
    assert set(given) <= set(templates.parameters("backup-plan"))
    key, value = params.split("=")
    assert given[key] == value
    assert copied in said_in(context) and "go into the vault a-vault" in said_in(context)


def test_a_parameter_of_another_template_is_refused(aws: StubbedAws) -> None:
    with pytest.raises(DeployError, match="No template has a parameter BatchSize"):
        backup_plan(make_context(aws, params="BatchSize=5"))


def test_without_a_system_there_is_no_key_for_the_vault(aws: StubbedAws, context) -> None:
    aws.answer("dynamodb", REGION, "describe_table", table(REGION))
    aws.refuse("cloudformation", REGION, "describe_stacks", "ValidationError", "Stack with id x does not exist")
    with pytest.raises(DeployError, match="There is no stack lastwriter-dev-orders-key"):
        backup_plan(context)
