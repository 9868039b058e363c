//! One report: describe, turn into metrics, publish.

use chrono::{DateTime, Utc};

use crate::metric::Metric;
use crate::report;
use crate::settings::Settings;
use crate::sink::Sink;
use crate::source::{OpenEntries, Source};

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
    /// The ledger cannot be read. What is known of the table is published all the same.
    #[error(
        "the open entries of the ledger could not be read ({code}): {cause}. Check LEDGER_TABLE, and that the role may query its index Open"
    )]
    Ledger {
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
pub struct Reporter<S, K, C> {
    source: S,
    sink: K,
    clock: C,
    table: String,
    region: String,
    ledger: Option<String>,
}

impl<S: Source, K: Sink, C: Fn() -> DateTime<Utc>> Reporter<S, K, C> {
    /// Reports on what the settings name.
    pub fn new(source: S, sink: K, clock: C, settings: Settings) -> Self {
        Self {
            source,
            sink,
            clock,
            table: settings.table_name,
            region: settings.region,
            ledger: settings.ledger_table,
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
        let mut data = report::data(&table, &self.region);
        let open = match &self.ledger {
            Some(ledger) => self.source.open_entries(ledger).await,
            None => Ok(None),
        };
        if let Ok(Some(open)) = open {
            data.extend(report::open_entries(open, (self.clock)()));
        }
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
            open_entries = open.as_ref().ok().copied().flatten().map(|open| open.count),
            open_entries_are_more = matches!(open, Ok(Some(OpenEntries { more: true, .. }))),
            unhealthy_replicas = unhealthy.join(","),
            "report"
        );
        open.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use aws_sdk_dynamodb::types::{TableDescription, TableStatus};

    use super::*;
    use crate::metric::Datum;

    struct Described(
        Result<TableDescription, ReportError>,
        Result<Option<OpenEntries>, ReportError>,
    );

    impl Source for Described {
        async fn describe(&self, table: &str) -> Result<TableDescription, ReportError> {
            assert_eq!(table, "orders");
            self.0.clone()
        }

        async fn open_entries(&self, ledger: &str) -> Result<Option<OpenEntries>, ReportError> {
            assert_eq!(ledger, "conflicts");
            self.1.clone()
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
        report_with(described, None, sink).await
    }

    /// The same with a ledger, if there is an answer of one.
    async fn report_with(
        described: Result<TableDescription, ReportError>,
        open: Option<Result<Option<OpenEntries>, ReportError>>,
        sink: &Published,
    ) -> Result<(), ReportError> {
        let settings = Settings {
            table_name: "orders".to_owned(),
            ledger_table: open.as_ref().map(|_| "conflicts".to_owned()),
            metrics_namespace: "LastWriter".to_owned(),
            region: "eu-west-1".to_owned(),
        };
        let source = Described(described, open.unwrap_or(Ok(None)));
        Reporter::new(source, sink, || DateTime::UNIX_EPOCH, settings)
            .report()
            .await
    }

    #[tokio::test]
    async fn a_ledger_that_cannot_be_read_fails_the_invocation_after_the_table_was_reported() {
        let table = || Ok(TableDescription::builder().item_count(7).build());
        let ledger = |open| {
            let table = table();
            async move {
                let sink = Published::default();
                let result = report_with(table, Some(open), &sink).await;
                let data = sink.data.into_inner().unwrap();
                let metrics: Vec<&str> = data.iter().map(|datum| datum.metric.name()).collect();
                (result, metrics.join(" "))
            }
        };
        let denied = ReportError::Ledger {
            code: "AccessDeniedException".to_owned(),
            cause: "not authorized".to_owned(),
        };
        let of_table = "ItemCount ReplicaHealthy".to_owned();
        assert_eq!(
            ledger(Err(denied.clone())).await,
            (Err(denied), of_table.clone())
        );
        // One without the index yet is no fault.
        assert_eq!(ledger(Ok(None)).await, (Ok(()), of_table.clone()));
        assert_eq!(
            ledger(Ok(Some(OpenEntries::default()))).await,
            (Ok(()), of_table + " OpenEntries OldestOpenEntryAge")
        );
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
