"""Replicas: from three on the function remembers jumps, and may read back keys and landings, and nothing else."""

from __future__ import annotations

import pytest
from cfn import load
from stacks import stack

QUERY = "dynamodb:Query"


def queries(replicas, template=None):
    role = stack("stream-processor.yaml", template=template, Replicas=str(replicas)).resources()["Role"]
    statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    return [s for s in statements if isinstance(s, dict) and QUERY in str(s.get("Action"))]


def reads_no_image(template=None):
    """Whether the one query that is allowed is of the ledger, and of what is remembered alone."""
    statement, = queries(3, template)
    attributes = statement.get("Condition", {}).get("ForAllValues:StringEquals", {}).get("dynamodb:Attributes")
    select = statement.get("Condition", {}).get("StringEquals", {}).get("dynamodb:Select")
    return attributes == ["ItemKey", "ConflictId", "n", "t"] and select == "SPECIFIC_ATTRIBUTES" and "Ledger" in str(statement["Resource"])


@pytest.mark.parametrize("replicas, count", [(1, 0), (2, 0), (3, 1), (5, 1)])
def test_the_ledger_is_read_from_three_replicas_on(replicas, count):
    assert len(queries(replicas)) == count
    function = stack("stream-processor.yaml", Replicas=str(replicas)).resources()["Function"]
    assert function["Properties"]["Environment"]["Variables"]["REPLICAS"] == str(replicas)


def test_no_image_can_be_read():
    assert reads_no_image()


@pytest.mark.parametrize("condition", ["ForAllValues:StringEquals", "StringEquals"])
def test_a_query_that_could_ask_for_an_image_is_caught(condition):
    broken = load("stream-processor.yaml")
    statements = broken["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    allowed = next(s["Fn::If"][1] for s in statements if "Fn::If" in s and s["Fn::If"][0] == "RemembersJumps")
    allowed["Condition"].pop(condition)
    assert not reads_no_image(broken)
