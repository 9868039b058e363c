//! The deadline: the function answers before it, with what is done.

use std::time::Duration;
use stream_processor::log_contract::Message;

use local_aws::fault::Fault;
use system_tests::records::{conflict, conflict_id, event, local};
use system_tests::system::SystemConfig;

use crate::answers::{all_done, conflict_ids, failed_from};

/// Time for the ledger is 500 ms less.
const TIMEOUT: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_ledger_that_hangs_is_left_in_time_and_only_what_is_before_is_counted() {
    let system = SystemConfig::new().timeout(TIMEOUT).start().await;
    let records = [local(0), local(1), conflict(2), local(3), conflict(4)];
    system.ledger.set_fault(Fault::Hang);
    // An answer at all means that it came in time: Lambda kills the process at the deadline.
    assert_eq!(system.answer(event(records.clone())).await, failed_from(2));
    let metrics = system.metrics();
    let counted = ["Records", "LocalWrites", "Conflicts", "BatchItemFailures"];
    assert_eq!(counted.map(|name| metrics.count(name)), [2, 2, 0, 2]);
    assert_eq!(system.log().with_message(Message::TimeUp).count(), 1);
    assert!(system.items().await.is_empty());

    system.ledger.set_fault(Fault::None);
    assert_eq!(
        system.answer(event(records[2..].to_vec())).await,
        all_done()
    );
    let metrics = system.metrics();
    assert_eq!(counted.map(|name| metrics.count(name)), [5, 3, 2, 2]);
    assert_eq!(conflict_ids(&system).await, [2, 4].map(conflict_id));
    assert_eq!(system.function.starts(), 1);
}

#[tokio::test]
async fn ledger_and_cloudwatch_may_both_hang() {
    let system = SystemConfig::new().timeout(TIMEOUT).start().await;
    system.ledger.set_fault(Fault::Hang);
    system.cloudwatch.set_fault(Fault::Hang);
    assert_eq!(
        system.answer(event([local(0), conflict(1)])).await,
        failed_from(1)
    );
    assert_eq!(system.emf_metrics().count("Records"), 1);
    assert_eq!(system.emf_metrics().count("BatchItemFailures"), 1);
    assert_eq!(system.function.starts(), 1);
}

#[tokio::test]
async fn writes_that_were_done_before_the_time_was_up_are_not_reported() {
    // One write at a time: a few get done in the time that there is, and never all.
    let setup = SystemConfig::new()
        .timeout(TIMEOUT)
        .set("LEDGER_CONCURRENCY", "1");
    let system = setup.start().await;
    system
        .ledger
        .set_fault(Fault::Delay(Duration::from_millis(300)));
    let answer = system.answer(event((0..20).map(conflict))).await;
    let done = conflict_ids(&system).await.len();
    let metrics = system.metrics();
    assert!((1..20).contains(&metrics.count("Conflicts")), "{metrics:?}");
    assert_eq!(answer, failed_from(metrics.count("Conflicts")));
    assert!(
        done >= metrics.count("Conflicts"),
        "{done} are in the ledger"
    );
}
