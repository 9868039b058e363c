"""The settings that templates pass to the functions are those that the functions read, with the same defaults."""

from __future__ import annotations

import pytest
from cfn import load
from metric_uses import contract
from stacks import stack

# The log filter is read by the logging library, not by the function's own settings.
NOT_OURS = {"RUST_LOG"}
FUNCTIONS = {"stream-processor": "stream-processor.yaml", "table-reporter": "table-reporter.yaml"}


def environment(name, template=None, **parameters):
    return stack(name, template=template, **parameters).resources()["Function"]["Properties"]["Environment"]["Variables"]


def differences(function, template=None):
    """What the template passes and the function does not read, what it lacks, and where a default differs."""
    settings = contract(function)["settings"]
    passed = environment(FUNCTIONS[function], template)
    found = [f"{n} is no setting" for n in passed if n not in settings and n not in NOT_OURS]
    for name, default in settings.items():
        if default is not None and str(passed.get(name)) != str(default):
            found.append(f"{name} is {passed.get(name)}, the function's default is {default}")
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_settings_and_defaults_are_the_functions(function):
    assert differences(function) == []


def test_every_setting_can_be_given():
    given = environment("stream-processor.yaml", TtlAttribute="expires", VersionAttribute="version",
                        UpdatedAtAttribute="changed", OriginAttribute="region")
    assert set(given) - NOT_OURS == set(contract("stream-processor")["settings"])
    assert given["TTL_ATTRIBUTE"] == "expires"
    borrowed = [given[name] for name in ("VERSION_ATTRIBUTE", "UPDATED_AT_ATTRIBUTE", "ORIGIN_ATTRIBUTE")]
    assert borrowed == ["version", "changed", "region"]
    assert set(environment("table-reporter.yaml")) - NOT_OURS == set(contract("table-reporter")["settings"])


def test_required_settings_are_passed():
    assert environment("stream-processor.yaml")["LEDGER_TABLE"] == "<Ledger>"
    reporter = environment("table-reporter.yaml")
    assert reporter["TABLE_NAME"] == "Orders.v2"
    ledger = stack("stream-processor.yaml").resources()["Ledger"]["Properties"]["TableName"]
    assert reporter["LEDGER_TABLE"] == ledger


def test_an_attribute_that_is_not_given_is_no_setting():
    assert not [name for name in environment("stream-processor.yaml") if name.endswith("_ATTRIBUTE")]


def test_a_setting_that_the_function_does_not_read_is_caught():
    broken = load("stream-processor.yaml")
    variables = broken["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
    variables["CLOCK_TOLERANCE"] = variables.pop("CLOCK_TOLERANCE_MS")
    assert len(differences("stream-processor", broken)) == 2


def test_another_default_is_caught():
    broken = load("stream-processor.yaml")
    broken["Parameters"]["LedgerRetentionDays"]["Default"] = 31
    assert differences("stream-processor", broken) != []
