//! What is kept, and that it comes back whatever its size.

use std::collections::BTreeMap;

use chrono::TimeZone;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::batch::{Rules, verdict};
use crate::record::Attributes;

/// DynamoDB's own limit, by its own count of sizes.
const LIMIT: usize = 400 * 1024;

fn terms(images: LedgerImages, stamps: &StampNames) -> Terms<'_> {
    Terms {
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

fn entry_of(raw: &RawValue, images: LedgerImages) -> Fitted {
    let rules = Rules::default();
    let record = Record::read(raw, &Attributes::default()).unwrap();
    let verdict = verdict(&record, &rules, 0).unwrap();
    let conflict::Verdict::Conflict(conflict) = &verdict else {
        panic!("{verdict:?}")
    };
    let decoded = Decoded::read(raw).unwrap();
    build(
        &record,
        decoded,
        Finding::Conflict(conflict),
        terms(images, &rules.attributes.stamps),
    )
}

fn old_image(raw: &RawValue) -> Image {
    Decoded::read(raw).unwrap().old
}

fn assert_within_limits(entry: &Fitted) {
    for item in entry.parts.iter().chain([&entry.main]) {
        assert!(size::of_item(item) <= LIMIT, "{}", size::of_item(item));
    }
}

fn winner_image(entry: &Fitted) -> &Image {
    match &entry.main["Winner"] {
        AttributeValue::M(winner) => match &winner["Image"] {
            AttributeValue::M(image) => image,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// Bytes that do not compress.
fn noise_bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Text that hardly compresses.
fn noise(length: usize, seed: u64) -> String {
    let printable = |byte: u8| char::from(b'#' + byte % 56);
    noise_bytes(length, seed)
        .into_iter()
        .map(printable)
        .collect()
}

#[test]
fn a_small_entry_keeps_both_images_as_they_are() {
    let raw = conflict_record(
        &json!({"a": {"S": "x"}}),
        &json!({"a": {"S": "y"}, "b": {"NULL": true}}),
    );
    let entry = entry_of(&raw, LedgerImages::Full);
    assert!(entry.parts.is_empty());
    assert_eq!(
        losing_image(&entry.main, &[]).unwrap().unwrap(),
        old_image(&raw)
    );
    assert_eq!(entry.main["ItemKey"], text(r#"{"PK":{"S":"ORDER#1"}}"#));
    assert_eq!(
        entry.main["ConflictId"],
        text("2026-11-22T12:13:08.000000Z#e1")
    );
    assert_eq!(
        entry.main["DifferingAttributes"],
        names(&["a".into(), "b".into()])
    );
    let AttributeValue::S(bucket) = &entry.main["Bucket"] else {
        panic!()
    };
    assert!(
        bucket.starts_with("2026-11-22T12#") && bucket.len() == 15,
        "{bucket}"
    );
    assert_eq!(
        entry.main["ExpiresAt"],
        AttributeValue::N("1797942600".into())
    );
}

#[test]
fn differences_only_name_what_only_the_winner_has() {
    let raw = conflict_record(
        &json!({"a": {"S": "x"}, "same": {"S": "s"}}),
        &json!({"a": {"S": "y"}, "b": {"NULL": true}, "same": {"S": "s"}}),
    );
    let entry = entry_of(&raw, LedgerImages::Diff);
    assert_eq!(entry.main["WinnerOnlyAttributes"], names(&["b".into()]));
    let loser = losing_image(&entry.main, &[]).unwrap().unwrap();
    assert_eq!(loser.keys().collect::<Vec<_>>(), ["a"]);
    let nothing = entry_of(&raw, LedgerImages::None);
    assert_eq!(losing_image(&nothing.main, &[]).unwrap(), None);
    assert_eq!(Kept::losing_image(&nothing.main), Kept::Nowhere);
}

#[test]
fn the_winners_largest_attributes_are_left_out_first() {
    let raw = conflict_record(
        &json!({"doc": {"S": "l".repeat(250_000)}}),
        &json!({"large": {"S": "w".repeat(200_000)}, "small": {"S": "w".repeat(100_000)}}),
    );
    let entry = entry_of(&raw, LedgerImages::Full);
    assert_within_limits(&entry);
    assert_eq!(
        losing_image(&entry.main, &[]).unwrap().unwrap(),
        old_image(&raw)
    );
    let winner = winner_image(&entry);
    assert_eq!(
        serde_json::to_value(&winner["large"]).unwrap(),
        json!({"M": {"Omitted": {"BOOL": true}, "Bytes": {"N": "200000"}}})
    );
    assert!(matches!(&winner["small"], AttributeValue::S(text) if text.len() == 100_000));
}

#[test]
fn a_losing_image_that_does_not_fit_is_compressed() {
    let raw = conflict_record(
        &json!({"doc": {"S": "l".repeat(408_000)}}),
        &json!({"doc": {"S": "w".repeat(408_000)}}),
    );
    let entry = entry_of(&raw, LedgerImages::Full);
    assert_within_limits(&entry);
    assert_eq!(Kept::losing_image(&entry.main), Kept::Compressed);
    assert_eq!(
        losing_image(&entry.main, &[]).unwrap().unwrap(),
        old_image(&raw)
    );
}

#[test]
fn a_compressed_image_that_does_not_fit_is_split_over_parts() {
    let bytes = noise_bytes(409_000, 3);
    let binary = serde_json::to_value(AttributeValue::B(bytes)).unwrap();
    let raw = conflict_record(&json!({"doc": binary}), &json!({}));
    let entry = entry_of(&raw, LedgerImages::Full);
    assert_within_limits(&entry);
    let Kept::InParts(count) = Kept::losing_image(&entry.main) else {
        panic!()
    };
    assert_eq!(count, entry.parts.len());
    assert_eq!(
        losing_image(&entry.main, &entry.parts).unwrap().unwrap(),
        old_image(&raw)
    );
    for (number, part) in (1..).zip(&entry.parts) {
        assert_eq!(
            part["ConflictId"],
            text(part_id("2026-11-22T12:13:08.000000Z#e1", number))
        );
        assert_eq!(
            (&part["ItemKey"], &part["ExpiresAt"]),
            (&entry.main["ItemKey"], &entry.main["ExpiresAt"])
        );
        assert!(!part.contains_key("Bucket"));
    }
    let error = losing_image(&entry.main, &entry.parts[..count - 1]).unwrap_err();
    assert!(
        matches!(error, ReadBackError::PartMissing { number, .. } if number == count),
        "{error}"
    );
}

#[test]
fn very_many_small_attributes_fit_too() {
    let image = |value: &str| {
        serde_json::Value::Object(
            (0..60_000)
                .map(|i| (format!("a{i}"), json!({"S": value})))
                .collect(),
        )
    };
    let raw = conflict_record(&image("x"), &image("y"));
    let entry = entry_of(&raw, LedgerImages::Full);
    assert_within_limits(&entry);
    assert_eq!(
        losing_image(&entry.main, &entry.parts).unwrap().unwrap(),
        old_image(&raw)
    );
    let AttributeValue::L(kept) = &entry.main["DifferingAttributes"] else {
        panic!()
    };
    let AttributeValue::N(left_out) = &entry.main["DifferingAttributesOmitted"] else {
        panic!()
    };
    assert_eq!(kept.len() + left_out.parse::<usize>().unwrap(), 60_000);
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let image = serde_json::Value::Object(
        (0..2_000)
            .map(|i| (format!("a{i}"), json!({"S": noise(300, i)})))
            .collect(),
    );
    let raw = conflict_record(&image, &json!({}));
    assert_eq!(
        entry_of(&raw, LedgerImages::Full),
        entry_of(&raw, LedgerImages::Full)
    );
}

#[test]
fn a_quarantined_record_is_kept_as_it_came() {
    let stamps = StampNames::default();
    for length in [10, 390_000, 409_600, 6_000_000] {
        let text_of_record = format!("{{\"odd\": \"{}\"}}", noise(length, 9));
        let raw = RawValue::from_string(text_of_record.clone()).unwrap();
        let entry = quarantine(&raw, "orders", "odd", terms(LedgerImages::Full, &stamps));
        assert_within_limits(&entry);
        assert_eq!(entry.main["ItemKey"], text(QUARANTINE));
        assert_eq!(
            quarantined_text(&entry.main, &entry.parts)
                .unwrap()
                .unwrap(),
            text_of_record
        );
        assert_eq!(
            Kept::quarantined_text(&entry.main).parts(),
            entry.parts.len()
        );
    }
}

#[test]
fn a_long_key_is_kept_by_its_digest() {
    let key = |length: usize| BTreeMap::from([("PK".to_owned(), text("k".repeat(length)))]);
    // {"PK":{"S":""}} is 15 bytes.
    assert_eq!(item_key(&key(2_033)).len(), 2_048);
    assert!(item_key(&key(2_034)).starts_with("sha256:"));
}

#[test]
fn without_an_event_id_the_stream_and_sequence_number_name_the_record() {
    let raw = conflict_record(&json!({}), &json!({}));
    let without = RawValue::from_string(raw.get().replace(r#""eventID":"e1","#, "")).unwrap();
    let entry = entry_of(&without, LedgerImages::Full);
    let expected = digest(&[b"arn:aws:dynamodb:us-east-1:1:table/orders/stream/x", b"7"]);
    assert_eq!(entry.main["EventId"], text(expected));
}

fn any_value() -> impl Strategy<Value = AttributeValue> {
    let leaf = prop_oneof![
        ".{0,20}".prop_map(AttributeValue::S),
        any::<i64>().prop_map(|number| AttributeValue::N(number.to_string())),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(AttributeValue::B),
        any::<bool>().prop_map(AttributeValue::Bool),
        prop::collection::vec(".{0,5}", 1..4).prop_map(AttributeValue::Ss),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(AttributeValue::L),
            prop::collection::hash_map(".{0,5}", inner, 0..5).prop_map(AttributeValue::M),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_losing_image_comes_back(
        loser in prop::collection::hash_map("[a-z]{1,8}", any_value(), 0..8),
        large in prop::option::of((200_000usize..400_000, any::<u64>())),
    ) {
        let mut loser = serde_json::to_value(&loser).unwrap();
        if let Some((length, seed)) = large {
            loser["large"] = json!({"S": noise(length, seed)});
        }
        let raw = conflict_record(&loser, &loser);
        let entry = entry_of(&raw, LedgerImages::Full);
        assert_within_limits(&entry);
        prop_assert_eq!(losing_image(&entry.main, &entry.parts).unwrap().unwrap(), old_image(&raw));
    }
}
