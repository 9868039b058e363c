//! One invocation: judge, write, count, answer.

use aws_lambda_events::streams::DynamoDbEventResponse;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use ledger::EntryForm;
use tokio::time::Instant;

pub use crate::answer::{BatchAnswer, InvocationError};
use crate::batch::{Batch, Rules, epoch_seconds};
use crate::deadlines::Deadlines;
use crate::entry::EntryOptions;
use crate::entry_writer::{EntryWriter, WriteResult};
use crate::envelope::NotAnEvent;
use crate::judged_record::{JudgedRecord, Judgement};
use crate::jumps::Jumps;
use crate::ledger::{Ledger, PutResult};
use crate::local_writes::KeptPayloads;
use crate::log::{self, Summary};
use crate::metrics::{Metrics, Tally};
use crate::sampler::Sampler;
use crate::settings::Settings;

/// What the function needs beside its settings.
#[derive(Debug)]
pub struct Processor<L, M, C> {
    settings: Settings,
    rules: Rules,
    sampler: Sampler,
    ledger: L,
    metrics: M,
    clock: C,
    kept: KeptPayloads,
}

/// What became of a batch.
#[derive(Debug)]
pub struct BatchReport<'p> {
    /// The judged records, and what was pending for the ledger.
    pub batch: Batch<'p>,
    /// What became of each pending entry, in order of the records.
    pub writes: Vec<WriteResult>,
    /// What Lambda is told.
    pub answer: BatchAnswer,
}

impl<L: Ledger, M: Metrics, C: Fn() -> DateTime<Utc> + Sync> Processor<L, M, C> {
    /// A processor with these settings, ledger, metrics sink and clock.
    pub fn new(settings: Settings, ledger: L, metrics: M, clock: C) -> Self {
        Self {
            rules: Rules::new(&settings),
            sampler: Sampler::new(settings.unstamped_samples_per_minute),
            settings,
            ledger,
            metrics,
            clock,
            kept: KeptPayloads::default(),
        }
    }

    /// Handles one payload within its deadline, given in epoch milliseconds, and gives the answer for Lambda. The payload is
    /// kept for a while: what is lost later may have been written in it.
    pub async fn handle(
        &self,
        payload: &Bytes,
        deadline_ms: u64,
    ) -> Result<DynamoDbEventResponse, InvocationError> {
        let BatchReport { batch, answer, .. } = self.report(payload, deadline_ms).await?;
        self.keep(payload, batch);
        answer.into_response()
    }

    /// The same with a payload that is copied first.
    pub async fn process(
        &self,
        payload: &[u8],
        deadline_ms: u64,
    ) -> Result<DynamoDbEventResponse, InvocationError> {
        self.handle(&Bytes::copy_from_slice(payload), deadline_ms)
            .await
    }

    /// Keeps a payload that was judged, for the writes that are lost later.
    pub fn keep(&self, payload: &Bytes, batch: Batch<'_>) {
        self.kept.keep(payload.clone(), batch.local_writes);
    }

    /// Handles one payload in the same way, and says what became of it.
    pub async fn report<'p>(
        &self,
        payload: &'p [u8],
        deadline_ms: u64,
    ) -> Result<BatchReport<'p>, NotAnEvent> {
        let started = (self.clock)();
        let deadlines = Deadlines::new(deadline_ms, started);
        let now = epoch_seconds(started);
        let mut batch = Batch::judge(payload, &self.rules, now, || self.sampler.take(now))?;
        let jumps = self.jumps(started);
        jumps.settle(&mut batch, now, deadlines.recall).await;
        let writer = self.entry_writer(started, payload);
        let writes = writer.write_all(&batch, deadlines.ledger).await;
        jumps.remember(&batch, deadlines.ledger).await;
        let report = BatchReport::new(batch, writes, payload)?;
        let tally = report.tally(started);
        self.metrics.send(&tally.data(), deadlines.metrics).await;
        log::verdicts(&report.batch);
        report.summary().write((self.clock)() - started);
        Ok(report)
    }

    /// Sends what its metrics sink has held back, and is done `until` then.
    pub async fn flush(&self, until: Instant) {
        self.metrics.flush(until).await;
    }

    fn entry_options(&self, started: DateTime<Utc>) -> EntryOptions<'_> {
        EntryOptions {
            stamps: &self.settings.stamps,
            images: self.settings.ledger_images,
            retention_days: self.settings.ledger_retention_days,
            now: started,
        }
    }

    fn jumps(&self, started: DateTime<Utc>) -> Jumps<'_, L> {
        Jumps {
            ledger: &self.ledger,
            rules: &self.rules,
            options: self.entry_options(started),
            concurrency: self.settings.ledger_concurrency,
        }
    }

    fn entry_writer<'a>(&'a self, started: DateTime<Utc>, payload: &'a [u8]) -> EntryWriter<'a, L> {
        EntryWriter {
            ledger: &self.ledger,
            rules: &self.rules,
            options: self.entry_options(started),
            concurrency: self.settings.ledger_concurrency,
            payload,
            kept: &self.kept,
        }
    }
}

impl<'p> BatchReport<'p> {
    /// Takes together what was judged and written, and finds what is to be answered.
    fn new(
        mut batch: Batch<'p>,
        writes: Vec<WriteResult>,
        payload: &[u8],
    ) -> Result<Self, NotAnEvent> {
        for write in writes.iter().filter(|write| write.is_malformed()) {
            batch.quarantine(write.record);
        }
        let mut results = batch.pending.iter().zip(&writes);
        let first_failed = results.find(|(_, write)| write.result.is_err());
        let answer = BatchAnswer::new(first_failed.map(|(pending, _)| pending), payload)?;
        Ok(Self {
            batch,
            writes,
            answer,
        })
    }

    /// The records that are done and will not come again.
    pub(crate) fn committed(&self) -> &[JudgedRecord] {
        &self.batch.records[..self.answer.committed(self.batch.records.len())]
    }

    /// Counts the committed records, and the writes that failed.
    fn tally(&self, now: DateTime<Utc>) -> Tally<'_> {
        let mut tally = Tally::new(self.committed(), &self.batch.names, now);
        for write in self.writes.iter().filter(|write| write.result.is_err()) {
            tally.batch_item_failed(self.batch.records[write.record].table);
        }
        tally
    }

    fn summary(&self) -> Summary {
        let mut summary = Summary {
            records: self.batch.records.len(),
            committed: self.committed().len(),
            ..Summary::default()
        };
        for record in self.committed() {
            match record.judgement {
                Judgement::Conflict { .. } => summary.conflicts += 1,
                Judgement::SuspectedConflict => summary.suspected += 1,
                Judgement::Malformed => summary.malformed += 1,
                Judgement::Unusable => summary.unusable += 1,
                Judgement::NoWrite
                | Judgement::Unstamped
                | Judgement::Replicated(_)
                | Judgement::Local
                | Judgement::LocalOverwrite
                | Judgement::StaleOverwrite
                | Judgement::Resurrection
                | Judgement::Expired
                | Judgement::Purged
                | Judgement::HardDelete
                | Judgement::PossibleConflict => {}
            }
        }
        for write in &self.writes {
            if write.result.is_ok() && write.form != EntryForm::Full {
                summary.ledger_reduced += 1;
            }
            match write.result {
                Ok(PutResult::New) => summary.ledger_written += 1,
                Ok(PutResult::Existed) => summary.ledger_existed += 1,
                Err(_) => summary.ledger_failed += 1,
            }
        }
        summary
    }
}

#[cfg(test)]
mod tests;
