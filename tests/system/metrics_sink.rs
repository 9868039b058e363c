//! Metrics: to CloudWatch or, where it does not take them, to the log. A batch never fails for them.

use std::time::Duration;
use stream_processor::log_contract::Message;

use local_aws::fault::{Fault, Refusal};
use system_tests::metrics::Metrics;
use system_tests::records::{conflict, event, local, malformed, replicated};
use system_tests::system::{System, SystemConfig};

use crate::answers::all_done;

const TIMEOUT: Duration = Duration::from_secs(2);

fn payload() -> String {
    event([
        conflict(0),
        local(1),
        replicated(2),
        malformed(3),
        conflict(4),
    ])
}

/// The values of delays depend on the time of the run; everything else does not.
fn comparable(metrics: &Metrics) -> Metrics {
    let mut metrics = metrics.clone();
    for (series, total) in &mut metrics.0 {
        if series.name == "PropagationDelay" {
            total.sum = 0.0;
        }
    }
    metrics
}

/// What CloudWatch gets of the payload when all is well.
async fn sent_to_cloudwatch() -> Metrics {
    let system = SystemConfig::new().start().await;
    assert_eq!(system.answer(payload()).await, all_done());
    assert!(system.log().emf.is_empty());
    let metrics = comparable(&system.metrics());
    assert!(metrics.0.len() > 10, "{metrics:?}");
    metrics
}

async fn with_cloudwatch_having(fault: Fault) -> System {
    let system = SystemConfig::new().timeout(TIMEOUT).start().await;
    system.cloudwatch.set_fault(fault);
    assert_eq!(system.answer(payload()).await, all_done());
    assert_eq!(system.items().await.len(), 3);
    system
}

/// The batch succeeded, and the log has the metrics and the reason.
async fn assert_metrics_are_in_the_log(system: &System, code: &str) {
    assert_eq!(
        comparable(&system.emf_metrics()),
        sent_to_cloudwatch().await
    );
    assert!(system.metrics().0.is_empty());
    let log = system.log();
    let warnings: Vec<_> = log.with_message(Message::MetricsNotTaken).collect();
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0]["error_code"], code);
    assert_eq!(log.with_message(Message::Batch).count(), 1);
}

#[tokio::test]
async fn metrics_that_cloudwatch_denies_go_to_the_log() {
    let system = with_cloudwatch_having(Fault::Refuse(Refusal::access_denied())).await;
    assert_metrics_are_in_the_log(&system, "AccessDeniedException").await;
}

#[tokio::test]
async fn metrics_go_to_the_log_when_cloudwatch_fails_until_the_time_is_up() {
    let system = with_cloudwatch_having(Fault::Refuse(Refusal::internal_server_error())).await;
    let log = system.log();
    let codes: Vec<_> = log
        .with_message(Message::MetricsNotTaken)
        .map(|line| &line["error_code"])
        .collect();
    assert!(
        codes == ["Timeout"] || codes == ["InternalServerError"],
        "{codes:?}"
    );
    assert_eq!(
        comparable(&system.emf_metrics()),
        sent_to_cloudwatch().await
    );
}

#[tokio::test]
async fn metrics_go_to_the_log_when_cloudwatch_breaks_the_connection() {
    let system = with_cloudwatch_having(Fault::DropConnection).await;
    assert_eq!(
        comparable(&system.emf_metrics()),
        sent_to_cloudwatch().await
    );
    assert!(system.metrics().0.is_empty());
}

#[tokio::test]
async fn metrics_go_to_the_log_when_cloudwatch_hangs() {
    let system = with_cloudwatch_having(Fault::Hang).await;
    assert_metrics_are_in_the_log(&system, "Timeout").await;
}

#[tokio::test]
async fn a_failure_that_passes_is_tried_again_and_leaves_no_trace_in_the_log() {
    let system = SystemConfig::new().start().await;
    let refusal = Refusal::internal_server_error();
    system
        .cloudwatch
        .set_fault(Fault::RefuseNext { count: 1, refusal });
    assert_eq!(system.answer(payload()).await, all_done());
    assert_eq!(comparable(&system.metrics()), sent_to_cloudwatch().await);
    assert!(system.log().emf.is_empty());
    assert_eq!(system.cloudwatch.requests(), 2);
}

#[tokio::test]
async fn the_sink_emf_never_calls_cloudwatch() {
    let system = SystemConfig::new().set("METRICS_SINK", "emf").start().await;
    assert_eq!(system.answer(payload()).await, all_done());
    assert_eq!(
        comparable(&system.emf_metrics()),
        sent_to_cloudwatch().await
    );
    assert_eq!(system.cloudwatch.requests(), 0);
}
