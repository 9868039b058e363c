//! Judging a batch: each record on its own, and whether the ledger is to have an entry for it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};
use conflict::{Change, Landing, Tolerance, Verdict};
use serde_json::value::RawValue;

use crate::entry::Finding;
use crate::envelope::{self, NotAnEvent, RecordLocation};
use crate::judged_record::{JudgedRecord, Judgement, NameIndex};
use crate::jumps::{JumpRecord, JumpRole};
use crate::local_writes::LocalWrite;
use crate::odd_stamps::odd_stamps;
use crate::record::{
    Attributes, EventName, Record, RecordError, RejectedRecord, differ_in_legacy_attributes_alone,
    has_equal_images,
};
use crate::settings::{LedgerOverwrites, Settings};

/// The function that decides; tests pass their own.
pub type Judge = for<'s, 'd> fn(Change<'s, 'd>, &str, Tolerance, Option<Landing>) -> Verdict<'s>;

/// How records are judged.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What the reader has to know of the table's items.
    pub attributes: Attributes,
    /// How far the clocks of one Region's writers may lie apart.
    pub tolerance: Tolerance,
    /// Whether verdicts may depend on where an item's latest jump landed: with three replicas or more.
    pub remembers_jumps: bool,
    /// Which overwrites go to the ledger too.
    pub overwrites: LedgerOverwrites,
    /// The function that decides.
    pub judge: Judge,
}

impl Rules {
    /// The rules that the settings give.
    pub fn new(settings: &Settings) -> Self {
        Self {
            attributes: Attributes {
                stamps: settings.stamps.clone(),
                ttl: settings.ttl_attribute.clone(),
                borrowed: settings.borrowed.clone(),
            },
            tolerance: settings.tolerance,
            remembers_jumps: settings.replicas > 2,
            overwrites: settings.ledger_overwrites,
            judge: conflict::judge_after,
        }
    }
}

impl Default for Rules {
    /// The rules that the settings' defaults give.
    fn default() -> Self {
        Self {
            attributes: Attributes::default(),
            tolerance: Tolerance::default(),
            remembers_jumps: false,
            overwrites: LedgerOverwrites::Stale,
            judge: conflict::judge_after,
        }
    }
}

/// An entry that is still to be written to the ledger.
#[derive(Debug, Clone)]
pub struct PendingEntry<'p> {
    /// The record's place in the batch.
    pub record: usize,
    /// The record as it stands in the payload.
    pub raw: &'p RawValue,
    /// Why.
    pub reason: Reason,
    /// Where the item's latest jump landed, if the verdict depends on it.
    pub(crate) latest_jump: Option<Landing>,
}

/// Why an entry is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// What the verdict says is kept: a conflict, an overwrite, or a sample of the unstamped writes.
    Finding,
    /// A sample of the writes with an odd stamp.
    OddStamp,
    /// The record could not be judged, and this is why.
    Quarantine(RecordError),
}

/// A judged batch.
#[derive(Debug, Default)]
pub struct Batch<'p> {
    /// One for each record, in order.
    pub records: Vec<JudgedRecord>,
    /// What is to be written to the ledger, in order of the records.
    pub pending: Vec<PendingEntry<'p>>,
    /// The names that the judged records refer to.
    pub names: NameIndex,
    /// The writes that were made in this Region, in order of the records.
    pub(crate) local_writes: Vec<LocalWrite>,
    /// The records that are jumps, or whose verdicts depend on one, in order of the records.
    pub(crate) jumps: Vec<JumpRecord<'p>>,
}

/// What is to be done with a record beyond counting it.
struct Further<'p> {
    record: usize,
    /// The record's text, if it is found in the payload by where it stands.
    raw: Option<&'p RawValue>,
    /// Why an entry is pending, if one is.
    reason: Option<Reason>,
    jump: JumpRole,
}

impl<'p> Batch<'p> {
    /// Judges a payload's records at `now` in epoch seconds. `sample` says whether one more unstamped write is kept.
    ///
    /// The payload is read once, and the text of what goes to the ledger once more. Should reading fail or panic, the payload is
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
            let each = |location: RecordLocation<'p>, record: &_| {
                // A record without a location, whose first name holds an escape, is not looked at twice.
                found.extend(batch.add(record, rules, now, || location.raw(), &mut sample));
                batch.remember_local_write(record, location);
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
                let record =
                    record.unwrap_or_else(|error| Err(RejectedRecord { error, table: None }));
                found.extend(batch.add(&record, rules, now, || Some(raw), &mut sample));
            }
        }
        batch.name_unknown_tables();
        let records = match found.iter().all(|further| further.raw.is_some()) {
            true => Vec::new(),
            false => envelope::split(payload)?,
        };
        for further in found {
            let record = further.record;
            let raw = further.raw.unwrap_or_else(|| records[record]);
            batch
                .pending
                .extend(further.reason.map(|reason| PendingEntry {
                    record,
                    raw,
                    reason,
                    latest_jump: None,
                }));
            let role = further.jump;
            let jump = role.matters().then_some(JumpRecord { record, raw, role });
            batch.jumps.extend(jump);
        }
        Ok(batch)
    }

    /// Judges one record and remembers what came of it. Gives what else is to be done with it, if anything is.
    fn add(
        &mut self,
        record: &Result<Record<'_>, RejectedRecord<'_>>,
        rules: &Rules,
        now: u64,
        raw: impl Fn() -> Option<&'p RawValue>,
        mut sample: impl FnMut() -> bool,
    ) -> Option<Further<'p>> {
        let (table, judged) = match record {
            Ok(record) => {
                let names = &mut self.names;
                let judged = catching_panics(|| {
                    let mut verdict = verdict(record, rules, now, None)?;
                    if is_unstamped(&verdict)
                        && record.event_name == EventName::Modify
                        && raw().is_some_and(|raw| is_no_write(record, raw))
                    {
                        verdict =
                            (rules.judge)(Change::None, &record.region, rules.tolerance, None);
                    }
                    let has_fault = record.may_have_odd_stamp(now)
                        && raw().is_some_and(|raw| has_odd_stamp(record, raw, rules, now));
                    let judged = JudgedRecord::new(record, &verdict, has_fault, names);
                    let finding = finding(&verdict);
                    let reason = match finding {
                        // The sample that names the fault says more.
                        None | Some(Finding::UnstampedSample) if has_fault => {
                            sample().then_some(Reason::OddStamp)
                        }
                        finding => finding
                            .is_some_and(|finding| is_kept(finding, rules.overwrites, &mut sample))
                            .then_some(Reason::Finding),
                    };
                    Ok((judged, reason, jump_role(record, rules, now)))
                });
                (Some(&record.table), judged)
            }
            Err(RejectedRecord { error, table }) => (table.as_ref(), Err(error.clone())),
        };
        let table = table.map_or(UNKNOWN_TABLE, |table| self.names.table_index(table));
        let no_jump = JumpRole::default();
        let (judged, reason, jump) = judged.unwrap_or_else(|error| match error {
            RecordError::Unusable => (Judgement::Unusable.into(), None, no_jump),
            RecordError::Malformed(_) => {
                let reason = Reason::Quarantine(error);
                (Judgement::Malformed.into(), Some(reason), no_jump)
            }
        });
        self.records.push(JudgedRecord { table, ..judged });
        (reason.is_some() || jump.matters()).then(|| Further {
            record: self.records.len() - 1,
            raw: raw(),
            reason,
            jump,
        })
    }

    /// Judges a record once more, now that it is known where the item's latest jump before it landed.
    pub(crate) fn judge_again(
        &mut self,
        jump: JumpRecord<'p>,
        landing: Landing,
        rules: &Rules,
        now: u64,
    ) {
        let JumpRecord { record, raw, .. } = jump;
        let before = self.records[record];
        let names = &mut self.names;
        let judged = catching_panics(|| {
            let read = Record::read(raw, &rules.attributes).map_err(|rejected| rejected.error)?;
            let verdict = verdict(&read, rules, now, Some(landing))?;
            let is_conflict = matches!(verdict, Verdict::Conflict(_));
            Ok(
                is_conflict
                    .then(|| JudgedRecord::new(&read, &verdict, before.has_odd_stamp, names)),
            )
        });
        // The first reading stands where the second has nothing to add.
        let Ok(Some(judged)) = judged else { return };
        self.records[record] = JudgedRecord {
            table: before.table,
            ..judged
        };
        let at = self.pending.partition_point(|entry| entry.record < record);
        let entry = PendingEntry {
            record,
            raw,
            reason: Reason::Finding,
            latest_jump: Some(landing),
        };
        match self.pending.get_mut(at) {
            // The sample of its odd stamp says less.
            Some(sample) if sample.record == record => *sample = entry,
            _ => self.pending.insert(at, entry),
        }
    }

    /// Remembers where the record stands that was judged last, if it is a write made in this Region: it may be lost later.
    fn remember_local_write(
        &mut self,
        record: &Result<Record<'_>, RejectedRecord<'_>>,
        location: RecordLocation<'p>,
    ) {
        let judgement = self.records.last().map(|judged| judged.judgement);
        if let (Ok(record), Some(Judgement::Local)) = (record, judgement) {
            let writes = &mut self.local_writes;
            if writes.len() == writes.capacity() {
                // In few and large steps: most batches need one.
                writes.reserve((3 * writes.capacity()).max(256));
            }
            writes.extend(LocalWrite::new(record, location));
        }
    }

    /// Remembers that a record could not be judged after all.
    pub(crate) fn quarantine(&mut self, record: usize) {
        self.records[record].judgement = Judgement::Malformed;
    }

    /// Counts records without a readable table to the batch's first one: a batch comes from one stream.
    fn name_unknown_tables(&mut self) {
        let mut tables = self.records.iter().map(|record| record.table);
        let table = tables.find(|table| *table != UNKNOWN_TABLE);
        for record in &mut self.records {
            if record.table == UNKNOWN_TABLE {
                record.table = table.unwrap_or_else(|| self.names.table_index("unknown"));
            }
        }
    }
}

/// Stands for a table that could not be read, until the whole batch is judged.
const UNKNOWN_TABLE: u16 = u16::MAX;

/// Judges a record that was read.
pub(crate) fn verdict<'r>(
    record: &'r Record<'_>,
    rules: &Rules,
    now: u64,
    latest_jump: Option<Landing>,
) -> Result<Verdict<'r>, RecordError> {
    let change = record.change(now).ok_or(RecordError::Unusable)?;
    let verdict = (rules.judge)(change, &record.region, rules.tolerance, latest_jump);
    if verdict == Verdict::Unstamped
        && let (EventName::Modify, Some((old, new))) = (record.event_name, record.borrowed())
    {
        return Ok(conflict::judge_borrowed(old, new, &record.region).unwrap_or(verdict));
    }
    Ok(verdict)
}

/// Whether the writer did not stamp, whatever else the item says.
fn is_unstamped(verdict: &Verdict<'_>) -> bool {
    match verdict {
        Verdict::Unstamped | Verdict::SuspectedConflict(_) | Verdict::PossibleConflict => true,
        Verdict::Conflict(_)
        | Verdict::Replicated(_)
        | Verdict::Local
        | Verdict::LocalOverwrite
        | Verdict::StaleOverwrite
        | Verdict::Resurrection
        | Verdict::Expired
        | Verdict::Purged
        | Verdict::HardDelete
        | Verdict::NoWrite => false,
    }
}

/// Whether a MODIFY changed nothing, or nothing but what DynamoDB itself notes in a table of version 2017.11.29.
fn is_no_write(record: &Record<'_>, raw: &RawValue) -> bool {
    has_equal_images(raw)
        || (record.is_legacy() && differ_in_legacy_attributes_alone(raw, &record.region))
}

/// What a record has to do with jumps.
fn jump_role(record: &Record<'_>, rules: &Rules, now: u64) -> JumpRole {
    if !rules.remembers_jumps {
        return JumpRole::default();
    }
    let change = record.change(now);
    change.map_or_else(JumpRole::default, |change| JumpRole {
        landing: conflict::jump(change, &record.region),
        is_in_doubt: conflict::depends_on_jump(change, &record.region, rules.tolerance),
    })
}

/// Whether a record's new image brought a stamp with a fault.
fn has_odd_stamp(record: &Record<'_>, raw: &RawValue, rules: &Rules, now: u64) -> bool {
    !odd_stamps(record, raw, &rules.attributes.stamps, now).is_empty()
}

/// Runs what reads or judges one record; a panic makes that record malformed, and the batch goes on.
pub(crate) fn catching_panics<T>(
    work: impl FnOnce() -> Result<T, RecordError>,
) -> Result<T, RecordError> {
    // What the closure changed is dropped or, where it is kept (names), stays valid at every step.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(RecordError::Malformed(panic_message(&*panic))))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let message = text
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    format!("judging it panicked: {message}")
}

/// What the ledger may record of a verdict; none where no write was lost or dropped its stamps.
pub(crate) fn finding<'v>(verdict: &'v Verdict<'v>) -> Option<Finding<'v>> {
    match verdict {
        Verdict::Conflict(conflict) => Some(Finding::Conflict(conflict)),
        Verdict::StaleOverwrite => Some(Finding::StaleOverwrite),
        Verdict::LocalOverwrite => Some(Finding::LocalOverwrite),
        Verdict::SuspectedConflict(suspected) => Some(Finding::SuspectedConflict(suspected)),
        Verdict::Unstamped | Verdict::PossibleConflict => Some(Finding::UnstampedSample),
        Verdict::Replicated(_)
        | Verdict::NoWrite
        | Verdict::Local
        | Verdict::Resurrection
        | Verdict::Expired
        | Verdict::Purged
        | Verdict::HardDelete => None,
    }
}

/// Whether a finding goes to the ledger.
fn is_kept(
    finding: Finding<'_>,
    overwrites: LedgerOverwrites,
    sample: impl FnOnce() -> bool,
) -> bool {
    match finding {
        Finding::Conflict(_) | Finding::SuspectedConflict(_) => true,
        Finding::StaleOverwrite => overwrites != LedgerOverwrites::None,
        Finding::LocalOverwrite => overwrites == LedgerOverwrites::All,
        Finding::UnstampedSample | Finding::OddStampSample => sample(),
    }
}

/// A time as the judge takes it: epoch seconds.
pub(crate) fn epoch_seconds(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp()).unwrap_or(0)
}
