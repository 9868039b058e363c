//! What is kept of a record. That it comes back whatever its size is the ledger's to test.

use chrono::TimeZone;
use serde_json::json;

use super::*;
use crate::batch::{Rules, verdict};
use crate::record::Attributes;

fn options(images: LedgerImages, stamps: &StampNames) -> EntryOptions<'_> {
    EntryOptions {
        stamps,
        images,
        retention_days: 30,
        now: Utc.with_ymd_and_hms(2026, 11, 22, 12, 30, 0).unwrap(),
    }
}

fn conflict_record(loser: &serde_json::Value, winner: &serde_json::Value) -> Box<RawValue> {
    let mut old = loser.clone();
    let mut new = winner.clone();
    for (image, own, foreign) in [(&mut old, "2", None), (&mut new, "1", Some("1"))] {
        image["PK"] = json!({"S": "ORDER#1"});
        image["lw:n:us-east-1"] = json!({"N": own});
        image["lw:t:us-east-1"] = json!({"N": format!("179534958705100{own}")});
        if let Some(foreign) = foreign {
            image["lw:n:eu-west-1"] = json!({"N": foreign});
            image["lw:t:eu-west-1"] = json!({"N": "1795349588000000"});
        }
    }
    let record = json!({
        "eventID": "e1",
        "eventName": "MODIFY",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:1:table/orders/stream/x",
        "dynamodb": {"Keys": {"PK": {"S": "ORDER#1"}}, "SequenceNumber": "7", "OldImage": old, "NewImage": new},
    });
    serde_json::value::to_raw_value(&record).unwrap()
}

fn entry_of(raw: &RawValue, images: LedgerImages) -> Entry {
    let rules = Rules::default();
    let record = Record::read(raw, &Attributes::default()).unwrap();
    let verdict = verdict(&record, &rules, 0, None).unwrap();
    let conflict::Verdict::Conflict(conflict) = &verdict else {
        panic!("{verdict:?}")
    };
    let decoded = DecodedRecord::read(raw).unwrap();
    build(
        &record,
        decoded,
        Finding::Conflict(conflict),
        options(images, &rules.attributes.stamps),
    )
}

fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| name.to_string()).collect())
}

#[test]
fn an_entry_has_both_versions_and_what_was_found() {
    let raw = conflict_record(
        &json!({"a": {"S": "x"}}),
        &json!({"a": {"S": "y"}, "b": {"NULL": true}}),
    );
    let entry = entry_of(&raw, LedgerImages::Full);
    assert_eq!(entry.item_key.as_str(), r#"{"PK":{"S":"ORDER#1"}}"#);
    assert_eq!(entry.conflict_id.as_str(), "2026-11-22T12:13:08.000000Z#e1");
    assert_eq!(entry.kind, EntryKind::UpdateUpdate.into());
    assert_eq!(entry.confidence, Some(Confidence::Certain.into()));
    assert_eq!(entry.table_name, "orders");
    assert_eq!(entry.event_id.as_deref(), Some("e1"));
    assert_eq!(entry.sequence_number.as_deref(), Some("7"));
    assert_eq!(entry.differing_attributes, names(&["a", "b"]));
    assert_eq!(entry.winner_only_attributes, None);
    assert_eq!((entry.identical, entry.lost_writes), (Some(false), Some(1)));
    let DecodedRecord { key, old, new } = DecodedRecord::read(&raw).unwrap();
    assert_eq!(entry.key, Some(key));
    let (own, lost) = ("us-east-1".to_owned(), 1_795_349_587_051_002);
    let loser = Side {
        region: Some(own.clone()),
        written_at: Some(lost),
        stamps: BTreeMap::from([(own.clone(), Stamp::new(2, lost))]),
        image: Some(old.attributes),
        undecoded: BTreeMap::new(),
    };
    assert_eq!(entry.loser, Some(loser));
    let (foreign, won) = ("eu-west-1".to_owned(), 1_795_349_588_000_000);
    let winner = Side {
        region: Some(foreign.clone()),
        written_at: Some(won),
        stamps: BTreeMap::from([
            (own, Stamp::new(1, lost - 1)),
            (foreign, Stamp::new(1, won)),
        ]),
        image: Some(new.attributes),
        undecoded: BTreeMap::new(),
    };
    assert_eq!(entry.winner, Some(winner));
}

#[test]
fn differences_only_name_what_only_the_winner_has() {
    let raw = conflict_record(
        &json!({"a": {"S": "x"}, "same": {"S": "s"}}),
        &json!({"a": {"S": "y"}, "b": {"NULL": true}, "same": {"S": "s"}}),
    );
    let entry = entry_of(&raw, LedgerImages::Diff);
    assert_eq!(entry.winner_only_attributes, names(&["b"]));
    let attributes = |side: Option<Side>| {
        let image = side.unwrap().image.unwrap();
        image.into_keys().collect::<BTreeSet<_>>()
    };
    assert_eq!(attributes(entry.loser), BTreeSet::from(["a".to_owned()]));
    assert_eq!(
        attributes(entry.winner),
        BTreeSet::from(["a".to_owned(), "b".to_owned()])
    );
    let nothing = entry_of(&raw, LedgerImages::None);
    for side in [nothing.loser, nothing.winner] {
        assert_eq!(side.unwrap().image, None);
    }
}

#[test]
fn a_quarantined_record_is_kept_as_it_came() {
    let stamps = StampNames::default();
    let raw = RawValue::from_string("{\"odd\": 1}".to_owned()).unwrap();
    let entry = quarantine(&raw, "orders", "odd", options(LedgerImages::Full, &stamps));
    assert!(entry.item_key.is_quarantine());
    assert_eq!(entry.kind, EntryKind::MalformedRecord.into());
    assert_eq!(entry.table_name, "orders");
    assert_eq!(entry.reason.as_deref(), Some("odd"));
    assert_eq!(entry.record.as_deref(), Some("{\"odd\": 1}"));
    assert_eq!(entry.conflict_id, ConflictId::quarantine(raw.get()));
}

#[test]
fn without_an_event_id_the_stream_and_sequence_number_name_the_record() {
    let raw = conflict_record(&json!({}), &json!({}));
    let without = RawValue::from_string(raw.get().replace(r#""eventID":"e1","#, "")).unwrap();
    let entry = entry_of(&without, LedgerImages::Full);
    let stream = "arn:aws:dynamodb:us-east-1:1:table/orders/stream/x";
    assert_eq!(entry.event_id, Some(ledger::event_id(None, stream, "7")));
}
