//! Judging events by the function itself, in this process, with a ledger and metrics in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use ledger::StoredEntry;
use serde_json::Value as Json;
use stream_processor::ledger::{Ledger, LedgerError, PutResult};
use stream_processor::log_contract::LedgerWrite;
use stream_processor::metrics::{Datum, Metrics, TABLE_NAME, Value};
use stream_processor::processor::{BatchReport, Processor};
use stream_processor::settings::Settings;
use tokio::time::Instant;

use crate::event::Event;
use crate::report::{
    EventReport, Finding, LedgerTotals, Metric, RecordReport, Report, add_up, text_of,
};

/// How long the function may take for an event.
const TIMEOUT: TimeDelta = TimeDelta::minutes(15);

/// Judges events at `now`, one after the other, with one ledger for all.
///
/// As in the function, at most UNSTAMPED_SAMPLES_PER_MINUTE unstamped writes are kept: all events are of one minute.
pub async fn judge(events: &[Event], settings: &Settings, now: DateTime<Utc>) -> Report {
    let memory = Memory {
        namespace: settings.metrics_namespace.clone(),
        ..Memory::default()
    };
    let processor = Processor::new(settings.clone(), &memory, &memory, || now);
    let deadline_ms = u64::try_from((now + TIMEOUT).timestamp_millis()).unwrap_or(0);
    let mut reports = Vec::new();
    for event in events {
        let mut report = EventReport {
            event: event.name.clone(),
            ..EventReport::default()
        };
        match processor.report(&event.payload, deadline_ms).await {
            Ok(batch) => {
                let entries = memory.entries.take();
                report.records = record_reports(&batch, &entries);
                report.ledger = memory.items_of(&entries);
                report.metrics = memory.metrics.take();
            }
            Err(error) => report.error = Some(error.to_string()),
        }
        reports.push(report);
    }
    let metrics = reports.iter().flat_map(|event| event.metrics.clone());
    Report {
        metrics: add_up(metrics),
        ledger: LedgerTotals::from_items(memory.items.borrow().values()),
        events: reports,
    }
}

/// A ledger item's `ItemKey` and `ConflictId`.
type ItemKey = (String, String);

/// The ledger of all events, and what the function wrote and sent of the event at hand.
#[derive(Default)]
struct Memory {
    namespace: String,
    items: RefCell<BTreeMap<ItemKey, Json>>,
    /// Entries in the order in which the function began to write them, their parts first.
    entries: RefCell<Vec<Vec<Json>>>,
    metrics: RefCell<Vec<Metric>>,
}

impl Ledger for &Memory {
    async fn write(&self, entry: StoredEntry) -> Result<PutResult, LedgerError> {
        let items: Vec<Json> = entry.parts.iter().chain([&entry.main]).map(json).collect();
        let mut stored = self.items.borrow_mut();
        let written = match items.last().map(key_of) {
            Some(main) if stored.contains_key(&main) => PutResult::Existed,
            _ => PutResult::New,
        };
        for item in &items {
            stored.entry(key_of(item)).or_insert_with(|| item.clone());
        }
        self.entries.borrow_mut().push(items);
        Ok(written)
    }
}

impl Metrics for &Memory {
    async fn send(&self, data: &[Datum<'_>], _: DateTime<Utc>, _: Instant) {
        *self.metrics.borrow_mut() = add_up(data.iter().map(|datum| self.metric(datum)));
    }
}

impl Memory {
    /// The items of these entries as the ledger has them, in key order.
    fn items_of(&self, entries: &[Vec<Json>]) -> Vec<Json> {
        let stored = self.items.borrow();
        let keys = entries.iter().flatten().map(key_of);
        let items: BTreeMap<_, _> = keys
            .filter_map(|key| stored.get(&key).map(|item| (key, item.clone())))
            .collect();
        items.into_values().collect()
    }

    fn metric(&self, datum: &Datum<'_>) -> Metric {
        let further = datum.dimension.map(|(name, value)| (name.name(), value));
        let dimensions = [(TABLE_NAME, datum.table)].into_iter().chain(further);
        let samples: Vec<(f64, f64)> = match &datum.value {
            Value::Count(count) => vec![(*count as f64, 1.0)],
            Value::Delays(delays) => delays
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
fn record_reports(report: &BatchReport<'_>, entries: &[Vec<Json>]) -> Vec<RecordReport> {
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
    for (write, items) in report.writes.iter().zip(entries) {
        let record = &mut reports[write.record];
        record.finding = items.last().map(Finding::from_item).unwrap_or_default();
        record.ledger = Some(LedgerWrite::from(&write.result).name().to_owned());
    }
    reports
}

fn json(item: &ledger::Image) -> Json {
    serde_json::to_value(item).unwrap_or_default()
}

fn key_of(item: &Json) -> ItemKey {
    let text = |name| text_of(item, name).unwrap_or_default().to_owned();
    (text("ItemKey"), text("ConflictId"))
}
