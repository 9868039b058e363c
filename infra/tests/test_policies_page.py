"""POLICIES.md: each policy is one, names actions that exist, and is neither too small for what it is for nor too large."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import calls
import pytest
from cfn import Stack, load
from metric_uses import INFRA
from policy_checks import as_list
from stacks import REQUIRED

PAGE = (INFRA / "POLICIES.md").read_text()
POLICIES: dict[str, dict[str, Any]] = {
    title: json.loads(text) for title, text in re.findall(r"^## (.+?)$.*?^```json\n(.*?)^```", PAGE, re.S | re.M)}
READER, WRITER, TENANT, OPERATOR, DEPLOYER, ROLE = POLICIES.values()
# Actions that are no operation of the API, or of another name there.
NOT_OPERATIONS = {"kms:ReEncryptFrom", "kms:ReEncryptTo", "dynamodb:ConditionCheckItem", "s3:ListBucket", "lambda:InvokeFunction",
                  "iam:PassRole", "cloudformation:TagResource", "cloudformation:UntagResource",
                  "backup-storage:MountCapsule"}


def actions(policy: dict[str, Any]) -> set[str]:
    return {a for s in policy["Statement"] if s["Effect"] == "Allow" for a in as_list(s["Action"])}


def unknown(policy: dict[str, Any]) -> list[str]:
    """Actions that no service has: misspelt ones, most often."""
    found = []
    for action in sorted(actions(policy) - NOT_OPERATIONS):
        service, name = action.split(":")
        if name != "*" and name not in calls.operations(service).values():
            found.append(action)
    return found


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_every_action_exists(policy):
    assert unknown(policy) == []


def test_a_misspelt_action_is_caught():
    broken = copy.deepcopy(WRITER)
    broken["Statement"][0]["Action"].append("dynamodb:PutItems")
    assert unknown(broken) == ["dynamodb:PutItems"]


def lacking(policy: dict[str, Any]) -> set[str]:
    """What the commands call and the policy does not allow."""
    return calls.of_the_commands() - actions(policy)


def test_the_deploying_person_may_do_what_the_commands_do():
    assert lacking(DEPLOYER) == set()


@pytest.mark.parametrize("sid", [s["Sid"] for s in DEPLOYER["Statement"] if s["Sid"] not in ("HandTheRoleToCloudFormation", "TestWrites")])
def test_without_a_statement_something_is_lacking(sid):
    assert lacking({"Statement": [s for s in DEPLOYER["Statement"] if s["Sid"] != sid]}) != set()


def test_the_deploying_person_may_do_little_else():
    beside = {"cloudformation:TagResource", "cloudformation:UntagResource", "iam:PassRole", "kms:Decrypt", "kms:Encrypt",
              "kms:GenerateDataKey", "dynamodb:PutItem", "dynamodb:Scan"}
    assert actions(DEPLOYER) - calls.of_the_commands() == beside


def test_a_call_is_found_by_the_services_of_its_source():
    source = 'c = aws.client("dynamodb", r)\nc.put_item()\nc.get_paginator("scan")\nc.invoke()\n'
    assert calls.of_source(source) == {"dynamodb:PutItem", "dynamodb:Scan"}


def test_applications_name_their_table_and_never_scan():
    for policy in (READER, WRITER, TENANT, OPERATOR):
        assert "dynamodb:Scan" not in actions(policy)
        assert not any("*" in a for a in actions(policy))
        assert all(r != "*" and ":123456789012:" in r for s in policy["Statement"] for r in as_list(s["Resource"]))
    assert {a for a in actions(READER) if a.startswith("dynamodb:")} == {
        "dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:Query"}


def test_a_tenant_is_held_to_its_leading_key_also_where_a_request_has_none():
    statement, = TENANT["Statement"]
    assert statement["Condition"]["Null"] == {"dynamodb:LeadingKeys": "false"}
    assert "aws:PrincipalTag/Tenant" in str(statement["Condition"]["ForAllValues:StringLike"])


def test_cloudformations_role_knows_every_service_of_the_templates():
    """By resource type; what a service is called in IAM is in the table."""
    prefixes = {name: name.lower() for name in (
        "Backup", "CloudWatch", "DynamoDB", "EC2", "Events", "FIS", "IAM", "KMS", "Lambda", "Logs", "S3", "SNS")}
    held = {a.split(":")[0] for a in actions(ROLE)}
    for name in REQUIRED:
        for resource in Stack(load(name), REQUIRED[name]).template["Resources"].values():
            if resource["Type"].startswith("AWS::CloudFormation::"):
                continue  # CloudFormation's own, which nobody is asked for.
            assert prefixes[resource["Type"].split("::")[1]] in held, resource["Type"]
