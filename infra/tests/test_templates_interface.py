"""INTERFACE.md says of every template which parameters and outputs it has, and with which defaults."""

from __future__ import annotations

import re

import pytest
from cfn import TEMPLATES, load, names

PAGE = (TEMPLATES / "INTERFACE.md").read_text()


def section(name):
    return PAGE.split(f"## {name} ", 1)[1].split("\n## ", 1)[0]


def documented(name):
    """Parameter names with the text of their default column."""
    found: dict[str, str] = {}
    for line in section(name).splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if line.startswith("|") and cells[0] not in ("parameter", "---"):
            parameters = [p.strip() for p in cells[0].split(",")]
            defaults = [d.strip() for d in cells[1].split(",")]
            if len(defaults) != len(parameters):
                defaults = [cells[1]] * len(parameters)
            found |= dict(zip(parameters, defaults, strict=True))
    return found


def outputs(name):
    line = re.search(r"\nOutputs: (.*?)(?:\n\n|\Z)", section(name), re.S)
    assert line, name
    return set(re.findall(r"`([A-Z][A-Za-z]+)`", line.group(1)))


@pytest.mark.parametrize("name", names())
def test_parameters_are_those_of_the_template(name):
    assert set(documented(name)) == set(load(name)["Parameters"])


@pytest.mark.parametrize("name", names())
def test_outputs_are_those_of_the_template(name):
    assert outputs(name) == set(load(name)["Outputs"])


@pytest.mark.parametrize("name", names())
def test_defaults_are_those_of_the_template(name):
    for parameter, written in documented(name).items():
        spec = load(name)["Parameters"][parameter]
        if written == "required":
            assert "Default" not in spec, parameter
        elif written == "empty":
            assert spec["Default"] == "", parameter
        elif not written.startswith(("as ", "see ")):
            assert str(spec["Default"]) == written.strip("`"), parameter


@pytest.mark.parametrize("name", names())
def test_the_template_repeats_its_own_part_at_the_top(name):
    head = (TEMPLATES / name).read_text().split("\nParameters:", 1)[0]
    for wanted in [*load(name)["Parameters"], *load(name)["Outputs"]]:
        assert re.search(rf"\b{wanted}\b", head), wanted


@pytest.mark.parametrize("name", names())
def test_every_parameter_is_described_and_every_pattern_explained(name):
    for parameter, spec in load(name)["Parameters"].items():
        assert spec["Description"].endswith("."), parameter
        if "AllowedPattern" in spec and spec["AllowedPattern"] != "^.{0,255}$":
            assert spec["ConstraintDescription"].endswith("."), parameter


def test_templates_that_must_go_through_a_bucket_are_named():
    """CloudFormation takes 51,200 bytes of template in the request itself, and 1 MB from S3."""
    large = {n for n in names() if len((TEMPLATES / n).read_bytes()) > 51200}
    assert large == {"alarms.yaml", "dashboard.yaml", "global-table.yaml"}
    assert all(len((TEMPLATES / n).read_bytes()) < 1_000_000 for n in names())
