//! Charts of losses over time: by kind, by the Region that lost, and what became of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use ledger::EntryKind;
use maud::{Markup, html};

use crate::ledger::page::listed::Listed;
use crate::page::{BarChart, TimeLabels, Timeline};

/// How long a bar is, in minutes, for so many hours: no chart has more than some fifty bars.
fn step_minutes(hours: u32) -> u32 {
    const STEPS: [(u32, u32); 7] = [
        (1, 2),
        (3, 5),
        (6, 10),
        (12, 15),
        (24, 30),
        (72, 120),
        (168, 240),
    ];
    let fits = STEPS.iter().find(|(most, _)| hours <= *most);
    fits.map_or_else(|| hours.div_ceil(48) * 60, |(_, minutes)| *minutes)
}

/// The charts of the last hours before `now`.
pub(super) fn charts(
    entries: &[Arc<Listed>],
    regions: &[&str],
    hours: u32,
    now: DateTime<Utc>,
) -> Markup {
    let step = step_minutes(hours);
    let steps = (hours * 60).div_ceil(step) as usize + 1;
    let start = floor(
        now - TimeDelta::minutes(i64::from(step) * (steps as i64 - 1)),
        step,
    );
    let timeline = Timeline {
        step: f64::from(step),
        steps,
        labels: TimeLabels::Clock {
            start,
            with_day: hours > 24,
        },
        band: None,
        line: None,
    };
    let lines = |name: &dyn Fn(&Listed) -> String| {
        let mut lines: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for listed in entries {
            let Ok(found) = listed.summary.detected_at.parse::<DateTime<Utc>>() else {
                continue;
            };
            let minutes = (found - start).num_minutes();
            let Ok(at) = usize::try_from(minutes.div_euclid(i64::from(step))) else {
                continue;
            };
            // What is found while the page is made belongs to the last bar.
            let at = at.min(steps - 1);
            lines
                .entry(name(listed))
                .or_insert_with(|| vec![0.0; steps])[at] += 1.0;
        }
        lines
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
    let kinds = lines(&|listed| text(&listed.summary.finding.kind));
    let lost_in = lines(&|listed| text(&listed.summary.finding.loser_region));
    let statuses = lines(&|listed| listed.summary.status.clone());
    let kind_class = |kind: &str| match EntryKind::ALL.iter().any(|known| known.name() == kind) {
        true => format!("k-{kind}"),
        false => "other".to_owned(),
    };
    let region_class = |region: &str| match regions.iter().position(|name| *name == region) {
        Some(at) => format!("r{}", at % 5),
        None => "other".to_owned(),
    };
    let status_class = |status: &str| match status {
        "open" | "restored" | "dismissed" => format!("s-{status}"),
        _ => "other".to_owned(),
    };
    let by_kind = BarChart {
        title: "By kind",
        note: "Entries by when they were found.",
        unit: "entries",
        per_second: false,
        id: "by-kind",
        lines: &kinds,
        class: &kind_class,
    };
    let by_region = BarChart {
        title: "By the Region that lost",
        id: "by-region",
        lines: &lost_in,
        class: &region_class,
        ..by_kind
    };
    let by_status = BarChart {
        title: "What became of them",
        id: "by-status",
        lines: &statuses,
        class: &status_class,
        ..by_kind
    };
    html! {
        section aria-labelledby="charts" {
            h2.unseen #charts { "Over time" }
            div.charts {
                @for chart in [&by_kind, &by_region, &by_status] { (chart.figure(&timeline)) }
            }
        }
    }
}

/// The last round time of day before a time.
fn floor(time: DateTime<Utc>, minutes: u32) -> DateTime<Utc> {
    let into_day = time.num_seconds_from_midnight();
    let into_step = into_day % (minutes * 60);
    time - TimeDelta::seconds(i64::from(into_step))
        - TimeDelta::nanoseconds(i64::from(time.nanosecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_of_any_length_has_some_fifty_bars() {
        for hours in [1_u32, 2, 3, 6, 12, 24, 48, 72, 100, 168, 720, 9_600] {
            let bars = (hours * 60).div_ceil(step_minutes(hours));
            assert!((24..=50).contains(&bars), "{hours}: {bars}");
        }
    }

    #[test]
    fn bars_begin_at_round_times() {
        let time = "2026-11-26T03:47:12.345Z".parse().unwrap();
        assert_eq!(floor(time, 30).to_rfc3339(), "2026-11-26T03:30:00+00:00");
        assert_eq!(floor(time, 240).to_rfc3339(), "2026-11-26T00:00:00+00:00");
    }
}
