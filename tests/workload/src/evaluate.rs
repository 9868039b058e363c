//! Holds the conflicts that were found against the truth.

use local_aws::global_table::Region;
use std::collections::{BTreeMap, BTreeSet};

use super::history::{StampPairs, WriteId};
use super::item_id::ItemId;
use super::lineage::Lineage;
use super::out_of_scope::OutOfScope;
use super::truth::{Fate, Truth, Write};

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

/// A finding of the join of all Regions' streams, as plain data: it names the lost write by a stream record that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFinding {
    /// The Region whose stream has the record, and in which the write was made as far as the streams tell.
    pub region: Region,
    /// The item.
    pub key: ItemId,
    /// The record's sequence number.
    pub sequence_number: String,
}

/// What came of suspected conflicts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SuspectedScore {
    /// How many there are.
    pub findings: u64,
    /// Lost writes that they cover, each once.
    pub found: u64,
    /// Those of them by which another Region's write was lost, and none of their own.
    pub elsewhere: u64,
    /// Those of them by which nothing was lost.
    pub false_alarms: u64,
}

/// The result for one Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    /// Writes made there.
    pub writes: u64,
    /// Distinct writes made there that are absent from the final items, in whatever way.
    pub lost: u64,
    /// Lost, and covered by a conflict of the Region.
    pub found_by_stamps: u64,
    /// Lost, and found in the streams of all Regions.
    pub found_by_join: u64,
    /// Lost, and found by neither.
    pub missed: u64,
    /// Lost in a way that the stamps must show.
    pub shown_by_stamps: u64,
    /// Of these, those that no conflict of the Region covers.
    pub missed_by_stamps: u64,
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
    pub found_by_stamps: u64,
    /// Those of them that the join of the streams found.
    pub found_by_join: u64,
}

impl Score {
    fn add(&mut self, other: &Self) {
        self.writes += other.writes;
        self.lost += other.lost;
        self.found_by_stamps += other.found_by_stamps;
        self.found_by_join += other.found_by_join;
        self.missed += other.missed;
        self.shown_by_stamps += other.shown_by_stamps;
        self.missed_by_stamps += other.missed_by_stamps;
        self.conflicts += other.conflicts;
        self.false_alarms += other.false_alarms;
        self.false_out_of_scope += other.false_out_of_scope;
        for (reason, score) in &other.out_of_scope {
            let sum = self.out_of_scope.entry(*reason).or_default();
            sum.lost += score.lost;
            sum.found_by_stamps += score.found_by_stamps;
            sum.found_by_join += score.found_by_join;
        }
    }
}

/// The result of a run.
#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    /// By the Region of the writes and of the ledger.
    pub regions: BTreeMap<Region, Score>,
    /// The writes that stamps had to show, and did not.
    pub missed_by_stamps: Vec<WriteId>,
    /// The conflicts that were false alarms, by their place in what was passed in.
    pub false_alarms: Vec<usize>,
    /// The findings of the join whose write no conflict covers, by their place in what was passed in.
    pub beside_stamps: Vec<usize>,
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
        self.evaluate_both(conflicts, &[])
    }

    /// The same, with what the join of the streams found beside.
    pub fn evaluate_both(
        &self,
        conflicts: &[LedgerConflict],
        findings: &[StreamFinding],
    ) -> Evaluation {
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
        let mut joined = BTreeSet::new();
        for (at, finding) in findings.iter().enumerate() {
            let named = self.named_by(finding).map(|id| (&finding.key, id));
            if !named.is_some_and(|named| covered.contains(&named)) {
                evaluation.beside_stamps.push(at);
            }
            joined.extend(named);
        }
        for write in self.writes() {
            let score = evaluation.regions.entry(write.id.region).or_default();
            let by_stamps = covered.contains(&(&write.key, write.id));
            let by_join = joined.contains(&(&write.key, write.id));
            score.writes += 1;
            if write.fate == Fate::Survived {
                continue;
            }
            score.lost += 1;
            score.found_by_stamps += u64::from(by_stamps);
            score.found_by_join += u64::from(by_join);
            score.missed += u64::from(!by_stamps && !by_join);
            match write.fate {
                Fate::Survived => {}
                Fate::Lost => {
                    score.shown_by_stamps += 1;
                    score.missed_by_stamps += u64::from(!by_stamps);
                    if !by_stamps {
                        evaluation.missed_by_stamps.push(write.id);
                    }
                }
                Fate::LostOutOfScope(reason) => {
                    let out_of_scope = score.out_of_scope.entry(reason).or_default();
                    out_of_scope.lost += 1;
                    out_of_scope.found_by_stamps += u64::from(by_stamps);
                    out_of_scope.found_by_join += u64::from(by_join);
                }
            }
        }
        evaluation
    }

    /// The lost writes that findings of the join name, each once.
    pub fn lost_among(&self, findings: &[StreamFinding]) -> Vec<&Write> {
        let named = findings.iter();
        let named: BTreeSet<_> = named
            .filter_map(|finding| Some((&finding.key, self.named_by(finding)?)))
            .collect();
        let lost = self.lost();
        lost.filter(|write| named.contains(&(&write.key, write.id)))
            .collect()
    }

    /// Holds suspected conflicts against the truth. Each names the stream record of the version that won.
    ///
    /// A suspected conflict covers the writes of its own Region that the version before has and the winner has not.
    pub fn evaluate_suspected(&self, suspected: &[StreamFinding]) -> SuspectedScore {
        let mut score = SuspectedScore::default();
        let mut covered = BTreeSet::new();
        for finding in suspected {
            score.findings += 1;
            let lost = self.lost_by(finding);
            let is_own = |id: &&WriteId| id.region == finding.region;
            match (lost.is_empty(), lost.iter().any(|id| is_own(&id))) {
                (true, _) => score.false_alarms += 1,
                (false, false) => score.elsewhere += 1,
                (false, true) => {}
            }
            covered.extend(lost.iter().filter(is_own).map(|id| (&finding.key, *id)));
        }
        let lost = self.lost();
        score.found = lost
            .filter(|write| covered.contains(&(&write.key, write.id)))
            .count() as u64;
        score
    }

    /// The writes that a Region's replica lost with the record that a finding names.
    fn lost_by(&self, finding: &StreamFinding) -> Vec<WriteId> {
        let versions = self.lineages.get(&finding.key).and_then(|lineage| {
            let winner = lineage.shown_by(finding.region, &finding.sequence_number)?;
            let loser = lineage.held_before(finding.region, winner)?;
            Some(lineage.only_in(loser, winner))
        });
        versions.unwrap_or_default()
    }

    /// Whether a finding of the join is true: it names a write that was lost.
    pub fn is_lost(&self, finding: &StreamFinding) -> bool {
        let Some(lineage) = self.lineages.get(&finding.key) else {
            return false;
        };
        let named = lineage.shown_by(finding.region, &finding.sequence_number);
        named
            .zip(lineage.last())
            .is_some_and(|(named, last)| lineage.is_write(named) && !lineage.descends(last, named))
    }

    /// The write that a finding names.
    fn named_by(&self, finding: &StreamFinding) -> Option<WriteId> {
        let lineage = self.lineages.get(&finding.key)?;
        lineage.shown_by(finding.region, &finding.sequence_number)
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
