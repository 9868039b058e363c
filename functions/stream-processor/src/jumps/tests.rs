//! The history of docs/exactness.md, as the stream of us-east-1 shows it: two writes lost, a count used again 70 ms later, and
//! a version that was built on the two lost ones.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, TimeZone, Utc};
use ledger::StoredEntry;
use serde_json::{Value, json};

use super::*;
use crate::ledger::{InMemoryLedger, PutResult};
use crate::metrics::{Datum, Metrics};
use crate::processor::Processor;
use crate::settings::Settings;

const HERE: &str = "us-east-1";
const EU: &str = "eu-west-1";
const AP: &str = "ap-northeast-1";

const LATER: u64 = 1_795_350_860_000;
/// Requests to the ledger in flight.
const CONCURRENCY: usize = 2;

/// A deadline that leaves the ledger 100 ms.
const SOON: u64 = 1_795_350_800_600;

struct NoMetrics;

impl Metrics for NoMetrics {
    async fn send(&self, _: &[Datum<'_>], _: Instant) {}
}

/// A ledger in memory that counts what it is asked about jumps, and may not answer.
#[derive(Default)]
struct TestLedger {
    memory: InMemoryLedger,
    remembered: AtomicUsize,
    asked: AtomicUsize,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    is_silent: bool,
    is_broken: bool,
}

impl TestLedger {
    async fn answer(&self, counter: &AtomicUsize) -> Result<(), LedgerError> {
        counter.fetch_add(1, Ordering::Relaxed);
        let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        tokio::task::yield_now().await;
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.is_silent {
            std::future::pending::<()>().await;
        }
        if self.is_broken {
            return Err(LedgerError {
                code: "InternalServerError".to_owned(),
                hint: "",
            });
        }
        Ok(())
    }

    /// How many jumps it was told of, and how often it was asked for one.
    fn requests(&self) -> (usize, usize) {
        let count = |counter: &AtomicUsize| counter.swap(0, Ordering::Relaxed);
        (count(&self.remembered), count(&self.asked))
    }
}

impl Ledger for &TestLedger {
    async fn write(&self, entry: StoredEntry) -> Result<PutResult, LedgerError> {
        (&self.memory).write(entry).await
    }

    async fn remember_jump(&self, jump: Image) -> Result<(), LedgerError> {
        self.answer(&self.remembered).await?;
        (&self.memory).remember_jump(jump).await
    }

    async fn latest_jump(&self, before: &JumpPlace) -> Result<Option<Landing>, LedgerError> {
        self.answer(&self.asked).await?;
        (&self.memory).latest_jump(before).await
    }
}

/// A version's pairs: Region, count, milliseconds.
type Version = &'static [(&'static str, u64, u64)];

/// What us-east-1 held, one version after the other.
const VERSIONS: [Version; 5] = [
    &[(HERE, 1, 8_610)],
    &[(HERE, 2, 8_660)],
    &[(AP, 1, 8_660)],
    &[(HERE, 1, 8_730), (AP, 1, 8_660)],
    &[(HERE, 2, 8_660), (EU, 1, 8_750)],
];

fn image(item: &str, version: Version) -> Value {
    let mut image = json!({ "id": { "S": item } });
    for (region, n, milliseconds) in version {
        let t = 1_795_350_000_000_000 + milliseconds * 1_000;
        image[format!("lw:n:{region}")] = json!({ "N": n.to_string() });
        image[format!("lw:t:{region}")] = json!({ "N": t.to_string() });
    }
    image
}

/// The record of a change between two versions of an item.
fn record(item: &str, number: usize, old: Version, new: Version) -> Value {
    json!({
        "eventID": format!("{item}{number}"),
        "eventName": "MODIFY",
        "awsRegion": HERE,
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:1:table/orders/stream/x",
        "dynamodb": {
            "Keys": { "id": { "S": item } },
            "SequenceNumber": number.to_string(),
            "OldImage": image(item, old),
            "NewImage": image(item, new),
        },
    })
}

/// The four changes of an item: a write here, its loss, a write here, and the version that goes on from what was lost.
fn history(item: &str) -> Vec<Value> {
    let changes = VERSIONS.windows(2).enumerate();
    changes
        .map(|(at, change)| record(item, 98 + at, change[0], change[1]))
        .collect()
}

async fn run(ledger: &TestLedger, replicas: &str, batches: &[&[Value]]) -> Vec<&'static str> {
    let deadline = if ledger.is_silent { SOON } else { LATER };
    let settings = Settings::read(|name| match name {
        "LEDGER_TABLE" => Some("ledger".to_owned()),
        "REPLICAS" => Some(replicas.to_owned()),
        "LEDGER_CONCURRENCY" => Some(CONCURRENCY.to_string()),
        _ => None,
    });
    let now = || -> DateTime<Utc> { Utc.timestamp_opt(1_795_350_800, 0).unwrap() };
    let processor = Processor::new(settings.unwrap(), ledger, NoMetrics, now);
    let mut verdicts = Vec::new();
    for records in batches {
        let payload = serde_json::to_vec(&json!({ "Records": records })).unwrap();
        let report = processor.report(&payload, deadline).await.unwrap();
        assert!(report.writes.iter().all(|write| write.result.is_ok()));
        let jumps = report.batch.jumps.iter().map(|jump| jump.role);
        assert!(
            jumps
                .into_iter()
                .all(|role| role.is_in_doubt || role.landing.is_some())
        );
        let records = report.batch.records.iter();
        verdicts.extend(records.map(|record| record.judgement.name()));
    }
    verdicts
}

#[tokio::test]
async fn a_write_that_a_count_used_again_hides_is_found_in_one_batch() {
    let ledger = TestLedger::default();
    let verdicts = run(&ledger, "3", &[&history("a")]).await;
    assert_eq!(verdicts, ["local", "conflict", "local", "conflict"]);
    assert_eq!(ledger.memory.items().len(), 2);
    // Both conflicts are jumps. The one before the doubt was known before it was written.
    assert_eq!(ledger.requests(), (2, 0));
    assert_eq!(ledger.memory.jumps().len(), 2);
}

#[tokio::test]
async fn a_jump_of_an_earlier_batch_is_asked_of_the_ledger() {
    let ledger = TestLedger::default();
    let (before, after) = (history("a"), history("a"));
    let verdicts = run(&ledger, "3", &[&before[..3], &after[3..]]).await;
    assert_eq!(verdicts[3], "conflict");
    assert_eq!(ledger.requests(), (2, 1));
    // Delivered again, from any record on: nothing new, and the same verdicts, as no jump was written over.
    let again = run(&ledger, "3", &[&after[3..], &before[1..], &after[3..]]).await;
    assert_eq!(
        again,
        ["conflict", "conflict", "local", "conflict", "conflict"]
    );
    assert_eq!(ledger.memory.items().len(), 2);
    assert_eq!(ledger.memory.jumps().len(), 2);
}

#[tokio::test]
async fn no_more_requests_are_in_flight_than_the_settings_allow() {
    let ledger = TestLedger::default();
    let records: Vec<Value> = ["a", "b", "c", "d", "e"]
        .iter()
        .flat_map(|item| history(item))
        .collect();
    run(&ledger, "3", &[&records]).await;
    assert_eq!(ledger.requests(), (10, 0));
    assert_eq!(ledger.most_in_flight.into_inner(), CONCURRENCY);
}

#[tokio::test]
async fn the_jump_of_another_item_says_nothing() {
    let ledger = TestLedger::default();
    let mut records = history("a")[..3].to_vec();
    records.push(history("b")[3].clone());
    let verdicts = run(&ledger, "3", &[&records]).await;
    assert_eq!(verdicts[3], "replicated");
    assert_eq!(ledger.requests(), (2, 1));
}

#[tokio::test]
async fn a_table_of_two_replicas_and_a_batch_without_a_jump_ask_for_nothing() {
    let ledger = TestLedger::default();
    let verdicts = run(&ledger, "2", &[&history("a")]).await;
    assert_eq!(verdicts, ["local", "conflict", "local", "replicated"]);
    let local = history("a");
    run(&ledger, "3", &[&local[..1], &local[2..3]]).await;
    assert_eq!(ledger.requests(), (0, 0));
}

#[tokio::test]
async fn a_ledger_that_fails_or_hangs_costs_what_it_would_have_known_and_fails_no_record() {
    let silent = TestLedger {
        is_silent: true,
        ..TestLedger::default()
    };
    let broken = TestLedger {
        is_broken: true,
        ..TestLedger::default()
    };
    let history = history("a");
    for ledger in [&silent, &broken] {
        let verdicts = run(ledger, "3", &[&history[..3], &history[3..]]).await;
        assert_eq!(verdicts, ["local", "conflict", "local", "replicated"]);
        assert_eq!(ledger.requests(), (2, 1));
        assert_eq!(ledger.memory.items().len(), 1);
        // What the batch itself shows needs no ledger.
        let verdicts = run(ledger, "3", &[&history]).await;
        assert_eq!(verdicts[3], "conflict");
    }
}

#[tokio::test]
async fn an_odd_stamp_of_the_record_gives_way_to_the_conflict() {
    let ledger = TestLedger::default();
    let mut records = history("a");
    records[3]["dynamodb"]["NewImage"]["lw:n:sa-east-1"] = json!({ "S": "odd" });
    let verdicts = run(&ledger, "3", &[&records]).await;
    assert_eq!(verdicts[3], "conflict");
    let items = ledger.memory.items();
    let mut kinds: Vec<_> = items.values().map(|item| &item["Kind"]).collect();
    kinds.sort_by_key(|kind| format!("{kind:?}"));
    assert_eq!(kinds.len(), 2);
    assert!(!format!("{kinds:?}").contains("odd_stamp"), "{kinds:?}");
}
