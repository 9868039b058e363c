"""The cost example counts what the templates make, and grows with what drives it."""

from __future__ import annotations

import pytest
from stacks import FIVE, stack

from infra.dashboard import cost
from infra.dashboard.cost import Load


@pytest.mark.parametrize("regions", [2, 3, 5])
@pytest.mark.parametrize("indexes", [0, 2, 5])
def test_alarm_metrics_are_those_of_the_template(regions, indexes):
    names = ",".join(f"GSI{i}" for i in range(1, indexes + 1))
    made = stack("alarms.yaml", Regions=",".join(FIVE[:regions]), IndexNames=names).resources("AWS::CloudWatch::Alarm")
    watched = [sum("MetricStat" in q for q in a["Properties"].get("Metrics", [])) or 1 for a in made.values()]
    assert cost.alarm_metrics(Load(regions=regions, indexes=indexes)) == sum(watched)


def test_custom_metrics_grow_with_regions_and_indexes():
    counts = [cost.custom_metrics(Load(regions=n, indexes=i)) for n, i in [(2, 0), (3, 0), (3, 2), (5, 2)]]
    assert counts == sorted(set(counts))


def dollars(**load):
    return {part: d for part, _, d in cost.parts(Load(**load), cost.prices())}


def test_a_worked_part_by_hand():
    # 3 Regions x 4 shards, one batch a second, 730 hours: 31,536,000 invocations, each one request at 0.01 a thousand.
    assert dollars(interval=0)["processor: PutMetricData"] == pytest.approx(315.36)
    # With metrics every 10 s: a tenth of these, and one for each of 0.3 conflicts a second.
    assert dollars()["processor: PutMetricData"] == pytest.approx(31.536 + 0.3 * 2_628_000 / 1e3 * 0.01)
    # 300 writes a second for 730 hours, in 3 Regions, to a table and 2 indexes, at 0.625 a million.
    assert dollars()["table: writes"] == pytest.approx(300 * 2_628_000 * 9 / 1e6 * 0.625)


def test_a_longer_window_costs_in_proportion():
    assert dollars(window=10)["processor: PutMetricData"] == pytest.approx(31.536)


def test_a_quiet_table_has_no_more_batches_than_records():
    assert dollars(writes=0.01)["processor: requests"] == pytest.approx(0.03 * 3 * 2_628_000 / 1e6 * 0.2)


def test_contributor_insights_by_hand():
    # A table and 2 indexes, 2 rules each, in 3 Regions, at 0.50 a rule.
    assert dollars()["Contributor Insights, THROTTLED_KEYS"] == pytest.approx(9.0)
    # Twice the rules, and each of 300 writes a second in 3 Regions to table and indexes an event of two rules.
    events = 300 * 2_628_000 * 9 * 2 / 1e6 * 0.03
    dear = "ACCESSED_AND_THROTTLED_KEYS"
    assert dollars(insights=dear)[f"Contributor Insights, {dear}"] == pytest.approx(18.0 + events)
    assert dollars(insights="OFF")["Contributor Insights, OFF"] == 0


def test_a_readme_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="marks"):
        cost.replace_section("# Nothing\n")
