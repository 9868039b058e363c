"""What the demo runs, and what one works on, is built once: `make test` builds it again in nothing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def units(*command):
    """What a cargo command builds, each crate with its features and its settings."""
    # An unstable option, and one that has had this form for years: it only prints.
    environment = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
    command = [*command, "--locked", "--unit-graph", "-Z", "unstable-options"]
    printed = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    found = set()
    for unit in json.loads(printed)["units"]:
        # The profiles dev and test are one, but for their names.
        profile = {name: value for name, value in unit["profile"].items() if name != "name"}
        target = unit["target"]
        settings = (unit["mode"], str(unit["platform"]), str(profile), *unit["features"])
        found.add((unit["pkg_id"], target["name"], *target["kind"], *settings))
    return found


@pytest.fixture(scope="module")
def tested():
    return units("cargo", "build", "--workspace", "--all-targets")


def test_the_programs_are_those_of_the_tests(tested):
    again = units("tools/programs.sh") - tested
    assert not again, f"these would be built twice: {sorted(again)}"


def test_one_test_of_the_workspace_is_that_of_all_tests(tested):
    """How tools/start-package.sh runs the tests of the table reporter."""
    again = units("cargo", "test", "--workspace", "--test", "system") - tested
    assert not again, f"these would be built twice: {sorted(again)}"


def test_built_alone_they_would_be_others(tested):
    """The comparison bites: without an example the features differ."""
    assert units("cargo", "build", "--workspace", "--bin", "lastwriter", "--bin", "stream-processor") - tested
