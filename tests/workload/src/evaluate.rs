//! Holds the conflicts that were found against the truth.

use local_aws::global_table::Region;
use std::collections::{BTreeMap, BTreeSet};

use super::history::{StampPairs, WriteId};
use super::item_id::ItemId;
use super::lineage::Lineage;
use super::out_of_scope::OutOfScope;
use super::truth::{Fate, Truth};

/// A conflict from a Region's ledger, as plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerConflict {
    /// The Region whose ledger it is in.
    pub region: Region,
    /// The item.
    pub key: ItemId,
    /// The stamps of the version that lost.
    pub loser: StampPairs,
    /// The stamps of the version that won.
    pub winner: StampPairs,
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
    pub false_out_of_scope: u64,
    /// Losses that stamps do not promise to show.
    pub out_of_scope: BTreeMap<OutOfScope, OutOfScopeScore>,
}

/// Losses outside of the promise, for one reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutOfScopeScore {
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
        self.false_out_of_scope += other.false_out_of_scope;
        for (reason, score) in &other.out_of_scope {
            let sum = self.out_of_scope.entry(*reason).or_default();
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
}

/// What one conflict says.
enum Assessment {
    /// These writes of its Region were lost with the loser.
    Covers(Vec<WriteId>),
    FalseAlarm,
    OutOfScope,
}

impl Truth {
    /// Compares the conflicts in the ledgers with the truth.
    ///
    /// A lost write is found where a conflict in its own Region has it in the loser or the loser's history, and not in
    /// the winner's. A conflict is a false alarm where its winner descends from all of the loser's writes that were
    /// made in that Region, or where there never was a version with such stamps.
    pub fn evaluate(&self, conflicts: &[LedgerConflict]) -> Evaluation {
        let mut evaluation = Evaluation::default();
        let mut covered = BTreeSet::new();
        for (at, conflict) in conflicts.iter().enumerate() {
            let score = evaluation.regions.entry(conflict.region).or_default();
            score.conflicts += 1;
            match self.judge(conflict) {
                Assessment::Covers(writes) => {
                    covered.extend(writes.into_iter().map(|id| (&conflict.key, id)));
                }
                Assessment::OutOfScope => score.false_out_of_scope += 1,
                Assessment::FalseAlarm => {
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
                Fate::LostOutOfScope(reason) => {
                    score.lost += 1;
                    let out_of_scope = score.out_of_scope.entry(reason).or_default();
                    out_of_scope.lost += 1;
                    out_of_scope.found += found;
                }
            }
        }
        evaluation
    }

    fn judge(&self, conflict: &LedgerConflict) -> Assessment {
        let Some(lineage) = self.lineages.get(&conflict.key) else {
            return Assessment::FalseAlarm;
        };
        let mut judged = Assessment::FalseAlarm;
        let mut covers = BTreeSet::new();
        for (loser, winner) in candidates(lineage, conflict) {
            let lost = lineage.only_in(loser, winner).into_iter();
            let mine: Vec<_> = lost.filter(|id| id.region == conflict.region).collect();
            if mine.is_empty() && lineage.out_of_scope_between(loser, winner).is_some() {
                judged = Assessment::OutOfScope;
            }
            covers.extend(mine);
        }
        if covers.is_empty() {
            judged
        } else {
            Assessment::Covers(covers.into_iter().collect())
        }
    }
}

/// The versions that a conflict can be about: those with its stamps that its Region has held. Several have the same
/// stamps only where a writer does not stamp.
fn candidates<'a>(
    lineage: &'a Lineage,
    conflict: &'a LedgerConflict,
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
