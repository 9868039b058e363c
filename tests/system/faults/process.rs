//! The process killed or ended at every point of an invocation.

use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stream_processor::log_contract::Message;

use local_aws::fault::Fault;
use system_tests::proxy::{Intervention, Proxy};
use system_tests::records::lost_note;
use system_tests::stream::{StreamFixture, mapping_config};
use system_tests::system::{System, endpoints};

use super::{RecordCounts, RecordPlan, setup};

const RECORDS: usize = 12;
const LAST_CONFLICT: usize = 10;

/// A proxy that lets the first request with this text take effect and keeps its answer.
async fn keeping_one_answer(upstream: String, text: String) -> Proxy {
    let seen = AtomicUsize::new(0);
    Proxy::start(upstream, move |body| {
        let chosen = String::from_utf8_lossy(body).contains(&text);
        if chosen && seen.fetch_add(1, Ordering::SeqCst) == 0 {
            Intervention::KeepAnswer
        } else {
            Intervention::Pass
        }
    })
    .await
}

/// A system whose ledger keeps back its answer to the last conflict's entry.
async fn keeping_an_answer_of_the_ledger() -> (Proxy, System) {
    let (ledger, cloudwatch) = endpoints().await;
    let proxy = keeping_one_answer(ledger.endpoint(), lost_note(LAST_CONFLICT)).await;
    let setup = patient().ledger_at(proxy.endpoint());
    let system = setup
        .start_with(ledger, cloudwatch)
        .await
        .expect("the function starts");
    (proxy, system)
}

/// Drains the stream after the process was ended once, and looks at what every such end must leave.
async fn assert_recovered(system: &System, stream: &StreamFixture, planted: &RecordPlan) {
    stream.drain().await;
    planted.assert_kept_once(system).await;
    assert_eq!(
        system.function.starts(),
        2,
        "one process ended, one took over"
    );
    assert_eq!(stream.mapping.counts().dropped, 0);
    // What the ended process did not finish has no summary; what took over has.
    assert!(system.log().with_message(Message::Batch).count() >= 1);
}

async fn wait_until(mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    assert!(waited.is_ok(), "that never happened");
}

/// A long timeout, so that the end of the process is always the test's doing.
fn patient() -> system_tests::system::SystemConfig {
    setup().timeout(Duration::from_secs(60))
}

#[tokio::test]
async fn killed_before_the_ledger() {
    let planted = RecordPlan::mixed(RECORDS);
    let system = patient().start().await;
    system.ledger.set_fault(Fault::Hang);
    let stream = StreamFixture::start(&system, &planted.records, mapping_config());
    wait_until(|| system.ledger.requests().contains_key("PutItem")).await;
    assert!(system.items().await.is_empty());
    system.ledger.set_fault(Fault::None);
    let status = system.function.kill().await.expect("there is a process");
    assert_eq!(status.signal(), Some(9));
    assert_recovered(&system, &stream, &planted).await;
    planted.assert_counted_once(&system.metrics());
}

#[tokio::test]
async fn killed_between_ledger_and_answer() {
    let planted = RecordPlan::mixed(RECORDS);
    let (proxy, system) = keeping_an_answer_of_the_ledger().await;
    let stream = StreamFixture::start(&system, &planted.records, mapping_config());
    proxy.wait_until_struck(1).await;
    // All is written: the last one, whose answer is kept, and those before it.
    wait_until(|| system.ledger.requests()["PutItem"] >= planted.conflicts.len() as u64).await;
    system.function.kill().await;
    assert_recovered(&system, &stream, &planted).await;
    planted.assert_counted_once(&system.metrics());
    let existed = system
        .log()
        .with_message(Message::Conflict)
        .filter(|line| line["ledger"] == "existed")
        .count();
    assert!(existed > 0, "the log says which entries were there");
}

#[tokio::test]
async fn killed_during_metrics_before_cloudwatch_has_them() {
    let planted = RecordPlan::mixed(RECORDS);
    let system = patient().start().await;
    system.cloudwatch.set_fault(Fault::Hang);
    let stream = StreamFixture::start(&system, &planted.records, mapping_config());
    wait_until(|| system.cloudwatch.requests() > 0).await;
    system.cloudwatch.set_fault(Fault::None);
    system.function.kill().await;
    assert_recovered(&system, &stream, &planted).await;
    planted.assert_counted_once(&system.metrics());
}

/// The one that over-counts: CloudWatch has the metrics, and Lambda has no answer.
#[tokio::test]
async fn killed_between_metrics_and_answer_counts_the_batch_twice() {
    let planted = RecordPlan::mixed(RECORDS);
    let (ledger, cloudwatch) = endpoints().await;
    // Every request of metrics names a table.
    let proxy = keeping_one_answer(cloudwatch.endpoint(), String::new()).await;
    let setup = patient().cloudwatch_at(proxy.endpoint());
    let system = setup
        .start_with(ledger, cloudwatch)
        .await
        .expect("the function starts");
    let stream = StreamFixture::start(&system, &planted.records, mapping_config());
    proxy.wait_until_struck(1).await;
    planted.assert_counted_once(&system.metrics());
    system.function.kill().await;
    assert_recovered(&system, &stream, &planted).await;
    let once = planted.counted();
    let twice = RecordCounts {
        records: 2 * once.records,
        conflicts: 2 * once.conflicts,
        lost_writes: 2 * once.lost_writes,
        local: 2 * once.local,
        suspected: 2 * once.suspected,
        replicated: 2 * once.replicated,
        quarantined: 0,
    };
    assert_eq!(RecordCounts::new(&system.metrics()), twice);
}

#[tokio::test]
async fn sigterm_in_the_middle_of_a_batch() {
    let planted = RecordPlan::mixed(RECORDS);
    let (proxy, system) = keeping_an_answer_of_the_ledger().await;
    let stream = StreamFixture::start(&system, &planted.records, mapping_config());
    proxy.wait_until_struck(1).await;
    let status = system.function.stop().await.expect("there is a process");
    assert_ne!(status.signal(), Some(9), "it had to be killed");
    assert_recovered(&system, &stream, &planted).await;
    planted.assert_counted_once(&system.metrics());
}
