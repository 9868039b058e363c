"""Static checks of a dashboard's body: what CloudWatch would refuse or draw wrongly."""

from __future__ import annotations

from itertools import combinations
from typing import Any

COLUMNS = 24
VIEWS = {"timeSeries", "singleValue"}


def overlaps(board: dict) -> list[str]:
    """Widgets that lie on each other, or leave the 24 columns."""
    found = []
    for widget in board["widgets"]:
        if widget["x"] < 0 or widget["width"] < 1 or widget["height"] < 1 or widget["x"] + widget["width"] > COLUMNS:
            found.append(f"{_title(widget)} leaves the columns")
    for one, two in combinations(board["widgets"], 2):
        apart = (
            one["x"] + one["width"] <= two["x"]
            or two["x"] + two["width"] <= one["x"]
            or one["y"] + one["height"] <= two["y"]
            or two["y"] + two["height"] <= one["y"]
        )
        if not apart:
            found.append(f"{_title(one)} lies on {_title(two)}")
    return found


def metric_widgets(board: dict) -> list[str]:
    """Every metric widget has a title, a Region, a period that CloudWatch takes, a statistic, and metrics with unique ids."""
    found = []
    for widget in board["widgets"]:
        if widget["type"] != "metric":
            continue
        properties, title = widget["properties"], _title(widget)
        for name in ("title", "region", "stat", "metrics"):
            if not properties.get(name):
                found.append(f"{title} has no {name}")
        if properties.get("period", 0) < 60 or properties["period"] % 60:
            found.append(f"{title} has the period {properties.get('period')}")
        if properties.get("view") not in VIEWS:
            found.append(f"{title} has the view {properties.get('view')}")
        found += _entries(properties.get("metrics", []), title)
    return found


def _entries(entries: list[Any], title: str) -> list[str]:
    found = []
    options = [e[-1] for e in entries if isinstance(e[-1], dict)]
    ids = [o["id"] for o in options if "id" in o]
    if len(ids) != len(set(ids)):
        found.append(f"{title} has an id twice")
    if not any(o.get("visible", True) for o in options) and len(options) == len(entries):
        found.append(f"{title} shows nothing")
    for entry in entries:
        if isinstance(entry[0], dict):
            if "expression" not in entry[0]:
                found.append(f"{title} has an entry that is neither metric nor expression")
        elif len([p for p in entry if not isinstance(p, dict)]) % 2:
            found.append(f"{title}: a dimension without a value: {entry}")
    return found


def explanations(board: dict) -> list[str]:
    """A text tile stands above every row of graphs or alarms, at the latest two rows up."""
    found = []
    texts = [w["y"] for w in board["widgets"] if w["type"] == "text"]
    for widget in board["widgets"]:
        if widget["type"] != "text" and not any(y < widget["y"] for y in texts):
            found.append(f"{_title(widget)} has no explanation")
    return found


def placeholders(board: dict) -> list[str]:
    """Nothing of the generator's or of CloudFormation's own marks is left. (Dynamic labels, ${PROP(...)}, are CloudWatch's.)"""
    text = str(board).replace("${PROP(", "")
    return [mark for mark in ("${", "@first:", "@later:", "@region") if mark in text]


def _title(widget: dict) -> str:
    return widget["properties"].get("title") or f"the {widget['type']} at {widget['x']},{widget['y']}"


ALL = [overlaps, metric_widgets, explanations, placeholders]
