//! One invocation: judge, keep, count, answer.

use std::time::Duration;

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use crate::batch::{Batch, Due, Rules, epoch_seconds};
use crate::entry::Terms;
use crate::envelope::{self, NotAnEvent};
use crate::fact::Outcome;
use crate::ledger::{Ledger, LedgerError, Written};
use crate::log;
use crate::made::{self, Made};
use crate::metrics::{Metrics, Tally};
use crate::record::{self, Attributes};
use crate::sampler::Sampler;
use crate::settings::{LedgerOverwrites, Settings};

/// How long before the invocation's deadline the ledger is left: time for metrics and the answer.
const LEDGER_RESERVE: Duration = Duration::from_millis(500);

/// How long before the deadline metrics are left: time for the answer alone.
const METRICS_RESERVE: Duration = Duration::from_millis(150);

/// The longest that Lambda lets a function run. Source: AWS Lambda Developer Guide, "Lambda quotas".
const LONGEST_TIMEOUT: Duration = Duration::from_secs(900);

/// Lambda's default timeout, assumed where the machine's clock makes nonsense of the deadline.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);

/// What the function needs beside its settings.
#[derive(Debug)]
pub struct Processor<L, M> {
    rules: Rules,
    terms: EntryTerms,
    concurrency: usize,
    sampler: Sampler,
    ledger: L,
    metrics: M,
    clock: fn() -> DateTime<Utc>,
}

#[derive(Debug)]
struct EntryTerms {
    images: crate::settings::LedgerImages,
    retention_days: u32,
}

/// An invocation that failed as a whole: Lambda delivers the batch again.
#[derive(Debug, thiserror::Error)]
pub enum InvocationError {
    /// The payload is no event.
    #[error(transparent)]
    NotAnEvent(#[from] NotAnEvent),
    /// A ledger write failed, and neither its record nor one before it has a sequence number to report.
    #[error(
        "a ledger write failed and no record up to it has a sequence number, so the whole batch is reported"
    )]
    NothingToReport,
}

/// What became of a ledger entry that was due.
struct Kept {
    record: usize,
    result: Result<Written, LedgerError>,
    /// The record turned out malformed when its images were decoded.
    malformed: bool,
}

impl<L: Ledger, M: Metrics> Processor<L, M> {
    /// A processor with these settings, ledger, metrics sink and clock.
    pub fn new(settings: &Settings, ledger: L, metrics: M, clock: fn() -> DateTime<Utc>) -> Self {
        Self {
            rules: Rules::of(settings),
            terms: EntryTerms {
                images: settings.ledger_images,
                retention_days: settings.ledger_retention_days,
            },
            concurrency: settings.ledger_concurrency,
            sampler: Sampler::new(settings.unstamped_samples_per_minute),
            ledger,
            metrics,
            clock,
        }
    }

    /// Handles one payload within its deadline, given in epoch milliseconds.
    pub async fn process(
        &self,
        payload: &[u8],
        deadline_ms: u64,
    ) -> Result<DynamoDbEventResponse, InvocationError> {
        let started = (self.clock)();
        let deadline = Instant::now() + time_left(deadline_ms, started);
        let now = epoch_seconds(started);
        let mut batch = Batch::judge(payload, &self.rules, now, || self.sampler.take(now))?;

        let kept = self.keep(&batch, started, deadline - LEDGER_RESERVE).await;
        let mut failed = vec![false; batch.facts.len()];
        for due in &batch.due {
            failed[due.record] = true;
        }
        let mut summary = log::Summary::new(batch.facts.len());
        for kept in kept {
            if kept.malformed {
                batch.facts[kept.record].outcome = Outcome::Malformed;
            }
            failed[kept.record] = kept.result.is_err();
            summary.count(&kept.result);
        }
        let first_failed = batch.due.iter().find(|due| failed[due.record]);
        let reported = match first_failed {
            None => Reported::Nothing,
            Some(due) => reported(due, payload)?,
        };
        let committed = match reported {
            Reported::Nothing => batch.facts.len(),
            Reported::Record { at, .. } => at,
            Reported::WholeBatch => 0,
        };

        let mut tally = Tally::of(&batch.facts[..committed], &batch.names, started);
        for (fact, _) in batch
            .facts
            .iter()
            .zip(&failed)
            .filter(|(_, failed)| **failed)
        {
            tally.batch_item_failed(fact.table);
            summary.failed += 1;
        }
        self.metrics
            .send(&tally.data(), started, deadline - METRICS_RESERVE)
            .await;
        log::verdicts(&batch);
        summary.write(&batch.facts[..committed], (self.clock)() - started);

        let mut response = DynamoDbEventResponse::default();
        match reported {
            Reported::Nothing => {}
            Reported::Record {
                sequence_number, ..
            } => response.batch_item_failures.push(failure(sequence_number)),
            Reported::WholeBatch => return Err(InvocationError::NothingToReport),
        }
        Ok(response)
    }

    /// Writes what is due, in order and several at a time, until the time is up. What is not in the result is not done.
    async fn keep(&self, batch: &Batch<'_>, started: DateTime<Utc>, until: Instant) -> Vec<Kept> {
        let mut kept = Vec::with_capacity(batch.due.len());
        if batch.due.is_empty() {
            return kept;
        }
        let writes = stream::iter(&batch.due).map(|due| {
            let table = batch.names.table(batch.facts[due.record].table);
            self.keep_one(due, table, started)
        });
        let mut writes = std::pin::pin!(writes.buffer_unordered(self.concurrency));
        let all = async {
            while let Some(one) = writes.next().await {
                kept.push(one);
            }
        };
        if timeout_at(until, all).await.is_err() {
            tracing::error!(
                due = batch.due.len(),
                done = kept.len(),
                "time is up before the ledger was written; the batch is retried from the first record not done"
            );
        }
        kept
    }

    async fn keep_one(&self, due: &Due<'_>, table: &str, started: DateTime<Utc>) -> Kept {
        let terms = Terms {
            stamps: &self.rules.attributes.stamps,
            images: self.terms.images,
            retention_days: self.terms.retention_days,
            now: started,
        };
        let Made {
            entry,
            line,
            malformed,
        } = made::entry(due, table, &self.rules, terms);
        let result = self.ledger.write(entry).await;
        line.write(due.record, &result);
        Kept {
            record: due.record,
            result,
            malformed,
        }
    }
}

impl Rules {
    /// The rules that the settings give.
    pub fn of(settings: &Settings) -> Self {
        Self {
            attributes: Attributes {
                stamps: settings.stamps.clone(),
                ttl: settings.ttl_attribute.clone(),
            },
            tolerance: settings.tolerance,
            overwrites: settings.ledger_overwrites,
            judge: conflict::judge,
        }
    }
}

impl Default for Rules {
    /// The rules that the settings' defaults give.
    fn default() -> Self {
        Self {
            attributes: Attributes::default(),
            tolerance: conflict::Tolerance::default(),
            overwrites: LedgerOverwrites::Stale,
            judge: conflict::judge,
        }
    }
}

/// What the answer names.
enum Reported {
    /// All is done.
    Nothing,
    /// Lambda delivers again from this record on.
    Record { at: usize, sequence_number: String },
    /// Nothing can be named: Lambda delivers the whole batch again.
    WholeBatch,
}

/// The first record that failed or, where it has no sequence number, the nearest one before it that has.
///
/// Source: AWS Lambda Developer Guide, "Configuring partial batch response with DynamoDB and Lambda": Lambda retries
/// from the lowest sequence number that is reported.
fn reported(first_failed: &Due<'_>, payload: &[u8]) -> Result<Reported, NotAnEvent> {
    let at = first_failed.record;
    if let Some(sequence_number) = sequence_number(first_failed.raw) {
        return Ok(Reported::Record {
            at,
            sequence_number,
        });
    }
    let before = envelope::split(payload)?.into_iter().take(at).enumerate();
    let nearest = before
        .rev()
        .find_map(|(at, raw)| Some((at, sequence_number(raw)?)));
    Ok(match nearest {
        Some((at, sequence_number)) => Reported::Record {
            at,
            sequence_number,
        },
        None => Reported::WholeBatch,
    })
}

/// A record's sequence number. An empty one would fail the whole batch, so it is as good as none.
fn sequence_number(raw: &RawValue) -> Option<String> {
    let number = record::sequence_number(raw)?;
    (!number.is_empty()).then(|| number.into_owned())
}

fn failure(sequence_number: String) -> DynamoDbBatchItemFailure {
    let mut failure = DynamoDbBatchItemFailure::default();
    failure.item_identifier = Some(sequence_number);
    failure
}

/// How long the invocation may still take.
fn time_left(deadline_ms: u64, now: DateTime<Utc>) -> Duration {
    let now_ms = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    let left = Duration::from_millis(deadline_ms.saturating_sub(now_ms));
    if left.is_zero() || left > LONGEST_TIMEOUT {
        tracing::warn!(
            deadline_ms,
            now_ms,
            "the deadline makes no sense by this machine's clock; the default timeout of 3 s is assumed"
        );
        return DEFAULT_TIMEOUT;
    }
    left
}

#[cfg(test)]
mod tests;
