//! The Lambda function: set up logs, read the settings, build the parts, run.

use std::process::ExitCode;

use chrono::Utc;
use stream_processor::ledger::DynamoDbLedger;
use stream_processor::metrics::MetricsPublisher;
use stream_processor::processor::Processor;
use stream_processor::settings::Settings;
use stream_processor::{log, memory, runtime};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    memory::keep_freed();
    log::start();
    function_support::start(Settings::read, async |settings| {
        let ledger = DynamoDbLedger::new(settings.ledger_table.clone());
        let metrics =
            MetricsPublisher::new(settings.metrics_sink, settings.metrics_namespace.clone());
        runtime::run(Processor::new(settings, ledger, metrics, Utc::now)).await
    })
    .await
}
