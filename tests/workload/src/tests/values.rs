//! Lost values, and what putting them back did, in histories made by hand.

use std::sync::Arc;

use local_aws::global_table::{AttributeValue, Commit, CommitKind, Item, ItemKey};

use super::hand_made::{EAST, WEST, at, region};
use crate::{History, ValueScore, WriteId, WriteKind};

/// A version of the item on top of another one.
fn commit(
    history: &History,
    id: WriteId,
    on: Option<WriteId>,
    kind: WriteKind,
    attributes: &[(&str, &str)],
) {
    let key = [("PK", "USER#1"), ("SK", "PROFILE")];
    let text =
        |(name, value): &(&str, &str)| ((*name).to_owned(), AttributeValue::S((*value).to_owned()));
    let item: Item = attributes.iter().chain(&key).map(text).collect();
    history.record(&Commit {
        region: id.region,
        key: ItemKey::new("App", &key.iter().map(text).collect()),
        version: id,
        replaced: on,
        kind: CommitKind::Local,
        image: Some(Arc::new(item)),
        tag: Some(Arc::from(kind.name())),
        sequence_number: None,
    });
}

/// East sets an address and a phone, which is lost to West's mail. Then this is put back.
fn score(put_back: Option<&[(&str, &str)]>) -> ValueScore {
    let history = History::new("lw").keeping_images();
    let write = |id, on, kind, attributes: &[(&str, &str)]| {
        commit(&history, id, on, kind, attributes);
    };
    let before = [("address", "a0"), ("mail", "m0")];
    write(at(1, EAST), None, WriteKind::Update, &before);
    let address = [("address", "a1"), ("mail", "m0")];
    write(at(2, EAST), Some(at(1, EAST)), WriteKind::Update, &address);
    let phone = [("address", "a2"), ("mail", "m0"), ("phone", "p2")];
    write(at(3, EAST), Some(at(2, EAST)), WriteKind::Update, &phone);
    let mail = [("address", "a0"), ("mail", "m4")];
    write(at(4, WEST), Some(at(1, EAST)), WriteKind::Update, &mail);
    if let Some(attributes) = put_back {
        write(at(5, EAST), Some(at(4, WEST)), WriteKind::Other, attributes);
    }
    assert_eq!(region(EAST), at(1, EAST).region);
    ValueScore::new(&history, |name| name == "PK" || name == "SK")
}

#[test]
fn a_value_that_its_own_line_wrote_again_is_not_lost_twice() {
    let expected = ValueScore {
        lost: 2,
        back: 0,
        newer_gone: 0,
    };
    assert_eq!(score(None), expected);
}

#[test]
fn what_was_put_back_is_counted_as_far_as_it_is_there() {
    let expected = |back, newer_gone| ValueScore {
        lost: 2,
        back,
        newer_gone,
    };
    let all = [("address", "a2"), ("mail", "m4"), ("phone", "p2")];
    assert_eq!(score(Some(&all)), expected(2, 0));
    let one = [("address", "a2"), ("mail", "m4")];
    assert_eq!(score(Some(&one)), expected(1, 0));
}

#[test]
fn putting_the_whole_losing_image_back_takes_the_winners_own_value_away() {
    let whole = [("address", "a2"), ("mail", "m0"), ("phone", "p2")];
    let expected = ValueScore {
        lost: 2,
        back: 2,
        newer_gone: 1,
    };
    assert_eq!(score(Some(&whole)), expected);
}

/// East inserts a phone and changes it; West's insert, which saw neither, wins. Then the phone is put back.
#[test]
fn what_a_concurrent_insert_never_had_is_not_newer() {
    let history = History::new("lw").keeping_images();
    let write = |id, on, kind, attributes: &[(&str, &str)]| {
        commit(&history, id, on, kind, attributes);
    };
    write(at(1, EAST), None, WriteKind::Update, &[("phone", "p1")]);
    let changed = [("phone", "p2")];
    write(at(2, EAST), Some(at(1, EAST)), WriteKind::Update, &changed);
    write(at(3, WEST), None, WriteKind::Put, &[("note", "n3")]);
    let put_back = [("note", "n3"), ("phone", "p2")];
    write(at(4, EAST), Some(at(3, WEST)), WriteKind::Other, &put_back);
    let score = ValueScore::new(&history, |name| name == "PK" || name == "SK");
    assert_eq!((score.back, score.newer_gone), (1, 0));
}

#[test]
fn putting_back_over_a_newer_removal_takes_it_away() {
    let history = History::new("lw").keeping_images();
    let write = |id, on, kind, attributes: &[(&str, &str)]| {
        commit(&history, id, on, kind, attributes);
    };
    write(at(1, EAST), None, WriteKind::Update, &[("phone", "p1")]);
    let changed = [("phone", "p2")];
    write(at(2, EAST), Some(at(1, EAST)), WriteKind::Update, &changed);
    write(at(3, WEST), Some(at(1, EAST)), WriteKind::Update, &[]);
    write(at(4, EAST), Some(at(3, WEST)), WriteKind::Other, &changed);
    let score = ValueScore::new(&history, |name| name == "PK" || name == "SK");
    assert_eq!(score.newer_gone, 1);
}
