"""A small CloudFormation: reads a template, checks parameters and rules, and resolves conditions and functions.

It covers the functions that our templates use, and raises on any other, so that a template cannot outgrow it in silence.
What a resource returns at run time (Ref, GetAtt) is shown as a token, `<Logical>` or `<Logical.Attribute>`.
"""

from __future__ import annotations

import copy
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
ACCOUNT = "123456789012"
STACK_ID = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/a-stack/0a1b2c3d-1111-2222-3333-444455556666"
NO_VALUE = object()


class Refused(Exception):
    """A parameter or a rule refuses the stack; the message is what a person would be shown."""


class _Loader(yaml.SafeLoader):
    pass


def _long_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode), "YAML has mappings, sequences and scalars"
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _long_form)


def load(name: str) -> dict:
    """A template by file name, functions in long form, free to be changed."""
    return copy.deepcopy(_parsed(name))


@cache
def _parsed(name: str) -> dict:
    return yaml.load((TEMPLATES / name).read_text(), Loader=_Loader)


def names() -> list[str]:
    return sorted(path.name for path in TEMPLATES.glob("*.yaml"))


def partition_of(region: str) -> tuple[str, str]:
    """The partition of a Region, and its domain."""
    for start, found in (("cn-", ("aws-cn", "amazonaws.com.cn")), ("eusc-", ("aws-eusc", "amazonaws.eu")),
                         ("us-gov-", ("aws-us-gov", "amazonaws.com"))):
        if region.startswith(start):
            return found
    return "aws", "amazonaws.com"


class Stack:
    """A template with its parameters, in one Region."""

    def __init__(self, template: dict, parameters: dict[str, str], region: str = "us-east-1"):
        self.template = copy.deepcopy(template)
        self.pseudo = {
            "AWS::Region": region,
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": partition_of(region)[0],
            "AWS::URLSuffix": partition_of(region)[1],
            "AWS::StackId": STACK_ID,
            "AWS::StackName": "a-stack",
        }
        self.parameters = self._check_parameters(parameters)
        self._check_rules()

    def _check_parameters(self, given: dict[str, str]) -> dict[str, str]:
        declared = self.template.get("Parameters", {})
        if unknown := set(given) - set(declared):
            raise Refused(f"Parameters: [{', '.join(sorted(unknown))}] do not exist in the template")
        values = {}
        for name, spec in declared.items():
            if name not in given and "Default" not in spec:
                raise Refused(f"Parameters: [{name}] must have values")
            value = str(given.get(name, spec.get("Default")))
            why = spec.get("ConstraintDescription", "")
            if "AllowedPattern" in spec and not re.fullmatch(spec["AllowedPattern"], value):
                raise Refused(f"Parameter '{name}' must match pattern {spec['AllowedPattern']}: {why}")
            if "AllowedValues" in spec and value not in [str(v) for v in spec["AllowedValues"]]:
                raise Refused(f"Parameter '{name}' must be one of AllowedValues: {why}")
            least, most = spec.get("MinValue", float("-inf")), spec.get("MaxValue", float("inf"))
            if spec["Type"] == "Number" and not least <= float(value) <= most:
                raise Refused(f"Parameter '{name}' must lie between MinValue and MaxValue")
            values[name] = value
        return values

    def _check_rules(self) -> None:
        for rule in self.template.get("Rules", {}).values():
            if "RuleCondition" in rule and not self._rule(rule["RuleCondition"]):
                continue
            for assertion in rule["Assertions"]:
                if not self._rule(assertion["Assert"]):
                    raise Refused(assertion["AssertDescription"])

    def _rule(self, value: Any) -> Any:
        """Rules admit Ref and the rule functions only, and no condition, Select, Split or Join."""
        if not isinstance(value, dict):
            return str(value) if isinstance(value, (int, str)) else [self._rule(v) for v in value]
        ((name, inner),) = value.items()
        match name:
            case "Ref":
                return self.parameters[inner] if inner in self.parameters else self.pseudo[inner]
            case "Fn::Equals":
                return self._rule(inner[0]) == self._rule(inner[1])
            case "Fn::Not":
                return not self._rule(inner[0])
            case "Fn::And":
                return all(self._rule(v) for v in inner)
            case "Fn::Or":
                return any(self._rule(v) for v in inner)
            case "Fn::Contains":
                return self._rule(inner[1]) in [self._rule(v) for v in inner[0]]
        raise NotImplementedError(f"{name} is no rule function")

    def condition(self, name: str) -> bool:
        return self._test(self.template["Conditions"][name])

    def _test(self, value: Any) -> bool:
        ((name, inner),) = value.items()
        match name:
            case "Condition":
                return self.condition(inner)
            case "Fn::Equals":
                return str(self.resolve(inner[0])) == str(self.resolve(inner[1]))
            case "Fn::Not":
                return not self._test(inner[0])
            case "Fn::And" | "Fn::Or":
                if not 2 <= len(inner) <= 10:
                    raise Refused(f"{name} takes 2 to 10 conditions")
                return (all if name == "Fn::And" else any)(self._test(v) for v in inner)
        raise NotImplementedError(f"{name} is no condition function")

    def resolve(self, value: Any, local: dict[str, Any] | None = None) -> Any:
        """The value with every function carried out; NO_VALUE where a property is to be left out."""
        if isinstance(value, list):
            return [r for v in value if (r := self.resolve(v, local)) is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, inner),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name, inner, local or {})
        return {k: r for k, v in value.items() if (r := self.resolve(v, local)) is not NO_VALUE}

    def _call(self, name: str, inner: Any, local: dict[str, Any]) -> Any:
        match name:
            case "Ref":
                return self._ref(inner)
            case "Fn::GetAtt":
                self._exists(inner[0])
                return f"<{'.'.join(inner)}>"
            case "Fn::If":
                return self.resolve(inner[1 if self.condition(inner[0]) else 2], local)
            case "Fn::Sub":
                text, variables = (inner, {}) if isinstance(inner, str) else inner
                return self._substitute(text, {k: self.resolve(v) for k, v in variables.items()})
            case "Fn::Join":
                return inner[0].join(str(v) for v in self.resolve(inner[1]))
            case "Fn::Split":
                return self.resolve(inner[1]).split(inner[0])
            case "Fn::Select":
                return self.resolve(inner[1])[int(inner[0])]
            case "Fn::FindInMap":
                name, first, second = self.resolve(inner)
                return self.template["Mappings"][name][first][second]
        raise NotImplementedError(name)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.parameters:
            return self.parameters[name]
        if name in self.pseudo:
            return self.pseudo[name]
        self._exists(name)
        return f"<{name}>"

    def _exists(self, logical_id: str) -> None:
        resource = self.template["Resources"][logical_id]
        if "Condition" in resource and not self.condition(resource["Condition"]):
            raise Refused(f"Unresolved resource dependencies [{logical_id}]")

    def _substitute(self, text: str, variables: dict[str, Any]) -> str:
        def one(found: re.Match) -> str:
            name = found.group(1)
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in variables:
                return str(variables[name])
            if "." in name:
                return str(self._call("Fn::GetAtt", name.split(".", 1), {}))
            return str(self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", one, text)

    def resources(self, kind: str | None = None) -> dict[str, dict]:
        """The resources that this stack would make, resolved, by logical id."""
        made = {}
        for logical_id, resource in self.template["Resources"].items():
            if "Condition" in resource and not self.condition(resource["Condition"]):
                continue
            if kind is None or resource["Type"] == kind:
                made[logical_id] = {**resource, "Properties": self.resolve(resource.get("Properties", {}))}
        return made

    def outputs(self) -> dict[str, Any]:
        return {
            name: self.resolve(output["Value"])
            for name, output in self.template.get("Outputs", {}).items()
            if "Condition" not in output or self.condition(output["Condition"])
        }
