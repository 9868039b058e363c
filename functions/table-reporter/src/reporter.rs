//! One report: describe, turn into metrics, publish.

use crate::metric::Metric;
use crate::report;
use crate::sink::Sink;
use crate::source::Source;

/// Why a report failed. The invocation fails with it, which Lambda counts and the alarms see.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// DescribeTable failed.
    #[error(
        "the table could not be described ({code}): {cause}. Check TABLE_NAME, and that the role may call DescribeTable"
    )]
    Describe {
        /// DynamoDB's error code.
        code: String,
        /// The error with its causes.
        cause: String,
    },
    /// PutMetricData failed.
    #[error(
        "the metrics could not be published ({code}): {cause}. Check that the role may put metrics of METRICS_NAMESPACE"
    )]
    Publish {
        /// CloudWatch's error code.
        code: String,
        /// The error with its causes.
        cause: String,
    },
}

/// Reports on one table.
#[derive(Debug)]
pub struct Reporter<S, K> {
    source: S,
    sink: K,
    table: String,
    region: String,
}

impl<S: Source, K: Sink> Reporter<S, K> {
    /// Reports on `table` as `region`, the function's own, sees it.
    pub fn new(source: S, sink: K, table: String, region: String) -> Self {
        Self {
            source,
            sink,
            table,
            region,
        }
    }

    /// Makes one report and logs what it says.
    pub async fn report(&self) -> Result<(), ReportError> {
        let result = self.publish().await;
        if let Err(error) = &result {
            tracing::error!(table = self.table, "{error}");
        }
        result
    }

    async fn publish(&self) -> Result<(), ReportError> {
        let table = self.source.describe(&self.table).await?;
        let data = report::data(&table, &self.region);
        self.sink.publish(&self.table, &data).await?;
        let unhealthy: Vec<&str> = data
            .iter()
            .filter(|datum| datum.metric == Metric::ReplicaHealthy && datum.value == 0.0)
            .filter_map(|datum| datum.dimension_value.as_deref())
            .collect();
        tracing::info!(
            table = self.table,
            status = table.table_status().map(|status| status.as_str()),
            metrics = data.len(),
            unhealthy_replicas = unhealthy.join(","),
            "report"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use aws_sdk_dynamodb::types::{TableDescription, TableStatus};

    use super::*;
    use crate::metric::Datum;

    struct Described(Result<TableDescription, ReportError>);

    impl Source for Described {
        async fn describe(&self, table: &str) -> Result<TableDescription, ReportError> {
            assert_eq!(table, "orders");
            self.0.clone()
        }
    }

    #[derive(Default)]
    struct Published {
        data: Mutex<Vec<Datum>>,
        refusal: Option<ReportError>,
    }

    impl Sink for &Published {
        async fn publish(&self, table: &str, data: &[Datum]) -> Result<(), ReportError> {
            assert_eq!(table, "orders");
            self.data.lock().unwrap().extend_from_slice(data);
            self.refusal.clone().map_or(Ok(()), Err)
        }
    }

    fn denied() -> ReportError {
        ReportError::Describe {
            code: "AccessDeniedException".to_owned(),
            cause: "not authorized".to_owned(),
        }
    }

    async fn report(
        described: Result<TableDescription, ReportError>,
        sink: &Published,
    ) -> Result<(), ReportError> {
        let source = Described(described);
        Reporter::new(source, sink, "orders".to_owned(), "eu-west-1".to_owned())
            .report()
            .await
    }

    #[tokio::test]
    async fn a_report_publishes_what_the_description_says() {
        let table = TableDescription::builder()
            .table_status(TableStatus::Active)
            .item_count(7)
            .build();
        let sink = Published::default();
        report(Ok(table), &sink).await.unwrap();
        let data = sink.data.into_inner().unwrap();
        let values: Vec<(Metric, f64)> = data.iter().map(|d| (d.metric, d.value)).collect();
        assert_eq!(
            values,
            [(Metric::ItemCount, 7.0), (Metric::ReplicaHealthy, 1.0)]
        );
    }

    #[tokio::test]
    async fn a_table_that_cannot_be_described_fails_the_invocation_and_publishes_nothing() {
        let sink = Published::default();
        assert_eq!(report(Err(denied()), &sink).await, Err(denied()));
        assert!(sink.data.into_inner().unwrap().is_empty());
    }

    #[tokio::test]
    async fn metrics_that_are_refused_fail_the_invocation() {
        let refusal = ReportError::Publish {
            code: "Throttling".to_owned(),
            cause: "slow down".to_owned(),
        };
        let sink = Published {
            refusal: Some(refusal.clone()),
            ..Published::default()
        };
        let table = TableDescription::builder().build();
        assert_eq!(report(Ok(table), &sink).await, Err(refusal));
    }

    #[test]
    fn an_error_says_what_to_check() {
        let message = denied().to_string();
        assert!(message.contains("AccessDeniedException"), "{message}");
        assert!(message.contains("Check TABLE_NAME"), "{message}");
    }
}
