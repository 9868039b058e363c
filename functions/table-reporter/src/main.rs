//! The Lambda function: set up logs, read the settings, build the parts, run.

use std::process::ExitCode;

use chrono::Utc;
use function_support::clients;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use table_reporter::reporter::{ReportError, Reporter};
use table_reporter::settings::Settings;
use table_reporter::sink::CloudWatch;
use table_reporter::source::DynamoDb;
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    function_support::log::start("table_reporter", &[]);
    function_support::start(Settings::read, run).await
}

async fn run(settings: Settings) -> Result<(), lambda_runtime::Error> {
    let source = DynamoDb::new(clients::dynamodb());
    let sink = CloudWatch::new(clients::cloudwatch(), settings.metrics_namespace.clone());
    let reporter = Reporter::new(source, sink, Utc::now, settings);
    let reporter = &reporter;
    // What the schedule sends does not matter: every invocation is the same.
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let span = tracing::info_span!("invocation", requestId = event.context.request_id);
        async move { reporter.report().await.map_err(diagnostic) }.instrument(span)
    }))
    .await
}

fn diagnostic(error: ReportError) -> Diagnostic {
    let error_type = match &error {
        ReportError::Describe { .. } => "TableNotDescribed",
        ReportError::Ledger { .. } => "LedgerNotRead",
        ReportError::Publish { .. } => "MetricsNotPublished",
    };
    Diagnostic {
        error_type: error_type.to_owned(),
        error_message: error.to_string(),
    }
}
