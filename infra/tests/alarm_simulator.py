"""CloudWatch's alarms on one machine: a stack's alarms, evaluated each minute over figures that a test publishes.

The rules are those of the CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data", with its tables as
tests (test_alarm_simulator.py). What the guide leaves open is a Reading: a stack has to be right under each of them.
"""

from __future__ import annotations

import ast
import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cfn import Stack

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
EXTRA_PERIODS = 2
"""The evaluation range: in the guide's tables three evaluation periods look at five points."""

Key = tuple[str, str, frozenset[tuple[str, str]]]
Series = dict[int, float]
"""Values by the number of their window; what is missing is not there."""


@dataclass(frozen=True)
class Reading:
    """What AWS's pages leave open.

    sliding: a period ends with the evaluation, not at a multiple of its length. missing_is_zero: an operator on two series
    takes a point that one of them lacks as 0, as the page on metric math says; else there is no point, as people report it.
    fills_nothing: FILL leaves a series alone that has no point at all. delay: minutes until a figure can be seen.
    """

    sliding: bool
    missing_is_zero: bool
    fills_nothing: bool
    delay: int


READINGS = [
    Reading(sliding=False, missing_is_zero=True, fills_nothing=False, delay=0),
    Reading(sliding=True, missing_is_zero=False, fills_nothing=True, delay=2),
    Reading(sliding=True, missing_is_zero=True, fills_nothing=True, delay=1),
    Reading(sliding=False, missing_is_zero=False, fills_nothing=True, delay=3),
]


@dataclass
class Published:
    """Figures by the minute in which they were published."""

    values: dict[Key, dict[int, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    _known: dict[tuple[Key, str, int, int], float | None] = field(default_factory=dict)
    """Statistics that were asked for before: evaluations look at the same windows again and again."""

    def put(self, minute: int, namespace: str, name: str, dimensions: dict[str, str], *values: float) -> None:
        self.values[namespace, name, frozenset(dimensions.items())][minute].extend(values)
        self._known.clear()

    def statistic(self, key: Key, stat: str, start: int, minutes: int) -> float | None:
        """The statistic over `minutes` from `start`; None without a value."""
        by_minute = self.values.get(key)
        if by_minute is None:
            return None
        asked = key, stat, start, minutes
        if asked not in self._known:
            found = [v for m in range(start, start + minutes) for v in by_minute.get(m, ())]
            self._known[asked] = self._of(found, stat) if found else None
        return self._known[asked]

    @staticmethod
    def _of(found: list[float], stat: str) -> float:
        match stat:
            case "Sum":
                return math.fsum(found)
            case "SampleCount":
                return float(len(found))
            case "Maximum":
                return max(found)
            case "Minimum":
                return min(found)
            case "Average":
                return math.fsum(found) / len(found)
        raise NotImplementedError(stat)


def next_state(points: list[bool | None], needed: int, periods: int, missing: str, state: str) -> str:
    """The state after an evaluation: `points` of the evaluation range, oldest first, each breaching, not, or missing."""
    real = [p for p in points if p is not None]
    if len(real) >= periods:
        return ALARM if sum(real[-periods:]) >= needed else OK
    filled = periods - len(real)
    match missing:
        case "breaching":
            return ALARM if sum(real) + filled >= needed else OK
        case "notBreaching":
            return ALARM if sum(real) >= needed else OK
        case "missing" | "ignore":
            if not real:
                return INSUFFICIENT_DATA if missing == "missing" else state
            if sum(real) >= needed:
                return ALARM
            # "Avoiding premature transitions": nothing but breaching points, the oldest as old as would be needed.
            oldest = len(points) - points.index(True) if True in points else 0
            if all(real) and oldest >= needed:
                return ALARM if missing == "missing" else state
            return OK
    raise NotImplementedError(missing)


@cache
def _parsed(expression: str) -> ast.expr:
    text = re.sub(r"\bAND\b", "and", re.sub(r"\bOR\b", "or", expression))
    return ast.parse(text, mode="eval").body


class _Math:
    """Metric math over the windows of one evaluation: the functions and operators that our alarms use; any other raises."""

    def __init__(self, metrics: dict[str, Series], periods: dict[str, int], windows: int, reading: Reading):
        self.metrics, self.periods, self.windows, self.reading = metrics, periods, windows, reading

    def series(self, expression: str) -> Series:
        answer = self._value(_parsed(expression))
        assert isinstance(answer, dict), f"{expression} is no time series"
        return answer

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return self.metrics[name]
            case ast.List(elts=parts):
                return [self._value(part) for part in parts]
            case ast.BinOp(left=left, op=op, right=right):
                return self._pairs(type(op).__name__, self._value(left), self._value(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._pairs(type(op).__name__, self._value(left), self._value(right))
            case ast.BoolOp(op=op, values=[left, right]):
                return self._pairs(type(op).__name__, self._value(left), self._value(right))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._function(name, arguments)
        raise NotImplementedError(ast.dump(node))

    def _function(self, name: str, arguments: list[ast.expr]) -> Any:
        match name:
            case "METRICS":
                return list(self.metrics.values())
            case "PERIOD":
                (metric,) = arguments
                assert isinstance(metric, ast.Name)
                return float(self.periods[metric.id])
            case "SUM":
                (parts,) = map(self._value, arguments)
                assert isinstance(parts, list), "SUM of one series is a number, not a series"
                return {w: math.fsum(p[w] for p in parts if w in p) for w in range(self.windows) if any(w in p for p in parts)}
            case "IF":
                condition, yes, no = map(self._value, arguments)
                return self._chosen(condition, yes, no)
            case "FILL":
                series, filler = map(self._value, arguments)
                if not series and self.reading.fills_nothing:
                    return {}
                return {w: series.get(w, filler) for w in range(self.windows)}
        raise NotImplementedError(name)

    @staticmethod
    def _chosen(condition: Series, yes: Any, no: Any) -> Series:
        answer = {}
        for window, holds in condition.items():
            chosen = yes if holds else no
            value = chosen.get(window) if isinstance(chosen, dict) else chosen
            if value is not None:
                answer[window] = value
        return answer

    def _pairs(self, operator: str, left: Any, right: Any) -> Any:
        if not isinstance(left, dict) and not isinstance(right, dict):
            return _applied(operator, left, right)
        both = isinstance(left, dict) and isinstance(right, dict)
        answer = {}
        for window in range(self.windows):
            pair = [side.get(window) if isinstance(side, dict) else side for side in (left, right)]
            if both and self.reading.missing_is_zero and pair != [None, None]:
                pair = [0.0 if value is None else value for value in pair]
            if None not in pair and (value := _applied(operator, *pair)) is not None:
                answer[window] = value
        return answer


def _applied(operator: str, left: float, right: float) -> float | None:
    match operator:
        case "Add":
            return left + right
        case "Sub":
            return left - right
        case "Mult":
            return left * right
        case "Div":
            return left / right if right else None  # The point is dropped.
        case "Gt":
            return float(left > right)
        case "GtE":
            return float(left >= right)
        case "Lt":
            return float(left < right)
        case "LtE":
            return float(left <= right)
        case "Eq":
            return float(left == right)
        case "And":
            return float(bool(left) and bool(right))
        case "Or":
            return float(bool(left) or bool(right))
    raise NotImplementedError(operator)


COMPARISONS = {"GreaterThanThreshold": "Gt", "GreaterThanOrEqualToThreshold": "GtE", "LessThanThreshold": "Lt"}


@dataclass(frozen=True)
class Notice:
    """A message to the topic: an alarm by the end of its name, and the state that it went into."""

    minute: int
    alarm: str
    state: str


@dataclass(frozen=True)
class Figures:
    """What an alarm looks at: its metrics by id, their period in seconds, and what is made of them."""

    metrics: dict[str, tuple[Key, str]]
    period: int
    expression: str | None


def figures_of(properties: dict) -> Figures:
    if "Metrics" not in properties:
        return Figures({"m1": (key_of(properties), properties["Statistic"])}, properties["Period"], None)
    stats = {q["Id"]: q["MetricStat"] for q in properties["Metrics"] if "MetricStat" in q}
    (period,) = {stat["Period"] for stat in stats.values()}
    (expression,) = [q["Expression"] for q in properties["Metrics"] if q["ReturnData"]]
    return Figures({i: (key_of(stat["Metric"]), stat["Stat"]) for i, stat in stats.items()}, period, expression)


def key_of(metric: dict) -> Key:
    return metric["Namespace"], metric["MetricName"], frozenset((d["Name"], d["Value"]) for d in metric["Dimensions"])


@dataclass
class Simulation:
    """The alarms of a stack over time. They begin as CloudWatch's do: INSUFFICIENT_DATA, and a state is no news."""

    stack: Stack
    reading: Reading
    states: dict[str, str] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    ever_in_alarm: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.alarms = self.stack.resources("AWS::CloudWatch::Alarm")
        self.figures = {logical_id: figures_of(alarm["Properties"]) for logical_id, alarm in self.alarms.items()}
        self.composites = self.stack.resources("AWS::CloudWatch::CompositeAlarm")
        self.states = dict.fromkeys([*self.alarms, *self.composites], INSUFFICIENT_DATA)

    def run(self, published: Published, minutes: int) -> list[Notice]:
        """Evaluate each minute; what the topic was told."""
        for minute in range(minutes):
            for logical_id, alarm in self.alarms.items():
                state = self._evaluated(alarm["Properties"], logical_id, published, minute)
                self._enter(minute, logical_id, alarm["Properties"], state)
            for logical_id, alarm in self.composites.items():
                self._enter(minute, logical_id, alarm["Properties"], self._composed(alarm["Properties"]["AlarmRule"]))
        return self.notices

    def in_alarm(self) -> set[str]:
        """The ends of the names of the alarms that are on."""
        every = self.alarms | self.composites
        return {every[i]["Properties"]["AlarmName"].split(".", 1)[1] for i, state in self.states.items() if state == ALARM}

    def _enter(self, minute: int, logical_id: str, properties: dict, state: str) -> None:
        before, self.states[logical_id] = self.states[logical_id], state
        if state == ALARM:
            self.ever_in_alarm.add(logical_id)
        actions = properties.get({OK: "OKActions", ALARM: "AlarmActions", INSUFFICIENT_DATA: "InsufficientDataActions"}[state])
        if state != before and actions:
            self.notices.append(Notice(minute, properties["AlarmName"].split(".", 1)[1], state))

    def _composed(self, rule: str) -> str:
        terms = re.findall(r'ALARM\("<(\w+)>"\)', rule)
        return ALARM if any(self.states[term] == ALARM for term in terms) else OK

    def _evaluated(self, properties: dict, logical_id: str, published: Published, minute: int) -> str:
        periods = properties["EvaluationPeriods"]
        values = self._values(self.figures[logical_id], published, minute, periods + EXTRA_PERIODS)
        operator, threshold = COMPARISONS[properties["ComparisonOperator"]], float(properties["Threshold"])
        points = [None if v is None else bool(_applied(operator, v, threshold)) for v in values]
        return next_state(points, properties["DatapointsToAlarm"], periods, properties["TreatMissingData"], self.states[logical_id])

    def _values(self, figures: Figures, published: Published, minute: int, windows: int) -> list[float | None]:
        """The alarm's figure in each window of the evaluation range, oldest first."""
        length = figures.period // 60
        # What was published within the delay is not there yet.
        end = minute + 1 - self.reading.delay
        if not self.reading.sliding:
            end -= end % length
        starts = [end - length * (windows - i) for i in range(windows)]
        series = {
            i: {w: v for w, start in enumerate(starts) if (v := published.statistic(key, stat, start, length)) is not None}
            for i, (key, stat) in figures.metrics.items()
        }
        if figures.expression is None:
            return [series["m1"].get(w) for w in range(windows)]
        made = _Math(series, dict.fromkeys(series, figures.period), windows, self.reading).series(figures.expression)
        return [made.get(w) for w in range(windows)]
