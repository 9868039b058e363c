//! What a replayed event gave.

use std::collections::BTreeMap;
use stream_processor::log_contract::Message;

use serde_json::Value;

use crate::case::Case;
use crate::log::{FunctionLog, count, text};
use crate::metrics::Metrics;
use crate::system::{System, SystemConfig};

/// Where metrics are to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// To CloudWatch.
    CloudWatch,
    /// To the log, in embedded metric format.
    Emf,
}

impl Sink {
    /// The value of `METRICS_SINK`.
    pub fn name(self) -> &'static str {
        match self {
            Sink::CloudWatch => "cloudwatch",
            Sink::Emf => "emf",
        }
    }
}

/// What one event gave.
#[derive(Debug, Clone)]
pub struct Observation {
    /// What the log says of each record, in order.
    pub records: Vec<RecordObservation>,
    /// The batch answer.
    pub response: Value,
    /// All items of the ledger.
    pub ledger: Vec<Value>,
    /// All metrics, of the sink that was set.
    pub metrics: Metrics,
    /// The summary lines.
    pub summaries: Vec<Value>,
    /// What is wrong whatever was expected.
    pub problems: Vec<String>,
}

/// What the log says of one record.
#[derive(Debug, Clone, Default)]
pub struct RecordObservation {
    /// The verdict; empty where the log has none.
    pub verdict: String,
    /// Where the new version came from.
    pub origin: Option<String>,
    /// The line of the finding, if there is one.
    pub finding: Option<Value>,
}

/// Replays a case in a fresh process with a fresh ledger and CloudWatch.
pub async fn replay(case: &Case, sink: Sink) -> Observation {
    let settings = case.expected().settings;
    let setup = settings
        .iter()
        .fold(SystemConfig::new(), |setup, (name, value)| {
            setup.set(name, value)
        })
        .set("METRICS_SINK", sink.name());
    let system = setup.start().await;
    let response = system.answer(case.payload.clone()).await;
    observe(&system, response, sink).await
}

async fn observe(system: &System, response: Value, sink: Sink) -> Observation {
    let log = system.log();
    let (metrics, other) = match sink {
        Sink::CloudWatch => (system.metrics(), Metrics::new(&log.emf)),
        Sink::Emf => (Metrics::new(&log.emf), system.metrics()),
    };
    let mut problems: Vec<String> = log
        .others
        .iter()
        .map(|line| format!("a log line is not JSON: {line}"))
        .collect();
    if !other.0.is_empty() {
        problems.push(format!("metrics went to the other sink: {other:?}"));
    }
    Observation {
        records: records_of(&log, &mut problems),
        response,
        ledger: system.items().await,
        metrics,
        summaries: log.with_message(Message::Batch).cloned().collect(),
        problems,
    }
}

fn records_of(log: &FunctionLog, problems: &mut Vec<String>) -> Vec<RecordObservation> {
    let mut records: BTreeMap<usize, RecordObservation> = BTreeMap::new();
    for line in log.with_message(Message::Verdict) {
        let at = count(line, "record").unwrap_or(usize::MAX);
        let observed = RecordObservation {
            verdict: text(line, "verdict").unwrap_or_default(),
            origin: text(line, "origin"),
            finding: None,
        };
        if records.insert(at, observed).is_some() {
            problems.push(format!("record {at} has two verdict lines"));
        }
    }
    for message in [
        Message::Conflict,
        Message::Finding,
        Message::RecordQuarantined,
    ] {
        for line in log.with_message(message) {
            let at = count(line, "record").unwrap_or(usize::MAX);
            let record = records.entry(at).or_default();
            if record.finding.replace(line.clone()).is_some() {
                problems.push(format!("record {at} has two lines of a finding"));
            }
        }
    }
    if !records.keys().copied().eq(0..records.len()) {
        problems.push(format!("verdict lines are of records {:?}", records.keys()));
    }
    records.into_values().collect()
}
