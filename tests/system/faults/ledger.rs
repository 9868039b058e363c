//! The ledger throttled, down, slow, missing, forbidden.

use std::time::Duration;
use stream_processor::log_contract::Message;

use local_aws::fault::{Fault, Refusal};
use system_tests::log::text;
use system_tests::stream::{StreamFixture, mapping_config};
use system_tests::system::System;

use super::{RecordPlan, setup};

/// The error codes of the ledger writes that failed, each once.
fn codes(system: &System) -> Vec<String> {
    let log = system.log();
    let lines = log.with_message(Message::LedgerWriteFailed);
    let mut codes: Vec<String> = lines.filter_map(|line| text(line, "error_code")).collect();
    codes.sort();
    codes.dedup();
    codes
}

/// Drains a stream whose ledger has a fault until so many invocations were made, and then has none.
async fn drain_through(fault: Fault, invocations: u64) -> System {
    let planted = RecordPlan::mixed(30);
    let system = setup().start().await;
    system.ledger.set_fault(fault);
    let mut config = mapping_config();
    config.batch_size = 10;
    let stream = StreamFixture::start(&system, &planted.records, config);
    stream.wait_for_invocations(invocations).await;
    assert!(system.items().await.is_empty());
    system.ledger.set_fault(Fault::None);
    stream.drain().await;

    planted.assert_kept_once(&system).await;
    planted.assert_counted_once(&system.metrics());
    let counts = stream.mapping.counts();
    assert!(counts.failed > 0 && counts.dropped == 0, "{counts:?}");
    assert!(system.metrics().count("BatchItemFailures") > 0);
    assert_eq!(system.function.starts(), 1, "the process lived through it");
    system
}

#[tokio::test]
async fn ledger_throttled_at_random() {
    let planted = RecordPlan::mixed(90);
    let system = setup().start().await;
    // A write is tried five times, so about a quarter of them fail.
    system.ledger.set_fault(Fault::RefuseSome {
        probability: 0.75,
        seed: 5,
        refusal: Refusal::throughput_exceeded(),
    });
    let stream = StreamFixture::start(&system, &planted.records, mapping_config());
    stream.drain().await;
    planted.assert_kept_once(&system).await;
    planted.assert_counted_once(&system.metrics());
    assert!(stream.mapping.counts().failed > 0, "nothing failed");
    assert_eq!(stream.mapping.counts().dropped, 0);
    let throttled = ["ProvisionedThroughputExceededException"];
    let time_up = system.log().with_message(Message::TimeUp).count();
    assert!(
        codes(&system) == throttled || time_up > 0,
        "the log says nothing of it"
    );
}

/// Thirty seconds of a ledger that nobody reaches are three invocations here: the mapping waits hundredths of what
/// Lambda does, and the function's timeout is 2 s.
#[tokio::test]
async fn ledger_down_for_30_seconds() {
    let system = drain_through(Fault::DropConnection, 3).await;
    let time_up = system.log().with_message(Message::TimeUp).count();
    assert!(codes(&system) == ["ConnectionFailed"] || time_up > 0);
}

#[tokio::test]
async fn ledger_slower_than_the_deadline() {
    let system = drain_through(Fault::Delay(Duration::from_secs(30)), 2).await;
    assert_eq!(system.log().with_message(Message::TimeUp).count(), 2);
}

#[tokio::test]
async fn ledger_table_missing() {
    let system = drain_through(Fault::Refuse(Refusal::resource_not_found()), 4).await;
    assert_eq!(codes(&system), ["ResourceNotFoundException"]);
    let log = system.log();
    let line = log
        .with_message(Message::LedgerWriteFailed)
        .next()
        .expect("there is one");
    assert!(
        line["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("check LEDGER_TABLE")),
        "{line}"
    );
}

#[tokio::test]
async fn ledger_access_denied() {
    let system = drain_through(Fault::Refuse(Refusal::access_denied()), 4).await;
    assert_eq!(codes(&system), ["AccessDeniedException"]);
    let log = system.log();
    let line = log
        .with_message(Message::LedgerWriteFailed)
        .next()
        .expect("there is one");
    assert!(
        line["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("dynamodb:PutItem")),
        "{line}"
    );
}
