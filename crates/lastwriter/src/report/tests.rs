use serde_json::{Value, json};

use super::{
    EventReport, Finding, LedgerTotals, Metric, RecordReport, Report, add_up, conflict_id,
    entry_from_json, render,
};
use crate::terminal::Layout;

fn count(name: &str, value: f64) -> Metric {
    let dimensions = [("TableName".to_owned(), "orders".to_owned())];
    let unit = Some("Count".to_owned());
    Metric::from_samples(
        "LastWriter".to_owned(),
        name,
        unit,
        dimensions,
        &[(value, 1.0)],
    )
}

#[test]
fn failures_are_told_below_the_table() {
    let event = EventReport {
        event: "folder/late.json".to_owned(),
        records: vec![RecordReport {
            verdict: "conflict".to_owned(),
            ledger: Some("failed".to_owned()),
            ..RecordReport::default()
        }],
        response: Some(json!({"batchItemFailures": [{"itemIdentifier": "4421"}]})),
        ..EventReport::default()
    };
    let crashed = EventReport {
        event: "crash.json".to_owned(),
        error: Some("Runtime.ExitError: \u{1b}[2J".to_owned()),
        ..EventReport::default()
    };
    let report = Report {
        events: vec![event, crashed],
        metrics: vec![count("Records", 0.0)],
        ..Report::default()
    };
    assert!(!report.succeeded());
    insta::assert_snapshot!(render(&report, Layout::PLAIN));
}

/// A ledger item with what every entry has but its kind, and this attribute.
fn item_with(name: &str, value: Value) -> Value {
    let mut item = json!({
        "ItemKey": {"S": "{}"},
        "ConflictId": {"S": "id"},
        "TableName": {"S": "orders"},
        "Status": {"S": "open"},
        "DetectedAt": {"S": "2026-11-22T12:13:08.100Z"},
    });
    item[name] = value;
    item
}

#[test]
fn an_entry_is_read_from_dynamodb_json() {
    let mut item = item_with("Kind", json!({"S": "update_update"}));
    for (name, value) in [
        ("Loser", json!({"M": {"Region": {"S": "us-east-1"}}})),
        ("Winner", json!({"M": {}})),
        ("LostWrites", json!({"N": "2"})),
        (
            "DifferingAttributes",
            json!({"L": [{"S": "a"}, {"S": "b"}]}),
        ),
        ("Identical", json!({"BOOL": false})),
    ] {
        item[name] = value;
    }
    let finding = Finding::from(&entry_from_json(&item).unwrap());
    assert_eq!(finding.conflict_id.as_deref(), conflict_id(&item));
    assert_eq!(finding.loser_region.as_deref(), Some("us-east-1"));
    assert_eq!(
        (finding.winner_region, finding.lost_writes),
        (None, Some(2))
    );
    assert_eq!(
        finding.differing_attributes,
        Some(vec!["a".to_owned(), "b".to_owned()])
    );
}

#[test]
fn parts_are_counted_apart_from_entries() {
    let items = [
        item_with("Kind", json!({"S": "update_update"})),
        item_with("Part", json!({"B": "AQ=="})),
        item_with("Part", json!({"B": "AQ=="})),
    ];
    let totals = LedgerTotals::from_items(&items);
    assert_eq!((totals.entries, totals.parts), (1, 2));
    assert_eq!(totals.by_kind.len(), 1);
}

#[test]
fn metrics_of_several_events_are_added_up() {
    let sums = add_up([
        count("Records", 2.0),
        count("Conflicts", 1.0),
        count("Records", 5.0),
    ]);
    let sums: Vec<_> = sums
        .iter()
        .map(|metric| (&*metric.name, metric.sum, metric.count, metric.maximum))
        .collect();
    assert_eq!(
        sums,
        [("Conflicts", 1.0, 1.0, 1.0), ("Records", 7.0, 2.0, 5.0)]
    );
}
