//! Writing a batch's pending entries: several at a time, until the time is up.

use ledger::EntryForm;
use tokio::time::Instant;

use crate::batch::{Batch, PendingEntry, Rules};
use crate::entry::EntryOptions;
use crate::in_flight;
use crate::ledger::{Ledger, LedgerError, PutResult};
use crate::local_writes::{KeptPayloads, LocalWrites};
use crate::log::{self, FindingLine};
use crate::prepared_entry::PreparedEntry;

/// What became of a pending entry.
#[derive(Debug)]
pub struct WriteResult {
    /// The record's place in the batch.
    pub record: usize,
    /// What the entry says; none if it was not reached.
    pub finding: Option<FindingLine>,
    /// How much of it was written, or tried last.
    pub form: EntryForm,
    /// Whether the ledger has it.
    pub result: Result<PutResult, WriteError>,
}

/// Why an entry is not in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The ledger did not take it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The invocation's time was up before it was written.
    #[error("the time was up")]
    TimeUp,
}

impl WriteResult {
    /// Whether the record could not be judged, or turned out malformed when its images were decoded.
    pub(crate) fn is_malformed(&self) -> bool {
        matches!(self.finding, Some(FindingLine::Quarantine { .. }))
    }
}

/// Writes the entries of one batch.
#[derive(Debug)]
pub(crate) struct EntryWriter<'a, L> {
    pub(crate) ledger: &'a L,
    pub(crate) rules: &'a Rules,
    pub(crate) options: EntryOptions<'a>,
    pub(crate) concurrency: usize,
    /// The payload of the batch, for the records of the writes that were lost.
    pub(crate) payload: &'a [u8],
    /// The payloads before it.
    pub(crate) kept: &'a KeptPayloads,
}

impl<L: Ledger> EntryWriter<'_, L> {
    /// Writes what is pending in order of the records, and gives a result for each.
    pub(crate) async fn write_all(&self, batch: &Batch<'_>, until: Instant) -> Vec<WriteResult> {
        let not_reached = |pending: &PendingEntry<'_>| WriteResult {
            record: pending.record,
            finding: None,
            form: EntryForm::Full,
            result: Err(WriteError::TimeUp),
        };
        let mut results: Vec<WriteResult> = batch.pending.iter().map(not_reached).collect();
        if results.is_empty() {
            return results;
        }
        let kept = self.kept.latest();
        let local_writes = &LocalWrites::new(self.payload, &batch.local_writes, &kept);
        let pending = batch.pending.iter().enumerate();
        let writes = pending.map(|(at, pending)| self.write_at(at, pending, batch, local_writes));
        let mut done = 0;
        let each = |(at, result): (usize, _)| {
            results[at] = result;
            done += 1;
        };
        let all = in_flight::answer_all(writes, self.concurrency, until, each).await;
        if all.is_err() {
            log::time_up(batch.pending.len(), done);
        }
        results
    }

    async fn write_at(
        &self,
        at: usize,
        pending: &PendingEntry<'_>,
        batch: &Batch<'_>,
        local_writes: &LocalWrites<'_>,
    ) -> (usize, WriteResult) {
        let table = batch.names.table(batch.records[pending.record].table);
        (at, self.write(pending, table, local_writes).await)
    }

    async fn write(
        &self,
        pending: &PendingEntry<'_>,
        table: &str,
        local_writes: &LocalWrites<'_>,
    ) -> WriteResult {
        let mut form = EntryForm::Full;
        loop {
            let PreparedEntry { entry, finding } =
                PreparedEntry::new(pending, table, self.rules, self.options, local_writes, form);
            let result = self.ledger.write(entry).await;
            // What is refused for what is in it is refused for ever, and would hold up every record behind it.
            if let (Err(error), Some(smaller)) = (&result, form.smaller())
                && error.is_refusal()
            {
                log::entry_refused(pending.record, form, error);
                form = smaller;
                continue;
            }
            finding.write(pending.record, &result);
            return WriteResult {
                record: pending.record,
                finding: Some(finding),
                form,
                result: result.map_err(WriteError::from),
            };
        }
    }
}
