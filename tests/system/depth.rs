//! Every depth that DynamoDB stores, in every kind of entry: the ledger has it whole, and refuses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ledger::{Entry, EntryKind};
use serde_json::{Value, json};
use stream_processor::log_contract::Message;
use system_tests::records::{ELSEWHERE, HERE, event, event_id, image, key, malformed, record};
use system_tests::system::SystemConfig;

use crate::answers::all_done;

/// How deep an attribute may nest, its innermost value being a level.
/// Source: Amazon DynamoDB Developer Guide, "Quotas in Amazon DynamoDB".
const MAX_LEVELS: usize = 32;

/// 2026-11-22T12:00:00Z in epoch microseconds.
const START: u64 = 1_795_348_800_000_000;

/// How values nest: each level's container, from the second innermost on.
const CONTAINERS: [fn(usize, Value) -> Value; 3] = [
    |_, value| json!({"M": {"m": value}}),
    |_, value| json!({"L": [value]}),
    |level, value| match level % 2 {
        0 => json!({"M": {"m": value}}),
        _ => json!({"L": [value]}),
    },
];

/// A record whose images hold this, for each kind of entry.
fn records(first: usize, deep: &Value) -> Vec<Value> {
    let (none, mark) = (json!({}), json!({"lw:deleted": {"BOOL": true}}));
    let reset = json!({"lw:reset": {"N": (START + 9).to_string()}});
    let (here, there) = ((HERE, 2, START + 2), (ELSEWHERE, 2, START + 5));
    let (here_before, there_before) = ((HERE, 1, START), (ELSEWHERE, 1, START));
    let (lost, won) = ([here, there_before], [here_before, there]);
    let before = [here_before, there_before];
    let none_yet: [(&str, u64, u64); 0] = [];
    let in_milliseconds = (HERE, 2, START / 1_000);
    // Additional attributes and stamps, of the old and of the new image.
    let plans: [(&Value, &[_], &Value, &[_]); 10] = [
        (&none, &lost, &none, &won),
        (&none, &[here], &none, &[there]),
        (&none, &lost, &mark, &won),
        (&mark, &lost, &none, &won),
        (&mark, &lost, &mark, &won),
        (&none, &lost, &reset, &won),
        (&none, &lost, &none, &before),
        (&none, &before, &none, &[here]),
        (&none, &none_yet, &none, &none_yet),
        (&none, &[here_before], &none, &[in_milliseconds]),
    ];
    let mut records: Vec<Value> = plans
        .iter()
        .zip(first..)
        .map(|((old, old_stamps, new, new_stamps), n)| {
            let key = key(n);
            let side = |more: &Value, note: &str, stamps: &[(&str, u64, u64)]| {
                let mut attributes = more.clone();
                attributes["deep"] = deep.clone();
                attributes["note"] = json!({"S": note});
                image(&key, attributes, stamps)
            };
            let (old, new) = (side(old, "a", old_stamps), side(new, "b", new_stamps));
            record(n, "MODIFY", &key, old, new)
        })
        .collect();
    let mut quarantined = malformed(first + plans.len());
    quarantined["dynamodb"]["NewImage"]["deep"] = deep.clone();
    records.push(quarantined);
    records
}

#[tokio::test]
async fn an_item_of_any_depth_is_kept_whole_in_every_kind_of_entry() {
    let system = SystemConfig::new()
        .set("AWS_LAMBDA_LOG_LEVEL", "info")
        .set("LEDGER_OVERWRITES", "all")
        .set("UNSTAMPED_SAMPLES_PER_MINUTE", "100000")
        .timeout(Duration::from_secs(300))
        .start()
        .await;
    let mut sent = BTreeMap::new();
    let mut texts = BTreeSet::new();
    for container in CONTAINERS {
        let mut batch = Vec::new();
        let mut deep = json!({"BOOL": true});
        for level in 1..=MAX_LEVELS {
            for record in records(sent.len(), &deep) {
                sent.insert(event_id(sent.len()), deep.clone());
                texts.insert(record.to_string());
                batch.push(record);
            }
            deep = container(level, deep);
        }
        assert_eq!(system.answer(event(batch)).await, all_done());
    }

    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for item in system.items().await {
        let item = serde_json::from_value(item).expect("a ledger item is DynamoDB JSON");
        let entry = Entry::read(item, &[]).expect("it can be read back");
        *kinds.entry(entry.kind.to_string()).or_default() += 1;
        if let Some(loser) = entry.loser {
            let image = loser.image.expect("it was kept");
            let deep = serde_json::to_value(&image["deep"]).expect("it is JSON");
            let id = entry.event_id.expect("it has the record's id");
            assert_eq!(deep, sent[&id], "{id}");
        }
        if let Some(text) = entry.record {
            assert!(texts.contains(&text), "{text}");
        }
    }
    let each = CONTAINERS.len() * MAX_LEVELS;
    let all = EntryKind::ALL.iter();
    let expected: BTreeMap<String, usize> =
        all.map(|kind| (kind.name().to_owned(), each)).collect();
    assert_eq!(kinds, expected);
    let refused = system.log().with_message(Message::EntryRefused).count();
    assert_eq!(refused, 0, "a form was tried that cannot be taken");
}
