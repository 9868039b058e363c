"""The building blocks of a dashboard body, and the layout that keeps widgets from overlapping."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

COLUMNS = 24
PERIOD = 300
# Entries of a list that Fn::Sub fills in. The text for a later entry brings its own comma, so that it can be empty.
FIRST = "@first:"
LATER = "@later:"


@dataclass
class Board:
    """Widgets in rows of 24 columns. A part that exists only under a condition is a variable of Fn::Sub."""

    widgets: list[dict] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    y: int = 0

    def row(self, height: int, *widgets: dict) -> None:
        """Lays the widgets side by side, as wide as they share the row."""
        width = COLUMNS // len(widgets)
        for number, widget in enumerate(widgets):
            x = number * width
            last = number == len(widgets) - 1
            self.widgets.append({"x": x, "y": self.y, "width": COLUMNS - x if last else width, "height": height} | widget)
        self.y += height

    def text(self, markdown: str, height: int = 2) -> None:
        self.row(height, {"type": "text", "properties": {"markdown": markdown}})

    def first(self, name: str, text: Any) -> str:
        """The first entry of a list, out of a function."""
        self.variables[name] = text
        return FIRST + name

    def later(self, name: str, text: Any, condition: str | None = None) -> str:
        """A later entry of a list, out of a function whose text begins with a comma; there only under the condition."""
        self.variables[name] = {"Fn::If": [condition, text, ""]} if condition else text
        return LATER + name

    def body(self) -> dict:
        """DashboardBody, as Fn::Sub."""
        text = json.dumps({"widgets": self.widgets}, separators=(",", ":"))
        for name in self.variables:
            found = [m for m in (f',"{LATER}{name}"', f'"{FIRST}{name}"') if m in text]
            if len(found) != 1 or text.count(found[0]) != 1:
                raise ValueError(f"the entry {name} must stand once, and a later one not first in its list")
            text = text.replace(found[0], f"${{{name}}}")
        return {"Fn::Sub": [text, self.variables]} if self.variables else {"Fn::Sub": text}


def graph(title: str, metrics: list[Any], **options: Any) -> dict:
    """A metric widget. `metrics` are CloudWatch's arrays, or expressions; options go into its properties."""
    properties: dict[str, Any] = {
        "title": title,
        "view": "timeSeries",
        "stacked": False,
        "region": "${AWS::Region}",
        "period": PERIOD,
        "stat": "Sum",
        "yAxis": {"left": {"min": 0}},
    }
    return {"type": "metric", "properties": properties | options | {"metrics": metrics}}


def numbers(title: str, metrics: list[Any], **options: Any) -> dict:
    """The figures of the dashboard's whole time range."""
    given = {"view": "singleValue", "setPeriodToTimeRange": True} | options
    widget = graph(title, metrics, **given)
    del widget["properties"]["yAxis"]
    return widget


def own(metric: str, *dimensions: str, **options: Any) -> list[Any]:
    """One of our functions' metrics, of this table. Dimensions are name, value, name, value..."""
    return ["${MetricsNamespace}", metric, "TableName", "${TableName}", *dimensions, *([options] if options else [])]


def dynamodb(metric: str, *dimensions: str, **options: Any) -> list[Any]:
    return ["AWS/DynamoDB", metric, "TableName", "${TableName}", *dimensions, *([options] if options else [])]


def account(metric: str, **options: Any) -> list[Any]:
    """One of DynamoDB's metrics of the whole account in the Region, which have no dimension."""
    return ["AWS/DynamoDB", metric, *([options] if options else [])]


def lambda_(metric: str, function: str, **options: Any) -> list[Any]:
    return ["AWS/Lambda", metric, "FunctionName", function, *([options] if options else [])]


def mapping(metric: str, **options: Any) -> list[Any]:
    return ["AWS/Lambda", metric, "EventSourceMappingUUID", "${EventSourceMappingId}", *([options] if options else [])]


def search(namespace: str, metric: str, dimension: str, stat: str, label: str, **options: Any) -> list[Any]:
    """Every value of the dimension that this table has, without naming them: Regions and indexes come and go."""
    expression = (
        f"SEARCH('{{\"{namespace}\",\"TableName\",\"{dimension}\"}} "
        f'TableName="${{TableName}}" MetricName="{metric}"\', \'{stat}\', {PERIOD})'
    )
    return [{"expression": expression, "label": label} | options]


def math(expression: str, label: str, **options: Any) -> list[Any]:
    return [{"expression": expression, "label": label} | options]
