//! Data that wait to be sent: added up minute by minute, so that each goes into the minute in which it was counted.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Datum, DelayHistogram, Dimension, Metric, Value};

/// What several batches counted.
#[derive(Debug, Default)]
pub(super) struct HeldData(BTreeMap<Series, HeldValue>);

/// Data with these in common are one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    /// Since the epoch. CloudWatch keeps custom metrics by the minute.
    minute: i64,
    table: String,
    dimension: Option<(Dimension, String)>,
    metric: Metric,
}

#[derive(Debug)]
struct HeldValue {
    /// The latest time at which something of it was counted.
    at: DateTime<Utc>,
    sum: Sum,
}

#[derive(Debug)]
enum Sum {
    Count(u64),
    Delays(DelayHistogram),
}

impl HeldData {
    /// Adds a batch's data.
    pub(super) fn add(&mut self, data: &[Datum<'_>]) {
        for datum in data {
            let held = self.0.entry(Series::new(datum));
            held.and_modify(|held| held.add(datum))
                .or_insert_with(|| HeldValue::new(datum));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sums, minute by minute and table by table.
    pub(super) fn data(&self) -> Vec<Datum<'_>> {
        let data = self.0.iter().map(|(series, held)| Datum {
            metric: series.metric,
            table: &series.table,
            dimension: series
                .dimension
                .as_ref()
                .map(|(name, value)| (*name, value.as_str())),
            at: held.at,
            value: match &held.sum {
                Sum::Count(count) => Value::Count(*count),
                Sum::Delays(delays) => Value::Delays(delays),
            },
        });
        data.collect()
    }
}

impl Series {
    fn new(datum: &Datum<'_>) -> Self {
        Self {
            minute: datum.at.timestamp().div_euclid(60),
            table: datum.table.to_owned(),
            dimension: datum
                .dimension
                .map(|(name, value)| (name, value.to_owned())),
            metric: datum.metric,
        }
    }
}

impl HeldValue {
    fn new(datum: &Datum<'_>) -> Self {
        let sum = match datum.value {
            Value::Count(count) => Sum::Count(count),
            Value::Delays(delays) => Sum::Delays(delays.clone()),
        };
        Self { at: datum.at, sum }
    }

    fn add(&mut self, datum: &Datum<'_>) {
        self.at = self.at.max(datum.at);
        match (&mut self.sum, &datum.value) {
            (Sum::Count(sum), Value::Count(count)) => *sum += count,
            (Sum::Delays(sum), Value::Delays(delays)) => sum.add(delays),
            (Sum::Count(_), Value::Delays(_)) | (Sum::Delays(_), Value::Count(_)) => {
                unreachable!("{:?} is either counted or measured", datum.metric)
            }
        }
    }
}
