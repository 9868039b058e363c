"""CloudFormation as YAML: short forms (!Ref, !Sub, ...) out of the long forms that Python builds."""

from __future__ import annotations

from typing import Any

import yaml

_SHORT = {
    "Ref": "!Ref",
    "Condition": "!Condition",
    "Fn::Sub": "!Sub",
    "Fn::If": "!If",
    "Fn::Not": "!Not",
    "Fn::And": "!And",
    "Fn::Or": "!Or",
    "Fn::Equals": "!Equals",
    "Fn::Select": "!Select",
    "Fn::Split": "!Split",
    "Fn::Join": "!Join",
    "Fn::FindInMap": "!FindInMap",
}


class _Tagged:
    def __init__(self, tag: str, value: Any):
        self.tag, self.value = tag, value

    def __repr__(self) -> str:
        return f"{self.tag} {self.value!r}"


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        # CloudFormation's YAML has no aliases.
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)


def _tagged(dumper: yaml.SafeDumper, node: _Tagged) -> yaml.Node:
    if isinstance(node.value, str):
        return dumper.represent_scalar(node.tag, node.value)
    short = len(repr(node.value)) < 110 and not _holds_mapping(node.value)
    return dumper.represent_sequence(node.tag, node.value, flow_style=short)


def _holds_mapping(value: Any) -> bool:
    if isinstance(value, _Tagged):
        return _holds_mapping(value.value)
    if isinstance(value, list):
        return any(_holds_mapping(v) for v in value)
    return isinstance(value, dict)


_Dumper.add_representer(_Tagged, _tagged)


def _shorten(value: Any) -> Any:
    if isinstance(value, list):
        return [_shorten(v) for v in value]
    if isinstance(value, dict):
        if len(value) == 1:
            key, inner = next(iter(value.items()))
            if key in _SHORT:
                return _Tagged(_SHORT[key], _shorten(inner))
        return {k: _shorten(v) for k, v in value.items()}
    return value


def dump(value: Any) -> str:
    """The value as block YAML, keys in the order given."""
    return yaml.dump(_shorten(value), Dumper=_Dumper, sort_keys=False, width=118, allow_unicode=True)


def indented(text: str, spaces: int) -> str:
    pad = " " * spaces
    return "".join(pad + line if line.strip() else line for line in text.splitlines(keepends=True))
