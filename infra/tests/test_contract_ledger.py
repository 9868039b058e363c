"""The ledger table of the template is the one that the function writes and the tool reads."""

from __future__ import annotations

import json

import pytest
from cfn import load
from metric_uses import INFRA
from stacks import stack

TABLE = json.loads((INFRA.parent / "crates" / "ledger" / "table.json").read_text())


def differences(template=None):
    """What of the table's definition the template says otherwise."""
    properties = stack("stream-processor.yaml", template=template).resources()["Ledger"]["Properties"]
    return [name for name, value in TABLE.items() if properties.get(name) != value]


def test_the_table_is_the_ledgers():
    assert differences() == []


@pytest.mark.parametrize("name", TABLE)
def test_another_definition_is_caught(name):
    broken = load("stream-processor.yaml")
    broken["Resources"]["Ledger"]["Properties"].pop(name)
    assert differences(broken) == [name]
