"""Reading the templates of this project: their parameters, and what their rules refuse."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml

from infra.deploy.errors import DeployError

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


class _Loader(yaml.SafeLoader):
    """Reads `!Function argument` as `{Function: argument}`."""


def _function(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.MappingNode):
        return {tag: loader.construct_mapping(node, deep=True)}
    if isinstance(node, yaml.SequenceNode):
        return {tag: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.ScalarNode), "YAML has mappings, sequences and scalars"
    return {tag: loader.construct_scalar(node)}


_Loader.add_multi_constructor("!", _function)


def path_of(name: str) -> Path:
    """The file of a template of this project."""
    return TEMPLATES / f"{name}.yaml"


@functools.cache
def read(name: str) -> dict[str, Any]:
    """A template as data."""
    path = path_of(name)
    if not path.is_file():
        raise DeployError(f"The template {path.name} is missing.", "run the command from a complete checkout.")
    return yaml.load(path.read_text(), Loader=_Loader)


def parameters(name: str) -> dict[str, dict[str, Any]]:
    """The parameters that a template declares."""
    return read(name).get("Parameters", {})


def text(value: object) -> str:
    """A YAML scalar as CloudFormation reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_rules(name: str, given: dict[str, str], region: str) -> None:
    """Raise what the template's Rules refuse in a Region's `given`, with defaults for the rest.

    CloudFormation checks the same, but only when it comes to the stack; here it shows before anything is made. Rules
    admit Ref and the rule functions only (CloudFormation user guide, "Rules section"), which makes this short.
    """
    values = {key: text(declared["Default"]) for key, declared in parameters(name).items() if "Default" in declared}
    values.update(given)
    refused = [
        assertion["AssertDescription"].strip()
        for rule in read(name).get("Rules", {}).values() if _holds(rule.get("RuleCondition", True), values)
        for assertion in rule["Assertions"] if not _holds(assertion["Assert"], values)
    ]
    if refused:
        raise DeployError(f"The parameters of {name} in {region} do not go together. Nothing was changed.\n  "
                          + "\n  ".join(refused), "change PARAMS or REGIONS.")


def _holds(node: Any, values: dict[str, str]) -> bool:
    if not isinstance(node, dict):
        return text(node) == "true"
    (function, arguments), = node.items()
    match function:
        case "Equals":
            return _value(arguments[0], values) == _value(arguments[1], values)
        case "Not":
            return not _holds(arguments[0], values)
        case "And":
            return all(_holds(argument, values) for argument in arguments)
        case "Or":
            return any(_holds(argument, values) for argument in arguments)
        case "Contains":
            return _value(arguments[1], values) in [text(option) for option in arguments[0]]
    raise ValueError(f"a rule uses {function}, which check_rules does not know")


def _value(node: Any, values: dict[str, str]) -> str:
    return values[node["Ref"]] if isinstance(node, dict) else text(node)
