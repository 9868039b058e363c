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
//! records (`batch.rs`); the on-failure destination (`destination.rs`); the counters ([`MappingCounts`]).
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

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use config::{Backoff, Clock, InvalidSetting, MappingConfig, StartingPosition};
pub use counters::MappingCounts;
pub use invoke::{Invoke, InvokeResponse};

use crate::lambda::request_id;
use crate::shard::{Position, Shard};
use counters::MappingCounters;
use worker::Worker;

/// A running mapping. Dropping it ends it at once; [`EventSourceMapping::stop`] ends it after the running invocation.
#[derive(Debug)]
pub struct EventSourceMapping {
    id: String,
    shard: Shard,
    counters: Arc<MappingCounters>,
    stop: watch::Sender<bool>,
    checkpoint: watch::Receiver<Position>,
    task: JoinHandle<()>,
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
        let (stop, stopping) = watch::channel(false);
        let (checkpoint_sender, checkpoint) = watch::channel(start);
        let worker = Worker {
            id: request_id(),
            shard: shard.clone(),
            target,
            config,
            counters: Arc::default(),
            stopping,
            checkpoint: checkpoint_sender,
        };
        Ok(Self {
            id: worker.id.clone(),
            shard,
            counters: Arc::clone(&worker.counters),
            stop,
            checkpoint,
            task: tokio::spawn(worker.run()),
        })
    }

    /// The mapping's UUID, which is part of the keys in its destination.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The shard that it reads.
    pub fn shard(&self) -> &Shard {
        &self.shard
    }

    /// What it counted so far.
    pub fn counts(&self) -> MappingCounts {
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

    /// Waits until every record that the shard holds now is done or given up, or until the mapping is stopped.
    pub async fn until_caught_up(&self) {
        let target = self.shard.end();
        let mut checkpoint = self.checkpoint.clone();
        // An error means that the mapping has ended.
        let _ = checkpoint.wait_for(|position| *position >= target).await;
    }

    /// Lets the running invocation finish and ends. What it was to retry stays undone. Returns the final counts.
    pub async fn stop(mut self) -> MappingCounts {
        self.stop.send_replace(true);
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
