//! What is written comes back, whatever its size, and looks as it always has.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use conflict::{Confidence, Stamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// DynamoDB's own limit, by its own count of sizes.
const LIMIT: usize = 400 * 1024;

fn now() -> DateTime<Utc> {
    "2026-11-22T12:30:00.123Z".parse().unwrap()
}

fn image(value: Value) -> Image {
    serde_json::from_value(value).unwrap()
}

fn json_of(item: &Image) -> Value {
    serde_json::to_value(item).unwrap()
}

/// A conflict between these two versions.
pub(crate) fn conflict(loser: Image, winner: Image) -> Entry {
    let key = Key::from([("PK".to_owned(), AttributeValue::S("ORDER#1".to_owned()))]);
    let names = ["a".to_owned(), "b".to_owned()];
    Entry {
        confidence: Some(Confidence::Certain.into()),
        event_id: Some("e1".to_owned()),
        sequence_number: Some("7".to_owned()),
        differing_attributes: Some(names.into()),
        identical: Some(false),
        lost_writes: Some(2),
        loser: Some(Side {
            region: Some("us-east-1".to_owned()),
            written_at: Some(1_795_349_587_051_000),
            stamps: BTreeMap::from([(
                "us-east-1".to_owned(),
                Stamp::new(2, 1_795_349_587_051_000),
            )]),
            image: Some(loser),
            undecoded: BTreeMap::new(),
        }),
        winner: Some(Side {
            region: Some("eu-west-1".to_owned()),
            written_at: Some(1_795_349_588_000_000),
            stamps: BTreeMap::from([(
                "eu-west-1".to_owned(),
                Stamp {
                    n: Some(1),
                    t: None,
                },
            )]),
            image: Some(winner),
            undecoded: BTreeMap::new(),
        }),
        ..Entry {
            key: Some(key.clone()),
            ..Entry::new(
                EntryKind::UpdateUpdate,
                ItemKey::from_key(&key),
                ConflictId::new(Some(1_795_349_588_000_000), "e1"),
                "orders",
                now(),
                30,
            )
        }
    }
}

fn quarantined(record: &str) -> Entry {
    let id = ConflictId::quarantine(record);
    let kind = EntryKind::MalformedRecord;
    Entry {
        reason: Some("eventName is missing".to_owned()),
        record: Some(record.to_owned()),
        ..Entry::new(kind, ItemKey::quarantine(), id, "orders", now(), 30)
    }
}

fn read(stored: &StoredEntry) -> Entry {
    assert_within_limits(stored);
    let form = StorageForm::from_item(&stored.main);
    assert_eq!(form.parts(), stored.parts.len());
    Entry::read(stored.main.clone(), &stored.parts).unwrap()
}

fn losing_image(entry: Entry) -> Image {
    entry.loser.unwrap().image.unwrap()
}

fn assert_within_limits(stored: &StoredEntry) {
    for item in stored.parts.iter().chain([&stored.main]) {
        assert!(size::of_item(item) <= LIMIT, "{}", size::of_item(item));
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
fn an_entry_looks_like_this() {
    let entry = conflict(
        image(json!({"a": {"S": "x"}})),
        image(json!({"b": {"NULL": true}})),
    );
    let stored = entry.clone().into_items();
    let expected = json!({
        "ItemKey": {"S": "{\"PK\":{\"S\":\"ORDER#1\"}}"},
        "ConflictId": {"S": "2026-11-22T12:13:08.000000Z#e1"},
        "Bucket": {"S": "2026-11-22T12#f"},
        "OpenShard": {"S": "f"},
        "Key": {"M": {"PK": {"S": "ORDER#1"}}},
        "TableName": {"S": "orders"},
        "Kind": {"S": "update_update"},
        "Confidence": {"S": "certain"},
        "Status": {"S": "open"},
        "DetectedAt": {"S": "2026-11-22T12:30:00.123Z"},
        "ExpiresAt": {"N": "1797942600"},
        "EventId": {"S": "e1"},
        "SequenceNumber": {"S": "7"},
        "DifferingAttributes": {"L": [{"S": "a"}, {"S": "b"}]},
        "Identical": {"BOOL": false},
        "LostWrites": {"N": "2"},
        "Loser": {"M": {
            "Region": {"S": "us-east-1"},
            "WrittenAt": {"S": "2026-11-22T12:13:07.051000Z"},
            "Stamps": {"M": {"us-east-1": {"M": {"n": {"N": "2"}, "t": {"N": "1795349587051000"}}}}},
            "Image": {"M": {"a": {"S": "x"}}},
        }},
        "Winner": {"M": {
            "Region": {"S": "eu-west-1"},
            "WrittenAt": {"S": "2026-11-22T12:13:08.000000Z"},
            "Stamps": {"M": {"eu-west-1": {"M": {"n": {"N": "1"}}}}},
            "Image": {"M": {"b": {"NULL": true}}},
        }},
    });
    assert_eq!(json_of(&stored.main), expected);
    assert_eq!(Entry::read_alone(stored.main.clone()).unwrap(), entry);
    assert_eq!(json!(entry.detected_at_text()), expected["DetectedAt"]["S"]);
    assert_eq!(entry.expires_at_text().unwrap(), "2026-12-22T12:30:00Z");
    let loser = entry.loser.as_ref().unwrap();
    assert_eq!(
        json!(loser.written_at_text()),
        expected["Loser"]["M"]["WrittenAt"]["S"]
    );
    assert_eq!(stored.parts, []);
    assert_eq!(StorageForm::from_item(&stored.main).name(), "whole");
    assert_eq!(read(&stored), entry);
}

#[test]
fn what_the_lost_write_changed_and_what_operators_did_look_like_this() {
    let mut entry = conflict(Image::new(), Image::new());
    entry.changed_attributes = Some(vec!["a".to_owned()]);
    entry.changed_attributes_complete = Some(true);
    entry.changed_by_both = Some(vec![]);
    entry.ancestor_numbers = Some(BTreeMap::from([("a".to_owned(), "7".to_owned())]));
    entry.status = Status::Restored.into();
    entry.history = Some(vec![HistoryEvent {
        action: OperatorAction::PutBack.into(),
        at: now(),
        by: "arn:aws:iam::123456789012:user/ada".to_owned(),
        why: None,
        attributes: Some(vec!["a".to_owned()]),
        region: Some("us-east-1".to_owned()),
    }]);
    entry.pending_sums = Some(vec![PendingSum {
        name: "a".to_owned(),
        before: None,
        after: "8".to_owned(),
    }]);
    let stored = entry.clone().into_items();
    let main = json_of(&stored.main);
    for (name, expected) in [
        ("ChangedAttributes", json!({"L": [{"S": "a"}]})),
        ("ChangedAttributesComplete", json!({"BOOL": true})),
        ("ChangedByBoth", json!({"L": []})),
        ("AncestorNumbers", json!({"M": {"a": {"S": "7"}}})),
        (STATUS, json!({"S": "restored"})),
        (
            HISTORY,
            json!({"L": [{"M": {
                "Action": {"S": "put_back"},
                "At": {"S": "2026-11-22T12:30:00.123Z"},
                "By": {"S": "arn:aws:iam::123456789012:user/ada"},
                "Attributes": {"L": [{"S": "a"}]},
                "Region": {"S": "us-east-1"},
            }}]}),
        ),
        (
            PENDING_SUMS,
            json!({"L": [{"M": {"Name": {"S": "a"}, "After": {"S": "8"}}}]}),
        ),
    ] {
        assert_eq!(main[name], expected, "{name}");
    }
    assert_eq!(read(&stored), entry);
    let bare = entry.into_items_in(EntryForm::WithoutImages).main;
    for name in ["ChangedAttributes", "ChangedByBoth", "AncestorNumbers"] {
        assert!(!bare.contains_key(name), "{name}");
    }
}

#[test]
fn a_quarantined_record_looks_like_this() {
    let entry = quarantined("{}");
    let stored = entry.clone().into_items();
    let expected = json!({
        "ItemKey": {"S": "quarantine"},
        "ConflictId": {"S": "malformed#44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
        "Bucket": {"S": "2026-11-22T12#4"},
        "OpenShard": {"S": "4"},
        "TableName": {"S": "orders"},
        "Kind": {"S": "malformed_record"},
        "Status": {"S": "open"},
        "DetectedAt": {"S": "2026-11-22T12:30:00.123Z"},
        "ExpiresAt": {"N": "1797942600"},
        "Reason": {"S": "eventName is missing"},
        "Record": {"S": "{}"},
    });
    assert_eq!(json_of(&stored.main), expected);
    assert_eq!(read(&stored), entry);
}

#[test]
fn what_a_newer_version_wrote_is_read_as_far_as_it_is_known() {
    let mut item = conflict(Image::new(), Image::new()).into_items().main;
    for (name, value) in [
        ("Kind", "merge"),
        ("Confidence", "likely"),
        ("Status", "shelved"),
        ("Evidence", "join"),
    ] {
        item.insert(name.to_owned(), AttributeValue::S(value.to_owned()));
    }
    let entry = Entry::read(item, &[]).unwrap();
    assert_eq!(entry.kind, Name::Unknown("merge".to_owned()));
    assert_eq!(
        entry.confidence.map(|name| name.to_string()).as_deref(),
        Some("likely")
    );
    assert_eq!(entry.status.as_str(), "shelved");
}

#[test]
fn an_attribute_of_the_wrong_type_is_named() {
    let text = AttributeValue::S("yesterday".to_owned());
    let good = conflict(Image::new(), Image::new()).into_items().main;
    for name in ["DetectedAt", "ExpiresAt", "Identical", "LostWrites"] {
        let mut item = good.clone();
        item.insert(name.to_owned(), text.clone());
        let error = Entry::read(item, &[]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}: ")), "{error}");
    }
    for name in ["Loser", "Winner"] {
        let mut item = good.clone();
        let Some(AttributeValue::M(side)) = item.get_mut(name) else {
            panic!()
        };
        side.insert("WrittenAt".to_owned(), text.clone());
        let error = Entry::read(item, &[]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}.WrittenAt: ")), "{error}");
    }
    let mut item = good;
    item.remove("Status");
    let error = Entry::read(item, &[]).unwrap_err().to_string();
    assert!(error.contains("`Status`"), "{error}");
}

#[test]
fn without_its_images_all_else_of_an_entry_is_read() {
    let entry = conflict(
        image(json!({"a": {"S": "x"}})),
        image(json!({"a": {"S": "y"}})),
    );
    let whole = entry.clone().into_items().main;
    let mut item = Image::new();
    for path in PATHS_WITHOUT_IMAGES {
        match path.split_once('.') {
            None => item.extend(
                whole
                    .get(path)
                    .map(|value| (path.to_owned(), value.clone())),
            ),
            Some((side, name)) => {
                let AttributeValue::M(from) = &whole[side] else {
                    panic!()
                };
                let to = item.entry(side.to_owned());
                let to = to.or_insert_with(|| AttributeValue::M(Image::new()));
                let AttributeValue::M(to) = to else { panic!() };
                to.extend(from.get(name).map(|value| (name.to_owned(), value.clone())));
            }
        }
    }
    let read = Entry::read(item, &[]).unwrap();
    let side = |side: Option<Side>| {
        let nothing = Side::default();
        side.map(|side| Side {
            image: nothing.image,
            stamps: nothing.stamps,
            ..side
        })
    };
    let expected = Entry {
        event_id: None,
        sequence_number: None,
        loser: side(entry.loser.clone()),
        winner: side(entry.winner.clone()),
        ..entry
    };
    assert_eq!(read, expected);
}

#[test]
fn the_winners_largest_attributes_are_left_out_first() {
    let loser = image(json!({"doc": {"S": "l".repeat(250_000)}}));
    let winner = json!({"large": {"S": "w".repeat(200_000)}, "small": {"S": "w".repeat(100_000)}});
    let stored = conflict(loser.clone(), image(winner)).into_items();
    let entry = read(&stored);
    let winner = entry.winner.clone().unwrap().image.unwrap();
    assert_eq!(losing_image(entry), loser);
    assert_eq!(
        serde_json::to_value(&winner["large"]).unwrap(),
        json!({"M": {"Omitted": {"BOOL": true}, "Bytes": {"N": "200000"}}})
    );
    assert_eq!(omitted_bytes(&winner["large"]), Some(200_000));
    assert_eq!(omitted_bytes(&winner["small"]), None);
    assert!(matches!(&winner["small"], AttributeValue::S(text) if text.len() == 100_000));
    assert_eq!(omitted_image_bytes(&winner), None);
}

#[test]
fn of_equally_large_attributes_the_first_by_name_is_left_out() {
    let loser = image(json!({"doc": {"S": "l".repeat(250_000)}}));
    let half = json!({"S": "w".repeat(100_000)});
    let winner = image(json!({"a": half, "b": half}));
    let winner = read(&conflict(loser, winner).into_items())
        .winner
        .unwrap()
        .image
        .unwrap();
    assert_eq!(omitted_bytes(&winner["a"]), Some(100_000));
    assert_eq!(omitted_bytes(&winner["b"]), None);
}

#[test]
fn a_note_of_what_was_left_out_is_told_from_an_applications_own_map() {
    for other in [
        json!({"Omitted": {"BOOL": false}, "Bytes": {"N": "1"}}),
        json!({"Omitted": {"BOOL": true}, "Bytes": {"S": "1"}}),
        json!({"Omitted": {"BOOL": true}, "Bytes": {"N": "1"}, "more": {"N": "1"}}),
        json!({"Omitted": {"BOOL": true}}),
    ] {
        assert_eq!(omitted_image_bytes(&image(other.clone())), None, "{other}");
        assert_eq!(omitted_bytes(&AttributeValue::M(image(other))), None);
    }
}

#[test]
fn an_entry_takes_all_the_room_that_there_is() {
    let with = |length: usize| {
        conflict(
            image(json!({"doc": {"S": "l".repeat(length)}})),
            Image::new(),
        )
        .into_items()
    };
    let empty = size::of_item(&with(0).main);
    let most = size::MAX_ITEM_BYTES - empty;
    let largest = with(most);
    assert_eq!(size::of_item(&largest.main), size::MAX_ITEM_BYTES);
    assert_eq!(StorageForm::from_item(&largest.main), StorageForm::Whole);
    assert_eq!(
        StorageForm::from_item(&with(most + 1).main),
        StorageForm::Compressed
    );
}

#[test]
fn a_losing_image_that_does_not_fit_is_compressed() {
    let loser = image(json!({"doc": {"S": "l".repeat(408_000)}}));
    let winner = image(json!({"doc": {"S": "w".repeat(408_000)}}));
    let stored = conflict(loser.clone(), winner).into_items();
    assert_eq!(
        StorageForm::from_item(&stored.main),
        StorageForm::Compressed
    );
    let entry = read(&stored);
    // It was left out to make room, and stays so: the losing image may not fit beside it in the next version.
    let winner = entry.winner.clone().unwrap().image.unwrap();
    assert_eq!(omitted_bytes(&winner["doc"]), Some(408_000));
    assert_eq!(losing_image(entry), loser);
}

#[test]
fn a_compressed_image_stays_in_the_entry_as_long_as_both_fit() {
    // 200 KB that do not compress, and enough that does to be too large uncompressed.
    let loser = Image::from([
        ("doc".to_owned(), AttributeValue::B(noise_bytes(200_000, 3))),
        ("rest".to_owned(), AttributeValue::S("l".repeat(208_000))),
    ]);
    let winner = image(json!({"doc": {"S": "w".repeat(8_000)}}));
    let stored = conflict(loser.clone(), winner).into_items();
    assert_eq!(
        StorageForm::from_item(&stored.main),
        StorageForm::Compressed
    );
    assert!(size::of_item(&stored.main) > 200_000);
    assert_eq!(losing_image(read(&stored)), loser);
}

#[test]
fn an_event_of_the_history_tells_its_time_as_the_ledger_writes_it() {
    let event = HistoryEvent {
        action: OperatorAction::PutBack.into(),
        at: now(),
        by: "arn:aws:iam::123456789012:user/ada".to_owned(),
        why: None,
        attributes: None,
        region: None,
    };
    assert_eq!(event.at_text(), "2026-11-22T12:30:00.123Z");
    assert_eq!(json!(event)["At"], event.at_text());
}

#[test]
fn a_compressed_image_that_does_not_fit_is_split_over_parts() {
    let loser = Image::from([("doc".to_owned(), AttributeValue::B(noise_bytes(409_000, 3)))]);
    let stored = conflict(loser.clone(), Image::new()).into_items();
    // As few as there can be: each one is a request.
    let count = 2;
    assert_eq!(
        StorageForm::from_item(&stored.main),
        StorageForm::InParts(count)
    );
    let AttributeValue::M(side) = &stored.main["Loser"] else {
        panic!("{:?}", stored.main["Loser"]);
    };
    assert_eq!(side["ImageParts"], AttributeValue::N(count.to_string()));
    assert_eq!(losing_image(read(&stored)), loser);
    let key = EntryKey::from_item(&stored.main).unwrap();
    for (number, part) in (1..).zip(&stored.parts) {
        assert_eq!(EntryKey::from_item(part), Some(key.part(number)));
        assert_eq!(part["ExpiresAt"], stored.main["ExpiresAt"]);
        assert!(is_part(part) && !part.contains_key("Bucket"));
        assert_eq!(part.len(), 4);
    }
    assert!(!is_part(&stored.main));
    let alone = Entry::read_alone(stored.main.clone()).unwrap();
    assert_eq!(alone.loser.clone().unwrap().image, None);
    let mut whole = read(&stored);
    whole.loser.as_mut().unwrap().image = None;
    assert_eq!(alone, whole);
    let error = Entry::read(stored.main.clone(), &stored.parts[..count - 1]).unwrap_err();
    assert!(
        matches!(error, EntryError::PartMissing { number, count: all } if (number, all) == (count, count)),
        "{error}"
    );
}

#[test]
fn very_many_small_attributes_fit_too() {
    let many = |value: &str| {
        let attributes =
            (0..60_000).map(|i| (format!("a{i}"), AttributeValue::S(value.to_owned())));
        attributes.collect::<Image>()
    };
    let loser = many("x");
    let mut names: Vec<String> = loser.keys().cloned().collect();
    names.sort();
    let mut entry = conflict(loser.clone(), many("y"));
    entry.differing_attributes = Some(names.clone());
    entry.winner_only_attributes = Some(names.clone());
    let read = read(&entry.into_items());
    let lists = [
        (
            &read.differing_attributes,
            read.differing_attributes_omitted,
        ),
        (
            &read.winner_only_attributes,
            read.winner_only_attributes_omitted,
        ),
    ];
    for (kept, omitted) in lists {
        let kept = kept.as_ref().unwrap();
        assert_eq!(kept[..], names[..kept.len()]);
        assert_eq!(kept.len() as u64 + omitted.unwrap(), 60_000);
        // 32 KB, each name with the byte that an element of a list costs.
        let bytes = |names: &[String]| names.iter().map(|name| name.len() + 1).sum::<usize>();
        assert!(bytes(kept) <= 32 * 1024);
        assert!(bytes(&names[..kept.len() + 1]) > 32 * 1024);
    }
    let winner = read.winner.clone().unwrap().image.unwrap();
    assert!(omitted_image_bytes(&winner) > Some(60_000));
    assert_eq!(losing_image(read), loser);
}

#[test]
fn the_same_entry_gives_the_same_bytes() {
    let attributes = (0..2_000).map(|i| (format!("a{i}"), AttributeValue::S(noise(300, i))));
    let loser: Image = attributes.collect();
    // Each map of the standard library has an order of its own.
    let again: Image = loser.clone().into_iter().collect();
    let stored = |loser| conflict(loser, Image::new()).into_items();
    assert_eq!(stored(loser), stored(again));
}

#[test]
fn a_quarantined_record_of_any_size_is_kept_as_it_came() {
    for length in [10, 390_000, 409_600, 6_000_000] {
        let entry = quarantined(&format!("{{\"odd\": \"{}\"}}", noise(length, 9)));
        assert_eq!(read(&entry.clone().into_items()), entry);
    }
}

#[test]
fn damaged_bytes_are_told() {
    let compressed = |bytes: Vec<u8>| {
        let mut item = conflict(Image::new(), Image::new()).into_items().main;
        let Some(AttributeValue::M(loser)) = item.get_mut("Loser") else {
            panic!()
        };
        loser.remove("Image");
        loser.insert("ImageGzip".to_owned(), AttributeValue::B(bytes));
        Entry::read(item, &[])
    };
    let damaged = compressed(vec![1, 2, 3]);
    assert!(
        matches!(damaged, Err(EntryError::Damaged(_))),
        "{damaged:?}"
    );
    let main = Image::new();
    let (_, (_, value)) = storage::compress(&main, "Image", b"[1]");
    let AttributeValue::B(bytes) = value else {
        panic!()
    };
    let no_image = compressed(bytes);
    assert!(
        matches!(no_image, Err(EntryError::NotAnImage(_))),
        "{no_image:?}"
    );
}

#[test]
fn an_entry_without_images_says_so() {
    let mut entry = conflict(Image::new(), Image::new());
    for side in [&mut entry.loser, &mut entry.winner] {
        side.as_mut().unwrap().image = None;
    }
    let stored = entry.clone().into_items();
    assert_eq!(StorageForm::from_item(&stored.main), StorageForm::Nowhere);
    assert_eq!(read(&stored), entry);
}

#[test]
fn the_table_is_the_one_that_the_templates_are_compared_with() {
    let mut expected: Value = serde_json::from_str(include_str!("../table.json")).unwrap();
    let expiry = json!({"AttributeName": EXPIRES_AT, "Enabled": true});
    assert_eq!(expected["TimeToLiveSpecification"].take(), expiry);
    expected
        .as_object_mut()
        .unwrap()
        .remove("TimeToLiveSpecification");
    expected["TableName"] = json!("conflicts");
    assert_eq!(create_table_request("conflicts"), expected);
    let keys = ["ItemKey", "ConflictId", "Bucket", "ByTime", "Kind"];
    assert_eq!([ITEM_KEY, CONFLICT_ID, BUCKET, BY_TIME, KIND], keys);
    let of_open = ["OpenShard", "DetectedAt", "Open"];
    assert_eq!([OPEN_SHARD, DETECTED_AT, OPEN], of_open);
}

fn any_value() -> impl Strategy<Value = AttributeValue> {
    let leaf = prop_oneof![
        ".{0,20}".prop_map(AttributeValue::S),
        any::<i64>().prop_map(|number| AttributeValue::N(number.to_string())),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(AttributeValue::B),
        any::<bool>().prop_map(AttributeValue::Bool),
        Just(AttributeValue::Null(true)),
        prop::collection::vec(".{0,5}", 1..4).prop_map(AttributeValue::Ss),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(AttributeValue::L),
            prop::collection::hash_map(".{0,5}", inner, 0..5).prop_map(AttributeValue::M),
        ]
    })
}

fn any_image() -> impl Strategy<Value = Image> {
    prop::collection::hash_map("[a-z]{1,8}", any_value(), 0..6)
}

/// Up to the end of the year 9999.
fn any_micros() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(0..=253_402_300_799_999_999u64)
}

fn any_side() -> impl Strategy<Value = Side> {
    let stamp = (any_micros(), any_micros()).prop_map(|(n, t)| Stamp { n, t });
    let stamps = prop::collection::btree_map("[a-z]{2}-[a-z]{4}-[1-9]", stamp, 0..4);
    let region = prop::option::of("[a-z]{2}-[a-z]{4}-[1-9]");
    (region, any_micros(), stamps, prop::option::of(any_image())).prop_map(
        |(region, written_at, stamps, image)| Side {
            region,
            written_at,
            stamps,
            image,
            undecoded: BTreeMap::new(),
        },
    )
}

fn any_name<T: Copy + std::fmt::Debug + 'static>(
    known: &'static [T],
) -> impl Strategy<Value = Name<T>> {
    let unknown = "[A-Z]{3}".prop_map(Name::Unknown);
    prop_oneof![prop::sample::select(known).prop_map(Name::Known), unknown]
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let names = || prop::option::of(prop::collection::vec(".{0,8}", 0..5));
    let text = || prop::option::of(".{0,20}");
    let number = || prop::option::of(any::<u64>());
    let time =
        |most: i64| (0..most).prop_map(|millis| DateTime::from_timestamp_millis(millis).unwrap());
    let labels = (
        any_name(EntryKind::ALL),
        prop::option::of(any_name(&[Confidence::Certain, Confidence::Probable])),
        any_name(Status::ALL),
        any_micros().prop_map(|micros| ConflictId::new(micros, "e1")),
        prop::option::of(any_name(&[Evidence::Join, Evidence::Version])),
    );
    let key = prop::collection::btree_map("[a-z]{1,3}", any_value(), 1..3);
    let times = (
        time(4_000_000_000_000),
        prop::option::of(0..4_000_000_000i64),
    );
    let texts = (text(), text(), text(), text(), ".{0,9}");
    let lists = (
        names(),
        number(),
        names(),
        number(),
        number(),
        prop::option::of(any::<bool>()),
    );
    let sides = (prop::option::of(any_side()), prop::option::of(any_side()));
    let lost_writes = (
        names(),
        prop::option::of(any::<bool>()),
        names(),
        prop::option::of(prop::collection::btree_map(".{0,8}", "[0-9]{1,8}", 0..3)),
    );
    let event = (
        any_name(OperatorAction::ALL),
        time(4_000_000_000_000),
        ".{0,9}",
        text(),
        names(),
        text(),
    );
    let event = event.prop_map(|(action, at, by, why, attributes, region)| HistoryEvent {
        action,
        at,
        by,
        why,
        attributes,
        region,
    });
    let sum = (".{0,8}", text(), ".{0,8}");
    let sum = sum.prop_map(|(name, before, after)| PendingSum {
        name,
        before,
        after,
    });
    let acts = (
        prop::option::of(prop::collection::vec(event, 0..3)),
        prop::option::of(prop::collection::vec(sum, 0..3)),
    );
    (
        labels,
        prop::option::of(key),
        times,
        texts,
        (lists, lost_writes, acts),
        sides,
    )
        .prop_map(
            |(
                labels,
                key,
                (detected_at, expires_at),
                texts,
                (lists, changed, acts),
                (loser, winner),
            )| {
                let (kind, confidence, status, conflict_id, evidence) = labels;
                let (event_id, sequence_number, reason, record, table_name) = texts;
                Entry {
                    item_key: key
                        .as_ref()
                        .map_or_else(ItemKey::quarantine, ItemKey::from_key),
                    conflict_id,
                    key,
                    table_name,
                    kind,
                    confidence,
                    evidence,
                    status,
                    detected_at,
                    expires_at: expires_at.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
                    event_id,
                    sequence_number,
                    differing_attributes: lists.0,
                    differing_attributes_omitted: lists.1,
                    winner_only_attributes: lists.2,
                    winner_only_attributes_omitted: lists.3,
                    lost_writes: lists.4,
                    identical: lists.5,
                    changed_attributes: changed.0,
                    changed_attributes_complete: changed.1,
                    changed_by_both: changed.2,
                    ancestor_numbers: changed.3,
                    history: acts.0,
                    pending_sums: acts.1,
                    loser,
                    winner,
                    images_refused: None,
                    reason,
                    record,
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_entry_comes_back(entry in any_entry()) {
        let stored = entry.clone().into_items();
        prop_assert_eq!(Entry::read(stored.main, &stored.parts).unwrap(), entry);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_losing_image_comes_back(
        mut loser in any_image(),
        large in prop::option::of((200_000usize..400_000, any::<u64>())),
    ) {
        if let Some((length, seed)) = large {
            loser.insert("large".to_owned(), AttributeValue::S(noise(length, seed)));
        }
        let stored = conflict(loser.clone(), loser.clone()).into_items();
        prop_assert_eq!(losing_image(read(&stored)), loser);
    }
}

#[test]
fn only_what_waits_for_an_operator_is_in_the_index_of_open_entries() {
    let shard = |change: &dyn Fn(&mut Entry)| {
        let mut entry = conflict(Image::new(), Image::new());
        change(&mut entry);
        let id = entry.conflict_id.clone();
        let stored = entry.into_items().main;
        let shard = stored.get("OpenShard").cloned();
        assert!(
            shard
                .iter()
                .all(|shard| *shard == AttributeValue::S(open_shard(&id)))
        );
        shard.is_some()
    };
    for kind in EntryKind::ALL {
        let is_sample = kind.name().ends_with("_sample");
        assert_eq!(
            shard(&|entry| entry.kind = (*kind).into()),
            !is_sample,
            "{kind:?}"
        );
    }
    for status in Status::ALL {
        let is_open = *status == Status::Open;
        assert_eq!(shard(&|entry| entry.status = (*status).into()), is_open);
    }
    // What a later version wrote is counted until that version says otherwise.
    assert!(shard(
        &|entry| entry.kind = Name::Unknown("new_kind".to_owned())
    ));
    assert!(!shard(
        &|entry| entry.status = Name::Unknown("parked".to_owned())
    ));
    let shards: Vec<String> = open_shards().collect();
    assert_eq!(shards.len(), 16);
    assert!(
        buckets("2026-11-22T12")
            .zip(&shards)
            .all(|(bucket, shard)| bucket.ends_with(&format!("#{shard}")))
    );
}
