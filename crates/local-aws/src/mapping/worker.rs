//! The loop of a mapping: gather a batch, invoke, and do what follows, one batch at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::answer::{self, BatchResponse};
use super::batch::{Records, cap, event, group_by_age};
use super::counters::{MappingCounters, add};
use super::destination::{FailedBatch, FailureCondition, LastFailure, deliver};
use super::retry::{BatchResult, NextStep, RetryPolicy, next};
use super::{Invoke, InvokeResponse, MappingConfig};
use crate::shard::{Position, Shard, ShardRecord};

pub(super) struct Worker<I> {
    pub(super) id: String,
    pub(super) shard: Shard,
    pub(super) target: I,
    pub(super) config: MappingConfig,
    pub(super) counters: Arc<MappingCounters>,
    pub(super) stopping: watch::Receiver<bool>,
    /// All records before this position are done or given up.
    pub(super) checkpoint: watch::Sender<Position>,
}

/// Records that are tried together.
struct SubBatch {
    records: Records,
    retries: u32,
    /// Failures in a row without progress, for the wait before the next one.
    waits: u32,
    last_failure: LastFailure,
}

impl<I: Invoke> Worker<I> {
    /// Runs until told to stop.
    pub(super) async fn run(self) {
        let mut position = *self.checkpoint.borrow();
        while let Some(batch) = self.gather(position).await {
            let Some(last) = batch.last() else {
                continue;
            };
            position = last.position + 1;
            add(&self.counters.polled, batch.len());
            self.process(batch).await;
        }
    }

    /// The next batch, or `None` when told to stop.
    ///
    /// An empty shard is asked again at the next poll; what arrived by then goes out together. With a batching window a
    /// batch that is not full waits for more, counted from when its first record was seen.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>
    async fn gather(&self, position: Position) -> Option<Records> {
        let mut deadline = None;
        loop {
            if self.is_stopping() {
                return None;
            }
            let read = self.shard.read_from(position, self.config.batch_size);
            let (records, full) = cap(read, self.config.batch_size);
            let Some(first) = records.first() else {
                self.wait_for_first(position).await;
                continue;
            };
            let deadline = *deadline.get_or_insert(Instant::now() + self.config.batching_window);
            if full || Instant::now() >= deadline {
                // What the shard dropped before it was read is gone.
                let lost = first.position.saturating_sub(position);
                add(
                    &self.counters.expired,
                    usize::try_from(lost).unwrap_or(usize::MAX),
                );
                return Some(records);
            }
            let more = position + records.len() as Position;
            tokio::select! {
                () = self.shard.wait_for(more) => {}
                () = sleep_until(deadline) => {}
                () = self.stopped() => {}
            }
        }
    }

    /// Waits for a record, and then for the next poll.
    async fn wait_for_first(&self, position: Position) {
        let polled = Instant::now();
        tokio::select! {
            () = self.shard.wait_for(position) => {}
            () = self.stopped() => return,
        }
        let interval = self.config.poll_interval;
        if interval.is_zero() {
            return;
        }
        let into_interval = polled.elapsed().as_nanos() % interval.as_nanos();
        let into_interval = Duration::from_nanos(u64::try_from(into_interval).unwrap_or(0));
        self.rest(interval - into_interval).await;
    }

    /// Invokes the function with the batch until each of its records is done or given up, or until told to stop.
    async fn process(&self, batch: Records) {
        let mut sub_batches = VecDeque::from([SubBatch {
            records: batch,
            retries: 0,
            waits: 0,
            last_failure: LastFailure::default(),
        }]);
        while let Some(sub_batch) = sub_batches.pop_front() {
            if self.is_stopping() {
                return;
            }
            let Some(sub_batch) = self.without_old(sub_batch).await else {
                continue;
            };
            for sub_batch in self.try_once(sub_batch).await.into_iter().rev() {
                sub_batches.push_front(sub_batch);
            }
        }
    }

    /// Gives up what has become too old. `None` if nothing is left.
    async fn without_old(&self, mut sub_batch: SubBatch) -> Option<SubBatch> {
        let end = end_of(&sub_batch.records);
        let now = self.config.clock.now();
        let sorted = group_by_age(sub_batch.records, now, self.config.age_limit());
        add(&self.counters.expired, sorted.expired.len());
        self.give_up(
            &sorted.too_old,
            FailureCondition::RecordAgeExceeded,
            &sub_batch.last_failure,
        )
        .await;
        if sorted.fresh.is_empty() {
            self.done_before(end);
            return None;
        }
        sub_batch.records = sorted.fresh;
        Some(sub_batch)
    }

    /// One invocation and what follows from it: the pieces that are still to be done, in order.
    async fn try_once(&self, mut sub_batch: SubBatch) -> Vec<SubBatch> {
        let outcome = self.invoke(&mut sub_batch).await;
        let rules = RetryPolicy {
            retry_limit: self.config.retry_limit(),
            bisect: self.config.bisect_batch_on_function_error,
        };
        let count = sub_batch.records.len();
        let next = next(outcome, count, sub_batch.retries, rules);
        match next {
            NextStep::Done => {}
            NextStep::Retry { from, .. } | NextStep::Discard { from } => {
                add(&self.counters.failed, count - from);
            }
            NextStep::Split { .. } => add(&self.counters.failed, count),
        }
        match next {
            NextStep::Done => {
                self.done_before(end_of(&sub_batch.records));
                Vec::new()
            }
            NextStep::Retry { from, retries } => {
                sub_batch.records.drain(..from);
                sub_batch.retries = retries;
                if let Some(first) = sub_batch.records.first() {
                    self.done_before(first.position);
                }
                sub_batch.waits = if from > 0 { 0 } else { sub_batch.waits };
                self.rest(self.config.backoff.before(sub_batch.waits)).await;
                sub_batch.waits = sub_batch.waits.saturating_add(1);
                vec![sub_batch]
            }
            NextStep::Split { at } => {
                let rest = sub_batch.records.split_off(at);
                let second = SubBatch {
                    records: rest,
                    last_failure: sub_batch.last_failure.clone(),
                    ..sub_batch
                };
                vec![sub_batch, second]
            }
            NextStep::Discard { from } => {
                self.give_up(
                    &sub_batch.records[from..],
                    FailureCondition::RetryAttemptsExhausted,
                    &sub_batch.last_failure,
                )
                .await;
                self.done_before(end_of(&sub_batch.records));
                Vec::new()
            }
        }
    }

    async fn invoke(&self, sub_batch: &mut SubBatch) -> BatchResult {
        let records = &sub_batch.records;
        let outcome = self.target.invoke(Bytes::from(event(records))).await;
        let (request_id, outcome) = match outcome {
            InvokeResponse::NotInvoked { reason } => {
                tracing::warn!(%reason, "the function could not be invoked");
                return BatchResult::NotInvoked;
            }
            InvokeResponse::FunctionError { request_id, reason } => {
                tracing::warn!(%reason, %request_id, "the function failed");
                (request_id, BatchResult::FunctionError)
            }
            InvokeResponse::Answer {
                request_id,
                payload,
            } => {
                let numbers: Vec<&str> =
                    records.iter().map(|r| r.sequence_number.as_str()).collect();
                // "Even when your function code returns partial batch failure responses, these responses will not be
                // processed by Lambda unless the ReportBatchItemFailures feature is explicitly turned on."
                let verdict = if self.config.report_batch_item_failures {
                    answer::read(&payload, &numbers)
                } else {
                    BatchResponse::Success
                };
                (request_id, BatchResult::Answered(verdict))
            }
        };
        add(&self.counters.invocations, 1);
        add(&self.counters.invoked, records.len());
        sub_batch.last_failure = LastFailure {
            request_id: Some(request_id),
            is_function_error: outcome == BatchResult::FunctionError,
            invoke_count: sub_batch.last_failure.invoke_count.saturating_add(1),
        };
        outcome
    }

    /// "If the error handling measures fail, Lambda discards the records and continues processing batches."
    async fn give_up(
        &self,
        records: &[Arc<ShardRecord>],
        condition: FailureCondition,
        last_failure: &LastFailure,
    ) {
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return;
        };
        let Some(folder) = &self.config.on_failure else {
            add(&self.counters.dropped, records.len());
            return;
        };
        let batch = FailedBatch {
            function_arn: &self.config.function_arn,
            stream_arn: self.shard.stream_arn(),
            shard_id: self.shard.shard_id(),
            condition,
            last_failure,
            start_sequence_number: &first.sequence_number,
            end_sequence_number: &last.sequence_number,
            arrival_of_first: first.arrived_at,
            arrival_of_last: last.arrived_at,
            batch_size: records.len(),
            payload: &event(records),
        };
        match deliver(folder, &self.id, &batch, self.config.clock.now()).await {
            Ok(_) => add(&self.counters.sent_to_destination, records.len()),
            Err(error) => {
                tracing::error!(%error, folder = %folder.display(), "the on-failure destination could not be written");
                add(&self.counters.destination_failures, 1);
                add(&self.counters.dropped, records.len());
            }
        }
    }

    fn done_before(&self, position: Position) {
        self.checkpoint.send_replace(position);
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until told to stop.
    async fn stopped(&self) {
        // The owner is gone: that is a stop, too.
        let _ = self.stopping.clone().wait_for(|stopping| *stopping).await;
    }

    /// Waits, unless told to stop.
    async fn rest(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
        tokio::select! {
            () = sleep(time) => {}
            () = self.stopped() => {}
        }
    }
}

fn end_of(records: &[Arc<ShardRecord>]) -> Position {
    records.last().map_or(0, |last| last.position + 1)
}
