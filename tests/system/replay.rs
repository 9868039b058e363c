//! Each sample event through the built function: verdicts, answer, ledger and metrics as they were written by hand.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use serde_json::Value;
use system_tests::case::{Case, read_expectation};
use system_tests::compare::differences;
use system_tests::observed::{Observation, Sink, replay};
use tokio::sync::OnceCell;

/// How many functions run at a time.
const AT_ONCE: usize = 4;

const VERDICTS: [&str; 15] = [
    "no_write",
    "unstamped",
    "conflict",
    "replicated",
    "local_overwrite",
    "local",
    "stale_overwrite",
    "resurrection",
    "expired",
    "purged",
    "hard_delete",
    "suspected_conflict",
    "possible_conflict",
    "unusable",
    "malformed",
];

const KINDS: [&str; 11] = [
    "overwrite",
    "delete_delete",
    "update_delete",
    "delete_update",
    "insert_insert",
    "update_update",
    "stale_overwrite",
    "local_overwrite",
    "unstamped_sample",
    "odd_stamp_sample",
    "malformed_record",
];

/// What each case gave with metrics sent to CloudWatch: two tests look at it.
static REPLAYED: OnceCell<BTreeMap<String, Observation>> = OnceCell::const_new();

async fn replay_all(sink: Sink) -> BTreeMap<String, Observation> {
    let replays = Case::all()
        .into_iter()
        .map(|case| async move { (case.name.clone(), replay(&case, sink).await) });
    stream::iter(replays)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

async fn replayed() -> &'static BTreeMap<String, Observation> {
    REPLAYED.get_or_init(|| replay_all(Sink::CloudWatch)).await
}

fn assert_as_expected(replayed: &BTreeMap<String, Observation>) {
    let mut found = Vec::new();
    for case in Case::all() {
        let case_differences = differences(&case.expected(), &replayed[&case.name]);
        found.extend(
            case_differences
                .iter()
                .map(|one| format!("{}: {one}", case.name)),
        );
    }
    assert!(
        found.is_empty(),
        "{} differences:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_gives_the_verdicts_ledger_and_metrics_expected_of_it() {
    assert_as_expected(replayed().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_gives_the_same_with_metrics_in_embedded_metric_format() {
    assert_as_expected(&replay_all(Sink::Emf).await);
}

/// Both lists are the specification's and written by hand: what only they or only the code has is a fault of one of them.
#[test]
fn the_verdicts_and_kinds_are_those_of_the_code() {
    let not_judged = ["unusable", "malformed"];
    let verdicts = conflict::Verdict::NAMES.iter().chain(&not_judged);
    assert_eq!(verdicts.copied().collect::<BTreeSet<_>>(), VERDICTS.into());
    let kinds = ledger::EntryKind::ALL.iter().map(|kind| kind.name());
    assert_eq!(kinds.collect::<BTreeSet<_>>(), KINDS.into());
}

#[test]
fn all_verdicts_and_kinds_appear() {
    let expectations: Vec<_> = Case::all().iter().map(Case::expected).collect();
    let verdicts: BTreeSet<String> = expectations
        .iter()
        .flat_map(|expectation| &expectation.records)
        .map(|record| record.verdict.clone())
        .collect();
    assert_eq!(verdicts, VERDICTS.map(str::to_owned).into());
    let kinds: BTreeSet<String> = expectations
        .iter()
        .flat_map(|expectation| &expectation.ledger)
        .filter_map(|entry| Some(entry["Kind"]["S"].as_str()?.to_owned()))
        .collect();
    assert_eq!(kinds, KINDS.map(str::to_owned).into());
}

/// The comparison bites: whatever is changed in an expectation, it says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_one_change_of_an_expectation_is_reported() {
    let replayed = replayed().await;
    let mut changes = 0;
    let mut missed = Vec::new();
    for case in Case::all() {
        // What only says what the case is about, and how the function is set up, is no expectation.
        for part in ["records", "response", "ledger", "metrics"] {
            for (place, change) in changes_of(&case.expectation[part]) {
                let mut written = case.expectation.clone();
                change.apply(&mut written[part]);
                changes += 1;
                let unreported = read_expectation(&written)
                    .is_ok_and(|changed| differences(&changed, &replayed[&case.name]).is_empty());
                if unreported {
                    missed.push(format!("{}: {part}{place}", case.name));
                }
            }
        }
    }
    assert!(changes > 5_000, "{changes} changes were tried");
    assert!(
        missed.is_empty(),
        "{} of {changes} not reported:\n{}",
        missed.len(),
        missed.join("\n")
    );
}

/// One change of a JSON value.
struct Change {
    pointer: String,
    kind: ChangeKind,
}

enum ChangeKind {
    Replace(Value),
    Remove,
    Duplicate,
}

impl Change {
    fn apply(&self, value: &mut Value) {
        if let ChangeKind::Replace(new) = &self.kind {
            if let Some(old) = value.pointer_mut(&self.pointer) {
                *old = new.clone();
            }
            return;
        }
        let Some((parent, name)) = self.pointer.rsplit_once('/') else {
            return;
        };
        match value.pointer_mut(parent) {
            Some(Value::Object(members)) => {
                members.remove(&name.replace("~1", "/").replace("~0", "~"));
            }
            Some(Value::Array(elements)) => {
                let at: usize = name.parse().expect("an array's members have numbers");
                let element = elements.remove(at);
                if let ChangeKind::Duplicate = self.kind {
                    elements.insert(at, element.clone());
                    elements.insert(at, element);
                }
            }
            _ => {}
        }
    }
}

/// Every value changed, every member and element removed, every element doubled: one at a time.
fn changes_of(value: &Value) -> Vec<(String, Change)> {
    let mut changes = Vec::new();
    collect_changes(value, String::new(), &mut changes);
    changes
}

fn collect_changes(value: &Value, pointer: String, changes: &mut Vec<(String, Change)>) {
    let mut change = |pointer: &str, what: &str, kind: ChangeKind| {
        let pointer = pointer.to_owned();
        changes.push((format!("{pointer} {what}"), Change { pointer, kind }));
    };
    let new = match value {
        Value::String(text) if text == "*" => None,
        Value::String(text) => Some(Value::from(format!("{text}1"))),
        Value::Number(number) => Some(Value::from(number.as_u64().unwrap_or(0) + 1)),
        Value::Bool(set) => Some(Value::from(!set)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    if let Some(new) = new {
        change(&pointer, "changed", ChangeKind::Replace(new));
    }
    let members: Vec<(String, &Value)> = match value {
        Value::Array(elements) => {
            let elements = elements.iter().enumerate();
            elements
                .map(|(at, element)| (at.to_string(), element))
                .collect()
        }
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(name, member)| (name.replace('~', "~0").replace('/', "~1"), member))
                .collect()
        }
        _ => Vec::new(),
    };
    for (name, _) in &members {
        let pointer = format!("{pointer}/{name}");
        change(&pointer, "removed", ChangeKind::Remove);
        if value.is_array() {
            change(&pointer, "doubled", ChangeKind::Duplicate);
        }
    }
    for (name, member) in members {
        collect_changes(member, format!("{pointer}/{name}"), changes);
    }
}
