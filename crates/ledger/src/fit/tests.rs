//! What DynamoDB would refuse: depth, values that it has no form for, and the forms that follow.

use std::collections::BTreeMap;

use super::*;
use crate::tests::conflict;
use crate::{Entry, EntryKind, ItemKey, Side, StorageForm};

/// A value of so many levels, by lists, by maps or by both in turn.
fn nested(levels: usize, containers: &str) -> AttributeValue {
    (1..levels).fold(AttributeValue::Bool(true), |value, level| {
        let is_map = match containers {
            "maps" => true,
            "lists" => false,
            _ => level % 2 == 0,
        };
        match is_map {
            true => AttributeValue::M(Image::from([("m".to_owned(), value)])),
            false => AttributeValue::L(vec![value]),
        }
    })
}

fn levels(value: &AttributeValue) -> usize {
    1 + match value {
        AttributeValue::L(elements) => elements.iter().map(levels).max().unwrap_or(0),
        AttributeValue::M(members) => members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

fn deepest(stored: &StoredEntry) -> usize {
    let items = stored.parts.iter().chain([&stored.main]);
    items.flat_map(Image::values).map(levels).max().unwrap()
}

fn image(value: AttributeValue) -> Image {
    Image::from([
        ("deep".to_owned(), value),
        ("flat".to_owned(), AttributeValue::S("x".to_owned())),
    ])
}

#[test]
fn an_image_of_any_depth_that_dynamodb_stores_is_kept_whole() {
    for containers in ["maps", "lists", "both"] {
        for depth in 1..=32 {
            let deep = image(nested(depth, containers));
            let entry = conflict(deep.clone(), deep.clone());
            let stored = entry.clone().into_items();
            assert!(deepest(&stored) <= 32, "{depth} {containers}");
            let form = StorageForm::from_item(&stored.main);
            assert_eq!(form == StorageForm::Whole, depth <= 30, "{depth}");
            let read = Entry::read(stored.main, &stored.parts).unwrap();
            assert_eq!(read.loser, entry.loser, "{depth} {containers}");
            let winner = read.winner.unwrap().image.unwrap();
            let is_omitted = omitted_bytes(&winner["deep"]).is_some();
            assert_eq!(is_omitted, depth > 30, "{depth}");
            assert_eq!(winner["flat"], deep["flat"]);
        }
    }
}

#[test]
fn a_deep_attribute_of_the_winner_alone_costs_nothing_else() {
    let flat = image(AttributeValue::Bool(true));
    let stored = conflict(flat.clone(), image(nested(32, "maps"))).into_items();
    assert_eq!(StorageForm::from_item(&stored.main), StorageForm::Whole);
    assert!(deepest(&stored) <= 32);
    let read = Entry::read(stored.main, &[]).unwrap();
    assert_eq!(read.loser.unwrap().image, Some(flat));
}

#[test]
fn what_cannot_be_decoded_is_kept_as_it_came() {
    let flat = image(AttributeValue::Bool(true));
    let mut entry = conflict(flat.clone(), flat.clone());
    let vector = r#"{"VEC": [1.50, 2]}"#.to_owned();
    let undecoded = BTreeMap::from([("vector".to_owned(), Some(vector))]);
    entry.loser.as_mut().unwrap().undecoded = undecoded.clone();
    entry.winner.as_mut().unwrap().undecoded = undecoded.clone();
    let stored = entry.clone().into_items();
    for side in [LOSER, WINNER] {
        let AttributeValue::M(side) = &stored.main[side] else {
            panic!("{side} is no map")
        };
        let names = AttributeValue::L(vec![AttributeValue::S("vector".to_owned())]);
        assert_eq!(side[UNDECODED_ATTRIBUTES], names);
    }
    let read = Entry::read(stored.main, &stored.parts).unwrap();
    assert_eq!(read.loser, entry.loser);
    let winner = read.winner.unwrap();
    assert_eq!(
        winner.undecoded,
        BTreeMap::from([("vector".to_owned(), None)])
    );
    let image = winner.image.unwrap();
    assert_eq!(omitted_bytes(&image["vector"]), Some(18));
    assert_eq!(image["flat"], flat["flat"]);
}

#[test]
fn what_cannot_be_decoded_is_named_without_reading_the_images() {
    let flat = image(AttributeValue::Bool(true));
    let mut entry = conflict(flat.clone(), flat);
    let text = || Some(r#"{"VEC": [1]}"#.to_owned());
    let loser = entry.loser.as_mut().unwrap();
    loser.undecoded = BTreeMap::from([("old".to_owned(), text())]);
    let winner = entry.winner.as_mut().unwrap();
    winner.undecoded = BTreeMap::from([("new".to_owned(), text())]);
    let mut item = entry.into_items().main;
    for side in [LOSER, WINNER] {
        let Some(AttributeValue::M(side)) = item.get_mut(side) else {
            panic!("{side} is no map")
        };
        side.retain(|name, _| name == UNDECODED_ATTRIBUTES);
    }
    let read = Entry::read(item, &[]).unwrap();
    let names = |side: Option<Side>| side.unwrap().undecoded;
    let named = |name: &str| BTreeMap::from([(name.to_owned(), None)]);
    assert_eq!(names(read.loser), named("old"));
    assert_eq!(names(read.winner), named("new"));
}

#[test]
fn what_a_later_version_can_decode_is_an_attribute_like_any_other() {
    let flat = AttributeValue::S("x".to_owned());
    let known = Image::from([("flat".to_owned(), flat)]);
    let mut entry = conflict(Image::new(), Image::new());
    let loser = entry.loser.as_mut().unwrap();
    let text = serde_json::to_string(&known["flat"]).unwrap();
    loser.undecoded = BTreeMap::from([("flat".to_owned(), Some(text))]);
    let stored = entry.into_items();
    let loser = Entry::read(stored.main, &stored.parts).unwrap().loser;
    let loser = loser.unwrap();
    assert_eq!(loser.image, Some(known));
    assert_eq!(loser.undecoded, BTreeMap::new());
}

#[test]
fn the_compressed_form_holds_nothing_that_came_from_the_record_but_its_key() {
    let bad = image(AttributeValue::N("no number".to_owned()));
    let entry = conflict(bad.clone(), bad.clone());
    let stored = entry.clone().into_items_in(EntryForm::Compressed);
    assert!(!format!("{:?}", stored.main).contains("no number"));
    let read = Entry::read(stored.main, &stored.parts).unwrap();
    assert_eq!(read.loser, entry.loser);
    assert_eq!(read.images_refused, None);
    let winner = read.winner.unwrap().image.unwrap();
    assert!(winner.values().all(|value| omitted_bytes(value).is_some()));
}

#[test]
fn the_smallest_form_says_that_the_images_were_refused() {
    let image = image(AttributeValue::S("secret".to_owned()));
    let mut entry = conflict(image.clone(), image);
    entry
        .loser
        .as_mut()
        .unwrap()
        .undecoded
        .insert("odd".into(), Some("5".into()));
    let stored = entry.clone().into_items_in(EntryForm::WithoutImages);
    assert!(stored.parts.is_empty());
    assert!(!format!("{:?}", stored.main).contains("secret"));
    let read = Entry::read(stored.main, &[]).unwrap();
    assert_eq!(read.images_refused, Some(true));
    assert_eq!((read.key, read.differing_attributes), (None, None));
    assert_eq!(read.loser.as_ref().unwrap().image, None);
    assert_eq!(read.loser.unwrap().stamps, entry.loser.unwrap().stamps);
    assert_eq!(read.item_key, entry.item_key);
}

#[test]
fn a_quarantined_record_has_the_same_forms() {
    let entry = || Entry {
        reason: Some("why".to_owned()),
        record: Some("{}".to_owned()),
        ..Entry::new(
            EntryKind::MalformedRecord,
            ItemKey::quarantine(),
            crate::ConflictId::quarantine("{}"),
            "orders",
            chrono::DateTime::UNIX_EPOCH,
            1,
        )
    };
    let stored = entry().into_items_in(EntryForm::Compressed);
    assert_eq!(
        StorageForm::from_item(&stored.main),
        StorageForm::Compressed
    );
    assert_eq!(
        Entry::read(stored.main, &[]).unwrap().record,
        entry().record
    );
    let read = Entry::read(entry().into_items_in(EntryForm::WithoutImages).main, &[]).unwrap();
    assert_eq!((read.record, read.images_refused), (None, Some(true)));
    assert_eq!(read.reason, entry().reason);
}

#[test]
fn each_form_is_followed_by_a_smaller_one() {
    let following = |form: &EntryForm| form.smaller();
    let mut all = EntryForm::ALL.iter();
    let mut form = all.next().copied();
    while let Some(this) = form {
        form = following(&this);
        assert_eq!(form, all.next().copied());
    }
}

/// An entry of so many bytes, with short lists of names.
fn entry_of(bytes: usize) -> Image {
    let names = ["a", "b"].map(|name| AttributeValue::S(name.to_owned()));
    let mut main = Image::from([
        (
            "DifferingAttributes".to_owned(),
            AttributeValue::L(names.to_vec()),
        ),
        (
            "ChangedAttributes".to_owned(),
            AttributeValue::L(names.to_vec()),
        ),
        ("Filler".to_owned(), AttributeValue::S(String::new())),
    ]);
    let filler = "x".repeat(bytes - size::of_item(&main));
    main.insert("Filler".to_owned(), AttributeValue::S(filler));
    main
}

#[test]
fn lists_are_bounded_only_where_the_entry_and_a_note_do_not_fit() {
    let mut fits = entry_of(size::MAX_ITEM_BYTES - NOTE_BYTES);
    let before = fits.clone();
    bound_lists(&mut fits);
    assert_eq!(fits, before);
    let mut too_large = entry_of(size::MAX_ITEM_BYTES - NOTE_BYTES + 1);
    bound_lists(&mut too_large);
    assert!(!too_large.contains_key("ChangedAttributes"));
    // What is short stays, and nothing is said to be omitted.
    assert_eq!(
        too_large["DifferingAttributes"],
        before["DifferingAttributes"]
    );
    assert!(!too_large.contains_key("DifferingAttributesOmitted"));
}
