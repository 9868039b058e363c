//! An invocation, with a ledger and a metrics sink of the test's own.

mod kept;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeZone;
use conflict::{Change, Landing, Tolerance, Verdict};
use ledger::{Entry, Image, JumpPlace, StoredEntry};
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::ledger::{InMemoryLedger, LedgerError};
use crate::metrics::{Datum, Value};

/// A ledger in memory whose writes can fail or hang by the place of the write.
#[derive(Default)]
struct TestLedger {
    memory: InMemoryLedger,
    writes: AtomicUsize,
    failing: Vec<usize>,
    refusing: Vec<usize>,
    hanging: Vec<usize>,
}

impl Ledger for TestLedger {
    async fn write(&self, entry: StoredEntry) -> Result<PutResult, LedgerError> {
        let write = self.writes.fetch_add(1, Ordering::Relaxed);
        if self.hanging.contains(&write) {
            std::future::pending::<()>().await;
        }
        if self.failing.contains(&write) {
            return Err(LedgerError {
                code: "InternalServerError".into(),
                hint: "the batch is retried",
            });
        }
        if self.refusing.contains(&write) {
            return Err(LedgerError {
                code: "ValidationException".into(),
                hint: "",
            });
        }
        (&self.memory).write(entry).await
    }

    async fn remember_jump(&self, jump: Image) -> Result<(), LedgerError> {
        (&self.memory).remember_jump(jump).await
    }

    async fn latest_jump(&self, before: &JumpPlace) -> Result<Option<Landing>, LedgerError> {
        (&self.memory).latest_jump(before).await
    }
}

/// Remembers the counts of the last batch, by name.
#[derive(Default)]
struct TestMetrics(Mutex<BTreeMap<&'static str, u64>>);

impl Metrics for TestMetrics {
    async fn send(&self, data: &[Datum<'_>], _: Instant) {
        *self.0.lock().unwrap() = data
            .iter()
            .filter(|datum| datum.dimension.is_none())
            .filter_map(|datum| match datum.value {
                Value::Count(count) => Some((datum.metric.name(), count)),
                Value::Delays(_) => None,
            })
            .collect();
    }
}

fn clock() -> DateTime<Utc> {
    Utc.timestamp_millis_opt(1_795_349_590_000).unwrap()
}

/// A deadline that leaves the ledger 100 ms.
const SOON: u64 = 1_795_349_590_600;
const LATER: u64 = 1_795_349_650_000;

fn processor(ledger: TestLedger) -> Processor<TestLedger, TestMetrics, fn() -> DateTime<Utc>> {
    let settings =
        Settings::read(|name| (name == "LEDGER_TABLE").then(|| "ledger".to_owned())).unwrap();
    Processor::new(settings, ledger, TestMetrics::default(), clock)
}

fn record(number: usize, seen: u64) -> serde_json::Value {
    json!({
        "eventID": format!("e{number}"),
        "eventName": "MODIFY",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:1:table/orders/stream/x",
        "dynamodb": {
            "Keys": {"PK": {"S": "ORDER#1"}},
            "SequenceNumber": format!("10{number}"),
            "OldImage": {"lw:n:us-east-1": {"N": "2"}, "lw:t:us-east-1": {"N": "1795349587000000"}},
            "NewImage": {
                "lw:n:us-east-1": {"N": seen.to_string()}, "lw:t:us-east-1": {"N": "1795349587000000"},
                "lw:n:eu-west-1": {"N": "1"}, "lw:t:eu-west-1": {"N": "1795349588000000"},
            },
        },
    })
}

fn conflict(number: usize) -> serde_json::Value {
    record(number, 1)
}

fn replicated(number: usize) -> serde_json::Value {
    record(number, 2)
}

fn payload(records: &[serde_json::Value]) -> Vec<u8> {
    serde_json::to_vec(&json!({"Records": records})).unwrap()
}

fn reported(answer: DynamoDbEventResponse) -> Vec<String> {
    answer
        .batch_item_failures
        .into_iter()
        .filter_map(|failure| failure.item_identifier)
        .collect()
}

#[tokio::test]
async fn a_batch_that_is_done_reports_nothing() {
    let processor = processor(TestLedger::default());
    let answer = processor
        .process(&payload(&[replicated(0), conflict(1)]), LATER)
        .await
        .unwrap();
    assert!(reported(answer).is_empty());
    assert_eq!(processor.ledger.memory.items().len(), 1);
    let metrics = processor.metrics.0.lock().unwrap();
    assert_eq!(
        (
            metrics["Records"],
            metrics["Conflicts"],
            metrics["ReplicatedWrites"]
        ),
        (2, 1, 2)
    );
}

#[tokio::test]
async fn a_failed_ledger_write_is_reported_and_only_what_is_before_it_is_counted() {
    let ledger = TestLedger {
        failing: vec![1],
        ..TestLedger::default()
    };
    let processor = processor(ledger);
    let records = [conflict(0), replicated(1), conflict(2), conflict(3)];
    let answer = processor.process(&payload(&records), LATER).await.unwrap();
    assert_eq!(reported(answer), ["102"]);
    let metrics = processor.metrics.0.lock().unwrap();
    assert_eq!(
        (
            metrics["Records"],
            metrics["Conflicts"],
            metrics["BatchItemFailures"]
        ),
        (2, 1, 1)
    );
    assert_eq!(
        processor.ledger.memory.items().len(),
        2,
        "the others are kept all the same"
    );
}

#[tokio::test]
async fn a_record_without_a_sequence_number_is_reported_by_the_one_before() {
    let mut nameless = conflict(1);
    nameless["dynamodb"]
        .as_object_mut()
        .unwrap()
        .remove("SequenceNumber");
    for (records, expected) in [
        (vec![replicated(0), nameless.clone()], Some("100")),
        (vec![nameless.clone(), replicated(0)], None),
    ] {
        let processor = processor(TestLedger {
            failing: vec![0],
            ..TestLedger::default()
        });
        let answer = processor.process(&payload(&records), LATER).await;
        match expected {
            Some(number) => assert_eq!(reported(answer.unwrap()), [number]),
            None => assert!(matches!(answer, Err(InvocationError::NothingToReport))),
        }
        let metrics = processor.metrics.0.lock().unwrap();
        assert_eq!((metrics["Records"], metrics["BatchItemFailures"]), (0, 1));
    }
}

#[tokio::test]
async fn a_ledger_that_hangs_is_left_before_the_deadline() {
    let ledger = TestLedger {
        hanging: vec![1],
        ..TestLedger::default()
    };
    let processor = processor(ledger);
    let records = [conflict(0), conflict(1), conflict(2)];
    let answer = processor.process(&payload(&records), SOON).await.unwrap();
    assert_eq!(reported(answer), ["101"]);
    assert_eq!(processor.metrics.0.lock().unwrap()["Records"], 1);
}

/// JSON that serde_json steps over without complaint and cannot read.
#[tokio::test]
async fn a_value_that_cannot_be_read_quarantines_its_record_alone() {
    let good = payload(&[conflict(0), replicated(1), conflict(2)]);
    let good = String::from_utf8(good).unwrap();
    for (readable, unreadable) in [
        (r#""eventID":"e1""#, r#""eventID":1e999"#),
        (r#""eventID":"e1""#, r#""eventID":"\ud800""#),
        (r#""eventID":"e1""#, r#""\udc00":1,"eventID":"e1""#),
        (
            r#""SequenceNumber":"101""#,
            r#""SequenceNumber":"101","\ud800":1"#,
        ),
    ] {
        let payload = good.replace(readable, unreadable);
        assert_ne!(payload, good, "{readable} is there");
        let processor = processor(TestLedger::default());
        let answer = processor.process(payload.as_bytes(), LATER).await.unwrap();
        assert!(reported(answer).is_empty());
        let counts = processor.metrics.0.lock().unwrap();
        assert_eq!(counts["Records"], 3, "{unreadable}");
        assert_eq!(counts["QuarantinedRecords"], 1, "{unreadable}");
        assert_eq!(counts["Conflicts"], 2, "{unreadable}");
        assert_eq!(processor.ledger.memory.items().len(), 3, "{unreadable}");
    }
}

#[tokio::test]
async fn a_reading_that_fails_spends_no_samples() {
    let mut unstamped: Vec<_> = (0..8).map(replicated).collect();
    for record in &mut unstamped {
        record["dynamodb"]["NewImage"] = json!({"status": {"S": "PAID"}});
    }
    let good = String::from_utf8(payload(&unstamped)).unwrap();
    let bad = good.replace(r#""eventID":"e7""#, r#""eventID":1e999"#);
    assert_ne!(bad, good);
    let processor = processor(TestLedger::default());
    processor.process(bad.as_bytes(), LATER).await.unwrap();
    // Five samples a minute is the default, and the last record is quarantined.
    assert_eq!(processor.ledger.memory.items().len(), 6);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_reported_by_its_own_sequence_number() {
    let good = String::from_utf8(payload(&[replicated(0), replicated(1)])).unwrap();
    for unreadable in [r#""eventID":1e999"#, r#""\ud800":1,"eventID":"e1""#] {
        let bad = good.replace(r#""eventID":"e1""#, unreadable);
        assert_ne!(bad, good);
        let processor = processor(TestLedger {
            failing: vec![0],
            ..TestLedger::default()
        });
        let answer = processor.process(bad.as_bytes(), LATER).await.unwrap();
        assert_eq!(reported(answer), ["101"], "{unreadable}");
    }
}

#[tokio::test]
async fn a_record_that_panics_is_quarantined_and_the_batch_goes_on() {
    fn panicking<'s>(
        change: Change<'s, '_>,
        region: &str,
        tolerance: Tolerance,
        latest_jump: Option<Landing>,
    ) -> Verdict<'s> {
        if let Change::Modify { new, .. } = change
            && new.get("us-east-1").is_some_and(|own| own.n == Some(1))
        {
            panic!("no verdict");
        }
        conflict::judge_after(change, region, tolerance, latest_jump)
    }
    let mut processor = processor(TestLedger::default());
    processor.rules.judge = panicking;
    let records = [replicated(0), conflict(1), replicated(2)];
    let answer = processor.process(&payload(&records), LATER).await.unwrap();
    assert!(reported(answer).is_empty());
    let metrics = processor.metrics.0.lock().unwrap();
    assert_eq!(
        (metrics["QuarantinedRecords"], metrics["ReplicatedWrites"]),
        (1, 2)
    );
    let entries = processor.ledger.memory.items();
    let entry = entries.values().next().unwrap();
    assert_eq!(
        serde_json::to_value(&entry["Reason"]).unwrap(),
        json!({"S": "judging it panicked: no verdict"})
    );
}

#[tokio::test]
async fn an_attribute_that_cannot_be_decoded_is_kept_as_it_came_and_its_conflict_counts() {
    let mut bad = conflict(0);
    bad["dynamodb"]["OldImage"]["photo"] = json!({"B": "no base64!"});
    let processor = processor(TestLedger::default());
    processor.process(&payload(&[bad]), LATER).await.unwrap();
    let metrics = processor.metrics.0.lock().unwrap();
    assert_eq!(metrics["Conflicts"], 1);
    assert!(!metrics.contains_key("QuarantinedRecords"));
    let entries = processor.ledger.memory.items();
    let entry = Entry::read(entries.values().next().unwrap().clone(), &[]).unwrap();
    let undecoded = entry.loser.unwrap().undecoded;
    assert_eq!(undecoded["photo"].as_deref(), Some(r#"{"B":"no base64!"}"#));
    assert_eq!(entry.differing_attributes.unwrap(), ["photo"]);
}

#[tokio::test]
async fn what_dynamodb_refuses_is_written_in_a_smaller_form_and_holds_nothing_up() {
    for (refusals, compressed, images_refused) in
        [(1, Some(true), None), (2, Some(false), Some(true))]
    {
        let ledger = TestLedger {
            refusing: (0..refusals).collect(),
            ..TestLedger::default()
        };
        let processor = processor(ledger);
        let payload = payload(&[conflict(0), conflict(1)]);
        let report = processor.report(&payload, LATER).await.unwrap();
        assert!(report.writes.iter().all(|write| write.result.is_ok()));
        assert_eq!(processor.metrics.0.lock().unwrap()["Conflicts"], 2);
        let entries = processor.ledger.memory.items();
        let reduced: Vec<Entry> = entries
            .values()
            .map(|item| Entry::read(item.clone(), &[]).unwrap())
            .filter(|entry| entry.event_id.as_deref() == Some("e0"))
            .collect();
        assert_eq!(reduced[0].images_refused, images_refused);
        let has_image = reduced[0].loser.as_ref().unwrap().image.is_some();
        assert_eq!(Some(has_image), compressed);
    }
}

#[tokio::test]
async fn a_table_that_refuses_every_form_is_a_failure_that_is_retried() {
    let ledger = TestLedger {
        refusing: (0..3).collect(),
        ..TestLedger::default()
    };
    let processor = processor(ledger);
    let answer = processor.process(&payload(&[conflict(0)]), LATER).await;
    assert_eq!(reported(answer.unwrap()), ["100"]);
}

#[tokio::test]
async fn a_change_that_changed_nothing_is_no_write() {
    let mut same = replicated(0);
    same["dynamodb"]["OldImage"] = same["dynamodb"]["NewImage"].clone();
    let mut reordered = replicated(1);
    reordered["dynamodb"]["OldImage"] = json!({"a": {"SS": ["x", "y"]}, "b": {"N": "1"}});
    reordered["dynamodb"]["NewImage"] = json!({"a": {"SS": ["y", "x"]}, "b": {"N": "1"}});
    let mut changed = replicated(2);
    changed["dynamodb"]["OldImage"] = json!({"b": {"N": "1"}});
    changed["dynamodb"]["NewImage"] = json!({"b": {"N": "2"}});
    let processor = processor(TestLedger::default());
    let payload = payload(&[same, reordered, changed]);
    let report = processor.report(&payload, LATER).await.unwrap();
    let judgements: Vec<&str> = report
        .batch
        .records
        .iter()
        .map(|record| record.judgement.name())
        .collect();
    assert_eq!(judgements, ["no_write", "no_write", "unstamped"]);
    assert_eq!(report.writes.len(), 1, "a sample of the one that changed");
    let metrics = processor.metrics.0.lock().unwrap();
    assert_eq!((metrics["Records"], metrics["UnstampedWrites"]), (3, 1));
}

#[tokio::test]
async fn an_odd_stamp_is_counted_and_sampled() {
    let mut odd = replicated(0);
    odd["dynamodb"]["NewImage"]["lw:t:eu-west-1"] = json!({"N": "1795349588000"});
    let processor = processor(TestLedger::default());
    processor.process(&payload(&[odd]), LATER).await.unwrap();
    let metrics = processor.metrics.0.lock().unwrap();
    assert_eq!((metrics["OddStamps"], metrics["ReplicatedWrites"]), (1, 1));
    let entries = processor.ledger.memory.items();
    let entry = Entry::read(entries.values().next().unwrap().clone(), &[]).unwrap();
    assert_eq!(entry.kind.as_str(), "odd_stamp_sample");
    let reason = entry.reason.unwrap();
    assert_eq!(
        reason,
        "lw:t:eu-west-1 is in milliseconds, and stamps are in microseconds"
    );
}

#[tokio::test]
async fn a_record_from_elsewhere_is_quarantined_with_the_name_of_its_source() {
    let processor = processor(TestLedger::default());
    let record = json!({"eventSource": "aws:kinesis", "kinesis": {"data": "e30="}});
    processor.process(&payload(&[record]), LATER).await.unwrap();
    let entries = processor.ledger.memory.items();
    let entry = Entry::read(entries.values().next().unwrap().clone(), &[]).unwrap();
    let reason = entry.reason.unwrap();
    assert!(
        reason.starts_with("it is from a Kinesis data stream."),
        "{reason}"
    );
}

#[tokio::test]
async fn a_redelivered_batch_writes_the_same_keys() {
    let processor = processor(TestLedger::default());
    let payload = payload(&[conflict(0), json!({"odd": 1})]);
    for _ in 0..2 {
        processor.process(&payload, LATER).await.unwrap();
    }
    assert_eq!(
        (
            processor.ledger.writes.load(Ordering::Relaxed),
            processor.ledger.memory.items().len()
        ),
        (4, 2)
    );
}

#[tokio::test]
async fn a_record_without_a_table_counts_to_the_batchs_table() {
    let processor = processor(TestLedger::default());
    processor
        .process(&payload(&[json!(5), replicated(0)]), LATER)
        .await
        .unwrap();
    assert_eq!(processor.metrics.0.lock().unwrap()["Records"], 2);
}

#[tokio::test]
async fn what_is_no_event_is_an_error_of_the_invocation() {
    let processor = processor(TestLedger::default());
    let answer = processor.process(b"{\"Records\": 5}", LATER).await;
    assert!(matches!(answer, Err(InvocationError::NotAnEvent(_))));
}
