//! The replay itself, as a function of plain data.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use local_aws::cloudwatch::CloudWatch;
use local_aws::lambda::{Function, FunctionConfig, StartError};
use local_aws::ledger::{Ledger, LedgerError, Storage};
use serde_json::Value;
use stream_processor::envelope;

use super::invocation_log::InvocationLog;
use crate::event::Event;
use crate::failure::CommandError;
use crate::report::{
    EventReport, LedgerTotals, Metric, Report, add_up, conflict_id, entry_from_json,
};
use crate::settings::{LEDGER_TABLE, Setting};

/// The Region that the function runs in where no record of any event names one.
const DEFAULT_REGION: &str = "us-east-1";

/// What to replay with.
#[derive(Debug, Clone)]
pub struct ReplayConfig {
    /// The built function.
    pub bootstrap: PathBuf,
    /// Settings that differ from the defaults.
    pub settings: Vec<Setting>,
}

/// What a replay gave.
#[derive(Debug, Clone)]
pub struct Replay {
    /// Each event's records, answer, ledger entries and metrics, and the totals.
    pub report: Report,
    /// All ledger items, as DynamoDB JSON in key order.
    pub ledger: Vec<Value>,
}

/// A replay that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The function did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The ledger could not be made or read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The CloudWatch receiver could not be started.
    #[error("no loopback port for the CloudWatch receiver: {0}")]
    CloudWatch(#[source] std::io::Error),
    /// The function failed on an event, or on a record of one.
    #[error("not every invocation succeeded; see above for each")]
    Unsuccessful,
}

impl From<ReplayError> for CommandError {
    fn from(error: ReplayError) -> Self {
        Self::failed(error)
    }
}

/// Runs each event through one process of the built function, with a fresh ledger and CloudWatch in memory.
///
/// `before` is called with each event before it is handed over. An invocation that fails is told in its event's
/// report, and the replay goes on.
///
/// # Errors
///
/// [`ReplayError`] if the function does not start, or the ledger or the CloudWatch receiver fails.
pub async fn run(
    config: ReplayConfig,
    events: &[Event],
    mut before: impl FnMut(&Event),
) -> Result<Replay, ReplayError> {
    let ledger = Ledger::start(
        ledger::create_table_request(LEDGER_TABLE),
        ledger::EXPIRES_AT,
        Storage::Memory,
    )
    .await?;
    let cloudwatch = CloudWatch::start().await.map_err(ReplayError::CloudWatch)?;
    let function = Function::start(function_config(config, events, &ledger, &cloudwatch)).await?;
    let mut reports = Vec::with_capacity(events.len());
    for event in events {
        before(event);
        reports.push(invoke(&function, &cloudwatch, event).await);
    }
    function.stop().await;
    let items = ledger.items().await?;
    join(&mut reports, &items);
    let metrics = reports.iter().flat_map(|event| event.metrics.clone());
    Ok(Replay {
        report: Report {
            metrics: add_up(metrics),
            ledger: LedgerTotals::from_items(&items),
            events: reports,
        },
        ledger: items,
    })
}

fn function_config(
    config: ReplayConfig,
    events: &[Event],
    ledger: &Ledger,
    cloudwatch: &CloudWatch,
) -> FunctionConfig {
    let region = events.iter().find_map(region_of);
    let region = region.unwrap_or_else(|| DEFAULT_REGION.to_owned());
    // Each event's metrics are told apart by when they are sent.
    let mut function = FunctionConfig::new(config.bootstrap, "lastwriter-replay", region)
        .env("METRICS_INTERVAL_SECONDS", "0");
    for Setting { name, value } in config.settings {
        function = function.env(name, value);
    }
    function
        .env("LEDGER_TABLE", ledger.table_name())
        .env("AWS_ENDPOINT_URL_DYNAMODB", ledger.endpoint())
        .env("AWS_ENDPOINT_URL_CLOUDWATCH", cloudwatch.endpoint())
        .env("AWS_LAMBDA_LOG_LEVEL", "debug")
}

/// The Region of the event's first record that names one.
fn region_of(event: &Event) -> Option<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Record {
        aws_region: String,
    }
    let records = envelope::split(&event.payload).ok()?;
    let record = |raw: &&serde_json::value::RawValue| serde_json::from_str::<Record>(raw.get());
    let mut records = records.iter().filter_map(|raw| record(raw).ok());
    records
        .find(|record| conflict::is_region_name(&record.aws_region))
        .map(|record| record.aws_region)
}

async fn invoke(function: &Function, cloudwatch: &CloudWatch, event: &Event) -> EventReport {
    function.log_store().drain();
    let invocation = function.invoke(event.payload.clone()).await;
    let log = InvocationLog::from_lines(&function.log_store().drain(), event.records());
    let received = cloudwatch.points();
    cloudwatch.clear();
    let response = invocation.outcome.response();
    let (response, error) = match response.map(|body| serde_json::from_slice(body)) {
        Some(Ok(response)) => (Some(response), None),
        Some(Err(error)) => (None, Some(format!("the answer is invalid JSON: {error}"))),
        None => (None, invocation.outcome.failure()),
    };
    EventReport {
        event: event.name.clone(),
        // A failed invocation may have logged findings, but it gave no verdicts.
        records: if error.is_some() {
            Vec::new()
        } else {
            log.records
        },
        response,
        error,
        ledger: Vec::new(),
        metrics: add_up(received.iter().map(Metric::from).chain(log.metrics)),
    }
}

/// Gives each record what its ledger entry says, and each event its items.
fn join(reports: &mut [EventReport], items: &[Value]) {
    let mut by_id: HashMap<&str, Vec<&Value>> = HashMap::new();
    for item in items {
        if let Some(id) = conflict_id(item) {
            let entry = id.split_once("#part-").map_or(id, |(entry, _)| entry);
            by_id.entry(entry).or_default().push(item);
        }
    }
    for report in reports {
        let mut seen = HashSet::new();
        for record in &mut report.records {
            let Some(id) = record.finding.conflict_id.clone() else {
                continue;
            };
            let Some(items) = by_id.get(id.as_str()) else {
                continue;
            };
            if let Some(entry) = items.iter().find_map(|item| entry_from_json(item)) {
                record.finding = (&entry).into();
            }
            if seen.insert(id) {
                report
                    .ledger
                    .extend(items.iter().map(|item| (*item).clone()));
            }
        }
    }
}
