//! Adds up facts, table by table.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Datum, DelayHistogram, Dimension, Metric, Value};
use crate::fact::{Fact, Names, Outcome};

/// The metrics of one invocation.
#[derive(Debug, Default)]
pub struct Tally {
    tables: BTreeMap<String, TableTally>,
}

#[derive(Debug, Default)]
struct TableTally {
    counts: BTreeMap<Metric, u64>,
    by_dimension: BTreeMap<(Metric, Dimension, String), u64>,
    delays: DelayHistogram,
    delays_by_origin: BTreeMap<String, DelayHistogram>,
}

impl Tally {
    /// Adds up the facts of the records before the first reported failure, as of `now`.
    ///
    /// Every table of the batch is named, so that the metrics that are always sent are sent for it.
    pub fn of(committed: &[Fact], names: &Names, now: DateTime<Utc>) -> Self {
        let mut tally = Self::default();
        for table in names.tables() {
            tally.tables.entry(table.to_owned()).or_default();
        }
        for fact in committed {
            let table = tally
                .tables
                .entry(names.table(fact.table).to_owned())
                .or_default();
            table.add(fact, names, now);
        }
        tally
    }

    /// Counts a record whose ledger write failed.
    pub fn batch_item_failed(&mut self, table: &str) {
        self.tables
            .entry(table.to_owned())
            .or_default()
            .count(Metric::BatchItemFailures, 1);
    }

    /// The data to send.
    pub fn data(&self) -> Vec<Datum<'_>> {
        self.tables
            .iter()
            .flat_map(|(table, tally)| tally.data(table))
            .collect()
    }
}

impl TableTally {
    fn add(&mut self, fact: &Fact, names: &Names, now: DateTime<Utc>) {
        self.count(Metric::Records, 1);
        match fact.outcome {
            Outcome::Local => self.count(Metric::LocalWrites, 1),
            Outcome::Replicated(arrival) => {
                self.arrived(names.region(arrival.origin), arrival.written_at, now);
                self.count(Metric::ReturnedWrites, arrival.returned_writes);
            }
            Outcome::Conflict {
                kind,
                arrival,
                lost_writes,
            } => {
                let winner = names.region(arrival.origin);
                self.arrived(winner, arrival.written_at, now);
                self.count(Metric::ReturnedWrites, arrival.returned_writes);
                self.count(Metric::LostWrites, lost_writes);
                self.count(Metric::Conflicts, 1);
                self.count_by(Metric::Conflicts, Dimension::Kind, kind.name());
                self.count_by(Metric::Conflicts, Dimension::WinnerRegion, winner);
            }
            Outcome::Unstamped => self.count(Metric::UnstampedWrites, 1),
            Outcome::StaleOverwrite => self.count(Metric::StaleOverwrites, 1),
            Outcome::LocalOverwrite => self.count(Metric::LocalOverwrites, 1),
            Outcome::Resurrection => self.count(Metric::Resurrections, 1),
            Outcome::HardDelete => self.count(Metric::HardDeletes, 1),
            Outcome::Expired => self.count(Metric::Expirations, 1),
            Outcome::Purged => self.count(Metric::Purges, 1),
            Outcome::Malformed => self.count(Metric::QuarantinedRecords, 1),
            Outcome::Unusable => self.count(Metric::UnusableRecords, 1),
        }
    }

    /// A foreign version arrived.
    fn arrived(&mut self, origin: &str, written_at: Option<u64>, now: DateTime<Utc>) {
        self.count(Metric::ReplicatedWrites, 1);
        self.count_by(Metric::ReplicatedWrites, Dimension::OriginRegion, origin);
        let Some(written_at) = written_at else { return };
        let milliseconds = (now.timestamp_micros() as f64 - written_at as f64) / 1_000.0;
        self.delays.record(milliseconds);
        if !self.delays_by_origin.contains_key(origin) {
            self.delays_by_origin
                .insert(origin.to_owned(), DelayHistogram::default());
        }
        if let Some(delays) = self.delays_by_origin.get_mut(origin) {
            delays.record(milliseconds);
        }
    }

    fn count(&mut self, metric: Metric, by: u64) {
        *self.counts.entry(metric).or_default() += by;
    }

    fn count_by(&mut self, metric: Metric, dimension: Dimension, value: &str) {
        *self
            .by_dimension
            .entry((metric, dimension, value.to_owned()))
            .or_default() += 1;
    }

    fn data<'a>(&'a self, table: &'a str) -> Vec<Datum<'a>> {
        let datum = |metric, dimension, value| Datum {
            metric,
            table,
            dimension,
            value,
        };
        let mut data = Vec::new();
        for metric in Metric::ALL {
            let count = self.counts.get(&metric).copied().unwrap_or(0);
            if count > 0 || metric.is_always_sent() {
                data.push(datum(metric, None, Value::Count(count)));
            }
        }
        for ((metric, dimension, value), count) in &self.by_dimension {
            data.push(datum(
                *metric,
                Some((*dimension, value)),
                Value::Count(*count),
            ));
        }
        if !self.delays.is_empty() {
            data.push(datum(
                Metric::PropagationDelay,
                None,
                Value::Delays(&self.delays),
            ));
        }
        for (origin, delays) in &self.delays_by_origin {
            let dimension = Some((Dimension::OriginRegion, origin.as_str()));
            data.push(datum(
                Metric::PropagationDelay,
                dimension,
                Value::Delays(delays),
            ));
        }
        data
    }
}
