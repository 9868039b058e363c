//! What the entry of a conflict says of the lost write, with payloads as the stream brings them.

use chrono::{TimeZone, Utc};
use ledger::Entry;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::ledger::InMemoryLedger;
use crate::metrics::{Datum, Metrics};
use crate::processor::Processor;
use crate::settings::Settings;

const REGION: &str = "us-east-1";
const ELSEWHERE: &str = "eu-west-1";
const LATER: u64 = 1_795_350_900_000;

struct NoMetrics;

impl Metrics for NoMetrics {
    async fn send(&self, _: &[Datum<'_>], _: Instant) {}
}

/// A version of the item: its pairs in both Regions, and its attributes.
fn image(id: &str, here: u64, elsewhere: u64, attributes: &Value) -> Value {
    let mut image = attributes.clone();
    image["id"] = json!({ "S": id });
    for (region, n) in [(REGION, here), (ELSEWHERE, elsewhere)] {
        if n > 0 {
            image[format!("lw:n:{region}")] = json!({ "N": n.to_string() });
            let time = 1_795_350_700_000_000 + n;
            image[format!("lw:t:{region}")] = json!({ "N": time.to_string() });
        }
    }
    image
}

/// The record of a change from one version to another.
fn record(old: Option<Value>, new: Value) -> Value {
    let mut record = json!({
        "eventName": if old.is_some() { "MODIFY" } else { "INSERT" },
        "awsRegion": REGION,
        "eventID": format!("{}", new["lw:n:eu-west-1"]["N"]),
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-02T08:41:17.209",
        "dynamodb": {
            "Keys": { "id": new["id"] },
            "NewImage": new,
            "SequenceNumber": "1",
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    });
    if let Some(old) = old {
        record["dynamodb"]["OldImage"] = old;
    }
    record
}

fn n(number: i64) -> Value {
    json!({ "N": number.to_string() })
}

/// What the function kept of these payloads, the last one's conflict.
async fn entry_of(payloads: &[Vec<Value>], images: &str) -> Entry {
    let settings = Settings::read(|name| match name {
        "LEDGER_TABLE" => Some("ledger".to_owned()),
        "LEDGER_IMAGES" => Some(images.to_owned()),
        _ => None,
    });
    let ledger = InMemoryLedger::default();
    let now = || Utc.timestamp_opt(1_795_350_800, 0).unwrap();
    let processor = Processor::new(settings.unwrap(), &ledger, NoMetrics, now);
    for records in payloads {
        let payload = serde_json::to_vec(&json!({ "Records": records })).unwrap();
        let answer = processor.process(&payload, LATER).await.unwrap();
        assert!(answer.batch_item_failures.is_empty());
    }
    let items = ledger.items();
    let items: Vec<_> = items.values().collect();
    assert_eq!(items.len(), 1);
    Entry::read_alone(items[0].clone()).unwrap()
}

fn before() -> Value {
    json!({ "stock": n(10), "status": { "S": "PLACED" }, "address": { "S": "Harbor St" } })
}

fn lost() -> Value {
    json!({ "stock": n(7), "status": { "S": "PLACED" }, "address": { "S": "Elm St" } })
}

fn won() -> Value {
    json!({ "stock": n(9), "status": { "S": "PACKED" }, "address": { "S": "Harbor St" } })
}

/// Stock and address were changed here, stock and status elsewhere.
fn local_write(id: &str) -> Value {
    record(Some(image(id, 1, 1, &before())), image(id, 2, 1, &lost()))
}

fn conflict(id: &str) -> Value {
    record(Some(image(id, 2, 1, &lost())), image(id, 1, 2, &won()))
}

fn names(names: &Option<Vec<String>>) -> Vec<&str> {
    names.iter().flatten().map(String::as_str).collect()
}

fn assert_all_is_known(entry: &Entry) {
    assert_eq!(names(&entry.changed_attributes), ["address", "stock"]);
    assert_eq!(entry.changed_attributes_complete, Some(true));
    assert_eq!(names(&entry.changed_by_both), ["stock"]);
    let numbers = entry.ancestor_numbers.clone().unwrap();
    assert_eq!(
        numbers.into_iter().collect::<Vec<_>>(),
        [("stock".to_owned(), "10".to_owned())]
    );
}

#[tokio::test]
async fn a_lost_write_in_the_same_batch_or_in_an_earlier_one_says_what_it_changed() {
    assert_all_is_known(&entry_of(&[vec![local_write("o-1"), conflict("o-1")]], "full").await);
    assert_all_is_known(
        &entry_of(&[vec![local_write("o-1")], vec![conflict("o-1")]], "full").await,
    );
}

#[tokio::test]
async fn a_lost_write_whose_record_is_not_at_hand_says_nothing() {
    let entry = entry_of(&[vec![conflict("o-1")]], "full").await;
    assert_eq!(entry.changed_attributes, None);
    assert_eq!(entry.changed_attributes_complete, None);
    // Another item has the same pair: its time and count are no proof.
    let entry = entry_of(&[vec![local_write("o-2"), conflict("o-1")]], "full").await;
    assert_eq!(entry.changed_attributes, None);
}

#[tokio::test]
async fn several_lost_writes_are_taken_together_from_the_common_ancestor_on() {
    let first = record(
        Some(image("o-1", 1, 1, &before())),
        image(
            "o-1",
            2,
            1,
            &json!({ "stock": n(8), "status": { "S": "PLACED" }, "address": { "S": "Harbor St" } }),
        ),
    );
    let second = record(
        Some(image(
            "o-1",
            2,
            1,
            &json!({ "stock": n(8), "status": { "S": "PLACED" }, "address": { "S": "Harbor St" } }),
        )),
        image("o-1", 3, 1, &lost()),
    );
    let conflict = record(
        Some(image("o-1", 3, 1, &lost())),
        image("o-1", 1, 2, &won()),
    );
    let all = entry_of(
        &[vec![first], vec![second.clone(), conflict.clone()]],
        "full",
    )
    .await;
    assert_all_is_known(&all);
    // Of the first one nothing is known: what is named changed, and there may be more.
    let entry = entry_of(&[vec![second, conflict]], "full").await;
    assert_eq!(names(&entry.changed_attributes), ["address", "stock"]);
    assert_eq!(entry.changed_attributes_complete, Some(false));
    assert_eq!(entry.ancestor_numbers, None);
}

#[tokio::test]
async fn what_came_from_elsewhere_between_lost_writes_leaves_the_ancestor_unknown() {
    let between =
        json!({ "stock": n(8), "status": { "S": "PLACED" }, "address": { "S": "Harbor St" } });
    let first = record(
        Some(image("o-1", 1, 1, &before())),
        image("o-1", 2, 1, &between),
    );
    let third =
        json!({ "stock": n(5), "status": { "S": "PLACED" }, "address": { "S": "Harbor St" } });
    let arrived = record(
        Some(image("o-1", 2, 1, &between)),
        image("o-1", 2, 2, &third),
    );
    let second = record(
        Some(image("o-1", 2, 2, &third)),
        image("o-1", 3, 2, &lost()),
    );
    let conflict = record(
        Some(image("o-1", 3, 2, &lost())),
        image("o-1", 1, 3, &won()),
    );
    let entry = entry_of(&[vec![first, arrived, second, conflict]], "full").await;
    assert_eq!(names(&entry.changed_attributes), ["address", "stock"]);
    assert_eq!(entry.changed_attributes_complete, Some(false));
    assert_eq!(entry.ancestor_numbers, None);
}

#[tokio::test]
async fn a_creation_that_was_lost_changed_all_that_it_has() {
    let created = record(None, image("o-1", 1, 0, &lost()));
    let conflict = record(
        Some(image("o-1", 1, 0, &lost())),
        image("o-1", 0, 1, &won()),
    );
    let entry = entry_of(&[vec![created, conflict]], "full").await;
    assert_eq!(
        names(&entry.changed_attributes),
        ["address", "status", "stock"]
    );
    assert_eq!(entry.changed_attributes_complete, Some(true));
    assert_eq!(
        names(&entry.changed_by_both),
        ["address", "status", "stock"]
    );
    assert_eq!(entry.ancestor_numbers, None);
}

#[tokio::test]
async fn where_no_contents_are_kept_no_numbers_are() {
    let entry = entry_of(&[vec![local_write("o-1"), conflict("o-1")]], "none").await;
    assert_eq!(names(&entry.changed_attributes), ["address", "stock"]);
    assert_eq!(entry.ancestor_numbers, None);
}
