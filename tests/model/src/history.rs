//! What happened to one item: versions, stream records, and what each version descends from.

use std::fmt;

use crate::ancestry::{Ancestry, WriteSet, Writes};
use crate::disturbance::Occurrences;
use crate::plan::{MAX_REGIONS, Plan, REGION_NAMES, Region, WriteAction};

/// The time of a plan's start, in epoch microseconds: 2026-11-17T00:00:00Z.
pub const START: u64 = 1_794_873_600_000_000;

/// One Region's pair of stamps, as the writers set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StampPair {
    /// The count of writes.
    pub n: u64,
    /// Epoch microseconds.
    pub t: u64,
}

/// The attributes of an item that the model cares for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Item {
    /// The stamps by Region.
    pub pairs: [Option<StampPair>; MAX_REGIONS],
    /// When a put dropped the item's history, in epoch microseconds.
    pub reset: Option<u64>,
    /// The mark of a soft delete.
    pub deleted: bool,
    /// A version number that each write increments: what the negative control of that name goes by.
    pub number: u64,
}

/// One version of the item, or its absence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// What last writer wins goes by; with the origin it is unique to the version.
    pub private_time: u64,
    /// The Region that it was written in.
    pub origin: Region,
    /// The write in the plan.
    pub write: usize,
    /// Its number among the applied writes. A purge is nobody's write, and has none.
    pub applied: Option<usize>,
    /// The item, or none where it was removed.
    pub item: Option<Item>,
}

/// A record of one Region's stream. That a version is present or absent makes it INSERT, MODIFY or REMOVE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When the replica changed, in microseconds from the plan's start.
    pub at: u64,
    /// The Region whose stream it is in.
    pub region: Region,
    /// The version before, if the replica held any.
    pub before: Option<usize>,
    /// The version after.
    pub after: usize,
    /// Time to live removed the item here.
    pub by_time_to_live: bool,
}

/// An applied write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppliedWrite {
    /// The write in the plan.
    pub write: usize,
    /// Where it was applied.
    pub region: Region,
    /// When it was applied, in microseconds from the plan's start.
    pub at: u64,
}

/// What a plan led to.
#[derive(Debug, Clone)]
pub struct History {
    /// The plan.
    pub plan: Plan,
    /// Every version that any replica ever held, in order of time.
    pub versions: Vec<Version>,
    /// What the versions descend from.
    pub ancestry: Ancestry,
    /// The records of all streams, in order of time.
    pub records: Vec<Record>,
    /// The writes that took effect.
    pub applied: Vec<AppliedWrite>,
    /// The applied writes by Region.
    pub made_in: [WriteSet; MAX_REGIONS],
    /// The version that every replica holds in the end, if any write took effect.
    pub last: Option<usize>,
    /// What disturbed it.
    pub occurrences: Occurrences,
}

impl History {
    /// The item before a record, if there was one.
    pub fn before(&self, record: &Record) -> Option<&Item> {
        self.versions[record.before?].item.as_ref()
    }

    /// The item after a record, if there is one.
    pub fn after(&self, record: &Record) -> Option<&Item> {
        self.versions[record.after].item.as_ref()
    }

    /// What the version before a record descends from.
    pub fn old_writes(&self, record: &Record) -> Option<Writes<'_>> {
        Some(self.ancestry.writes(record.before?))
    }

    /// What the version after a record descends from.
    pub fn new_writes(&self, record: &Record) -> Writes<'_> {
        self.ancestry.writes(record.after)
    }

    /// The record's Region's own writes that the record takes away.
    pub fn dropped(&self, record: &Record) -> Vec<usize> {
        self.old_writes(record).map_or_else(Vec::new, |old| {
            old.missing(Some(self.new_writes(record)), &self.made_in[record.region])
        })
    }

    /// The name of the stream event.
    pub fn event(&self, record: &Record) -> &'static str {
        match (self.before(record), self.after(record)) {
            (None, _) => "INSERT",
            (Some(_), Some(_)) => "MODIFY",
            (Some(_), None) => "REMOVE",
        }
    }

    /// One record as a line, without its end: `12.300 ms eu-west-1 MODIFY #0 -> #2 w2 of us-east-1 {us-east-1 2@11.0}`.
    pub fn line(&self, record: &Record) -> String {
        let version = &self.versions[record.after];
        let before = record
            .before
            .map_or("nothing".to_owned(), |version| format!("#{version}"));
        let came = if version.origin == record.region {
            "written here".to_owned()
        } else {
            format!("from {}", REGION_NAMES[version.origin])
        };
        let name = version
            .applied
            .map_or("purge".to_owned(), |applied| format!("w{applied}"));
        format!(
            "{:>11.3} ms  {:<14} {}  {before} -> #{}  {name} {came}, {}, {}",
            record.at as f64 / 1e3,
            REGION_NAMES[record.region],
            self.event(record),
            record.after,
            action(&self.plan.writes[version.write].action),
            version
                .item
                .as_ref()
                .map_or("no item".to_owned(), ToString::to_string),
        )
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "one item, {} Regions; times in ms, stamps as Region n@t",
            self.plan.regions
        )?;
        for cut in &self.plan.partitions {
            writeln!(
                f,
                "{:>11.3} ms  {:<14} cut off until {:.3} ms",
                cut.from as f64 / 1e3,
                REGION_NAMES[cut.region],
                cut.until as f64 / 1e3
            )?;
        }
        for record in &self.records {
            writeln!(f, "{}", self.line(record))?;
        }
        match self.last {
            Some(last) => writeln!(f, "in the end every replica holds #{last}"),
            None => writeln!(f, "nothing was written"),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |t: u64| (t as f64 - START as f64) / 1e3;
        write!(f, "{{")?;
        let pairs = self.pairs.iter().zip(REGION_NAMES);
        for (at, (pair, region)) in pairs
            .filter_map(|(pair, region)| Some((pair.as_ref()?, region)))
            .enumerate()
        {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{region} {}@{:.3}", pair.n, time(pair.t))?;
        }
        if let Some(reset) = self.reset {
            write!(f, ", reset {:.3}", time(reset))?;
        }
        if self.deleted {
            write!(f, ", deleted")?;
        }
        write!(f, "}}")
    }
}

fn action(action: &WriteAction) -> &'static str {
    match action {
        WriteAction::Update => "update",
        WriteAction::SoftDelete => "soft delete",
        WriteAction::Revive => "revival",
        WriteAction::BlindPut => "blind put",
        WriteAction::RememberingPut(_) => "put of remembered stamps",
        WriteAction::StalePut(_) => "put of an earlier read",
        WriteAction::UnstampedUpdate => "unstamped update",
        WriteAction::UnstampedPut => "unstamped put",
        WriteAction::HardDelete => "hard delete",
        WriteAction::Purge => "purge",
    }
}
