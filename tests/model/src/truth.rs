//! What the model knows and the streams do not: which writes were lost, and whether a judge found them.

use std::fmt;

use crate::ancestry::WriteSet;
use crate::disturbance::Occurrences;
use crate::history::{History, Record};
use crate::judges::{Judge, VERDICTS};
use crate::plan::REGION_NAMES;

/// Two writes of one Region closer than this may have stamps within the tolerance of each other, in microseconds: the
/// tolerance of 100 ms, clocks 50 ms apart, and what requests spend under way.
pub const CLOSE: u64 = 250_000;

/// How a judge did, over one history or many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Score {
    /// Writes that took effect.
    pub writes: u64,
    /// Stream records, of all Regions.
    pub records: u64,
    /// Records by verdict, in the order of [`VERDICTS`].
    pub verdicts: [u64; VERDICTS.len()],
    /// Writes that the last version does not descend from.
    pub lost: u64,
    /// Lost writes that no conflict in their own Region took away: the conflict's loser descends from the write, its
    /// winner does not.
    pub missed: u64,
    /// Missed writes that were taken away by a version that brings back another write of the same Region, made less
    /// than [`CLOSE`] before: a count that was used again within the tolerance.
    pub missed_close: u64,
    /// Conflicts recorded.
    pub conflicts: u64,
    /// Conflicts that the judge is certain of.
    pub certain: u64,
    /// Conflicts whose winner descends from all of the loser's writes made in that Region.
    pub false_conflicts: u64,
    /// False conflicts that the judge is certain of.
    pub false_certain: u64,
    /// False conflicts that took a write of another Region away: that Region is to record it.
    pub false_elsewhere: u64,
    /// How often the judge looked up what it remembers.
    pub look_ups: u64,
    /// What disturbed the histories.
    pub occurrences: Occurrences,
}

impl Score {
    /// Whether every lost write was found and no conflict was false.
    pub fn is_exact(&self) -> bool {
        self.missed == 0 && self.false_conflicts == 0
    }

    /// Whether no conflict was false, and no lost write was missed but by close reuse of a count.
    pub fn is_exact_but_for_close_reuse(&self) -> bool {
        self.missed == self.missed_close && self.false_conflicts == 0
    }

    /// Adds another score.
    pub fn add(&mut self, other: &Score) {
        self.writes += other.writes;
        self.records += other.records;
        for (mine, theirs) in self.verdicts.iter_mut().zip(other.verdicts) {
            *mine += theirs;
        }
        self.lost += other.lost;
        self.missed += other.missed;
        self.missed_close += other.missed_close;
        self.conflicts += other.conflicts;
        self.certain += other.certain;
        self.false_conflicts += other.false_conflicts;
        self.false_certain += other.false_certain;
        self.false_elsewhere += other.false_elsewhere;
        self.look_ups += other.look_ups;
        self.occurrences.add(&other.occurrences);
    }
}

/// Lets a judge judge every record of a history, and compares with what the model knows.
pub fn score(history: &History, judge: &dyn Judge) -> Score {
    let mut score = Score {
        writes: history.applied.len() as u64,
        records: history.records.len() as u64,
        occurrences: history.occurrences.clone(),
        ..Score::default()
    };
    let mut covered = history.ancestry.none();
    for record in &history.records {
        let opinion = judge.opinion(history, record);
        score.verdicts[opinion.verdict] += 1;
        score.look_ups += u64::from(opinion.looked_up);
        let Some(certain) = opinion.certain else {
            continue;
        };
        score.conflicts += 1;
        score.certain += u64::from(certain);
        if is_false(history, record) {
            score.false_conflicts += 1;
            score.false_certain += u64::from(certain);
            score.false_elsewhere += u64::from(is_loss_elsewhere(history, record));
        } else if let Some(old) = history.old_writes(record) {
            let own = &history.made_in[record.region];
            covered.add_missing(old, Some(history.new_writes(record)), own);
        }
    }
    let lost = lost(history);
    score.lost = lost.len();
    for write in lost.as_writes().missing(Some(covered.as_writes()), &lost) {
        score.missed += 1;
        score.missed_close += u64::from(close_reuse_took(history, write));
    }
    score
}

/// Whether the first record of the write's own Region that takes it away also brings back a close write of that
/// Region. A write that comes back later and is lost again need not be recorded again, so later records do not count.
fn close_reuse_took(history: &History, write: usize) -> bool {
    let region = history.applied[write].region;
    history
        .records
        .iter()
        .find(|record| record.region == region && history.dropped(record).contains(&write))
        .is_some_and(|record| brings_back_a_close_write(history, record))
}

fn brings_back_a_close_write(history: &History, record: &Record) -> bool {
    let Some(old) = history.old_writes(record) else {
        return false;
    };
    let own = &history.made_in[record.region];
    let latest = |writes: Vec<usize>| writes.iter().map(|write| history.applied[*write].at).max();
    let returned = latest(history.new_writes(record).missing(Some(old), own));
    match (returned, latest(old.missing(None, own))) {
        (Some(returned), Some(replaced)) => returned < replaced && replaced - returned < CLOSE,
        _ => false,
    }
}

/// The writes that the last version does not descend from.
pub fn lost(history: &History) -> WriteSet {
    let mut lost = history.ancestry.none();
    let last = history.last.map(|last| history.ancestry.writes(last));
    let mut all = history.ancestry.none();
    (0..history.applied.len()).for_each(|applied| all.insert(applied));
    lost.add_missing(all.as_writes(), last, &all);
    lost
}

/// Whether a record takes none of its Region's own writes away.
fn is_false(history: &History, record: &Record) -> bool {
    history.old_writes(record).is_none_or(|old| {
        let own = &history.made_in[record.region];
        old.all_in(Some(history.new_writes(record)), own)
    })
}

/// Whether a record takes a write of another Region away.
fn is_loss_elsewhere(history: &History, record: &Record) -> bool {
    let new = history.new_writes(record);
    history
        .old_writes(record)
        .is_some_and(|old| (history.made_in.iter()).any(|made| !old.all_in(Some(new), made)))
}

/// A history with what a judge says of each record and what is true of it, to be read by a person.
pub struct AnnotatedHistory<'a> {
    /// The history.
    pub history: &'a History,
    /// The judge.
    pub judge: &'a dyn Judge,
}

impl fmt::Display for AnnotatedHistory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { history, judge } = self;
        let text = history.to_string();
        let mut records = history.records.iter();
        for line in text.lines() {
            writeln!(f, "{line}")?;
            // Lines that tell of a version are the records, in their order.
            if !line.contains(" -> #") {
                continue;
            }
            let Some(record) = records.next() else {
                continue;
            };
            let verdict = VERDICTS[judge.opinion(history, record).verdict];
            let dropped: Vec<String> = history
                .dropped(record)
                .iter()
                .map(|write| format!("w{write}"))
                .collect();
            let truth = if dropped.is_empty() {
                "no write of this Region is gone".to_owned()
            } else {
                format!("{} of this Region gone", dropped.join(", "))
            };
            writeln!(f, "{:>29} {}: {verdict}; truth: {truth}", "", judge.name())?;
        }
        for write in lost(history).iter() {
            let region = REGION_NAMES[history.applied[write].region];
            writeln!(f, "w{write} of {region} did not survive")?;
        }
        let score = score(history, *judge);
        writeln!(
            f,
            "{} lost, {} missed ({} by close reuse), {} conflicts, {} false",
            score.lost, score.missed, score.missed_close, score.conflicts, score.false_conflicts
        )
    }
}
