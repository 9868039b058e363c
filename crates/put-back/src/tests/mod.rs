//! Plans by example, and by property against an item that takes writes as DynamoDB does.

mod examples;
mod files;
mod item;
mod kinds;
mod properties;
mod rules;

use chrono::{DateTime, Utc};
use conflict::{Stamp, StampNames};
use ledger::{ConflictId, Entry, EntryKind, Image, ItemKey, Key, Side};
use serde_json::{Map, Value, json};

use crate::{Action, AttributePlan, Plan, Request, plan};

const LOSER: &str = "us-east-1";
const WINNER: &str = "eu-west-1";

fn now() -> DateTime<Utc> {
    "2026-11-22T12:30:00Z".parse().unwrap()
}

fn image(value: Value) -> Image {
    serde_json::from_value(value).unwrap()
}

/// Attributes as DynamoDB JSON: texts and numbers as they are, everything else as it is given.
fn attributes(value: &Value) -> Map<String, Value> {
    let attribute = |value: &Value| match value {
        Value::String(text) => json!({ "S": text }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::Bool(truth) => json!({ "BOOL": truth }),
        other => other.clone(),
    };
    let object = value.as_object().unwrap();
    object
        .iter()
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect()
}

/// A version with these attributes: the item `O#1`, with stamps.
fn version(value: Value, lost: u64, won: u64) -> Image {
    let mut all = attributes(&value);
    all.insert("PK".to_owned(), json!({ "S": "O#1" }));
    for (region, n) in [(LOSER, lost), (WINNER, won)] {
        if n > 0 {
            let time = 1_795_000_000_000_000 + n;
            all.insert(format!("lw:n:{region}"), json!({ "N": n.to_string() }));
            all.insert(format!("lw:t:{region}"), json!({ "N": time.to_string() }));
        }
    }
    image(all.into())
}

/// The version that was lost: it has one write more of the loser's Region than the winner.
fn lost(value: Value) -> Image {
    version(value, 2, 1)
}

/// The version that won.
fn won(value: Value) -> Image {
    version(value, 1, 2)
}

fn side(region: &str, image: &Image) -> Side {
    let names = StampNames::default();
    let stamps = crate::evidence::stamps_of(image, &names);
    Side {
        region: Some(region.to_owned()),
        written_at: Some(1_795_000_000_000_000),
        stamps: stamps
            .iter()
            .map(|(region, stamp): (&str, Stamp)| (region.to_owned(), stamp))
            .collect(),
        image: Some(image.clone()),
        undecoded: Default::default(),
    }
}

/// An entry that knows nothing of what the lost write changed.
fn entry(kind: EntryKind, loser: Value, winner: Value) -> Entry {
    let key = Key::from([(
        "PK".to_owned(),
        serde_dynamo::AttributeValue::S("O#1".to_owned()),
    )]);
    let (loser, winner) = (lost(loser), won(winner));
    let names = StampNames::default();
    let differing = conflict::differing_attributes(&loser, &winner, |name| name == "PK", &names);
    Entry {
        differing_attributes: Some(differing.into_iter().map(str::to_owned).collect()),
        identical: Some(false),
        lost_writes: Some(1),
        loser: Some(side(LOSER, &loser)),
        winner: Some(side(WINNER, &winner)),
        key: Some(key.clone()),
        ..Entry::new(
            kind,
            ItemKey::from_key(&key),
            ConflictId::new(Some(1_795_000_000_000_002), "e1"),
            "orders",
            now(),
            30,
        )
    }
}

/// The same, with what the lost write changed.
fn knowing(mut entry: Entry, changed: &[&str]) -> Entry {
    entry.changed_attributes = Some(changed.iter().map(ToString::to_string).collect());
    entry.changed_attributes_complete = Some(true);
    entry
}

fn update_update(loser: Value, winner: Value, changed: &[&str]) -> Entry {
    knowing(entry(EntryKind::UpdateUpdate, loser, winner), changed)
}

fn named(names: &[&str]) -> Request {
    Request {
        named: names.iter().map(ToString::to_string).collect(),
        ..Request::default()
    }
}

/// What a plan does, in a line for each attribute: `name: state, what is done`.
fn told(plan: &Plan) -> Vec<String> {
    let line = |attribute: &AttributePlan| {
        let state = serde_json::to_value(attribute.state).unwrap();
        let action = match &attribute.action {
            Action::Set(value) => format!("set {}", serde_json::to_string(value).unwrap()),
            Action::Remove => "remove".to_owned(),
            Action::Leave(because) => format!("leave, {}", because.reason()),
        };
        format!("{}: {}, {action}", attribute.name, state.as_str().unwrap())
    };
    plan.attributes.iter().map(line).collect()
}

fn planned(entry: &Entry, item: &Image, request: &Request) -> Plan {
    plan(entry, Some(item), request).unwrap()
}
