//! What events gave: plain data, the same for replay and judge, with the JSON shape that machines read.
//!
//! The field names here are the names in `--json`. Fields are always there; what does not apply is `null`.

mod finding;
mod metric;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ledger::JUMP_PREFIX;
use serde::Serialize;
use serde_json::Value;

use crate::terminal::{self, Layout, OutputError};

pub use finding::Finding;
pub(crate) use finding::{conflict_id, entry_from_json};
pub use metric::{Metric, add_up};
pub use table::render;

/// Events and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// One for each event, in order.
    pub events: Vec<EventReport>,
    /// What the ledger holds after all of them.
    pub ledger: LedgerTotals,
    /// The metrics of all events, added up.
    pub metrics: Vec<Metric>,
}

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EventReport {
    /// The file's name, or `-`.
    pub event: String,
    /// One for each record, in order.
    pub records: Vec<RecordReport>,
    /// The batch answer; none if the invocation failed, and from `judge`.
    pub response: Option<Value>,
    /// Why the invocation failed.
    pub error: Option<String>,
    /// The ledger items that the event's records are in, parts included, as DynamoDB JSON in key order.
    pub ledger: Vec<Value>,
    /// The metrics that the invocation sent, added up by name and dimensions.
    pub metrics: Vec<Metric>,
}

/// One record.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RecordReport {
    /// The record's place in the event, from 0, as in the function's log.
    pub record: usize,
    /// The table's name, where it is known.
    pub table: Option<String>,
    /// The verdict's name, or `unusable`, or `malformed`; `unknown` if the function did not say.
    pub verdict: String,
    /// The Region that a replicated or winning version came from.
    pub origin: Option<String>,
    /// What was found, where the record has a ledger entry.
    #[serde(flatten)]
    pub finding: Finding,
    /// What became of the ledger entry: `written`, `existed` or `failed`.
    pub ledger: Option<String>,
}

/// What a ledger holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LedgerTotals {
    /// Entries.
    pub entries: usize,
    /// Further items that hold parts of large images.
    pub parts: usize,
    /// Entries by kind.
    pub by_kind: BTreeMap<String, usize>,
}

impl LedgerTotals {
    /// Counts ledger items given as DynamoDB JSON.
    pub fn from_items<'a>(items: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut totals = Self::default();
        for item in items {
            // What the ledger remembers of an item is no entry, and no part of one.
            if conflict_id(item).is_some_and(|id| id.starts_with(JUMP_PREFIX)) {
                continue;
            }
            match entry_from_json(item) {
                None => totals.parts += 1,
                Some(entry) => {
                    totals.entries += 1;
                    *totals.by_kind.entry(entry.kind.to_string()).or_default() += 1;
                }
            }
        }
        totals
    }
}

impl EventReport {
    /// The sequence numbers that the batch answer names: from the first of them on, Lambda delivers the batch again.
    pub fn failed_items(&self) -> Vec<&str> {
        let failures = self
            .response
            .as_ref()
            .and_then(|response| response.get("batchItemFailures"));
        failures
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|failure| failure.get("itemIdentifier").and_then(Value::as_str))
            .collect()
    }
}

impl Report {
    /// Prints it as JSON or as tables.
    pub(crate) fn print(&self, json: bool) -> Result<(), OutputError> {
        if json {
            terminal::print_json(self)
        } else {
            terminal::print(&render(self, Layout::of_stdout()))
        }
    }

    /// Whether each invocation succeeded, with each of its records.
    pub fn succeeded(&self) -> bool {
        let fine = |event: &EventReport| event.error.is_none() && event.failed_items().is_empty();
        self.events.iter().all(fine)
    }
}
