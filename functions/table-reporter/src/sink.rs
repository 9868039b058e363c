//! Where the metrics go.

use std::future::Future;

use aws_sdk_cloudwatch::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};

use crate::metric::{Datum, TABLE_NAME};
use crate::reporter::ReportError;

/// Takes metrics.
pub trait Sink {
    /// Publishes all of `data`, or fails.
    fn publish(&self, table: &str, data: &[Datum])
    -> impl Future<Output = Result<(), ReportError>>;
}

/// PutMetricData. A table has 25 indexes and 5 replicas at most, so one request holds everything: CloudWatch takes
/// 1,000 metrics at once (Amazon CloudWatch API Reference, "PutMetricData").
#[derive(Debug, Clone)]
pub struct CloudWatch {
    client: aws_sdk_cloudwatch::Client,
    namespace: String,
}

impl CloudWatch {
    /// Publishes through `client` into `namespace`.
    pub fn new(client: aws_sdk_cloudwatch::Client, namespace: String) -> Self {
        Self { client, namespace }
    }
}

impl Sink for CloudWatch {
    async fn publish(&self, table: &str, data: &[Datum]) -> Result<(), ReportError> {
        let data = data
            .iter()
            .map(|datum| metric_datum(table, datum))
            .collect();
        let answer = self
            .client
            .put_metric_data()
            .namespace(&self.namespace)
            .set_metric_data(Some(data))
            .send()
            .await;
        answer.map(drop).map_err(|error| ReportError::Publish {
            code: error.code().unwrap_or("no answer").to_owned(),
            cause: DisplayErrorContext(&error).to_string(),
        })
    }
}

/// A datum as CloudWatch takes it. It gets the time of its arrival.
fn metric_datum(table: &str, datum: &Datum) -> MetricDatum {
    let mut builder = MetricDatum::builder()
        .metric_name(datum.metric.name())
        .unit(StandardUnit::from(datum.metric.unit()))
        .dimensions(dimension(TABLE_NAME, table))
        .value(datum.value);
    if let (Some(name), Some(value)) = (datum.metric.dimension(), &datum.dimension_value) {
        builder = builder.dimensions(dimension(name, value));
    }
    builder.build()
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Metric;

    fn sent(metric: Metric, dimension_value: Option<&str>) -> MetricDatum {
        let dimension_value = dimension_value.map(str::to_owned);
        let datum = Datum {
            metric,
            dimension_value,
            value: 1.0,
        };
        metric_datum("orders", &datum)
    }

    #[test]
    fn a_replicas_state_names_its_region_beside_the_table() {
        let datum = sent(Metric::ReplicaHealthy, Some("eu-west-1"));
        assert_eq!(datum.metric_name(), Some("ReplicaHealthy"));
        assert_eq!(datum.unit(), Some(&StandardUnit::Count));
        assert_eq!(datum.value(), Some(1.0));
        assert_eq!(
            datum.dimensions(),
            [
                dimension("TableName", "orders"),
                dimension("ReplicaRegion", "eu-west-1")
            ]
        );
    }

    #[test]
    fn a_tables_size_has_the_table_for_its_only_dimension() {
        let datum = sent(Metric::TableSizeBytes, None);
        assert_eq!(datum.unit(), Some(&StandardUnit::Bytes));
        assert_eq!(datum.dimensions(), [dimension("TableName", "orders")]);
    }
}
