//! Holds the conflicts that were found against the truth.

use std::collections::{BTreeMap, BTreeSet};

use super::history::{Stamps, WriteId};
use super::lineage::Lineage;
use super::truth::{Fate, Outside, Truth};
use crate::replica::{ItemKey, Region};

/// A conflict from a Region's ledger, as plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundConflict {
    /// The Region whose ledger it is in.
    pub region: Region,
    /// The item.
    pub key: ItemKey,
    /// The stamps of the version that lost.
    pub loser: Stamps,
    /// The stamps of the version that won.
    pub winner: Stamps,
}

/// The result for one Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    /// Writes made there.
    pub writes: u64,
    /// Distinct writes made there that are absent from the final items: found, missed, and those outside.
    pub lost: u64,
    /// Lost, and covered by a conflict of the Region.
    pub found: u64,
    /// Lost, and not covered although the stamps tell of it.
    pub missed: u64,
    /// Conflicts in the Region's ledger.
    pub conflicts: u64,
    /// Conflicts whose winner descends from all of the loser's writes that were made in the Region.
    pub false_alarms: u64,
    /// False alarms that stamps cannot prevent, because of what was on one side.
    pub false_outside: u64,
    /// Losses that stamps do not promise to show.
    pub outside: BTreeMap<Outside, OutsideScore>,
}

/// Losses outside of the promise, for one reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutsideScore {
    /// Writes that were lost.
    pub lost: u64,
    /// Those of them that a conflict of their Region covers all the same.
    pub found: u64,
}

impl Score {
    fn add(&mut self, other: &Self) {
        self.writes += other.writes;
        self.lost += other.lost;
        self.found += other.found;
        self.missed += other.missed;
        self.conflicts += other.conflicts;
        self.false_alarms += other.false_alarms;
        self.false_outside += other.false_outside;
        for (reason, score) in &other.outside {
            let sum = self.outside.entry(*reason).or_default();
            sum.lost += score.lost;
            sum.found += score.found;
        }
    }
}

/// The result of a run.
#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    /// By the Region of the writes and of the ledger.
    pub regions: BTreeMap<Region, Score>,
    /// The writes that were missed.
    pub missed: Vec<WriteId>,
    /// The conflicts that were false alarms, by their place in what was passed in.
    pub false_alarms: Vec<usize>,
}

impl Evaluation {
    /// The sum of all Regions.
    pub fn total(&self) -> Score {
        let mut total = Score::default();
        for score in self.regions.values() {
            total.add(score);
        }
        total
    }

    /// Whether every lost write that the stamps can show was found, and nothing else.
    pub fn is_exact(&self) -> bool {
        self.missed.is_empty() && self.false_alarms.is_empty()
    }
}

/// What one conflict says.
enum Judged {
    /// These writes of its Region were lost with the loser.
    Covers(Vec<WriteId>),
    FalseAlarm,
    FalseOutside,
}

impl Truth {
    /// Compares the conflicts in the ledgers with the truth.
    ///
    /// A lost write is found where a conflict in its own Region has it in the loser or the loser's history, and not in
    /// the winner's. A conflict is a false alarm where its winner descends from all of the loser's writes that were
    /// made in that Region, or where there never was a version with such stamps.
    pub fn evaluate(&self, conflicts: &[FoundConflict]) -> Evaluation {
        let mut evaluation = Evaluation::default();
        let mut covered = BTreeSet::new();
        for (at, conflict) in conflicts.iter().enumerate() {
            let score = evaluation.regions.entry(conflict.region).or_default();
            score.conflicts += 1;
            match self.judge(conflict) {
                Judged::Covers(writes) => {
                    covered.extend(writes.into_iter().map(|id| (&conflict.key, id)));
                }
                Judged::FalseOutside => score.false_outside += 1,
                Judged::FalseAlarm => {
                    score.false_alarms += 1;
                    evaluation.false_alarms.push(at);
                }
            }
        }
        for write in self.writes() {
            let score = evaluation.regions.entry(write.id.region).or_default();
            let found = u64::from(covered.contains(&(&write.key, write.id)));
            score.writes += 1;
            match write.fate {
                Fate::Survived => {}
                Fate::Lost => {
                    score.lost += 1;
                    score.found += found;
                    score.missed += 1 - found;
                    if found == 0 {
                        evaluation.missed.push(write.id);
                    }
                }
                Fate::LostOutside(reason) => {
                    score.lost += 1;
                    let outside = score.outside.entry(reason).or_default();
                    outside.lost += 1;
                    outside.found += found;
                }
            }
        }
        evaluation
    }

    fn judge(&self, conflict: &FoundConflict) -> Judged {
        let Some(lineage) = self.lineages.get(&conflict.key) else {
            return Judged::FalseAlarm;
        };
        let mut judged = Judged::FalseAlarm;
        let mut covers = BTreeSet::new();
        for (loser, winner) in candidates(lineage, conflict) {
            let lost = lineage.only_in(loser, winner).into_iter();
            let mine: Vec<_> = lost.filter(|id| id.region == conflict.region).collect();
            if mine.is_empty() && lineage.outside_between(loser, winner).is_some() {
                judged = Judged::FalseOutside;
            }
            covers.extend(mine);
        }
        if covers.is_empty() {
            judged
        } else {
            Judged::Covers(covers.into_iter().collect())
        }
    }
}

/// The versions that a conflict can be about: those with its stamps that its Region has held. Several have the same
/// stamps only where a writer does not stamp.
fn candidates<'a>(
    lineage: &'a Lineage,
    conflict: &'a FoundConflict,
) -> impl Iterator<Item = (WriteId, WriteId)> + 'a {
    let held = |id: &&WriteId| lineage.was_held(conflict.region, **id);
    let losers = lineage.with_stamps(&conflict.loser).iter().filter(held);
    losers.flat_map(move |loser| {
        let winners = lineage.with_stamps(&conflict.winner).iter();
        winners
            .filter(move |id| lineage.was_held(conflict.region, **id))
            .map(|winner| (*loser, *winner))
    })
}
