//! A whole table's streams through the join, and its findings against the truth.

use std::collections::{HashMap, HashSet};

use fastrand::Rng;
use join::{Class, Confidence, Finding, Join, Options};

use super::history::{self, History};
use super::item;
use super::setting::Setting;
use crate::plan::REGION_NAMES;

/// The window of the join, in seconds: longer than any lag of the model, shorter than an item's life.
const WINDOW: u32 = 30;

/// How the join did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    /// Writes that took effect.
    pub writes: u64,
    /// Writes that the last version does not descend from, of which a record tells.
    pub lost: u64,
    /// Lost writes that were while an equal one survived: no stream tells which.
    pub unrecorded: u64,
    /// Lost writes that a finding names.
    pub found: u64,
    /// Lost writes that a certain or likely finding names.
    pub found_surely: u64,
    /// Findings by confidence: all, and those that name a write that survived.
    pub findings: [u64; 3],
    /// Findings by confidence that are false.
    pub false_findings: [u64; 3],
    /// Findings that are stale puts, and the false ones.
    pub stale_puts: [u64; 2],
    /// Items on which the Regions did not agree.
    pub unsettled: u64,
    /// The join found the clocks to be off.
    pub clocks_off: u64,
    /// Tables.
    pub tables: u64,
}

impl Score {
    /// Adds another score.
    pub fn add(&mut self, other: &Score) {
        self.writes += other.writes;
        self.lost += other.lost;
        self.unrecorded += other.unrecorded;
        self.found += other.found;
        self.found_surely += other.found_surely;
        for at in 0..3 {
            self.findings[at] += other.findings[at];
            self.false_findings[at] += other.false_findings[at];
        }
        for at in 0..2 {
            self.stale_puts[at] += other.stale_puts[at];
        }
        self.unsettled += other.unsettled;
        self.clocks_off += other.clocks_off;
        self.tables += other.tables;
    }

    /// The share of lost writes that were found, with any confidence.
    pub fn recall(&self) -> f64 {
        share(self.found, self.lost)
    }

    /// The share of lost writes that a certain or likely finding names.
    pub fn recall_of_sure(&self) -> f64 {
        share(self.found_surely, self.lost)
    }

    /// The share of the certain and likely findings that are true.
    pub fn precision(&self) -> f64 {
        let [certain, likely, _] = self.findings;
        let [not_certain, not_likely, _] = self.false_findings;
        1.0 - share_or(not_certain + not_likely, certain + likely, 0.0)
    }
}

fn share(part: u64, whole: u64) -> f64 {
    share_or(part, whole, 1.0)
}

fn share_or(part: u64, whole: u64, of_nothing: f64) -> f64 {
    match whole {
        0 => of_nothing,
        _ => part as f64 / whole as f64,
    }
}

/// One table.
pub struct TableRun {
    /// An item each.
    pub histories: Vec<History>,
    /// What the join found.
    pub findings: Vec<Finding>,
    /// Which version a record shows: by Region and sequence number the item and the version.
    pub shown: HashMap<(String, String), (usize, usize)>,
    /// How it did.
    pub score: Score,
}

/// Runs a table of about so many writes through the join.
pub fn run(setting: &Setting, writes: usize, rng: &mut Rng) -> TableRun {
    let clocks = setting.region_clocks(rng);
    let mut histories = Vec::new();
    let mut made = 0;
    while made < writes {
        let history = history::run(&setting.plan(clocks, rng));
        made += history.writes().len();
        histories.push(history);
    }
    let mut records: Vec<(u64, usize, usize)> = histories
        .iter()
        .enumerate()
        .flat_map(|(number, history)| {
            let records = history.records.iter().enumerate();
            records.map(move |(at, record)| (record.at, number, at))
        })
        .collect();
    records.sort_unstable();
    let regions = REGION_NAMES[..setting.regions].iter();
    let options = Options {
        window: WINDOW,
        whole: true,
    };
    let mut join = Join::new(
        "orders",
        regions.map(|name| (*name).to_owned()).collect(),
        options,
    )
    .expect("two to five Regions");
    let mut findings = Vec::new();
    let mut shown = HashMap::new();
    for (sequence, (_, number, at)) in records.iter().enumerate() {
        let record = &histories[*number].records[*at];
        let sighting = item::sighting(&histories[*number], record, *number, sequence as u64 + 1);
        join.add(&sighting).expect("a record of this table");
        join.advance(&sighting.region, sighting.second)
            .expect("a Region of this table");
        let name = (sighting.region, sighting.sequence_number);
        shown.insert(name, (*number, record.after));
        findings.append(&mut join.take_findings());
    }
    let (rest, summary) = join.finish();
    findings.extend(rest);
    let mut score = Score {
        tables: 1,
        unsettled: summary.unsettled,
        clocks_off: u64::from(summary.clocks.clocks_are_off()),
        ..Score::default()
    };
    count(&histories, &findings, &shown, &mut score);
    TableRun {
        histories,
        findings,
        shown,
        score,
    }
}

fn count(
    histories: &[History],
    findings: &[Finding],
    shown: &HashMap<(String, String), (usize, usize)>,
    score: &mut Score,
) {
    let mut found = HashSet::new();
    let mut found_surely = HashSet::new();
    for finding in findings {
        let name = (
            finding.lost.region.clone(),
            finding.lost.sequence_number.clone(),
        );
        let (item, version) = shown[&name];
        let is_false = !histories[item].is_lost(version);
        score.findings[finding.confidence as usize] += 1;
        score.false_findings[finding.confidence as usize] += u64::from(is_false);
        if finding.class == Class::StalePut {
            score.stale_puts[0] += 1;
            score.stale_puts[1] += u64::from(is_false);
        }
        found.insert((item, version));
        if finding.confidence != Confidence::Possible {
            found_surely.insert((item, version));
        }
    }
    for (item, history) in histories.iter().enumerate() {
        score.writes += history.writes().len() as u64;
        for write in history.writes().filter(|write| history.is_lost(*write)) {
            if history.has_twin(write) {
                score.unrecorded += 1;
                continue;
            }
            score.lost += 1;
            score.found += u64::from(found.contains(&(item, write)));
            score.found_surely += u64::from(found_surely.contains(&(item, write)));
        }
    }
}
