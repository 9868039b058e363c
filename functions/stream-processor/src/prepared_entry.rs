//! The entry of a record that goes to the ledger: the record is read once more, now with its images.

use serde_json::value::RawValue;

use crate::batch::{PendingEntry, Reason, Rules, catching_panics, epoch_seconds, finding, verdict};
use crate::entry::{self, Fitted, Terms};
use crate::log::FindingLine;
use crate::record::{Decoded, Record, RecordError};

/// An entry, ready to be written.
#[derive(Debug)]
pub(crate) struct PreparedEntry {
    /// The entry and its parts.
    pub(crate) entry: Fitted,
    /// What the log says of it.
    pub(crate) finding: FindingLine,
}

impl PreparedEntry {
    /// Prepares the entry that is pending for a record of a table.
    pub(crate) fn new(
        pending: &PendingEntry<'_>,
        table: &str,
        rules: &Rules,
        terms: Terms<'_>,
    ) -> Self {
        let raw = pending.raw;
        let prepared = match &pending.reason {
            Reason::Finding => catching_panics(|| Self::of_finding(raw, rules, terms)),
            Reason::Quarantine(error) => Err(error.clone()),
        };
        prepared.unwrap_or_else(|error| Self {
            entry: entry::quarantine(raw, table, &error.to_string(), terms),
            finding: FindingLine::Quarantine {
                id: entry::quarantine_id(raw),
            },
        })
    }

    fn of_finding(raw: &RawValue, rules: &Rules, terms: Terms<'_>) -> Result<Self, RecordError> {
        let record = Record::read(raw, &rules.attributes).map_err(|rejected| rejected.error)?;
        let verdict = verdict(&record, rules, epoch_seconds(terms.now))?;
        let finding = finding(&verdict).ok_or_else(|| {
            RecordError::Malformed("judging it again gave another verdict".to_owned())
        })?;
        let line = FindingLine::new(&record, finding);
        Ok(Self {
            entry: entry::build(&record, Decoded::read(raw)?, finding, terms),
            finding: line,
        })
    }
}
