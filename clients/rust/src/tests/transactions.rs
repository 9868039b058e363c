//! Transactions with a token, and the memory for them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::error::DisplayErrorContext;
use serde_json::{Value, json};

use super::inputs::{send, transact_item};
use super::support::{NOW, offline, ticking};
use crate::tokens::TokenMemory;
use crate::{Stamp, StampError, Tokens};

fn transaction(token: Option<&str>) -> Value {
    json!({
        "TransactItems": [
            {"Update": {"TableName": "orders", "Key": {"id": {"S": "o-1"}}, "UpdateExpression": "REMOVE a"}},
            {"Put": {"TableName": "orders", "Item": {"id": {"S": "o-2"}}}},
        ],
        "ClientRequestToken": token,
    })
}

fn is_stamped(body: &Value) -> bool {
    let update = &body["TransactItems"][0]["Update"];
    update["UpdateExpression"] == "REMOVE a SET #lwt = :lwt ADD #lwn :lwn"
}

#[tokio::test]
async fn a_transaction_sent_again_with_its_token_is_the_same_transaction() {
    let stamp = Stamp::builder().clock(ticking(NOW));
    let stamp = stamp.tokens(Tokens::Remember).build().unwrap();
    let (client, wire) = offline(Some(stamp));
    for token in ["same-1", "same-2", "same-1"] {
        send(&client, "TransactWriteItems", &transaction(Some(token)))
            .await
            .unwrap();
    }
    let sent = wire.sent();
    assert!(is_stamped(&sent[0]));
    assert_eq!(sent[0], sent[2]);
    assert_ne!(sent[0]["TransactItems"], sent[1]["TransactItems"]);
}

#[tokio::test]
async fn another_client_of_the_process_remembers_the_token_too() {
    let mut bodies = Vec::new();
    for from in [NOW, NOW + 1000] {
        let stamp = Stamp::builder().clock(ticking(from));
        let stamp = stamp.tokens(Tokens::Remember).build().unwrap();
        let (client, wire) = offline(Some(stamp));
        send(
            &client,
            "TransactWriteItems",
            &transaction(Some("two-clients")),
        )
        .await
        .unwrap();
        bodies.extend(wire.sent());
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn another_process_sends_the_same_transaction_where_only_the_count_is_added() {
    let mut bodies = Vec::new();
    for from in [NOW, NOW + 1000] {
        let stamp = Stamp::builder().clock(ticking(from)).build().unwrap();
        let (client, wire) = offline(Some(stamp));
        let given = transaction(Some("two-processes"));
        send(&client, "TransactWriteItems", &given).await.unwrap();
        bodies.extend(wire.sent());
    }
    assert_eq!(bodies[0], bodies[1]);
    let update = &bodies[0]["TransactItems"][0]["Update"];
    assert_eq!(update["UpdateExpression"], "REMOVE a ADD #lwn :lwn");
}

#[tokio::test]
async fn strict_fails_a_put_that_processes_could_not_stamp_alike() {
    let stamp = Stamp::builder().strict(true).build().unwrap();
    let (client, wire) = offline(Some(stamp));
    let given = transaction(Some("strict"));
    let error = send(&client, "TransactWriteItems", &given).await;
    let shown = DisplayErrorContext(error.unwrap_err().as_ref()).to_string();
    assert!(
        shown.contains("may not differ between processes"),
        "{shown}"
    );
    assert!(wire.sent().is_empty());
}

#[tokio::test]
async fn a_transaction_with_a_token_is_left_alone_where_the_settings_say_so() {
    let stamp = Stamp::builder().tokens(Tokens::Leave).build().unwrap();
    let (client, wire) = offline(Some(stamp));
    let given = transaction(Some("left-alone"));
    send(&client, "TransactWriteItems", &given).await.unwrap();
    assert_eq!(wire.sent(), [given]);
}

#[tokio::test]
async fn a_token_that_the_sdk_makes_up_is_not_the_callers() {
    let stamp = Stamp::builder().tokens(Tokens::Leave).build().unwrap();
    let (client, wire) = offline(Some(stamp.clone()));
    send(&client, "TransactWriteItems", &transaction(None))
        .await
        .unwrap();
    // As the interceptor of one call, the stamp comes after the SDK's own.
    let (client, other_wire) = offline(None);
    let call = client.transact_write_items();
    let entries = transaction(None)["TransactItems"].clone();
    let entries = entries.as_array().unwrap().iter().map(transact_item);
    let call = call.set_transact_items(Some(entries.collect()));
    call.customize().interceptor(stamp).send().await.unwrap();
    for body in [&wire.sent()[0], &other_wire.sent()[0]] {
        assert!(body["ClientRequestToken"].is_string());
        assert!(is_stamped(body));
    }
}

/// A memory, and what it recalls at some second for a token.
struct Memory {
    memory: TokenMemory,
    start: Instant,
    made: AtomicU64,
}

impl Memory {
    fn new(capacity: usize) -> Self {
        Self {
            memory: TokenMemory::new(capacity),
            start: Instant::now(),
            made: AtomicU64::new(1),
        }
    }

    fn recall(&self, second: u64, region: &str, token: &str) -> u64 {
        let now = self.start + Duration::from_secs(second);
        let make = || Ok(self.made.fetch_add(1, Ordering::Relaxed));
        self.memory.recall(region, token, now, make).unwrap()
    }
}

#[test]
fn a_token_is_remembered_for_ten_minutes_after_its_last_use() {
    let memory = Memory::new(100);
    let seconds = [0, 599, 599 + 599, 599 + 599 + 600];
    let recalled = seconds.map(|second| memory.recall(second, "r", "a"));
    assert_eq!(recalled, [1, 1, 1, 2]);
}

#[test]
fn the_memory_for_tokens_is_bounded_and_forgets_the_one_used_longest_ago() {
    let memory = Memory::new(2);
    let recalled = ["a", "b", "a", "c", "a", "b"].map(|token| memory.recall(0, "r", token));
    assert_eq!(recalled, [1, 2, 1, 3, 1, 4]);
}

#[test]
fn each_region_has_its_own_tokens() {
    let memory = Memory::new(100);
    let regions = ["us-east-1", "eu-west-1", "us-east-1"];
    let recalled = regions.map(|region| memory.recall(0, region, "a"));
    assert_eq!(recalled, [1, 2, 1]);
}

#[test]
fn a_clock_that_fails_leaves_nothing_behind() {
    let memory = Memory::new(100);
    let now = Instant::now();
    let failed = memory
        .memory
        .recall("r", "a", now, || Err(StampError::Clock));
    assert_eq!(failed, Err(StampError::Clock));
    assert_eq!(memory.recall(0, "r", "a"), 1);
}
