//! An event source mapping: reads a shard and invokes a function with its records, as Lambda does for DynamoDB Streams.
//!
//! ```no_run
//! # async fn example(shard: local_aws::shard::Shard, function: local_aws::lambda::Function)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! use local_aws::mapping::{EventSourceMapping, MappingConfig};
//!
//! let mut config = MappingConfig::new(function.config().arn());
//! config.report_batch_item_failures = true;
//! config.bisect_batch_on_function_error = true;
//! config.maximum_retry_attempts = 5;
//! config.on_failure = Some("target/demo/failed".into());
//! let mapping = EventSourceMapping::start(shard, function, config)?;
//! mapping.until_caught_up().await;
//! println!("{:?}", mapping.counts());
//! mapping.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Rules, each with AWS's page at the code that follows it: batch size, batching window and the 6 MB of a payload
//! (`batch.rs`, `worker.rs`); what an answer says (`answer.rs`); retries, bisecting and the quota (`retry.rs`); the age of
//! records (`batch.rs`); the on-failure destination (`destination.rs`); the counters ([`Counts`]).
//!
//! A mapping has one batch in flight: it invokes again when the function has answered.
//!
//! Not simulated: parallelization factor, tumbling windows, event filters, several shards, resharding, SQS and SNS
//! destinations, enabling and disabling by the API.

mod answer;
mod batch;
mod config;
mod counters;
mod destination;
mod invoke;
mod retry;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use config::{Backoff, Clock, InvalidSetting, MappingConfig, StartingPosition};
pub use counters::Counts;
pub use invoke::{Invoke, InvokeOutcome};

use crate::lambda::request_id;
use crate::shard::{Position, Shard};
use counters::Counters;
use worker::Worker;

/// A running mapping. Dropping it ends it at once; [`EventSourceMapping::stop`] ends it after the running invocation.
#[derive(Debug)]
pub struct EventSourceMapping {
    id: String,
    shard: Shard,
    counters: Arc<Counters>,
    iterator_age: Arc<IteratorAge>,
    control: watch::Sender<Control>,
    checkpoint: watch::Receiver<Position>,
    task: JoinHandle<()>,
}

/// What a mapping was told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Control {
    Running,
    Paused,
    Stopping,
}

impl EventSourceMapping {
    /// Starts to read `shard` and to invoke `target`.
    ///
    /// # Errors
    ///
    /// A setting that Lambda would refuse.
    pub fn start(
        shard: Shard,
        target: impl Invoke,
        config: MappingConfig,
    ) -> Result<Self, InvalidSetting> {
        config.validate()?;
        let start = match config.starting_position {
            StartingPosition::TrimHorizon => shard.trim_horizon(),
            StartingPosition::Latest => shard.end(),
        };
        let (control, controlled) = watch::channel(Control::Running);
        let (checkpoint_sender, checkpoint) = watch::channel(start);
        let worker = Worker {
            id: request_id(),
            shard: shard.clone(),
            target,
            config,
            counters: Arc::default(),
            iterator_age: Arc::default(),
            control: controlled,
            checkpoint: checkpoint_sender,
        };
        Ok(Self {
            id: worker.id.clone(),
            shard,
            counters: Arc::clone(&worker.counters),
            iterator_age: Arc::clone(&worker.iterator_age),
            control,
            checkpoint,
            task: tokio::spawn(worker.run()),
        })
    }

    /// The mapping's UUID, which is part of the keys in its destination.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it counted so far.
    pub fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// All records before this position are done or given up. The shard can be trimmed up to here.
    pub fn checkpoint(&self) -> Position {
        *self.checkpoint.borrow()
    }

    /// How many records of the shard are neither done nor given up.
    pub fn backlog(&self) -> u64 {
        self.shard.end().saturating_sub(self.checkpoint())
    }

    /// `IteratorAge`: how old the last record of the latest event was when it went to the function. `None` before the
    /// first one.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#performance-metrics>
    pub fn iterator_age(&self) -> Option<Duration> {
        self.iterator_age.latest()
    }

    /// The largest iterator age so far.
    pub fn max_iterator_age(&self) -> Option<Duration> {
        self.iterator_age.largest()
    }

    /// Waits until every record that the shard holds now is done or given up, or until the mapping is stopped.
    ///
    /// A paused mapping with a backlog does not get there before it is resumed.
    pub async fn until_caught_up(&self) {
        let target = self.shard.end();
        let mut checkpoint = self.checkpoint.clone();
        // An error means that the mapping has ended.
        let _ = checkpoint.wait_for(|position| *position >= target).await;
    }

    /// Stops invoking after the running invocation, until [`EventSourceMapping::resume`].
    pub fn pause(&self) {
        self.control.send_replace(Control::Paused);
    }

    /// Goes on after a pause.
    pub fn resume(&self) {
        self.control.send_replace(Control::Running);
    }

    /// Lets the running invocation finish and ends. What it was to retry stays undone. Returns the final counts.
    pub async fn stop(mut self) -> Counts {
        self.control.send_replace(Control::Stopping);
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "an event source mapping broke");
        }
        self.counters.read()
    }
}

impl Drop for EventSourceMapping {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The ages of the last records of events, in milliseconds, one more than measured: 0 is none yet.
#[derive(Debug, Default)]
struct IteratorAge {
    latest: AtomicU64,
    largest: AtomicU64,
}

impl IteratorAge {
    fn set(&self, age: Duration) {
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX - 1) + 1;
        self.latest.store(age, Ordering::Relaxed);
        self.largest.fetch_max(age, Ordering::Relaxed);
    }

    fn latest(&self) -> Option<Duration> {
        Self::read(&self.latest)
    }

    fn largest(&self) -> Option<Duration> {
        Self::read(&self.largest)
    }

    fn read(age: &AtomicU64) -> Option<Duration> {
        let age = age.load(Ordering::Relaxed).checked_sub(1)?;
        Some(Duration::from_millis(age))
    }
}
