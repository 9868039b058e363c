//! How a function over a stream is usually written: typed events, images as items, clients made at start, and one
//! PutMetricData a batch. It compares the count of one Region, sends one metric, and keeps nothing.

use aws_lambda_events::event::dynamodb::Event;
use aws_sdk_cloudwatch::types::{MetricDatum, StandardUnit};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_dynamo::AttributeValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let cloudwatch = &function_support::clients::cloudwatch();
    let _ledger = function_support::clients::dynamodb();
    run(service_fn(|event: LambdaEvent<Event>| async move {
        let changed = event
            .payload
            .records
            .iter()
            .filter(|record| {
                let stamp = |image: &serde_dynamo::Item| match image.get("lw:n:us-east-1") {
                    Some(AttributeValue::N(n)) => n.parse::<u64>().ok(),
                    _ => None,
                };
                stamp(&record.change.new_image) > stamp(&record.change.old_image)
            })
            .count();
        let datum = MetricDatum::builder()
            .metric_name("Records")
            .unit(StandardUnit::Count)
            .value(changed as f64)
            .build();
        cloudwatch
            .put_metric_data()
            .namespace("Bench")
            .metric_data(datum)
            .send()
            .await?;
        Ok::<_, Error>(serde_json::json!({"batchItemFailures": []}))
    }))
    .await
}
