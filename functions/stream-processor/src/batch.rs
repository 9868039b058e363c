//! Judging a batch: each record on its own, and what is due to the ledger for it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};
use conflict::{Change, Tolerance, Verdict};
use serde_json::value::RawValue;

use crate::envelope::{self, NotAnEvent, Place};
use crate::fact::{Fact, Names, Outcome};
use crate::record::{Attributes, Record, Unread, Unreadable};
use crate::settings::LedgerOverwrites;

/// The function that decides; tests pass their own.
pub type Judge = for<'s, 'd> fn(Change<'s, 'd>, &str, Tolerance) -> Verdict<'s>;

/// How records are judged.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What the reader has to know of the table's items.
    pub attributes: Attributes,
    /// How far the clocks of one Region's writers may lie apart.
    pub tolerance: Tolerance,
    /// Which overwrites go to the ledger too.
    pub overwrites: LedgerOverwrites,
    /// The function that decides.
    pub judge: Judge,
}

/// A ledger entry that is due.
#[derive(Debug, Clone)]
pub struct Due<'p> {
    /// The record's place in the batch.
    pub record: usize,
    /// The record as it stands in the payload.
    pub raw: &'p RawValue,
    /// Why.
    pub reason: Reason,
}

/// Why a ledger entry is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The verdict is kept: a conflict, an overwrite, or a sample of the unstamped writes.
    Verdict,
    /// The record could not be judged, and this is why.
    Quarantine(String),
}

/// A judged batch.
#[derive(Debug, Default)]
pub struct Batch<'p> {
    /// One for each record, in order.
    pub facts: Vec<Fact>,
    /// What is due to the ledger, in order of the records.
    pub due: Vec<Due<'p>>,
    /// The names that the facts refer to.
    pub names: Names,
}

impl<'p> Batch<'p> {
    /// Judges a payload's records at `now` in epoch seconds. `sample` says whether one more unstamped write is kept.
    ///
    /// The payload is read once, and the text of what is due once more. Should reading fail or panic, the payload is
    /// split first and each record is read apart, so that the one that is at fault is found: JSON may hold what can be
    /// stepped over and not read, half of a surrogate pair or a number out of range.
    pub fn judge(
        payload: &'p [u8],
        rules: &Rules,
        now: u64,
        mut sample: impl FnMut() -> bool,
    ) -> Result<Self, NotAnEvent> {
        let mut batch = Self::default();
        let mut found = Vec::new();
        let mut samples = 0;
        let read = catch_unwind(AssertUnwindSafe(|| {
            let text = std::str::from_utf8(payload).ok()?;
            let mut sample = || {
                let allowed = sample();
                samples += u32::from(allowed);
                allowed
            };
            let each = |place: Place<'p>, record: &_| {
                if let Some(reason) = batch.add(record, rules, now, &mut sample) {
                    found.push((batch.facts.len() - 1, place.raw(), reason));
                }
            };
            envelope::read(text, &rules.attributes, each).ok()
        }));
        if !matches!(read, Ok(Some(()))) {
            (batch, found) = Default::default();
            // What was allowed to the reading that failed is not spent.
            let mut sample = || {
                let allowed = samples > 0 || sample();
                samples = samples.saturating_sub(1);
                allowed
            };
            for raw in envelope::split(payload)? {
                let record = catching_panics(|| Ok(Record::read(raw, &rules.attributes)));
                let record = record.unwrap_or_else(|why| Err(Unread { why, table: None }));
                if let Some(reason) = batch.add(&record, rules, now, &mut sample) {
                    found.push((batch.facts.len() - 1, Some(raw), reason));
                }
            }
        }
        batch.name_unknown_tables();
        let records = match found.iter().all(|(_, raw, _)| raw.is_some()) {
            true => Vec::new(),
            false => envelope::split(payload)?,
        };
        let due = found.into_iter().map(|(record, raw, reason)| Due {
            record,
            raw: raw.unwrap_or_else(|| records[record]),
            reason,
        });
        batch.due = due.collect();
        Ok(batch)
    }

    /// Judges one record and remembers what came of it. Gives why an entry is due, if one is.
    fn add(
        &mut self,
        record: &Result<Record<'_>, Unread<'_>>,
        rules: &Rules,
        now: u64,
        sample: &mut impl FnMut() -> bool,
    ) -> Option<Reason> {
        let (table, judged) = match record {
            Ok(record) => {
                let names = &mut self.names;
                let judged =
                    catching_panics(|| Ok(Outcome::of(&verdict(record, rules, now)?, names)));
                (Some(&record.table), judged)
            }
            Err(Unread { why, table }) => (table.as_ref(), Err(why.clone())),
        };
        let table = table.map_or(UNKNOWN_TABLE, |table| self.names.table_index(table));
        let (outcome, reason) = match judged {
            Ok(outcome) => {
                let kept = is_kept(outcome, rules.overwrites)
                    || (outcome == Outcome::Unstamped && sample());
                (outcome, kept.then_some(Reason::Verdict))
            }
            Err(Unreadable::Unusable) => (Outcome::Unusable, None),
            Err(Unreadable::Malformed(why)) => (Outcome::Malformed, Some(Reason::Quarantine(why))),
        };
        self.facts.push(Fact { table, outcome });
        reason
    }

    /// Counts records without a readable table to the batch's first one: a batch comes from one stream.
    fn name_unknown_tables(&mut self) {
        let known = self
            .facts
            .iter()
            .map(|fact| fact.table)
            .find(|table| *table != UNKNOWN_TABLE);
        if self.facts.iter().all(|fact| fact.table != UNKNOWN_TABLE) {
            return;
        }
        let table = known.unwrap_or_else(|| self.names.table_index("unknown"));
        for fact in self
            .facts
            .iter_mut()
            .filter(|fact| fact.table == UNKNOWN_TABLE)
        {
            fact.table = table;
        }
    }
}

/// Stands for a table that could not be read, until the whole batch is judged.
const UNKNOWN_TABLE: u16 = u16::MAX;

/// Judges a record that was read.
pub fn verdict<'r>(
    record: &'r Record<'_>,
    rules: &Rules,
    now: u64,
) -> Result<Verdict<'r>, Unreadable> {
    let change = record.change(now).ok_or(Unreadable::Unusable)?;
    Ok((rules.judge)(change, &record.region, rules.tolerance))
}

/// Runs what reads or judges one record; a panic makes that record malformed, and the batch goes on.
pub fn catching_panics<T>(work: impl FnOnce() -> Result<T, Unreadable>) -> Result<T, Unreadable> {
    // What the closure changed is dropped or, where it is kept (names), stays valid at every step.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Unreadable::Malformed(panic_message(&*panic))))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let message = text
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    format!("judging it panicked: {message}")
}

/// Whether an outcome goes to the ledger, samples aside.
fn is_kept(outcome: Outcome, overwrites: LedgerOverwrites) -> bool {
    match outcome {
        Outcome::Conflict { .. } => true,
        Outcome::StaleOverwrite => overwrites != LedgerOverwrites::None,
        Outcome::LocalOverwrite => overwrites == LedgerOverwrites::All,
        Outcome::Unstamped
        | Outcome::Replicated(_)
        | Outcome::Local
        | Outcome::Resurrection
        | Outcome::Expired
        | Outcome::Purged
        | Outcome::HardDelete
        | Outcome::Unusable
        | Outcome::Malformed => false,
    }
}

/// A time as the judge takes it: epoch seconds.
pub fn epoch_seconds(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp()).unwrap_or(0)
}
