//! The Lambda function: set up logs, read the settings, build the parts, run.

use std::process::ExitCode;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use table_reporter::log;
use table_reporter::reporter::{ReportError, Reporter};
use table_reporter::settings::Settings;
use table_reporter::sink::CloudWatch;
use table_reporter::source::DynamoDb;
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log::start();
    let settings = match Settings::read(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => {
            lambda_aws::report_init_error("SettingsError", &error).await;
            return ExitCode::FAILURE;
        }
    };
    let source = DynamoDb::new(lambda_aws::dynamodb());
    let sink = CloudWatch::new(lambda_aws::cloudwatch(), settings.metrics_namespace);
    let reporter = Reporter::new(source, sink, settings.table_name, settings.region);
    let reporter = &reporter;
    // What the schedule sends does not matter: every invocation is the same.
    let handler = service_fn(|event: LambdaEvent<Value>| {
        let span = tracing::info_span!("invocation", requestId = event.context.request_id);
        async move { reporter.report().await.map_err(diagnostic) }.instrument(span)
    });
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("the runtime stopped: {error}");
            ExitCode::FAILURE
        }
    }
}

fn diagnostic(error: ReportError) -> Diagnostic {
    let error_type = match &error {
        ReportError::Describe { .. } => "TableNotDescribed",
        ReportError::Publish { .. } => "MetricsNotPublished",
    };
    Diagnostic {
        error_type: error_type.to_owned(),
        error_message: error.to_string(),
    }
}
