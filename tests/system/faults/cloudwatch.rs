//! CloudWatch down, slow, forbidden: the metrics are in the log, and no record is delivered again for them.

use std::time::Duration;
use stream_processor::log_contract::Message;

use local_aws::fault::{Fault, Refusal};
use system_tests::stream::{StreamFixture, mapping_config};
use system_tests::system::System;

use super::{RecordPlan, setup};

const BATCHES: usize = 2;

async fn drain_with(fault: Fault) -> System {
    let planted = RecordPlan::mixed(20);
    let system = setup().start().await;
    system.cloudwatch.set_fault(fault);
    let mut config = mapping_config();
    config.batch_size = planted.records.len() / BATCHES;
    let stream = StreamFixture::start(&system, &planted.records, config);
    stream.drain().await;

    planted.assert_kept_once(&system).await;
    planted.assert_counted_once(&system.emf_metrics());
    let counts = stream.mapping.counts();
    assert_eq!((counts.invocations, counts.failed), (BATCHES as u64, 0));
    let said = system.log().with_message(Message::MetricsNotTaken).count();
    assert_eq!(said, BATCHES);
    assert_eq!(system.function.starts(), 1);
    system
}

#[tokio::test]
async fn cloudwatch_down() {
    let system = drain_with(Fault::DropConnection).await;
    assert!(system.metrics().0.is_empty());
}

#[tokio::test]
async fn cloudwatch_slower_than_the_deadline() {
    let system = drain_with(Fault::Delay(Duration::from_secs(30))).await;
    assert!(system.metrics().0.is_empty());
}

/// It takes its time, and less than there is: nothing happens.
#[tokio::test]
async fn cloudwatch_slow() {
    let planted = RecordPlan::mixed(20);
    let system = setup().start().await;
    system
        .cloudwatch
        .set_fault(Fault::Delay(Duration::from_millis(400)));
    let stream = StreamFixture::start(&system, &planted.records, mapping_config());
    stream.drain().await;
    planted.assert_kept_once(&system).await;
    planted.assert_counted_once(&system.metrics());
    assert!(system.log().emf.is_empty());
}

#[tokio::test]
async fn cloudwatch_denied() {
    let system = drain_with(Fault::Refuse(Refusal::access_denied())).await;
    assert!(system.metrics().0.is_empty());
    let log = system.log();
    let line = log
        .with_message(Message::MetricsNotTaken)
        .next()
        .expect("there is one");
    assert_eq!(line["error_code"], "AccessDeniedException");
    assert!(
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("cloudwatch:PutMetricData"))
    );
}
