//! The Lambda function: set up logs, read the settings, build the parts, run.

use std::process::ExitCode;
use std::time::Duration;

use chrono::Utc;
use function_support::shutdown;
use stream_processor::ledger::DynamoDbLedger;
use stream_processor::metrics::{MetricsInterval, MetricsPublisher};
use stream_processor::processor::Processor;
use stream_processor::settings::Settings;
use stream_processor::{log, memory, runtime};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    memory::keep_freed();
    log::start();
    function_support::start(Settings::read, async |settings| {
        let ledger = DynamoDbLedger::new(settings.ledger_table.clone());
        let publisher =
            MetricsPublisher::new(settings.metrics_sink, settings.metrics_namespace.clone());
        let mut interval = settings.metrics_interval;
        // What is held back must not go down with the process.
        if !interval.is_zero() && !shutdown::ask_for_notice().await {
            log::no_shutdown_notice();
            interval = Duration::ZERO;
        }
        let metrics = MetricsInterval::new(publisher, interval);
        runtime::run(Processor::new(settings, ledger, metrics, Utc::now)).await
    })
    .await
}
