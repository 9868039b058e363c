"""The simulator decides as the tables of the CloudWatch user guide do ("Configuring how CloudWatch alarms treat missing data")."""

from __future__ import annotations

import pytest
from alarm_simulator import ALARM, INSUFFICIENT_DATA, OK, READINGS, Published, Reading, _Math, next_state

RETAIN = "the state before"
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
# 0 is not breaching, X is breaching, - is missing; the newest stands last. Three evaluation periods, a range of five.
THREE_OF_THREE = [
    ("0-X-X", (OK, OK, OK, OK)),
    ("0----", (OK, OK, OK, OK)),
    ("-----", (INSUFFICIENT_DATA, RETAIN, ALARM, OK)),
    ("0XX-X", (ALARM, ALARM, ALARM, ALARM)),
    ("--X--", (ALARM, RETAIN, ALARM, OK)),
]
TWO_OF_THREE = [
    ("0-X-X", (ALARM, ALARM, ALARM, ALARM)),
    ("00X0X", (ALARM, ALARM, ALARM, ALARM)),
    ("0-X--", (OK, OK, ALARM, OK)),
    ("----0", (OK, OK, ALARM, OK)),
    ("---X-", (ALARM, RETAIN, ALARM, OK)),
]
ROWS = [(needed, points, treatment, state)
        for needed, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
        for points, states in table
        for treatment, state in zip(TREATMENTS, states, strict=True)]


@pytest.mark.parametrize("before", [OK, ALARM, INSUFFICIENT_DATA])
@pytest.mark.parametrize("needed, points, treatment, state", ROWS)
def test_it_decides_as_the_guides_tables(needed, points, treatment, state, before):
    read = [{"0": False, "X": True, "-": None}[p] for p in points]
    assert next_state(read, needed, 3, treatment, before) == (before if state == RETAIN else state)


def test_a_breaching_point_that_is_too_young_is_no_alarm_yet():
    """"- - - - X" and "- - - X -" with three of three."""
    for points in ([None] * 4 + [True], [None] * 3 + [True, None]):
        assert next_state(points, 3, 3, "missing", OK) == OK


def series(expression, metrics, reading=READINGS[0], windows=4):
    return _Math(metrics, dict.fromkeys(metrics, 300), windows, reading).series(expression)


M1, M2 = {0: 30.0, 1: 20.0, 2: 0.0, 3: 0.0}, {0: 20.0, 2: 20.0}


@pytest.mark.parametrize("expression, answer", [
    ("m1 < m2", [0, 0, 1, 0]),
    ("m1 >= 30", [1, 0, 0, 0]),
    ("m1 > 15 AND m2 > 15", [1, 0, 0, 0]),
])
def test_operators_give_what_the_page_on_metric_math_gives(expression, answer):
    """Its own example: metric1 is [30, 20, 0, 0], metric2 is [20, -, 20, -]."""
    assert series(expression, {"m1": M1, "m2": M2}) == dict(enumerate(map(float, answer)))


def test_a_point_that_would_divide_by_zero_is_dropped():
    assert series("m1 / m2", {"m1": {0: 1.0, 1: 1.0}, "m2": {0: 0.0, 1: 2.0}}) == {1: 0.5}


@pytest.mark.parametrize("reading", READINGS)
def test_a_sum_of_a_list_leaves_missing_points_out(reading):
    assert series("SUM([m1, m2])", {"m1": {0: 1.0, 1: 2.0}, "m2": {}}, reading) == {0: 1.0, 1: 2.0}
    assert series("SUM(METRICS())", {"m1": {}, "m2": {}}, reading) == {}


def test_the_readings_differ_in_what_never_was():
    filled = {r: series("FILL(m1, 0)", {"m1": {}}, r, 2) for r in READINGS}
    assert {str(f) for f in filled.values()} == {"{}", "{0: 0.0, 1: 0.0}"}


def test_what_the_simulator_does_not_know_is_not_passed_over():
    for expression in ("RATE(m1)", "m1 ** 2", "m1 % 2"):
        with pytest.raises((NotImplementedError, KeyError)):
            series(expression, {"m1": M1})


@pytest.mark.parametrize("stat, value", [("Sum", 6.0), ("Average", 2.0), ("Maximum", 3.0), ("Minimum", 1.0), ("SampleCount", 3.0)])
def test_statistics_are_of_the_values_in_the_window(stat, value):
    published = Published()
    published.put(4, "N", "M", {"D": "d"}, 100.0)
    published.put(5, "N", "M", {"D": "d"}, 1.0, 2.0)
    published.put(9, "N", "M", {"D": "d"}, 3.0)
    key = ("N", "M", frozenset({("D", "d")}))
    assert published.statistic(key, stat, 5, 5) == value
    assert published.statistic(key, stat, 10, 5) is None


def test_every_reading_is_tried_in_both_ways():
    for name in ("sliding", "missing_is_zero", "fills_nothing"):
        assert {getattr(r, name) for r in READINGS} == {True, False}
    assert isinstance(READINGS[0], Reading)
