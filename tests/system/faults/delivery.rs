//! What is delivered: everything twice, malformed records and payloads, and nothing for longer than Lambda retries.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use stream_processor::log_contract::Message;

use bytes::Bytes;
use local_aws::fault::{Fault, Refusal};
use local_aws::lambda::Function;
use local_aws::mapping::{Invoke, InvokeResponse};
use serde_json::Value;
use system_tests::log::count;
use system_tests::records::{conflict_id, lost_note};
use system_tests::stream::{StreamFixture, mapping_config};
use system_tests::system::System;

use super::{RecordCounts, RecordPlan, setup};

/// Hands every batch over twice.
struct DoubleDelivery(Arc<Function>);

impl Invoke for DoubleDelivery {
    async fn invoke(&self, payload: Bytes) -> InvokeResponse {
        let first = Function::invoke(&self.0, payload.clone()).await;
        assert!(first.outcome.response().is_some(), "{:?}", first.outcome);
        Invoke::invoke(&self.0, payload).await
    }
}

#[tokio::test]
async fn every_batch_delivered_twice() {
    let mut planted = RecordPlan::mixed(20);
    planted.add_malformed();
    let system = setup().start().await;
    let mut config = mapping_config();
    config.batch_size = 7;
    let stream = StreamFixture::to(
        DoubleDelivery(Arc::clone(&system.function)),
        &planted.records,
        config,
    );
    stream.drain().await;
    planted.assert_kept_once(&system).await;
    // The second delivery comes after the metrics of the first: exactly twice of everything.
    let once = planted.counted();
    let twice = RecordCounts {
        records: 2 * once.records,
        conflicts: 2 * once.conflicts,
        lost_writes: 2 * once.lost_writes,
        local: 2 * once.local,
        suspected: 2 * once.suspected,
        replicated: 2 * once.replicated,
        quarantined: 2 * once.quarantined,
    };
    assert_eq!(RecordCounts::new(&system.metrics()), twice);
    let log = system.log();
    let sum = |name: &str| {
        log.with_message(Message::Batch)
            .filter_map(|line| count(line, name))
            .sum::<usize>()
    };
    let entries = planted.conflicts.len() + planted.suspected.len() + planted.malformed;
    assert_eq!(
        (sum("ledger_written"), sum("ledger_existed")),
        (entries, entries)
    );
}

#[tokio::test]
async fn a_malformed_record_at_the_start_middle_and_end_of_a_batch() {
    for place in [0, 4, 8] {
        let mut planted = RecordPlan::default();
        for at in 0..9 {
            if at == place {
                planted.add_malformed()
            } else {
                planted.add_any()
            }
        }
        let system = setup().start().await;
        let stream = StreamFixture::start(&system, &planted.records, mapping_config());
        stream.drain().await;
        planted.assert_kept_once(&system).await;
        planted.assert_counted_once(&system.metrics());
        let counts = stream.mapping.counts();
        assert_eq!(
            (counts.invocations, counts.failed),
            (1, 0),
            "malformed at {place}"
        );
        assert_eq!(
            system
                .log()
                .with_message(Message::RecordQuarantined)
                .count(),
            1
        );
    }
}

#[tokio::test]
async fn a_batch_of_malformed_records_only() {
    let mut planted = RecordPlan::default();
    for _ in 0..40 {
        planted.add_malformed();
    }
    let system = setup().start().await;
    let stream = StreamFixture::start(&system, &planted.records, mapping_config());
    stream.drain().await;
    planted.assert_kept_once(&system).await;
    planted.assert_counted_once(&system.metrics());
    assert_eq!(stream.mapping.counts().failed, 0);
    assert_eq!(
        system
            .log()
            .with_message(Message::RecordQuarantined)
            .count(),
        40
    );
}

/// Breaks the payloads that contain a text, the first so many times.
struct BreakingTarget {
    function: Arc<Function>,
    text: String,
    times: AtomicU64,
}

impl Invoke for BreakingTarget {
    async fn invoke(&self, payload: Bytes) -> InvokeResponse {
        let chosen = String::from_utf8_lossy(&payload).contains(&self.text);
        let left = |times: u64| times.checked_sub(1);
        let breaks = chosen
            && self
                .times
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
                .is_ok();
        let payload = if breaks {
            payload.slice(..payload.len() / 2)
        } else {
            payload
        };
        Invoke::invoke(&self.function, payload).await
    }
}

fn breaking(system: &System, text: String, times: u64) -> BreakingTarget {
    BreakingTarget {
        function: Arc::clone(&system.function),
        text,
        times: times.into(),
    }
}

#[tokio::test]
async fn a_whole_malformed_payload() {
    let planted = RecordPlan::mixed(12);
    let system = setup().start().await;
    let target = breaking(&system, String::new(), 1);
    let stream = StreamFixture::to(target, &planted.records, mapping_config());
    stream.drain().await;
    planted.assert_kept_once(&system).await;
    planted.assert_counted_once(&system.metrics());
    let counts = stream.mapping.counts();
    // The whole batch in vain, then its halves.
    assert_eq!((counts.invocations, counts.failed), (3, 12));
    let log = system.log();
    let said: Vec<_> = log
        .with_message(Message::InvocationFailed)
        .map(|line| &line["error_type"])
        .collect();
    assert_eq!(said, ["NotAnEvent"]);
    assert_eq!(system.function.starts(), 1);
}

#[tokio::test]
async fn a_payload_that_stays_malformed_goes_to_the_destination_and_blocks_no_other() {
    let mut planted = RecordPlan::mixed(12);
    let broken = planted.conflicts[1];
    let system = setup().start().await;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut config = mapping_config();
    config.maximum_retry_attempts = 2;
    config.on_failure = Some(folder.path().to_owned());
    let target = breaking(&system, lost_note(broken), u64::MAX);
    let stream = StreamFixture::to(target, &planted.records, config);
    stream.drain().await;
    let counts = stream.mapping.counts();
    assert_eq!((counts.sent_to_destination, counts.dropped), (1, 0));
    let payloads = payloads_in(folder.path());
    assert_eq!(payloads.len(), 1);
    assert!(payloads[0].contains(&lost_note(broken)));

    // All the others are done, and once the destination's payload is replayed, so is this one.
    planted.conflicts.retain(|n| *n != broken);
    planted.assert_kept_once(&system).await;
    system.answer(payloads[0].clone()).await;
    planted.conflicts.push(broken);
    planted.assert_kept_once(&system).await;
    planted.assert_counted_once(&system.metrics());
}

/// The payloads in an on-failure destination.
fn payloads_in(folder: &Path) -> Vec<String> {
    let mut payloads = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
            .expect("the destination can be read")
            .map(|entry| entry.expect("the destination can be read").path())
            .collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a failed batch can be read");
            let document: Value = serde_json::from_str(&text).expect("a failed batch is JSON");
            payloads.push(
                document["payload"]
                    .as_str()
                    .expect("it has a payload")
                    .to_owned(),
            );
        }
    }
    payloads
}

/// The function's Region reaches its ledger for longer than the mapping tries: what is given up is in the destination,
/// the shard goes on, and a replay of the destination completes the ledger.
#[tokio::test]
async fn a_region_cut_off_for_longer_than_the_retry_limits() {
    let planted = RecordPlan::mixed(24);
    let system = setup().start().await;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut config = mapping_config();
    config.batch_size = 6;
    config.maximum_retry_attempts = 2;
    config.on_failure = Some(folder.path().to_owned());
    system.ledger.set_fault(Fault::Refuse(Refusal::new(
        400,
        "AccessDeniedException",
        "cut off",
    )));
    let (before, after) = planted.records.split_at(12);
    let stream = StreamFixture::start(&system, before, config);
    stream.drain().await;
    assert!(system.items().await.is_empty());
    let given_up = stream.mapping.counts().sent_to_destination;
    assert!(given_up > 0);

    // The Region is back: the stream goes on by itself.
    system.ledger.set_fault(Fault::None);
    stream.append(after);
    stream.drain().await;
    assert_eq!(stream.mapping.counts().sent_to_destination, given_up);
    assert_eq!(stream.mapping.counts().dropped, 0);
    assert!(
        system
            .items()
            .await
            .iter()
            .any(|item| item["ConflictId"]["S"] == conflict_id(13))
    );
    assert!(
        system
            .log()
            .with_message(Message::LedgerWriteFailed)
            .count()
            > 0
    );

    // What was given up is handed over once more.
    for payload in payloads_in(folder.path()) {
        system.answer(payload).await;
    }
    planted.assert_kept_once(&system).await;
    planted.assert_counted_once(&system.metrics());
}
