//! What happened when: the numbers behind the charts.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use local_aws::cloudwatch::DataPoint;
use local_aws::global_table::Region;
use workload::{Truth, WriteKind};

use super::conflict::ConflictEntry;
use super::delay::Delays;

/// The most steps that a chart has.
const MAX_STEPS: f64 = 75.0;
/// The lengths that a step may have, in seconds; beyond them whole multiples of the last.
const STEPS: [f64; 7] = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0];

/// Numbers over time, in steps of equal length from the start of the traffic on.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Series {
    /// When they start, in seconds since 1970.
    start: f64,
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
    /// So many seconds from a start, with nothing in them.
    pub(super) fn new(start: DateTime<Utc>, seconds: f64) -> Self {
        let least = seconds / MAX_STEPS;
        let step = STEPS.into_iter().find(|step| *step >= least);
        let step = step.unwrap_or_else(|| (least / 60.0).ceil() * 60.0);
        Self {
            start: start.timestamp_micros() as f64 / 1e6,
            step,
            steps: ((seconds / step).ceil() as usize).max(1),
            ..Self::default()
        }
    }

    /// Adds the writes, and a line for each of these Regions, also for one without a write.
    pub(super) fn add_writes<'a>(
        &mut self,
        truth: &Truth,
        regions: impl IntoIterator<Item = &'a Region>,
    ) {
        for region in regions {
            self.writes
                .insert(region.name().to_owned(), vec![0.0; self.steps]);
        }
        for write in truth.writes() {
            if write.kind != WriteKind::Purge {
                let at = self.at(write.id.micros as f64 / 1e6);
                add(
                    &mut self.writes,
                    self.steps,
                    write.id.region.name(),
                    at,
                    1.0 / self.step,
                );
            }
        }
    }

    /// Adds conflicts, by kind and by winner.
    pub(super) fn add_conflicts<'a>(
        &mut self,
        conflicts: impl IntoIterator<Item = &'a ConflictEntry>,
    ) {
        for conflict in conflicts {
            let at = self.at(conflict.detected_at.timestamp_micros() as f64 / 1e6);
            add(&mut self.kinds, self.steps, &conflict.kind, at, 1.0);
            add(
                &mut self.winners,
                self.steps,
                &conflict.winner.region,
                at,
                1.0,
            );
        }
    }

    /// Adds the delays that the function of one Region measured.
    pub(super) fn add_delays(&mut self, region: Region, points: &[DataPoint]) {
        let mut steps = vec![Vec::new(); self.steps];
        for point in points {
            steps[self.at(seconds(point.timestamp))].push(point);
        }
        let delays = steps.into_iter().map(|points| {
            let delays = Delays::from_points(points);
            Some((delays.quantile(0.50)?, delays.quantile(0.99)?))
        });
        self.delays
            .insert(region.name().to_owned(), delays.collect());
    }

    /// The step at a time in seconds since 1970. What lies outside counts for the first or the last one.
    fn at(&self, seconds: f64) -> usize {
        (((seconds - self.start) / self.step).max(0.0) as usize).min(self.steps - 1)
    }
}

fn add(lines: &mut BTreeMap<String, Vec<f64>>, steps: usize, name: &str, at: usize, value: f64) {
    lines
        .entry(name.to_owned())
        .or_insert_with(|| vec![0.0; steps])[at] += value;
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64())
}
