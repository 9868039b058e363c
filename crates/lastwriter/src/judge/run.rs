//! Judging events as the function does, with a ledger that is a map.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use stream_processor::batch::{Batch, Rules, epoch_seconds};
use stream_processor::entry::{Fitted, Terms};
use stream_processor::fact::{Fact, Outcome};
use stream_processor::made;
use stream_processor::metrics::{Datum, TABLE_NAME, Tally, Value};
use stream_processor::settings::Settings;

use crate::event::Event;
use crate::report::{
    EventReport, Finding, LedgerTotals, Metric, RecordReport, Report, add_up, text_of,
};

/// Judges events at `now`, one after the other, with one ledger for all.
///
/// As in the function, at most UNSTAMPED_SAMPLES_PER_MINUTE unstamped writes are kept: all events are of one minute.
pub fn judge(events: &[Event], settings: &Settings, now: DateTime<Utc>) -> Report {
    let mut judging = Judging {
        settings,
        rules: Rules::of(settings),
        now,
        samples_left: settings.unstamped_samples_per_minute,
        ledger: BTreeMap::new(),
    };
    let events: Vec<EventReport> = events.iter().map(|event| judging.event(event)).collect();
    let metrics = events.iter().flat_map(|event| event.metrics.clone());
    Report {
        metrics: add_up(metrics),
        ledger: LedgerTotals::from_items(judging.ledger.values()),
        events,
    }
}

struct Judging<'s> {
    settings: &'s Settings,
    rules: Rules,
    now: DateTime<Utc>,
    samples_left: u32,
    /// Items by `ItemKey` and `ConflictId`.
    ledger: BTreeMap<(String, String), Json>,
}

impl Judging<'_> {
    fn event(&mut self, event: &Event) -> EventReport {
        let mut report = EventReport {
            event: event.name.clone(),
            ..EventReport::default()
        };
        let samples = &mut self.samples_left;
        let judged = Batch::judge(&event.payload, &self.rules, epoch_seconds(self.now), || {
            let allowed = *samples > 0;
            *samples -= u32::from(allowed);
            allowed
        });
        let mut batch = match judged {
            Ok(batch) => batch,
            Err(error) => {
                report.error = Some(error.to_string());
                return report;
            }
        };
        // A copy, because keeping an entry changes what the rules are a part of.
        let stamps = self.rules.attributes.stamps.clone();
        let terms = Terms {
            stamps: &stamps,
            images: self.settings.ledger_images,
            retention_days: self.settings.ledger_retention_days,
            now: self.now,
        };
        let mut kept = BTreeMap::new();
        let mut items = BTreeMap::new();
        for due in &batch.due {
            let table = batch.names.table(batch.facts[due.record].table).to_owned();
            let made = made::entry(due, &table, &self.rules, terms);
            if made.malformed {
                batch.facts[due.record].outcome = Outcome::Malformed;
            }
            kept.insert(due.record, self.keep(made.entry, &mut items));
        }
        report.records = batch
            .facts
            .iter()
            .enumerate()
            .map(|(record, fact)| record_report(record, *fact, &batch, kept.remove(&record)))
            .collect();
        report.ledger = items.into_values().collect();
        let tally = Tally::of(&batch.facts, &batch.names, self.now);
        let data = tally.data();
        report.metrics = add_up(data.iter().map(|datum| self.metric(datum)));
        report
    }

    /// Keeps an entry unless it is there, as the ledger does, and notes its items as the event's.
    fn keep(&mut self, fitted: Fitted, of_event: &mut BTreeMap<(String, String), Json>) -> Kept {
        let main = json(&fitted.main);
        let existed = self.ledger.contains_key(&key_of(&main));
        let parts = fitted.parts.iter().map(json);
        for item in parts.chain([main.clone()]) {
            let key = key_of(&item);
            let stored = self.ledger.entry(key.clone()).or_insert(item);
            of_event.insert(key, stored.clone());
        }
        Kept {
            finding: Finding::from_item(&main),
            existed,
        }
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
            self.settings.metrics_namespace.clone(),
            datum.metric.name(),
            Some(datum.metric.unit().to_owned()),
            dimensions.map(|(name, value)| (name.to_owned(), value.to_owned())),
            &samples,
        )
    }
}

/// What became of an entry.
struct Kept {
    finding: Finding,
    existed: bool,
}

fn record_report(record: usize, fact: Fact, batch: &Batch, kept: Option<Kept>) -> RecordReport {
    let origin = match fact.outcome {
        Outcome::Replicated(arrival) | Outcome::Conflict { arrival, .. } => {
            Some(batch.names.region(arrival.origin).to_owned())
        }
        Outcome::Unstamped
        | Outcome::Local
        | Outcome::LocalOverwrite
        | Outcome::StaleOverwrite
        | Outcome::Resurrection
        | Outcome::Expired
        | Outcome::Purged
        | Outcome::HardDelete
        | Outcome::Unusable
        | Outcome::Malformed => None,
    };
    let ledger = kept.as_ref().map(|kept| match kept.existed {
        true => "existed".to_owned(),
        false => "written".to_owned(),
    });
    RecordReport {
        record,
        table: Some(batch.names.table(fact.table).to_owned()),
        verdict: fact.outcome.name().to_owned(),
        origin,
        finding: kept.map(|kept| kept.finding).unwrap_or_default(),
        ledger,
    }
}

fn json(item: &stream_processor::record::Image) -> Json {
    serde_json::to_value(item).unwrap_or_default()
}

fn key_of(item: &Json) -> (String, String) {
    let text = |name| text_of(item, name).unwrap_or_default().to_owned();
    (text("ItemKey"), text("ConflictId"))
}
