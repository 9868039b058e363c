//! Where metrics go: PutMetricData, or embedded metric format on stdout.

use std::future::Future;
use std::io::Write;

use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::{Datum, cloudwatch, emf};
use crate::{log, settings};

/// Takes the metrics of an invocation. It cannot fail: no record is retried for a metric.
pub trait Metrics: Sync {
    /// Sends the data, and is done `until` then.
    fn send(&self, data: &[Datum<'_>], until: Instant) -> impl Future<Output = ()> + Send;

    /// Sends what it has held back, if it holds anything back, and is done `until` then.
    fn flush(&self, until: Instant) -> impl Future<Output = ()> + Send {
        let _ = until;
        std::future::ready(())
    }
}

/// Sends metrics to the sink that the settings name.
#[derive(Debug)]
pub struct MetricsPublisher {
    namespace: String,
    /// None for embedded metric format only.
    cloudwatch: Option<OnceCell<aws_sdk_cloudwatch::Client>>,
}

impl MetricsPublisher {
    /// A publisher for a namespace. No connection is opened before the first send.
    pub fn new(sink: settings::MetricsSink, namespace: String) -> Self {
        let cloudwatch = match sink {
            settings::MetricsSink::CloudWatch => Some(OnceCell::new()),
            settings::MetricsSink::Emf => None,
        };
        Self {
            namespace,
            cloudwatch,
        }
    }

    /// Sends requests in turn; gives back what CloudWatch did not take, and why.
    async fn put<'d, 'a>(
        &self,
        client: &aws_sdk_cloudwatch::Client,
        data: &'d [Datum<'a>],
        until: Instant,
    ) -> Result<(), (&'d [Datum<'a>], String)> {
        let mut sent = 0;
        for request in cloudwatch::requests(data) {
            let metric_data = request.iter().map(cloudwatch::metric_datum).collect();
            let put = client
                .put_metric_data()
                .namespace(&self.namespace)
                .set_metric_data(Some(metric_data))
                .send();
            let problem = match timeout_at(until, put).await {
                Ok(Ok(_)) => None,
                Ok(Err(SdkError::TimeoutError(_))) | Err(_) => Some("Timeout".to_owned()),
                Ok(Err(SdkError::DispatchFailure(_))) => Some("ConnectionFailed".to_owned()),
                Ok(Err(error)) => Some(error.code().unwrap_or("UnreadableAnswer").to_owned()),
            };
            if let Some(problem) = problem {
                return Err((&data[sent..], problem));
            }
            sent += request.len();
        }
        Ok(())
    }
}

impl Metrics for MetricsPublisher {
    async fn send(&self, data: &[Datum<'_>], until: Instant) {
        let Some(cloudwatch) = &self.cloudwatch else {
            return write_lines(&emf::lines(data, &self.namespace));
        };
        let client = cloudwatch
            .get_or_init(|| async { function_support::clients::cloudwatch() })
            .await;
        if let Err((rest, code)) = self.put(client, data, until).await {
            log::metrics_not_taken(&code, rest.len());
            write_lines(&emf::lines(rest, &self.namespace));
        }
    }
}

/// Writes documents to stdout, each a line of its own among the log's lines.
fn write_lines(lines: &[String]) {
    let mut stdout = std::io::stdout().lock();
    for line in lines {
        // Nobody is left to tell when stdout is gone.
        let _ = writeln!(stdout, "{line}");
    }
    let _ = stdout.flush();
}
