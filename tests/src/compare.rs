//! Comparing what a replayed event gave with what is expected of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::attribute_value::compare_attributes;
use crate::case::{Expectation, ExpectedRecord};
use crate::ledger_entry::{key_of, without_time};
use crate::log::{count, text};
use crate::metrics::MetricKey;
use crate::observed::{Observation, RecordObservation};

/// The namespace and the retention that the settings' defaults give; no case changes them.
const NAMESPACE: &str = "LastWriter";
const RETENTION_DAYS: i64 = 30;

/// A line for each difference; none if all is as expected.
pub fn differences(expected: &Expectation, observed: &Observation) -> Vec<String> {
    let mut differences = observed.problems.clone();
    compare_records(expected, observed, &mut differences);
    compare_findings(observed, &mut differences);
    compare_summary(expected, observed, &mut differences);
    equal(
        "response",
        &expected.response,
        &observed.response,
        &mut differences,
    );
    compare_ledger(expected, observed, &mut differences);
    compare_metrics(expected, observed, &mut differences);
    differences
}

fn equal<T: PartialEq + std::fmt::Debug>(
    at: &str,
    expected: &T,
    found: &T,
    differences: &mut Vec<String>,
) {
    if expected != found {
        differences.push(format!("{at}: expected {expected:?}, found {found:?}"));
    }
}

fn compare_records(expected: &Expectation, observed: &Observation, differences: &mut Vec<String>) {
    let counts = (expected.records.len(), observed.records.len());
    equal("number of records", &counts.0, &counts.1, differences);
    let by_id: BTreeMap<String, &Value> = observed
        .ledger
        .iter()
        .map(|item| (key_of(item).1, item))
        .collect();
    for (at, (expected, observed)) in expected.records.iter().zip(&observed.records).enumerate() {
        compare_record(at, expected, observed, &by_id, differences);
    }
    // The log does not say how many writes returned with one record, so the sum has to do.
    let returned: u64 = expected
        .records
        .iter()
        .filter_map(|record| record.returned_writes)
        .sum();
    let found = observed.metrics.count("ReturnedWrites") as u64;
    equal(
        "returned writes of all records",
        &returned,
        &found,
        differences,
    );
}

fn compare_record(
    at: usize,
    expected: &ExpectedRecord,
    observed: &RecordObservation,
    ledger: &BTreeMap<String, &Value>,
    differences: &mut Vec<String>,
) {
    let place = |what: &str| format!("record {at}: {what}");
    equal(
        &place("verdict"),
        &expected.verdict,
        &observed.verdict,
        differences,
    );
    let origin = expected
        .origin
        .clone()
        .or_else(|| expected.winner_region.clone());
    equal(&place("origin"), &origin, &observed.origin, differences);
    let arrived = matches!(expected.verdict.as_str(), "conflict" | "replicated");
    if arrived != expected.returned_writes.is_some() {
        differences.push(place(
            "returned_writes is for conflicts and replicated writes, and for all of them",
        ));
    }
    let line = match (&observed.finding, observed.verdict.as_str()) {
        (Some(line), "conflict") => line,
        _ => &Value::Null,
    };
    for (name, expected) in [
        ("kind", &expected.kind),
        ("confidence", &expected.confidence),
        ("loser_region", &expected.loser_region),
        ("winner_region", &expected.winner_region),
    ] {
        equal(&place(name), expected, &text(line, name), differences);
    }
    let id = text(line, "conflict_id").unwrap_or_default();
    let entry = ledger.get(&id).copied().unwrap_or(&Value::Null);
    let lost = entry["LostWrites"]["N"]
        .as_str()
        .and_then(|count| count.parse().ok());
    equal(
        &place("lost writes"),
        &expected.lost_writes,
        &lost,
        differences,
    );
    let names = entry["DifferingAttributes"]["L"].as_array().map(|names| {
        let names = names.iter().filter_map(|name| name["S"].as_str());
        names.map(str::to_owned).collect::<Vec<_>>()
    });
    equal(
        &place("differing attributes"),
        &expected.differing_attributes,
        &names,
        differences,
    );
}

/// Each entry has a line in the log that names it, and each such line an entry.
fn compare_findings(observed: &Observation, differences: &mut Vec<String>) {
    let named: BTreeSet<String> = observed
        .records
        .iter()
        .filter_map(|record| text(record.finding.as_ref()?, "conflict_id"))
        .collect();
    let kept: BTreeSet<String> = observed.ledger.iter().map(|item| key_of(item).1).collect();
    equal("entries that the log names", &kept, &named, differences);
}

fn compare_summary(expected: &Expectation, observed: &Observation, differences: &mut Vec<String>) {
    let [summary] = observed.summaries.as_slice() else {
        differences.push(format!(
            "{} summary lines, expected one",
            observed.summaries.len()
        ));
        return;
    };
    let of = |verdict: &str| {
        let records = expected.records.iter();
        records.filter(|record| record.verdict == verdict).count()
    };
    for (name, expected) in [
        ("records", expected.records.len()),
        ("conflicts", of("conflict")),
        ("malformed", of("malformed")),
        ("unusable", of("unusable")),
        ("ledger_written", expected.ledger.len()),
        ("ledger_failed", 0),
    ] {
        equal(
            &format!("summary: {name}"),
            &Some(expected),
            &count(summary, name),
            differences,
        );
    }
}

fn compare_ledger(expected: &Expectation, observed: &Observation, differences: &mut Vec<String>) {
    let mut found = BTreeMap::new();
    for item in &observed.ledger {
        let (attributes, problems) = without_time(item, RETENTION_DAYS);
        let key = key_of(item);
        differences.extend(
            problems
                .into_iter()
                .map(|problem| format!("ledger: {key:?}: {problem}")),
        );
        found.insert(key, attributes);
    }
    for entry in &expected.ledger {
        let key = key_of(entry);
        let at = format!("ledger: {}", key.1);
        match (entry.as_object(), found.remove(&key)) {
            (Some(entry), Some(found)) => compare_attributes(&at, entry, &found, differences),
            _ => differences.push(format!("{at}: missing (ItemKey {})", key.0)),
        }
    }
    for key in found.keys() {
        differences.push(format!("ledger: not expected: {key:?}"));
    }
}

fn compare_metrics(expected: &Expectation, observed: &Observation, differences: &mut Vec<String>) {
    let mut found = observed.metrics.0.clone();
    for metric in &expected.metrics {
        let series = MetricKey {
            namespace: NAMESPACE.to_owned(),
            name: metric.name.clone(),
            unit: metric.unit.clone(),
            dimensions: metric.dimensions.clone(),
        };
        let at = format!("metric {series}");
        let Some(total) = found.remove(&series) else {
            differences.push(format!("{at}: missing"));
            continue;
        };
        match (metric.value, metric.count) {
            (Some(value), None) => equal(&at, &(value as f64), &total.sum, differences),
            (None, Some(count)) => {
                equal(&at, &(count as f64), &total.samples, differences);
                if total.sum <= 0.0 {
                    differences.push(format!("{at}: the sum is {}", total.sum));
                }
            }
            _ => differences.push(format!("{at}: either value or count is expected")),
        }
    }
    for (series, total) in found {
        differences.push(format!("metric {series}: not expected, found {total:?}"));
    }
}
