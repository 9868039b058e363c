//! What an audit found: plain data, with the names of `--json`.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use join::{AttributeReport, Class, ClockCheck, Finding, Summary};
use serde::Serialize;

use super::tally::{Counts, KindCounts, Loser, Tally};

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The table.
    pub table: String,
    /// The time of the records that were read; none if there was no record.
    pub read: Option<Period>,
    /// Of this, what was judged.
    pub judged: Option<Period>,
    /// Seconds in which a write has to have reached every Region.
    pub window_seconds: u32,
    /// The first and the last `window_seconds` were judged, too.
    pub whole: bool,
    /// It was ended before all was read.
    pub interrupted: bool,
    /// By Region, sorted by name.
    pub regions: Vec<RegionOutcome>,
    /// Their sum.
    pub total: RegionOutcome,
    /// Findings by class and kind.
    pub kinds: Vec<KindCounts>,
    /// The items that lose most.
    pub items: Vec<Loser>,
    /// The attributes that differ most often between a lost write and the version that won.
    pub attributes: Vec<Loser>,
    /// The hours that lose most, in the order of time.
    pub hours: Vec<Loser>,
    /// The table's attributes: what their values say, and what they could serve as.
    pub attribute_classes: Vec<AttributeReport>,
    /// Whether the clocks of the Regions can be trusted.
    pub clocks: Clocks,
    /// What keeps the picture from being whole.
    pub incomplete: Incomplete,
    /// Every finding.
    pub findings: Vec<Finding>,
}

/// From one time to another, in RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Period {
    /// The first second.
    pub from: String,
    /// The last one.
    pub to: String,
}

/// One Region's writes.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RegionOutcome {
    /// The Region, or `all`.
    pub region: String,
    /// Stream records that were read.
    pub records: u64,
    /// Writes judged that were made there. Where streams leave open in which Region a write was made, each gets a part.
    pub writes: f64,
    /// Writes that last writer wins dropped.
    pub lost_writes: Counts,
    /// Writes that a put of an earlier read overwrote.
    pub stale_puts: Counts,
    /// Certain and likely lost writes in a million.
    pub lost_per_million: f64,
}

/// A check of the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Clocks {
    /// Versions of which both their contents and their seconds tell where they were made.
    #[serde(flatten)]
    pub check: ClockCheck,
    /// Too many disagree: seconds counted only for what they proved to be worth.
    pub off: bool,
}

/// What keeps the picture from being whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Incomplete {
    /// Records of the first and the last seconds, and of items on which the Regions did not agree.
    pub not_judged: u64,
    /// Items on which the Regions did not agree within the window.
    pub unsettled: u64,
    /// Times that a record's old image was not the version before it: records are missing.
    pub missing: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Records of other tables, left out.
    pub other_tables: u64,
    /// Stretches of a stream that could not be read.
    pub gaps: Vec<Gap>,
}

/// A stretch of a stream that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Gap {
    /// The Region.
    pub region: String,
    /// The shard.
    pub shard: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            region,
            shard,
            reason,
        } = self;
        write!(
            f,
            "a part of the stream of {region} was not read: shard {shard}, {reason}"
        )
    }
}

impl Outcome {
    /// Findings that a person can act on: certain and likely, of both classes.
    pub fn found(&self) -> u64 {
        self.total.lost_writes.found() + self.total.stale_puts.found()
    }
}

/// What is known of an audit apart from its summary.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) table: String,
    pub(super) window: u32,
    pub(super) whole: bool,
    pub(super) interrupted: bool,
    /// The seconds of the first and the last record.
    pub(super) seconds: Option<(u64, u64)>,
    pub(super) incomplete: Incomplete,
}

impl Outcome {
    pub(super) fn new(
        facts: Facts,
        tally: &Tally,
        summary: Summary,
        findings: Vec<Finding>,
    ) -> Self {
        let regions: Vec<RegionOutcome> = summary
            .regions
            .into_iter()
            .map(|region| {
                let lost_writes = tally.region(&region.region, Class::LostWrite);
                RegionOutcome {
                    records: region.records,
                    writes: region.writes,
                    lost_writes,
                    stale_puts: tally.region(&region.region, Class::StalePut),
                    lost_per_million: per_million(lost_writes, region.writes),
                    region: region.region,
                }
            })
            .collect();
        let mut total = RegionOutcome {
            region: "all".to_owned(),
            ..RegionOutcome::default()
        };
        for region in &regions {
            total.records += region.records;
            total.writes += region.writes;
            total.lost_writes.add_all(region.lost_writes);
            total.stale_puts.add_all(region.stale_puts);
        }
        total.lost_per_million = per_million(total.lost_writes, total.writes);
        let edge = if facts.whole {
            0
        } else {
            u64::from(facts.window)
        };
        let judged = facts
            .seconds
            .map(|(from, to)| (from + edge, to.saturating_sub(edge)))
            .filter(|(from, to)| from <= to);
        let period = |(from, to)| Period {
            from: time(from),
            to: time(to),
        };
        Self {
            table: facts.table,
            read: facts.seconds.map(period),
            judged: judged.map(period),
            window_seconds: facts.window,
            whole: facts.whole,
            interrupted: facts.interrupted,
            regions,
            total,
            kinds: tally.kinds(),
            items: tally.items(),
            attributes: tally.attributes(),
            hours: tally.hours(),
            attribute_classes: summary.attributes,
            clocks: Clocks {
                check: summary.clocks,
                off: summary.clocks.clocks_are_off(),
            },
            incomplete: Incomplete {
                not_judged: summary.not_judged,
                unsettled: summary.unsettled,
                missing: summary.gaps,
                ..facts.incomplete
            },
            findings,
        }
    }
}

fn per_million(lost: Counts, writes: f64) -> f64 {
    match lost.found() {
        0 => 0.0,
        // Parts of writes add up to whole ones but for what rounding leaves.
        found => found as f64 / writes.round().max(found as f64) * 1_000_000.0,
    }
}

/// A second since 1970 in RFC 3339.
pub(super) fn time(second: u64) -> String {
    let seconds = i64::try_from(second).unwrap_or(i64::MAX);
    let time = DateTime::<Utc>::from_timestamp(seconds, 0).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
