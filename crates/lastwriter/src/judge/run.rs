//! Judging events by the function itself, in this process, with a ledger and metrics in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use ledger::{Entry, EntryKey, Image, StoredEntry};
use serde_json::Value;
use stream_processor::ledger::InMemoryLedger;
use stream_processor::log_contract::LedgerWrite;
use stream_processor::metrics::{self, Datum, Metrics, TABLE_NAME};
use stream_processor::processor::{BatchReport, Processor};
use stream_processor::settings::Settings;
use tokio::time::Instant;

use crate::event::Event;
use crate::report::{EventReport, LedgerTotals, Metric, RecordReport, Report, add_up};

/// How long the function may take for an event.
const TIMEOUT: TimeDelta = TimeDelta::minutes(15);

/// Judges events at `now`, one after the other, with one ledger for all.
///
/// As in the function, at most UNSTAMPED_SAMPLES_PER_MINUTE unstamped writes are kept: all events are of one minute.
pub async fn judge(events: &[Event], settings: &Settings, now: DateTime<Utc>) -> Report {
    let ledger = InMemoryLedger::default();
    let metrics = InMemoryMetrics {
        namespace: settings.metrics_namespace.clone(),
        metrics: Mutex::default(),
    };
    let processor = Processor::new(settings.clone(), &ledger, &metrics, || now);
    let deadline_ms = u64::try_from((now + TIMEOUT).timestamp_millis()).unwrap_or(0);
    let mut reports = Vec::new();
    for event in events {
        let mut report = EventReport {
            event: event.name.clone(),
            ..EventReport::default()
        };
        let payload = Bytes::copy_from_slice(&event.payload);
        match processor.report(&payload, deadline_ms).await {
            Ok(batch) => {
                let entries = ledger.take_writes();
                report.records = record_reports(&batch, &entries);
                report.ledger = items_of(&entries, &ledger.items());
                report.metrics = metrics.take();
                processor.keep(&payload, batch.batch);
            }
            Err(error) => report.error = Some(error.to_string()),
        }
        reports.push(report);
    }
    let items: Vec<Value> = ledger.items().values().map(json).collect();
    Report {
        metrics: add_up(reports.iter().flat_map(|event| event.metrics.clone())),
        ledger: LedgerTotals::from_items(&items),
        events: reports,
    }
}

/// Keeps what the function sent of the event at hand.
struct InMemoryMetrics {
    namespace: String,
    metrics: Mutex<Vec<Metric>>,
}

impl Metrics for &InMemoryMetrics {
    async fn send(&self, data: &[Datum<'_>], _: Instant) {
        let sent = add_up(data.iter().map(|datum| self.metric(datum)));
        *self.metrics.lock().unwrap_or_else(PoisonError::into_inner) = sent;
    }
}

impl InMemoryMetrics {
    fn take(&self) -> Vec<Metric> {
        std::mem::take(&mut self.metrics.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn metric(&self, datum: &Datum<'_>) -> Metric {
        let further = datum.dimension.map(|(name, value)| (name.name(), value));
        let dimensions = [(TABLE_NAME, datum.table)].into_iter().chain(further);
        let samples: Vec<(f64, f64)> = match &datum.value {
            metrics::Value::Count(count) => vec![(*count as f64, 1.0)],
            metrics::Value::Delays(delays) => delays
                .buckets()
                .map(|(value, count)| (value, f64::from(count)))
                .collect(),
        };
        Metric::from_samples(
            self.namespace.clone(),
            datum.metric.name(),
            Some(datum.metric.unit().to_owned()),
            dimensions.map(|(name, value)| (name.to_owned(), value.to_owned())),
            &samples,
        )
    }
}

/// One report for each record. The function writes entries in order of their records.
fn record_reports(report: &BatchReport<'_>, entries: &[StoredEntry]) -> Vec<RecordReport> {
    let names = &report.batch.names;
    let records = report.batch.records.iter().enumerate();
    let mut reports: Vec<RecordReport> = records
        .map(|(record, judged)| RecordReport {
            record,
            table: Some(names.table(judged.table).to_owned()),
            verdict: judged.judgement.name().to_owned(),
            origin: judged
                .judgement
                .origin()
                .map(|origin| names.region(origin).to_owned()),
            ..RecordReport::default()
        })
        .collect();
    for (write, entry) in report.writes.iter().zip(entries) {
        let record = &mut reports[write.record];
        if let Ok(entry) = Entry::read_alone(entry.main.clone()) {
            record.finding = (&entry).into();
        }
        record.ledger = Some(LedgerWrite::from(&write.result).name().to_owned());
    }
    reports
}

/// The items of these entries as the ledger has them, in key order.
fn items_of(entries: &[StoredEntry], ledger: &BTreeMap<EntryKey, Image>) -> Vec<Value> {
    let items = entries
        .iter()
        .flat_map(|entry| entry.parts.iter().chain([&entry.main]));
    let keys: BTreeSet<EntryKey> = items.filter_map(EntryKey::from_item).collect();
    keys.iter()
        .filter_map(|key| ledger.get(key))
        .map(json)
        .collect()
}

fn json(item: &Image) -> Value {
    serde_json::to_value(item).unwrap_or_default()
}
