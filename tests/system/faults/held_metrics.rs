//! Metrics that wait in the environment, and every way in which it can end.

use std::time::Duration;

use local_aws::fault::Fault;
use local_aws::lambda::InvocationOutcome;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use stream_processor::log_contract::Message;
use system_tests::records::{conflict, event, local, malformed};
use system_tests::system::{System, SystemConfig};

use super::{RecordCounts, setup};
use crate::answers::all_done;

/// Longer than any test: what goes out goes out for another reason.
const INTERVAL: &str = "60";

fn holding() -> SystemConfig {
    setup()
        .set("METRICS_INTERVAL_SECONDS", INTERVAL)
        .timeout(Duration::from_secs(20))
}

/// Two batches without news: the first goes out at once, as nothing was sent before it, and the second is held.
async fn with_a_held_batch(config: SystemConfig) -> System {
    let system = config.start().await;
    for batch in [vec![local(0)], vec![local(1), local(2)]] {
        assert_eq!(system.answer(event(batch)).await, all_done());
    }
    assert_eq!(system.cloudwatch.requests(), 1);
    assert_eq!(RecordCounts::new(&system.metrics()).records, 1);
    system
}

#[tokio::test]
async fn a_lost_write_goes_out_at_once_and_takes_along_what_is_held() {
    let system = with_a_held_batch(holding()).await;
    assert_eq!(system.answer(event([conflict(3)])).await, all_done());
    assert_eq!(system.cloudwatch.requests(), 2);
    let counts = RecordCounts::new(&system.metrics());
    assert_eq!((counts.records, counts.local, counts.conflicts), (4, 3, 1));
}

#[tokio::test]
async fn a_record_that_was_not_judged_goes_out_at_once() {
    let system = with_a_held_batch(holding()).await;
    assert_eq!(system.answer(event([malformed(3)])).await, all_done());
    assert_eq!(RecordCounts::new(&system.metrics()).records, 4);
}

#[tokio::test]
async fn what_is_held_goes_out_before_the_environment_ends() {
    let system = with_a_held_batch(holding()).await;
    let status = system.function.stop().await.expect("there is a process");
    assert!(status.success(), "{status}");
    assert_eq!(RecordCounts::new(&system.metrics()).records, 3);
    assert!(system.log().emf.is_empty());
}

#[tokio::test]
async fn what_cloudwatch_does_not_take_at_the_end_goes_to_the_log() {
    let system = with_a_held_batch(holding()).await;
    system.cloudwatch.set_fault(Fault::Hang);
    let status = system.function.stop().await.expect("there is a process");
    assert!(status.success(), "{status}");
    assert_eq!(RecordCounts::new(&system.metrics()).records, 1);
    assert_eq!(RecordCounts::new(&system.emf_metrics()).records, 2);
    assert_eq!(
        system.log().with_message(Message::MetricsNotTaken).count(),
        1
    );
}

/// The one that under-counts: nobody can say what a killed process held.
#[tokio::test]
async fn what_a_killed_process_held_is_not_counted_and_is_no_news() {
    let system = with_a_held_batch(holding()).await;
    system.function.kill().await;
    assert_eq!(system.answer(event([conflict(3)])).await, all_done());
    let counts = RecordCounts::new(&system.metrics());
    assert_eq!((counts.records, counts.local, counts.conflicts), (2, 1, 1));
    assert_eq!(system.items().await.len(), 1);
}

#[tokio::test]
async fn a_timeout_takes_what_was_held_and_the_batch_comes_again() {
    let system = with_a_held_batch(holding().timeout(Duration::from_secs(2))).await;
    let pid = system.function.pid().expect("there is a process");
    let pid = Pid::from_raw(i32::try_from(pid).expect("a pid"));
    kill(pid, Signal::SIGSTOP).expect("the process can be stopped");
    let invocation = system.invoke(event([conflict(3)])).await;
    assert!(
        matches!(invocation.outcome, InvocationOutcome::TimedOut { .. }),
        "{invocation:?}"
    );
    assert_eq!(system.answer(event([conflict(3)])).await, all_done());
    let counts = RecordCounts::new(&system.metrics());
    assert_eq!((counts.records, counts.local, counts.conflicts), (2, 1, 1));
}

/// An environment is frozen between invocations. What it holds waits with it.
#[tokio::test]
async fn what_is_held_outlasts_a_freeze() {
    let system = with_a_held_batch(holding()).await;
    let pid = system.function.pid().expect("there is a process");
    let pid = Pid::from_raw(i32::try_from(pid).expect("a pid"));
    kill(pid, Signal::SIGSTOP).expect("the process can be frozen");
    kill(pid, Signal::SIGCONT).expect("the process can be thawed");
    assert_eq!(system.answer(event([conflict(3)])).await, all_done());
    assert_eq!(RecordCounts::new(&system.metrics()).records, 4);
}

#[tokio::test]
async fn a_batch_that_failed_counts_nothing_and_says_at_once_that_it_failed() {
    let system = with_a_held_batch(holding().timeout(Duration::from_secs(2))).await;
    system.ledger.set_fault(Fault::Hang);
    let answer = system.answer(event([local(3), conflict(4)])).await;
    assert_ne!(answer, all_done());
    let counts = RecordCounts::new(&system.metrics());
    assert_eq!((counts.records, counts.conflicts), (4, 0));
    assert_eq!(system.metrics().count("BatchItemFailures"), 1);
    system.ledger.set_fault(Fault::None);
    assert_eq!(system.answer(event([conflict(4)])).await, all_done());
    assert_eq!(RecordCounts::new(&system.metrics()).records, 5);
}

#[tokio::test]
async fn nothing_is_held_where_lambda_does_not_tell_of_the_end() {
    let (ledger, cloudwatch) = system_tests::system::endpoints().await;
    let config = holding().without_extensions();
    let system = config
        .start_with(ledger, cloudwatch)
        .await
        .expect("it starts");
    for n in 0..3 {
        assert_eq!(system.answer(event([local(n)])).await, all_done());
    }
    assert_eq!(system.cloudwatch.requests(), 3);
    assert_eq!(
        system.log().with_message(Message::NoShutdownNotice).count(),
        1
    );
}
