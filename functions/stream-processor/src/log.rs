//! Log lines: one summary an invocation, one line a finding. Never keys or images.

use std::panic::PanicHookInfo;

use chrono::TimeDelta;
use tracing::Level;

use crate::batch::Batch;
use crate::entry::{self, Finding};
use crate::fact::{Fact, Outcome};
use crate::ledger::{LedgerError, Written};
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

/// The line of a finding.
#[derive(Debug)]
pub enum Line {
    /// A conflict or an overwrite.
    Found {
        /// The entry's `ConflictId`.
        id: String,
        /// The entry's `Kind`.
        kind: &'static str,
        /// How sure it is; none but for conflicts.
        confidence: Option<&'static str>,
        /// The Region that lost.
        loser: String,
        /// The Region that won, if it is known.
        winner: Option<String>,
    },
    /// A quarantined record, by its entry's `ConflictId`.
    Quarantined(String),
}

impl Line {
    /// The line of what was found in a record.
    pub fn found(record: &Record<'_>, finding: Finding<'_>) -> Self {
        let (confidence, winner) = match finding {
            Finding::Conflict(conflict) => (
                Some(conflict.confidence.name()),
                Some(conflict.winner_region.to_owned()),
            ),
            Finding::StaleOverwrite | Finding::LocalOverwrite | Finding::UnstampedSample => {
                (None, None)
            }
        };
        Line::Found {
            id: entry::conflict_id(record, finding),
            kind: finding.kind(),
            confidence,
            loser: record.region.to_string(),
            winner,
        }
    }

    /// Writes the line, with what became of the entry.
    pub fn write(&self, record: usize, result: &Result<Written, LedgerError>) {
        let ledger = match result {
            Ok(Written::New) => "written",
            Ok(Written::Existed) => "existed",
            Err(_) => "failed",
        };
        if let Err(LedgerError { code, hint }) = result {
            tracing::error!(record, error_code = code, hint, "ledger write failed");
        }
        match self {
            Line::Found {
                id,
                kind,
                confidence,
                loser,
                winner: Some(winner),
            } => tracing::info!(
                record,
                conflict_id = id,
                kind,
                confidence,
                loser_region = loser,
                winner_region = winner,
                ledger,
                "conflict"
            ),
            Line::Found {
                id, kind, loser, ..
            } => {
                tracing::info!(
                    record,
                    conflict_id = id,
                    kind,
                    loser_region = loser,
                    ledger,
                    "finding"
                );
            }
            Line::Quarantined(id) => {
                tracing::warn!(record, conflict_id = id, ledger, "record quarantined")
            }
        }
    }
}

/// At level `debug`, a line for each record with its verdict.
pub fn verdicts(batch: &Batch<'_>) {
    if !tracing::enabled!(Level::DEBUG) {
        return;
    }
    for (record, fact) in batch.facts.iter().enumerate() {
        let table = batch.names.table(fact.table);
        let origin = match fact.outcome {
            Outcome::Replicated(arrival) | Outcome::Conflict { arrival, .. } => {
                Some(batch.names.region(arrival.origin))
            }
            _ => None,
        };
        tracing::debug!(
            record,
            table,
            verdict = fact.outcome.name(),
            origin,
            "verdict"
        );
    }
}

/// What an invocation did.
#[derive(Debug)]
pub struct Summary {
    records: usize,
    written: usize,
    existed: usize,
    /// Records whose ledger write failed or was not reached.
    pub failed: usize,
}

impl Summary {
    /// The summary of a batch of so many records.
    pub fn new(records: usize) -> Self {
        Self {
            records,
            written: 0,
            existed: 0,
            failed: 0,
        }
    }

    /// Counts a ledger write.
    pub fn count(&mut self, result: &Result<Written, LedgerError>) {
        match result {
            Ok(Written::New) => self.written += 1,
            Ok(Written::Existed) => self.existed += 1,
            Err(_) => {}
        }
    }

    /// Writes the invocation's one summary line.
    pub fn write(self, committed: &[Fact], took: TimeDelta) {
        tracing::info!(
            records = self.records,
            committed = committed.len(),
            conflicts = count(committed, |outcome| matches!(
                outcome,
                Outcome::Conflict { .. }
            )),
            malformed = count(committed, |outcome| outcome == Outcome::Malformed),
            unusable = count(committed, |outcome| outcome == Outcome::Unusable),
            ledger_written = self.written,
            ledger_existed = self.existed,
            ledger_failed = self.failed,
            milliseconds = took.num_milliseconds(),
            "batch"
        );
    }
}

fn count(facts: &[Fact], is: impl Fn(Outcome) -> bool) -> usize {
    facts.iter().filter(|fact| is(fact.outcome)).count()
}
