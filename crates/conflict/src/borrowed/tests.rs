//! What each combination of borrowed attributes speaks for.

use super::*;
use crate::verdict::Verdict;
use proptest::prelude::*;

const HERE: &str = "us-east-1";
const EU: &str = "eu-west-1";

fn version(number: &'static str) -> Borrowed<'static> {
    Borrowed {
        version: Some(number.into()),
        ..Borrowed::default()
    }
}

fn at(number: &'static str, time: &'static str) -> Borrowed<'static> {
    Borrowed {
        updated_at: Some(time.into()),
        ..version(number)
    }
}

fn from(number: &'static str, origin: &'static str) -> Borrowed<'static> {
    Borrowed {
        origin: Some(origin.into()),
        ..version(number)
    }
}

/// What is said: `suspected` with the kind and the winner, `possible`, or nothing.
fn said(old: &Borrowed<'_>, new: &Borrowed<'_>) -> String {
    match judge_borrowed(old, new, HERE) {
        None => "nothing".to_owned(),
        Some(Verdict::PossibleConflict) => "possible".to_owned(),
        Some(Verdict::SuspectedConflict(suspected)) => {
            let winner = suspected.winner_region.unwrap_or("somewhere");
            format!("{} by {winner}", suspected.kind.name())
        }
        Some(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_version_that_rose_says_nothing() {
    assert_eq!(said(&version("4"), &version("5")), "nothing");
    assert_eq!(said(&at("4", "x"), &at("5", "y")), "nothing");
    assert_eq!(said(&from("4", HERE), &from("5", EU)), "nothing");
    assert_eq!(said(&version("9.5"), &version("10")), "nothing");
}

#[test]
fn without_a_version_in_both_nothing_is_said() {
    let none = Borrowed::default();
    let text = version("five");
    for odd in [&none, &text] {
        assert_eq!(said(odd, &version("1")), "nothing");
        assert_eq!(said(&version("5"), odd), "nothing");
    }
}

#[test]
fn a_version_alone_must_have_fallen() {
    assert_eq!(
        said(&version("5"), &version("4")),
        "update_update by somewhere"
    );
    assert_eq!(said(&version("5"), &version("5.0")), "possible");
}

#[test]
fn with_a_time_the_same_version_is_enough_if_the_time_is_another() {
    assert_eq!(
        said(&at("5", "x"), &at("5", "y")),
        "update_update by somewhere"
    );
    assert_eq!(
        said(&at("5", "x"), &at("4", "x")),
        "update_update by somewhere"
    );
    // Nothing that is borrowed changed: another attribute did.
    assert_eq!(said(&at("5", "x"), &at("5", "x")), "nothing");
    // A time in one version alone is no time.
    assert_eq!(said(&at("5", "x"), &version("5")), "possible");
}

#[test]
fn with_an_origin_the_winner_must_come_from_elsewhere_and_the_loser_from_here() {
    assert_eq!(
        said(&from("5", HERE), &from("5", EU)),
        "update_update by eu-west-1"
    );
    assert_eq!(
        said(&from("5", HERE), &from("4", EU)),
        "update_update by eu-west-1"
    );
    assert_eq!(said(&from("5", HERE), &from("5", HERE)), "nothing");
    assert_eq!(said(&from("5", HERE), &from("4", HERE)), "nothing");
    assert_eq!(said(&from("5", EU), &from("5", HERE)), "nothing");
    assert_eq!(
        said(&from("5", EU), &from("4", "ap-northeast-1")),
        "nothing"
    );
    // A name that is no Region's is no origin.
    assert_eq!(
        said(&from("5", "Frankfurt"), &from("5", "Ohio")),
        "possible"
    );
}

#[test]
fn a_version_that_fell_to_a_first_one_may_be_a_new_item() {
    assert_eq!(said(&version("5"), &version("1")), "possible");
    assert_eq!(said(&from("5", HERE), &from("0", EU)), "possible");
    assert_eq!(
        said(&version("5"), &version("2")),
        "update_update by somewhere"
    );
}

#[test]
fn the_kind_is_told_by_marks_and_first_versions() {
    assert_eq!(
        said(&from("1", HERE), &from("1", EU)),
        "insert_insert by eu-west-1"
    );
    let deleted = |borrowed: Borrowed<'static>| Borrowed {
        deleted: true,
        ..borrowed
    };
    let (lost, won) = (from("5", HERE), from("5", EU));
    assert_eq!(
        said(&lost, &deleted(won.clone())),
        "update_delete by eu-west-1"
    );
    assert_eq!(
        said(&deleted(lost.clone()), &won),
        "delete_update by eu-west-1"
    );
    assert_eq!(
        said(&deleted(lost), &deleted(won)),
        "delete_delete by eu-west-1"
    );
}

fn any_borrowed() -> impl Strategy<Value = Borrowed<'static>> {
    let number = prop::sample::select(vec!["0", "1", "2", "3", "3.0", "x"]);
    let time = prop::sample::select(vec!["a", "b"]);
    let origin = prop::sample::select(vec![HERE, EU, "Ohio"]);
    (
        prop::option::of(number),
        prop::option::of(time),
        prop::option::of(origin),
        any::<bool>(),
    )
        .prop_map(|(version, updated_at, origin, deleted)| Borrowed {
            version: version.map(Cow::Borrowed),
            updated_at: updated_at.map(Cow::Borrowed),
            origin: origin.map(Cow::Borrowed),
            deleted,
        })
}

proptest! {
    #[test]
    fn what_did_not_change_is_never_suspected(borrowed in any_borrowed()) {
        let said = said(&borrowed, &borrowed);
        prop_assert!(said == "nothing" || said == "possible", "{said}");
    }

    #[test]
    fn a_write_of_this_region_never_wins_over_a_known_origin(old in any_borrowed(), new in any_borrowed()) {
        let new = Borrowed { origin: Some(HERE.into()), ..new };
        if old.origin.as_deref().is_some_and(is_region_name) {
            prop_assert_eq!(said(&old, &new), "nothing");
        }
    }
}
