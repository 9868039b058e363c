//! The Lambda function: set up logs, read the settings, build the parts, run.

use std::process::ExitCode;

use chrono::Utc;
use stream_processor::ledger::DynamoDbLedger;
use stream_processor::metrics::MetricsSink;
use stream_processor::processor::Processor;
use stream_processor::settings::Settings;
use stream_processor::{log, memory, runtime};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    memory::keep_freed();
    log::start();
    let settings = match Settings::read(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => {
            lambda_aws::report_init_error("SettingsError", &error).await;
            return ExitCode::FAILURE;
        }
    };
    let ledger = DynamoDbLedger::new(settings.ledger_table.clone());
    let metrics = MetricsSink::new(settings.metrics_sink, settings.metrics_namespace.clone());
    let processor = Processor::new(&settings, ledger, metrics, Utc::now);
    match runtime::run(processor).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("the runtime stopped: {error}");
            ExitCode::FAILURE
        }
    }
}
