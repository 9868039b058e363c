"""Reading the templates of this project: their parameters, and what their rules refuse."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import yaml

from infra.deploy.errors import DeployError

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


_FUNCTIONS = {"And", "Equals", "GetAtt", "If", "Join", "Not", "Or", "Select", "Split", "Sub"}
"""The functions that our templates use, beside Ref and Condition, whose long form has no Fn:: either."""


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
    holds = _Evaluator(name, given, region).holds
    refused = [
        assertion["AssertDescription"].strip()
        for rule in read(name).get("Rules", {}).values() if holds(rule.get("RuleCondition", True))
        for assertion in rule["Assertions"] if not holds(assertion["Assert"])
    ]
    if refused:
        raise DeployError(f"The parameters of {name} in {region} do not go together. Nothing was changed.\n  "
                          + "\n  ".join(refused), "change PARAMS or REGIONS.")


def resources(name: str, given: dict[str, str], region: str) -> dict[str, str]:
    """What a new stack of the template would hold: the type of each resource whose condition holds."""
    holds = _Evaluator(name, given, region).holds
    return {
        logical_id: resource["Type"] for logical_id, resource in read(name)["Resources"].items()
        if "Condition" not in resource or holds({"Condition": resource["Condition"]})
    }


def with_defaults(name: str, given: dict[str, str]) -> dict[str, str]:
    """The parameters of a new stack: the template's defaults, and what is given."""
    defaults = {key: text(declared["Default"]) for key, declared in parameters(name).items() if "Default" in declared}
    return {**defaults, **given}


def compact(name: str) -> dict[str, Any]:
    """The template without what says or checks something, as JSON has it: the same resources and outputs in half the bytes.

    It is for a request that comes before there is a bucket which a large template could go through. The update that
    follows brings the rest.
    """
    source = read(name)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {
            key: {part: declared[part] for part in ("Type", "Default") if part in declared}
            for key, declared in parameters(name).items()
        },
        **{section: _long_form(source[section]) for section in ("Mappings", "Conditions", "Resources", "Outputs")
           if section in source},
    }


def reduced(name: str, logical_ids: set[str]) -> dict[str, Any]:
    """The compact template with some of its resources alone, without outputs: what an import takes."""
    whole = compact(name)
    kept = {logical_id: whole["Resources"][logical_id] for logical_id in whole["Resources"] if logical_id in logical_ids}
    conditions = {"Conditions": whole["Conditions"]} if "Conditions" in whole else {}
    used = _references([kept, conditions])
    return {
        "AWSTemplateFormatVersion": whole["AWSTemplateFormatVersion"],
        "Parameters": {key: declared for key, declared in whole["Parameters"].items() if key in used},
        **conditions,
        "Resources": kept,
    }


def body(template: dict[str, Any]) -> str:
    """A template as a request holds it."""
    return json.dumps(template, separators=(",", ":"))


def _long_form(node: Any) -> Any:
    """`{Sub: ...}`, as the loader above reads the short form, in CloudFormation's long form."""
    if isinstance(node, list):
        return [_long_form(part) for part in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1:
        (function, arguments), = node.items()
        if function == "GetAtt" and isinstance(arguments, str):
            return {"Fn::GetAtt": arguments.split(".", 1)}
        if function in _FUNCTIONS:
            return {f"Fn::{function}": _long_form(arguments)}
    return {key: _long_form(value) for key, value in node.items()}


def _references(node: Any) -> set[str]:
    """Every name that Ref or Sub takes."""
    if isinstance(node, list):
        return set().union(*map(_references, node))
    if isinstance(node, dict):
        return set().union(*(_references(value) | ({value} if key == "Ref" else set()) for key, value in node.items()))
    return set(re.findall(r"\$\{([A-Za-z0-9]+)\}", node)) if isinstance(node, str) else set()


class _Evaluator:
    """Rules and conditions of a template, with the functions that ours use; any other raises, as a fault of ours."""

    def __init__(self, name: str, given: dict[str, str], region: str) -> None:
        self._conditions = read(name).get("Conditions", {})
        self._values = {**with_defaults(name, given), "AWS::Region": region}

    def holds(self, node: Any) -> bool:
        if not isinstance(node, dict):
            return text(node) == "true"
        (function, arguments), = node.items()
        match function:
            case "Condition":
                return self.holds(self._conditions[arguments])
            case "Equals":
                return self._value(arguments[0]) == self._value(arguments[1])
            case "Not":
                return not self.holds(arguments[0])
            case "And":
                return all(self.holds(argument) for argument in arguments)
            case "Or":
                return any(self.holds(argument) for argument in arguments)
            case "Contains":
                return self._value(arguments[1]) in [text(option) for option in arguments[0]]
        raise ValueError(f"a template uses {function} as a condition, which is not known here")

    def _value(self, node: Any) -> str:
        if not isinstance(node, dict):
            return text(node)
        (function, arguments), = node.items()
        match function:
            case "Ref":
                return self._values[arguments]
            case "Join":
                return arguments[0].join(self._value(part) for part in arguments[1])
            case "Select":
                separator, source = arguments[1]["Split"]
                return self._value(source).split(separator)[int(arguments[0])]
        raise ValueError(f"a template uses {function} in a condition, which is not known here")
