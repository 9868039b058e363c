//! Adds up judged records, table by table.
//!
//! A record refers to its table and its Region by index, and so does the tally: adding one looks no name up, and allocates
//! only for the first of a Region.

use chrono::{DateTime, Utc};
use conflict::{Kind, ReplicatedWrite};

use super::{Datum, DelayHistogram, Dimension, Metric, Value};
use crate::judged_record::{JudgedRecord, Judgement, NameIndex, RegionIndex, TableIndex};

/// The metrics of one invocation.
#[derive(Debug)]
pub struct Tally<'n> {
    names: &'n NameIndex,
    now: DateTime<Utc>,
    /// By index of the table's name; one more for tables that have no index of their own.
    tables: Vec<TableTally>,
}

#[derive(Debug, Default)]
struct TableTally {
    /// By place in [`Metric::ALL`].
    counts: [u64; Metric::ALL.len()],
    /// Conflicts, by place in [`Kind::ALL`].
    kinds: [u64; Kind::ALL.len()],
    /// One for each Region that something came from: a handful, so looking at all of them is quickest.
    origins: Vec<OriginTally>,
    delays: DelayHistogram,
}

/// What came from one Region.
#[derive(Debug, Default)]
struct OriginTally {
    region: RegionIndex,
    arrived: u64,
    won: u64,
    delays: DelayHistogram,
}

impl<'n> Tally<'n> {
    /// Adds up the records before the first reported failure, as of `now`.
    ///
    /// Every table of the batch is named, so that the metrics that are always sent are sent for it.
    pub fn new(committed: &[JudgedRecord], names: &'n NameIndex, now: DateTime<Utc>) -> Self {
        let tables = names.tables().map(|_| TableTally::default());
        let mut tally = Self {
            names,
            now,
            tables: tables.chain([TableTally::default()]).collect(),
        };
        let now = now.timestamp_micros() as f64;
        for record in committed {
            let table = tally.table(record.table);
            table.add(record.judgement, now);
            table.count(Metric::OddStamps, u64::from(record.has_odd_stamp));
        }
        for table in &mut tally.tables {
            for origin in &table.origins {
                table.delays.add(&origin.delays);
            }
        }
        tally
    }

    /// Counts a record whose ledger write failed, by the index of its table's name.
    pub(crate) fn batch_item_failed(&mut self, table: TableIndex) {
        self.table(table).count(Metric::BatchItemFailures, 1);
    }

    /// The data to send, in order of the tables' names.
    pub fn data(&self) -> Vec<Datum<'_>> {
        let mut named: Vec<_> = self.names.tables().zip(&self.tables).collect();
        let others = &self.tables[named.len()];
        if others.counts.iter().any(|count| *count > 0) {
            named.push((NameIndex::UNKNOWN, others));
        }
        named.sort_by_key(|(table, _)| *table);
        named
            .into_iter()
            .flat_map(|(table, tally)| tally.data(table, self.names, self.now))
            .collect()
    }

    fn table(&mut self, index: TableIndex) -> &mut TableTally {
        let others = self.tables.len() - 1;
        &mut self.tables[usize::from(index).min(others)]
    }
}

impl TableTally {
    fn add(&mut self, judgement: Judgement, now_micros: f64) {
        self.count(Metric::Records, 1);
        match judgement {
            Judgement::Local => self.count(Metric::LocalWrites, 1),
            Judgement::Replicated(write) => drop(self.arrived(write, now_micros)),
            Judgement::Conflict {
                kind,
                winner,
                lost_writes,
            } => {
                self.arrived(winner, now_micros).won += 1;
                self.count(Metric::LostWrites, lost_writes);
                self.count(Metric::Conflicts, 1);
                self.kinds[kind as usize] += 1;
            }
            Judgement::NoWrite => {}
            Judgement::Unstamped => self.count(Metric::UnstampedWrites, 1),
            Judgement::SuspectedConflict => {
                self.count(Metric::UnstampedWrites, 1);
                self.count(Metric::SuspectedConflicts, 1);
            }
            Judgement::PossibleConflict => {
                self.count(Metric::UnstampedWrites, 1);
                self.count(Metric::PossibleConflicts, 1);
            }
            Judgement::StaleOverwrite => self.count(Metric::StaleOverwrites, 1),
            Judgement::LocalOverwrite => self.count(Metric::LocalOverwrites, 1),
            Judgement::Resurrection => self.count(Metric::Resurrections, 1),
            Judgement::HardDelete => self.count(Metric::HardDeletes, 1),
            Judgement::Expired => self.count(Metric::Expirations, 1),
            Judgement::Purged => self.count(Metric::Purges, 1),
            Judgement::Malformed => self.count(Metric::QuarantinedRecords, 1),
            Judgement::Unusable => self.count(Metric::UnusableRecords, 1),
        }
    }

    /// A foreign version arrived.
    fn arrived(
        &mut self,
        write: ReplicatedWrite<RegionIndex>,
        now_micros: f64,
    ) -> &mut OriginTally {
        self.count(Metric::ReplicatedWrites, 1);
        self.count(Metric::ReturnedWrites, write.returned_writes);
        let known = self
            .origins
            .iter()
            .position(|origin| origin.region == write.origin);
        let at = known.unwrap_or(self.origins.len());
        if known.is_none() {
            self.origins.push(OriginTally {
                region: write.origin,
                ..OriginTally::default()
            });
        }
        let origin = &mut self.origins[at];
        origin.arrived += 1;
        if let Some(written_at) = write.written_at {
            let milliseconds = (now_micros - written_at as f64) / 1_000.0;
            origin.delays.record(milliseconds);
        }
        origin
    }

    fn count(&mut self, metric: Metric, by: u64) {
        self.counts[metric as usize] += by;
    }

    fn data<'a>(
        &'a self,
        table: &'a str,
        names: &'a NameIndex,
        at: DateTime<Utc>,
    ) -> Vec<Datum<'a>> {
        let datum = |metric, dimension, value| Datum {
            metric,
            table,
            dimension,
            at,
            value,
        };
        let counted = |metric, dimension, count| datum(metric, dimension, Value::Count(count));
        let origins = self.origins.iter();
        let mut origins: Vec<_> = origins
            .map(|origin| (names.region(origin.region), origin))
            .collect();
        origins.sort_by_key(|(region, _)| *region);

        let mut data = Vec::new();
        for metric in Metric::ALL.iter().copied() {
            let count = self.counts[metric as usize];
            if count > 0 || metric.is_always_sent() {
                data.push(counted(metric, None, count));
            }
        }
        for (region, origin) in &origins {
            let dimension = Some((Dimension::OriginRegion, *region));
            data.push(counted(Metric::ReplicatedWrites, dimension, origin.arrived));
        }
        for kind in Kind::ALL {
            let count = self.kinds[*kind as usize];
            if count > 0 {
                let dimension = Some((Dimension::Kind, kind.name()));
                data.push(counted(Metric::Conflicts, dimension, count));
            }
        }
        for (region, origin) in origins.iter().filter(|(_, origin)| origin.won > 0) {
            let dimension = Some((Dimension::WinnerRegion, *region));
            data.push(counted(Metric::Conflicts, dimension, origin.won));
        }
        let delays =
            |dimension, delays| datum(Metric::PropagationDelay, dimension, Value::Delays(delays));
        if !self.delays.is_empty() {
            data.push(delays(None, &self.delays));
        }
        for (region, origin) in &origins {
            if !origin.delays.is_empty() {
                data.push(delays(
                    Some((Dimension::OriginRegion, *region)),
                    &origin.delays,
                ));
            }
        }
        data
    }
}
