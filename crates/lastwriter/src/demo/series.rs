//! What happened when: the numbers behind the charts.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use local_aws::global_table::Region;
use workload::{Truth, WriteKind};

use super::conflict::Conflict;
use super::delay::Delays;
use super::outcome::{Setup, name};
use crate::world::Stopped;

/// The most steps that a chart has.
const MOST_STEPS: f64 = 75.0;
/// The lengths that a step may have, in seconds; beyond them whole multiples of the last.
const STEPS: [f64; 7] = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0];

/// Numbers over time, in steps of equal length from the start of the traffic on.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Series {
    /// How long a step is, in seconds.
    pub step: f64,
    /// How many steps there are.
    pub steps: usize,
    /// Writes a second by the Region that they were made in.
    pub writes: BTreeMap<String, Vec<f64>>,
    /// Conflicts found by kind.
    pub kinds: BTreeMap<String, Vec<f64>>,
    /// Conflicts found by the Region that won.
    pub winners: BTreeMap<String, Vec<f64>>,
    /// The median and the 99th percentile of the propagation delay in milliseconds, by the Region that writes arrived
    /// in; `None` in a step without arrivals.
    pub delays: BTreeMap<String, Vec<Option<(f64, f64)>>>,
}

impl Series {
    pub(super) fn of(
        setup: &Setup,
        truth: &Truth,
        conflicts: &[(Region, Conflict)],
        world: &Stopped,
    ) -> Self {
        let mut series = Self::empty(setup.seconds_in_all);
        let start = setup.started_at.timestamp_micros() as f64 / 1e6;
        for region in world.sites.keys() {
            series.writes.insert(name(*region), vec![0.0; series.steps]);
        }
        let per_second = 1.0 / series.step;
        for write in truth.writes() {
            if write.kind != WriteKind::Purge {
                let at = series.at(write.id.micros as f64 / 1e6 - start);
                add(
                    &mut series.writes,
                    series.steps,
                    name(write.id.region),
                    at,
                    per_second,
                );
            }
        }
        for (_, conflict) in conflicts {
            let at = series.at(conflict.detected_at.timestamp_micros() as f64 / 1e6 - start);
            add(
                &mut series.kinds,
                series.steps,
                conflict.kind.clone(),
                at,
                1.0,
            );
            let winner = conflict.winner.region.clone();
            add(&mut series.winners, series.steps, winner, at, 1.0);
        }
        for (region, site) in &world.sites {
            let mut steps = vec![Vec::new(); series.steps];
            let points = site.cloudwatch.points();
            for point in &points {
                steps[series.at(seconds(point.timestamp) - start)].push(point);
            }
            let delays = steps.into_iter().map(|points| {
                let delays = Delays::of(points);
                Some((delays.quantile(0.50)?, delays.quantile(0.99)?))
            });
            let delays = delays.collect();
            series.delays.insert(name(*region), delays);
        }
        series
    }

    /// Steps for so many seconds, with nothing in them.
    pub(super) fn empty(seconds: f64) -> Self {
        let least = seconds / MOST_STEPS;
        let step = STEPS.into_iter().find(|step| *step >= least);
        let step = step.unwrap_or_else(|| (least / 60.0).ceil() * 60.0);
        Self {
            step,
            steps: ((seconds / step).ceil() as usize).max(1),
            ..Self::default()
        }
    }

    /// The step at a time after the start. What lies outside counts for the first or the last one.
    fn at(&self, seconds: f64) -> usize {
        ((seconds / self.step).max(0.0) as usize).min(self.steps - 1)
    }
}

fn add(lines: &mut BTreeMap<String, Vec<f64>>, steps: usize, name: String, at: usize, value: f64) {
    lines.entry(name).or_insert_with(|| vec![0.0; steps])[at] += value;
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64())
}
