//! Log lines: one summary an invocation, one line a finding. Never keys or images.

use std::panic::PanicHookInfo;

use chrono::TimeDelta;
use tracing::Level;

use crate::batch::Batch;
use crate::entry::{self, Finding};
use crate::ledger::{LedgerError, PutResult};
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
    tracing::error!(place, "panicked");
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
    /// An overwrite, or a sample of unstamped writes.
    Other {
        /// The entry's `ConflictId`.
        id: String,
        /// The entry's `Kind`.
        kind: &'static str,
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
            Finding::StaleOverwrite | Finding::LocalOverwrite | Finding::UnstampedSample => {
                Self::Other {
                    id,
                    kind,
                    loser_region,
                }
            }
        }
    }

    /// Writes the line, with what became of the entry.
    pub(crate) fn write(&self, record: usize, result: &Result<PutResult, LedgerError>) {
        let ledger = match result {
            Ok(PutResult::New) => "written",
            Ok(PutResult::Existed) => "existed",
            Err(_) => "failed",
        };
        if let Err(LedgerError { code, hint }) = result {
            tracing::error!(record, error_code = code, hint, "ledger write failed");
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
                "conflict"
            ),
            Self::Other {
                id,
                kind,
                loser_region,
            } => tracing::info!(
                record,
                conflict_id = id,
                kind,
                loser_region,
                ledger,
                "finding"
            ),
            Self::Quarantine { id } => {
                tracing::warn!(record, conflict_id = id, ledger, "record quarantined");
            }
        }
    }
}

/// Says that the ledger was left before all entries were written.
pub(crate) fn time_up(due: usize, done: usize) {
    tracing::error!(
        due,
        done,
        "time is up before the ledger was written; the batch is retried from the first record not done"
    );
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
            "verdict"
        );
    }
}

/// What an invocation did.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) records: usize,
    /// Records that will not come again; the next three counts are of them.
    pub(crate) committed: usize,
    pub(crate) conflicts: usize,
    pub(crate) malformed: usize,
    pub(crate) unusable: usize,
    pub(crate) ledger_written: usize,
    pub(crate) ledger_existed: usize,
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
            malformed = self.malformed,
            unusable = self.unusable,
            ledger_written = self.ledger_written,
            ledger_existed = self.ledger_existed,
            ledger_failed = self.ledger_failed,
            milliseconds = took.num_milliseconds(),
            "batch"
        );
    }
}
