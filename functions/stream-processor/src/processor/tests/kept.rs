//! What goes to the ledger and what the summary says of it.

use std::sync::{Arc, Mutex};

use conflict::Stamps;

use super::*;
use crate::entry_writer::WriteError;
use crate::judged_record::NameIndex;
use crate::log_contract::Message;
use crate::settings::LedgerOverwrites;

/// The record with this new image, and an old one of one stamp.
fn with_images(number: usize, old: serde_json::Value, new: serde_json::Value) -> serde_json::Value {
    let mut record = replicated(number);
    record["dynamodb"]["OldImage"] = old;
    record["dynamodb"]["NewImage"] = new;
    record
}

fn stamped(region: &str, n: u64, t: u64) -> serde_json::Value {
    json!({format!("lw:n:{region}"): {"N": n.to_string()}, format!("lw:t:{region}"): {"N": t.to_string()}})
}

/// An old version was put back.
fn stale_overwrite(number: usize) -> serde_json::Value {
    let (old, new) = (stamped("us-east-1", 2, 20), stamped("us-east-1", 1, 10));
    with_images(number, old, new)
}

/// A put in this Region dropped the other one's stamps.
fn local_overwrite(number: usize) -> serde_json::Value {
    let new = stamped("us-east-1", 1, 20);
    with_images(number, stamped("eu-west-1", 1, 10), new)
}

#[tokio::test]
async fn overwrites_are_kept_as_the_settings_say() {
    for (kept, expected) in [
        (LedgerOverwrites::None, &[][..]),
        (LedgerOverwrites::Stale, &["stale_overwrite"]),
        (
            LedgerOverwrites::All,
            &["local_overwrite", "stale_overwrite"],
        ),
    ] {
        let mut processor = processor(TestLedger::default());
        processor.rules.overwrites = kept;
        let records = payload(&[stale_overwrite(0), local_overwrite(1)]);
        processor.process(&records, LATER).await.unwrap();
        let items = processor.ledger.memory.items();
        let entries = items.values().map(|item| Entry::read(item.clone(), &[]));
        let mut kinds: Vec<String> = entries
            .map(|entry| entry.unwrap().kind.to_string())
            .collect();
        kinds.sort();
        assert_eq!(kinds, expected, "{kept:?}");
        let metrics = processor.metrics.0.lock().unwrap();
        let counts = (metrics["StaleOverwrites"], metrics["LocalOverwrites"]);
        assert_eq!(counts, (1, 1), "each is counted, kept or not");
    }
}

#[tokio::test]
async fn a_conflict_whose_key_is_no_dynamodb_json_is_quarantined_after_all() {
    let mut bad = conflict(0);
    bad["dynamodb"]["Keys"]["PK"] = json!({"X": "a type that came later"});
    let processor = processor(TestLedger::default());
    let payload = payload(&[bad, conflict(1)]);
    let report = processor.report(&payload, LATER).await.unwrap();
    assert!(report.writes[0].is_malformed() && !report.writes[1].is_malformed());
    let metrics = processor.metrics.0.lock().unwrap();
    let counts = (metrics["QuarantinedRecords"], metrics["Conflicts"]);
    assert_eq!(counts, (1, 1));
}

#[tokio::test]
async fn an_odd_stamp_of_an_older_version_is_not_this_writers() {
    let odd = json!({"N": "1795349588000"});
    let mut record = replicated(0);
    for image in ["OldImage", "NewImage"] {
        record["dynamodb"][image]["lw:t:sa-east-1"] = odd.clone();
    }
    let processor = processor(TestLedger::default());
    let payload = payload(&[record]);
    let report = processor.report(&payload, LATER).await.unwrap();
    assert!(!report.batch.records[0].has_odd_stamp);
    assert!(
        !processor
            .metrics
            .0
            .lock()
            .unwrap()
            .contains_key("OddStamps")
    );
    assert!(processor.ledger.memory.items().is_empty());
}

#[tokio::test]
async fn a_replicated_write_with_an_odd_stamp_has_no_time_to_measure_by() {
    let mut odd = replicated(0);
    odd["dynamodb"]["NewImage"]["lw:t:eu-west-1"] = json!({"N": "1795349588000"});
    let processor = processor(TestLedger::default());
    let payload = payload(&[odd, replicated(1)]);
    let report = processor.report(&payload, LATER).await.unwrap();
    let times: Vec<Option<u64>> = report
        .batch
        .records
        .iter()
        .map(|record| match record.judgement {
            Judgement::Replicated(write) => write.written_at,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(times, [None, Some(1_795_349_588_000_000)]);
}

#[tokio::test]
async fn the_first_copy_of_an_item_that_is_older_than_the_stream_has_no_time_to_measure_by() {
    let arn = |label: &str| format!("arn:aws:dynamodb:us-east-1:1:table/orders/stream/{label}");
    let written = 1_795_349_588_000_000;
    for (event_name, label, expected) in [
        ("INSERT", "2026-11-22T12:13:09.000", None),
        ("INSERT", "2026-11-22T12:13:07.000", Some(written)),
        // An item that was there already was changed, however long that took.
        ("MODIFY", "2026-11-22T12:13:09.000", Some(written)),
    ] {
        let mut record = replicated(0);
        record["eventName"] = json!(event_name);
        record["eventSourceARN"] = json!(arn(label));
        record["dynamodb"]["NewImage"] = stamped("eu-west-1", 1, written);
        record["dynamodb"]["OldImage"] = json!({"status": {"S": "PLACED"}});
        let processor = processor(TestLedger::default());
        let payload = payload(&[record]);
        let report = processor.report(&payload, LATER).await.unwrap();
        let Judgement::Replicated(write) = report.batch.records[0].judgement else {
            panic!("{:?}", report.batch.records)
        };
        assert_eq!(write.written_at, expected, "{event_name} {label}");
    }
}

#[tokio::test]
async fn the_clock_stands_in_for_a_creation_time() {
    fn expiring<'s>(
        change: Change<'s, '_>,
        _: &str,
        _: Tolerance,
        _: Option<Landing>,
    ) -> Verdict<'s> {
        match change {
            Change::Remove { expired: true, .. } => Verdict::Expired,
            _ => Verdict::HardDelete,
        }
    }
    let now = clock().timestamp();
    for (expires_at, expected) in [(now - 1, "expired"), (now, "hard_delete")] {
        let mut processor = processor(TestLedger::default());
        processor.rules.judge = expiring;
        processor.rules.attributes.ttl = Some("ttl".to_owned());
        let mut record = replicated(0);
        record["eventName"] = json!("REMOVE");
        record["dynamodb"]["OldImage"]["ttl"] = json!({"N": expires_at.to_string()});
        let payload = payload(&[record]);
        let report = processor.report(&payload, LATER).await.unwrap();
        assert_eq!(report.batch.records[0].judgement.name(), expected);
    }
}

#[tokio::test]
async fn the_summary_counts_what_was_done() {
    let processor = processor(TestLedger {
        // Of the second delivery: the third write is refused once, and the last one fails.
        refusing: vec![3],
        failing: vec![5],
        ..TestLedger::default()
    });
    let first = payload(&[conflict(0)]);
    processor.process(&first, LATER).await.unwrap();
    let mut unusable = replicated(3);
    unusable["dynamodb"]
        .as_object_mut()
        .unwrap()
        .remove("OldImage");
    let records = [
        conflict(0),
        json!({"odd": 1}),
        conflict(2),
        unusable,
        replicated(4),
        conflict(5),
        replicated(6),
    ];
    let payload = payload(&records);
    let report = processor.report(&payload, LATER).await.unwrap();
    let expected = Summary {
        records: 7,
        committed: 5,
        conflicts: 2,
        suspected: 0,
        malformed: 1,
        unusable: 1,
        ledger_written: 2,
        ledger_existed: 1,
        ledger_reduced: 1,
        ledger_failed: 1,
    };
    assert_eq!(report.summary(), expected);
    assert!(matches!(
        report.writes.last().map(|write| &write.result),
        Some(Err(WriteError::Ledger(_)))
    ));
}

#[test]
fn a_version_from_elsewhere_has_an_origin_and_no_other_has_one() {
    let mut names = NameIndex::default();
    names.region_index("us-east-1");
    let (old, new) = (
        Stamps::from_iter([("us-east-1", conflict::Stamp::new(2, 20))]),
        Stamps::from_iter([("eu-west-1", conflict::Stamp::new(1, 30))]),
    );
    let judged = |old, new| {
        let change = Change::Modify { old, new };
        conflict::judge(change, "us-east-1", Tolerance::default())
    };
    let lost = Judgement::new(&judged(&old, &new), &mut names);
    assert_eq!(lost.name(), "conflict");
    assert_eq!(
        lost.origin().map(|origin| names.region(origin)),
        Some("eu-west-1")
    );
    let local = Judgement::new(&judged(&Stamps::default(), &old), &mut names);
    assert_eq!((local.name(), local.origin()), ("local", None));
}

/// What is logged, in memory.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_says_how_many_entries_were_written_before_the_time_was_up() {
    let lines = Buffer::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json();
    let subscriber = subscriber.with_writer(move || writer.clone());
    let _logging = tracing::subscriber::set_default(subscriber.finish());
    let processor = processor(TestLedger {
        hanging: vec![1],
        ..TestLedger::default()
    });
    let payload = payload(&[conflict(0), conflict(1), conflict(2)]);
    processor.process(&payload, SOON).await.unwrap();
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let lines = text.lines().map(serde_json::from_str::<serde_json::Value>);
    let time_up = Message::TimeUp.text();
    let line = lines
        .map(Result::unwrap)
        .find(|line| line["fields"]["message"] == time_up)
        .unwrap();
    let counts = (&line["fields"]["due"], &line["fields"]["done"]);
    assert_eq!(counts, (&json!(3), &json!(2)));
}
