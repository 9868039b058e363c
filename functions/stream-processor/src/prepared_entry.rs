//! The entry of a record that goes to the ledger: the record is read once more, now with its images.

use ledger::{EntryForm, StoredEntry};
use serde_json::value::RawValue;

use crate::batch::{PendingEntry, Reason, Rules, catching_panics, epoch_seconds, finding, verdict};
use crate::entry::{self, EntryOptions, Finding};
use crate::local_writes::LocalWrites;
use crate::log::FindingLine;
use crate::lost_writes::LostWrites;
use crate::odd_stamps::{describe, odd_stamps};
use crate::record::{DecodedRecord, Record, RecordError};
use crate::settings::LedgerImages;

/// An entry, ready to be written.
#[derive(Debug)]
pub(crate) struct PreparedEntry {
    /// The entry and its parts.
    pub(crate) entry: StoredEntry,
    /// What the log says of it.
    pub(crate) finding: FindingLine,
}

impl PreparedEntry {
    /// Prepares the entry that is pending for a record of a table, in the form that is to be written.
    pub(crate) fn new(
        pending: &PendingEntry<'_>,
        table: &str,
        rules: &Rules,
        options: EntryOptions<'_>,
        local_writes: &LocalWrites<'_>,
        form: EntryForm,
    ) -> Self {
        let raw = pending.raw;
        let prepared = match &pending.reason {
            Reason::Finding => catching_panics(|| {
                let record = read(raw, rules)?;
                let now = epoch_seconds(options.now);
                let verdict = verdict(&record, rules, now, pending.latest_jump)?;
                let finding = finding(&verdict).ok_or_else(|| {
                    RecordError::Malformed("judging it again gave another verdict".to_owned())
                })?;
                Self::of_finding(raw, &record, finding, rules, options, local_writes, form)
            }),
            Reason::OddStamp => catching_panics(|| {
                let record = read(raw, rules)?;
                Self::of_finding(
                    raw,
                    &record,
                    Finding::OddStampSample,
                    rules,
                    options,
                    local_writes,
                    form,
                )
            }),
            Reason::Quarantine(error) => Err(error.with_source(raw)),
        };
        prepared.unwrap_or_else(|error| {
            let entry = entry::quarantine(raw, table, &error.to_string(), options);
            Self {
                finding: FindingLine::Quarantine {
                    id: entry.conflict_id.to_string(),
                },
                entry: entry.into_items_in(form),
            }
        })
    }

    /// The entry of what was found in a record that was read.
    fn of_finding(
        raw: &RawValue,
        record: &Record<'_>,
        finding: Finding<'_>,
        rules: &Rules,
        options: EntryOptions<'_>,
        local_writes: &LocalWrites<'_>,
        form: EntryForm,
    ) -> Result<Self, RecordError> {
        let decoded = DecodedRecord::read(raw)?;
        let lost_writes = match finding {
            Finding::Conflict(_) => LostWrites::trace(record, &decoded, local_writes, rules),
            Finding::SuspectedConflict(_)
            | Finding::StaleOverwrite
            | Finding::LocalOverwrite
            | Finding::UnstampedSample
            | Finding::OddStampSample => None,
        };
        let mut entry = entry::build(record, decoded, finding, options);
        if let Some(lost_writes) = lost_writes {
            lost_writes.add_to(&mut entry, options.images != LedgerImages::None);
        }
        if let Finding::OddStampSample = finding {
            let now = epoch_seconds(options.now);
            entry.reason = Some(describe(&odd_stamps(record, raw, options.stamps, now)));
        }
        Ok(Self {
            entry: entry.into_items_in(form),
            finding: FindingLine::new(record, finding),
        })
    }
}

fn read<'a>(raw: &'a RawValue, rules: &Rules) -> Result<Record<'a>, RecordError> {
    Record::read(raw, &rules.attributes).map_err(|rejected| rejected.error)
}
