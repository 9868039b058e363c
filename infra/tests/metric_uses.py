"""Finds every metric that a resolved stack names: in alarms, in dashboards, and in SEARCH expressions."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cfn import Stack

INFRA = Path(__file__).resolve().parent.parent
NAMESPACE = "LastWriter"
_SEARCH = re.compile(r"""SEARCH\('\{(?P<schema>[^}]*)\} (?P<terms>[^']*)', '(?P<stat>[A-Za-z0-9]+)', (?P<period>\d+)\)""")


@dataclass(frozen=True)
class Use:
    """A metric somewhere: its namespace, its name, the names of its dimensions, and where."""

    namespace: str
    metric: str
    dimensions: frozenset[str]
    where: str


def contract(function: str) -> dict:
    return json.loads((INFRA.parent / "functions" / function / "contract.json").read_text())


def own_metrics() -> dict[str, dict]:
    return contract("stream-processor")["metrics"] | contract("table-reporter")["metrics"]


def aws_metrics() -> dict[str, dict]:
    return yaml.safe_load((INFRA / "dashboard" / "aws_metrics.yaml").read_text())


def alarm_uses(stack: Stack) -> list[Use]:
    uses = []
    for logical_id, resource in stack.resources("AWS::CloudWatch::Alarm").items():
        properties = resource["Properties"]
        queries = [q["MetricStat"]["Metric"] for q in properties.get("Metrics", []) if "MetricStat" in q]
        for metric in queries or [properties]:
            names = frozenset(d["Name"] for d in metric["Dimensions"])
            uses.append(Use(metric["Namespace"], metric["MetricName"], names, logical_id))
    return uses


def boards(stack: Stack) -> dict[str, dict]:
    return {
        logical_id: json.loads(resource["Properties"]["DashboardBody"])
        for logical_id, resource in stack.resources("AWS::CloudWatch::Dashboard").items()
    }


def array_use(entry: list[Any], where: str) -> Use:
    """CloudWatch's array: namespace, metric, dimension name, value, ..., options."""
    parts = entry[:-1] if isinstance(entry[-1], dict) else entry
    return Use(parts[0], parts[1], frozenset(parts[2::2]), where)


def search_use(expression: str, where: str) -> Use | None:
    """What a SEARCH looks for, None for an expression that is none. Raises on a SEARCH of another form."""
    if "SEARCH" not in expression:
        return None
    found = _SEARCH.fullmatch(expression)
    if not found:
        raise ValueError(f"{where}: a SEARCH of another form: {expression}")
    namespace, *dimensions = [s.strip('"') for s in found["schema"].split(",")]
    (metric,) = re.findall(r'MetricName="([^"]+)"', found["terms"])
    return Use(namespace, metric, frozenset(dimensions), where)


def board_uses(board: dict) -> list[Use]:
    uses = []
    for widget in board["widgets"]:
        where = widget["properties"].get("title", widget["type"])
        for entry in widget["properties"].get("metrics", []):
            if isinstance(entry[0], dict):
                use = search_use(entry[0]["expression"], where)
                uses += [use] if use else []
            else:
                uses.append(array_use(entry, where))
    return uses


def wrong(uses: list[Use]) -> list[str]:
    """The uses of metrics that the code does not emit, or AWS does not publish, in that form."""
    own, aws, found = own_metrics(), aws_metrics(), []
    for use in uses:
        if use.namespace == NAMESPACE:
            sets = own.get(use.metric, {}).get("dimension_sets")
        else:
            sets = aws.get(use.namespace, {}).get(use.metric, {}).get("dimensions")
        if sets is None:
            found.append(f"{use.where}: nobody publishes {use.namespace} {use.metric}")
        elif use.dimensions not in {frozenset(s) for s in sets}:
            found.append(f"{use.where}: {use.metric} is not published under {sorted(use.dimensions)}")
    return found
