//! Log lines: one summary an invocation, one line a finding. Never keys or images.
//!
//! Their messages and members are a contract with those that read them: [`crate::log_contract`].

use std::panic::PanicHookInfo;

use chrono::TimeDelta;
use ledger::EntryForm;
use tracing::Level;

use crate::batch::Batch;
use crate::entry::{self, Finding};
use crate::ledger::{LedgerError, PutResult};
use crate::log_contract::{LedgerWrite, Message};
use crate::record::Record;

/// Starts the function's logs. At level `debug` there is a line with the verdict of each record.
pub fn start() {
    // That layer says once more, without the request id, what the function has said of an invocation that failed.
    function_support::log::start("stream_processor", &["lambda_runtime::layers::panic"]);
    std::panic::set_hook(Box::new(log_panic));
}

/// Says where a panic happened, without its message: it may quote an item.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    panicked(&place);
}

pub(crate) fn panicked(place: &str) {
    tracing::error!(place, "{}", Message::Panicked.text());
}

/// What a line says of a ledger entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FindingLine {
    /// A conflict.
    Conflict {
        /// The entry's `ConflictId`.
        id: String,
        /// The entry's `Kind`.
        kind: &'static str,
        /// How sure it is.
        confidence: &'static str,
        /// The Region that lost.
        loser_region: String,
        /// The Region that won.
        winner_region: String,
    },
    /// A suspected conflict, an overwrite, or a sample of unstamped writes.
    Other {
        /// The entry's `ConflictId`.
        id: String,
        /// The entry's `Kind`.
        kind: &'static str,
        /// The entry's `Evidence`, if it does not rest on stamps.
        evidence: Option<&'static str>,
        /// The Region that lost.
        loser_region: String,
    },
    /// A quarantined record.
    Quarantine {
        /// The entry's `ConflictId`.
        id: String,
    },
}

impl FindingLine {
    /// The line of what was found in a record.
    pub(crate) fn new(record: &Record<'_>, finding: Finding<'_>) -> Self {
        let id = entry::conflict_id(record, finding).to_string();
        let kind = finding.kind().name();
        let loser_region = record.region.to_string();
        match finding {
            Finding::Conflict(conflict) => Self::Conflict {
                id,
                kind,
                confidence: conflict.confidence.name(),
                loser_region,
                winner_region: conflict.winner_region.to_owned(),
            },
            Finding::SuspectedConflict(_)
            | Finding::StaleOverwrite
            | Finding::LocalOverwrite
            | Finding::UnstampedSample
            | Finding::OddStampSample => Self::Other {
                id,
                kind,
                evidence: finding.evidence().map(Into::into),
                loser_region,
            },
        }
    }

    /// Writes the line, with what became of the entry.
    pub(crate) fn write(&self, record: usize, result: &Result<PutResult, LedgerError>) {
        let ledger = LedgerWrite::from(result).name();
        if let Err(LedgerError { code, hint }) = result {
            let message = Message::LedgerWriteFailed.text();
            tracing::error!(record, error_code = code, hint, "{message}");
        }
        match self {
            Self::Conflict {
                id,
                kind,
                confidence,
                loser_region,
                winner_region,
            } => tracing::info!(
                record,
                conflict_id = id,
                kind,
                confidence,
                loser_region,
                winner_region,
                ledger,
                "{}",
                Message::Conflict.text()
            ),
            Self::Other {
                id,
                kind,
                evidence,
                loser_region,
            } => tracing::info!(
                record,
                conflict_id = id,
                kind,
                evidence,
                loser_region,
                ledger,
                "{}",
                Message::Finding.text()
            ),
            Self::Quarantine { id } => {
                let message = Message::RecordQuarantined.text();
                tracing::warn!(record, conflict_id = id, ledger, "{message}");
            }
        }
    }
}

/// Says that DynamoDB refused an entry for what is in it, and that a smaller form of it follows.
pub(crate) fn entry_refused(record: usize, form: EntryForm, error: &LedgerError) {
    let form: &str = form.into();
    tracing::warn!(
        record,
        error_code = error.code,
        form,
        "{}",
        Message::EntryRefused.text()
    );
}

/// Says that verdicts rest on images alone, as the ledger did not give what it remembers.
pub(crate) fn jumps_not_read(LedgerError { code, hint }: &LedgerError) {
    let message = Message::JumpsNotRead.text();
    tracing::warn!(error_code = code, hint, "{message}");
}

/// Says that the ledger does not remember a jump.
pub(crate) fn jumps_not_kept(LedgerError { code, hint }: &LedgerError) {
    let message = Message::JumpsNotKept.text();
    tracing::warn!(error_code = code, hint, "{message}");
}

/// Says that the ledger was left before all entries were written.
pub(crate) fn time_up(due: usize, done: usize) {
    tracing::error!(due, done, "{}", Message::TimeUp.text());
}

/// Says that the deadline is not believed.
pub(crate) fn deadline_not_believed(deadline_ms: u64, now_ms: u64) {
    let message = Message::DeadlineNotBelieved.text();
    tracing::warn!(deadline_ms, now_ms, "{message}");
}

/// Says that metrics went to the log in place of CloudWatch.
pub(crate) fn metrics_not_taken(error_code: &str, metrics: usize) {
    let message = Message::MetricsNotTaken.text();
    tracing::warn!(error_code, metrics, "{message}");
}

/// Says that metrics cannot be held back.
pub fn no_shutdown_notice() {
    tracing::warn!("{}", Message::NoShutdownNotice.text());
}

/// Says what Lambda is told of an invocation that failed.
pub(crate) fn invocation_failed(error_type: &str, error: &impl std::fmt::Display) {
    let message = Message::InvocationFailed.text();
    tracing::error!(error_type, message_for_lambda = %error, "{message}");
}

/// At level `debug`, a line for each record with its verdict.
pub(crate) fn verdicts(batch: &Batch<'_>) {
    if !tracing::enabled!(Level::DEBUG) {
        return;
    }
    for (record, judged) in batch.records.iter().enumerate() {
        let table = batch.names.table(judged.table);
        let origin = judged.judgement.origin();
        tracing::debug!(
            record,
            table,
            verdict = judged.judgement.name(),
            origin = origin.map(|origin| batch.names.region(origin)),
            "{}",
            Message::Verdict.text()
        );
    }
}

/// What an invocation did.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Summary {
    pub(crate) records: usize,
    /// Records that will not come again; the next four counts are of them.
    pub(crate) committed: usize,
    pub(crate) conflicts: usize,
    /// Conflicts that attributes of the application's own speak for.
    pub(crate) suspected: usize,
    pub(crate) malformed: usize,
    pub(crate) unusable: usize,
    pub(crate) ledger_written: usize,
    pub(crate) ledger_existed: usize,
    /// Entries that DynamoDB took only in a smaller form.
    pub(crate) ledger_reduced: usize,
    /// Entries whose ledger write failed or was not reached.
    pub(crate) ledger_failed: usize,
}

impl Summary {
    /// Writes the invocation's one summary line.
    pub(crate) fn write(self, took: TimeDelta) {
        tracing::info!(
            records = self.records,
            committed = self.committed,
            conflicts = self.conflicts,
            suspected = self.suspected,
            malformed = self.malformed,
            unusable = self.unusable,
            ledger_written = self.ledger_written,
            ledger_existed = self.ledger_existed,
            ledger_reduced = self.ledger_reduced,
            ledger_failed = self.ledger_failed,
            milliseconds = took.num_milliseconds(),
            "{}",
            Message::Batch.text()
        );
    }
}
