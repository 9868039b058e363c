//! A mapping follows Lambda's rules, driven by a scripted function.

mod flow;
mod gathering;
mod giving_up;
mod partial;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;
use crate::shard::Shard;

const STREAM_ARN: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/app/stream/now";

/// What the scripted function does when it is invoked.
#[derive(Debug, Clone)]
enum Act {
    /// Reports these numbers as failed.
    Report(Vec<u32>),
    Answer(Value),
    Fail,
    Refuse,
    /// Does not answer until the test lets it go.
    Wait,
}

/// A function that follows a script, and then succeeds. Clones share it.
#[derive(Debug, Clone)]
struct Script(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    acts: Mutex<VecDeque<Act>>,
    /// Fails each batch that holds one of these records.
    poison: Vec<u32>,
    batches: Mutex<Vec<Vec<u32>>>,
    begun: mpsc::UnboundedSender<()>,
    release: tokio::sync::Semaphore,
}

impl Script {
    fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::build(acts.into_iter().collect(), Vec::new()).0
    }

    fn with_poison(poison: impl IntoIterator<Item = u32>) -> Self {
        Self::build(VecDeque::new(), poison.into_iter().collect()).0
    }

    fn watched(acts: impl IntoIterator<Item = Act>) -> (Self, mpsc::UnboundedReceiver<()>) {
        Self::build(acts.into_iter().collect(), Vec::new())
    }

    fn build(acts: VecDeque<Act>, poison: Vec<u32>) -> (Self, mpsc::UnboundedReceiver<()>) {
        let (begun, receiver) = mpsc::unbounded_channel();
        let inner = Inner {
            acts: Mutex::new(acts),
            poison,
            batches: Mutex::default(),
            begun,
            release: tokio::sync::Semaphore::new(0),
        };
        (Self(Arc::new(inner)), receiver)
    }

    /// The numbers of the records in each batch so far.
    fn batches(&self) -> Vec<Vec<u32>> {
        self.0.batches.lock().unwrap().clone()
    }

    /// Lets one waiting invocation go on.
    fn release(&self) {
        self.0.release.add_permits(1);
    }
}

impl Invoke for Script {
    async fn invoke(&self, payload: Bytes) -> InvokeResponse {
        let event: Value = serde_json::from_slice(&payload).unwrap();
        let records = event["Records"].as_array().unwrap();
        let numbers: Vec<u32> = records
            .iter()
            .map(|record| record["n"].as_u64().unwrap() as u32)
            .collect();
        self.0.batches.lock().unwrap().push(numbers.clone());
        let _ = self.0.begun.send(());
        let request_id = "request".to_owned();
        let answer = |answer: Value| InvokeResponse::Answer {
            request_id: request_id.clone(),
            payload: Bytes::from(answer.to_string()),
        };
        let error = || InvokeResponse::FunctionError {
            request_id: request_id.clone(),
            reason: "as scripted".to_owned(),
        };
        let act = self.0.acts.lock().unwrap().pop_front();
        match act {
            _ if numbers.iter().any(|n| self.0.poison.contains(n)) => error(),
            Some(Act::Fail) => error(),
            Some(Act::Refuse) => InvokeResponse::NotInvoked {
                reason: "throttled".to_owned(),
            },
            Some(Act::Report(numbers)) => answer(reported(&numbers)),
            Some(Act::Answer(value)) => answer(value),
            Some(Act::Wait) => {
                self.0.release.acquire().await.unwrap().forget();
                answer(Value::Null)
            }
            None => answer(json!({ "batchItemFailures": [] })),
        }
    }
}

fn reported(numbers: &[u32]) -> Value {
    let failures: Vec<Value> = numbers
        .iter()
        .map(|number| json!({ "itemIdentifier": number.to_string() }))
        .collect();
    json!({ "batchItemFailures": failures })
}

/// A shard with the records 0 to `count - 1`.
fn shard_of(count: u32) -> Shard {
    let shard = Shard::new("shardId-1", STREAM_ARN);
    append(&shard, 0..count);
    shard
}

fn append(shard: &Shard, numbers: impl IntoIterator<Item = u32>) {
    append_at(shard, numbers, SystemTime::now());
}

fn append_at(shard: &Shard, numbers: impl IntoIterator<Item = u32>, arrived_at: SystemTime) {
    for number in numbers {
        let json = RawValue::from_string(format!("{{\"n\":{number}}}")).unwrap();
        shard.append(number.to_string(), arrived_at, json);
    }
}

/// Partial answers on, and no waiting. The quota only keeps a broken rule from retrying for ever.
fn config() -> MappingConfig {
    let mut config = MappingConfig::new("arn:aws:lambda:us-east-1:123456789012:function:f");
    config.report_batch_item_failures = true;
    config.maximum_retry_attempts = 100;
    config.backoff = Backoff::NONE;
    config.poll_interval = Duration::ZERO;
    config
}

/// Runs a mapping over a shard until it is done; what it counted.
async fn run(shard: &Shard, script: &Script, config: MappingConfig) -> MappingCounts {
    let mapping = EventSourceMapping::start(shard.clone(), script.clone(), config).unwrap();
    mapping.until_caught_up().await;
    mapping.stop().await
}

fn range(numbers: std::ops::Range<u32>) -> Vec<u32> {
    numbers.collect()
}
