//! Each row of the specification's tables by example, and what holds for all stamps.

use super::*;
use proptest::prelude::*;

const HERE: &str = "us-east-1";
const EU: &str = "eu-west-1";
const AP: &str = "ap-northeast-1";
/// A second, in the microseconds of stamps.
const S: u64 = 1_000_000;

fn stamps(pairs: &[(&'static str, u64, u64)]) -> Stamps<'static> {
    pairs
        .iter()
        .map(|(region, n, t)| (*region, Stamp::new(*n, *t)))
        .collect()
}

fn modify<'s>(old: &'s Stamps<'static>, new: &'s Stamps<'static>) -> Verdict<'s> {
    judge(Change::Modify { old, new }, HERE, Tolerance::default())
}

fn conflict<'s>(old: &'s Stamps<'static>, new: &'s Stamps<'static>) -> Conflict<'s> {
    match modify(old, new) {
        Verdict::Conflict(conflict) => conflict,
        other => panic!("no conflict but {other:?}"),
    }
}

#[test]
fn a_record_without_news_in_its_stamps_is_unstamped() {
    let old = stamps(&[(HERE, 1, S)]);
    assert_eq!(modify(&old, &old), Verdict::Unstamped);
    assert_eq!(modify(&old, &Stamps::default()), Verdict::Unstamped);
    let nothing = Stamps::default();
    let insert = Change::Insert { new: &nothing };
    assert_eq!(
        judge(insert, HERE, Tolerance::default()),
        Verdict::Unstamped
    );
}

#[test]
fn a_foreign_version_that_saw_our_writes_is_replicated() {
    let old = stamps(&[(HERE, 3, 10 * S)]);
    for new in [
        stamps(&[(HERE, 3, 10 * S), (EU, 1, 11 * S)]),
        stamps(&[(HERE, 4, 12 * S), (EU, 1, 11 * S)]),
    ] {
        let Verdict::Replicated(replication) = modify(&old, &new) else {
            panic!()
        };
        assert_eq!(
            (replication.origin, replication.written_at),
            (EU, Some(11 * S))
        );
    }
}

#[test]
fn a_write_that_was_only_counted_does_not_tell_when_it_was_made() {
    let old = stamps(&[(HERE, 3, 10 * S), (EU, 1, 5 * S)]);
    let written_at = |new: Stamps<'static>| match modify(&old, &new) {
        Verdict::Replicated(replication) => replication.written_at,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        written_at(stamps(&[(HERE, 3, 10 * S), (EU, 2, 5 * S)])),
        None
    );
    // A clock that lags within the Region is a time all the same.
    assert_eq!(
        written_at(stamps(&[(HERE, 3, 10 * S), (EU, 2, 5 * S - 1)])),
        Some(5 * S - 1)
    );
}

#[test]
fn a_foreign_version_that_did_not_see_our_writes_is_a_conflict() {
    let old = stamps(&[(HERE, 3, 10 * S)]);
    for (new, lost) in [
        (stamps(&[(HERE, 2, 9 * S), (EU, 1, 11 * S)]), 1),
        (stamps(&[(HERE, 1, 2 * S), (EU, 1, 11 * S)]), 2),
        (stamps(&[(EU, 1, 11 * S)]), 3),
        // The count was used again after a loss: the same count with another time is another write.
        (stamps(&[(HERE, 3, 9 * S), (EU, 1, 11 * S)]), 1),
        (stamps(&[(HERE, 3, 11 * S), (EU, 1, 11 * S)]), 1),
    ] {
        let conflict = conflict(&old, &new);
        assert_eq!(conflict.lost_writes, lost);
        assert_eq!(
            (conflict.winner_region, conflict.winner_written_at),
            (EU, Some(11 * S))
        );
        assert_eq!(conflict.loser_written_at, Some(10 * S));
        assert_eq!(conflict.confidence, Confidence::Certain);
    }
}

#[test]
fn clocks_of_one_region_may_disagree_by_the_tolerance() {
    let old = stamps(&[(HERE, 3, 10 * S)]);
    let within = stamps(&[(HERE, 4, 10 * S - 100_000), (EU, 1, 11 * S)]);
    assert!(matches!(modify(&old, &within), Verdict::Replicated(_)));
    let beyond = stamps(&[(HERE, 4, 10 * S - 100_001), (EU, 1, 11 * S)]);
    assert!(matches!(modify(&old, &beyond), Verdict::Conflict(_)));
}

#[test]
fn a_part_that_the_loser_has_must_be_in_the_winner() {
    let only_n = Stamps::from_iter([(
        HERE,
        Stamp {
            n: Some(2),
            t: None,
        },
    )]);
    let only_t = Stamps::from_iter([(
        HERE,
        Stamp {
            n: None,
            t: Some(10 * S),
        },
    )]);
    let with = |own: Stamp| Stamps::from_iter([(HERE, own), (EU, Stamp::new(1, 11 * S))]);
    let cases = [
        (
            &only_n,
            with(Stamp {
                n: Some(2),
                t: None,
            }),
            true,
        ),
        (
            &only_n,
            with(Stamp {
                n: None,
                t: Some(S),
            }),
            false,
        ),
        (
            &only_n,
            with(Stamp {
                n: Some(1),
                t: Some(S),
            }),
            false,
        ),
        (&only_t, with(Stamp::new(1, 10 * S)), true),
        (&only_t, with(Stamp::new(1, 10 * S - 100_000)), true),
        (&only_t, with(Stamp::new(1, 10 * S - 100_001)), false),
        (
            &only_t,
            with(Stamp {
                n: Some(1),
                t: None,
            }),
            false,
        ),
    ];
    for (old, new, seen) in &cases {
        let verdict = modify(old, new);
        assert_eq!(
            matches!(verdict, Verdict::Replicated(_)),
            *seen,
            "{old:?} {new:?}"
        );
        if let Verdict::Conflict(conflict) = verdict {
            assert_eq!(conflict.confidence, Confidence::Probable);
        }
    }
}

#[test]
fn the_origin_is_the_latest_foreign_advance_and_on_a_tie_the_smaller_name() {
    let old = stamps(&[(HERE, 1, S), (AP, 1, 20 * S)]);
    // ap-northeast-1 has the latest time, but did not advance.
    let new = stamps(&[(HERE, 1, S), (AP, 1, 20 * S), (EU, 1, 2 * S)]);
    assert!(matches!(modify(&old, &new), Verdict::Replicated(r) if r.origin == EU));
    for (ap, eu, origin) in [(30, 40, EU), (40, 30, AP)] {
        let both = stamps(&[(HERE, 1, S), (AP, 2, ap * S), (EU, 1, eu * S)]);
        assert!(matches!(modify(&old, &both), Verdict::Replicated(r) if r.origin == origin));
    }
    let tie = stamps(&[(HERE, 1, S), (AP, 2, 30 * S), (EU, 1, 30 * S)]);
    assert!(matches!(modify(&old, &tie), Verdict::Replicated(r) if r.origin == AP));
}

#[test]
fn local_writes_keep_the_stamps_and_local_overwrites_do_not() {
    let old = stamps(&[(HERE, 3, 10 * S), (EU, 2, 5 * S)]);
    assert_eq!(
        modify(&old, &stamps(&[(HERE, 4, 11 * S), (EU, 2, 5 * S)])),
        Verdict::Local
    );
    // A clock that lags is no overwrite.
    assert_eq!(
        modify(&old, &stamps(&[(HERE, 4, 9 * S), (EU, 2, 5 * S)])),
        Verdict::Local
    );
    for new in [
        stamps(&[(HERE, 3, 11 * S), (EU, 2, 5 * S)]),
        stamps(&[(HERE, 2, 11 * S), (EU, 2, 5 * S)]),
        stamps(&[(HERE, 4, 11 * S)]),
        stamps(&[(HERE, 4, 11 * S), (EU, 1, 5 * S)]),
        stamps(&[(HERE, 1, 11 * S)]),
    ] {
        assert_eq!(modify(&old, &new), Verdict::LocalOverwrite, "{new:?}");
    }
}

#[test]
fn a_version_that_advances_nowhere_is_a_stale_overwrite() {
    let old = stamps(&[(HERE, 3, 10 * S), (EU, 2, 5 * S)]);
    for new in [
        stamps(&[(HERE, 2, 9 * S), (EU, 2, 5 * S)]),
        stamps(&[(EU, 2, 5 * S)]),
    ] {
        assert_eq!(modify(&old, &new), Verdict::StaleOverwrite, "{new:?}");
    }
}

#[test]
fn inserts_are_told_apart_by_whose_stamps_they_carry() {
    let insert =
        |new: &Stamps<'static>| judge(Change::Insert { new }, HERE, Tolerance::default()).name();
    assert_eq!(insert(&stamps(&[(HERE, 1, S)])), "local");
    assert_eq!(insert(&stamps(&[(EU, 1, S)])), "replicated");
    assert_eq!(
        insert(&stamps(&[(HERE, 1, S), (EU, 1, 2 * S)])),
        "resurrection"
    );
    assert_eq!(
        insert(&stamps(&[(HERE, 2, 3 * S), (EU, 1, 2 * S)])),
        "local"
    );
    assert_eq!(
        insert(&stamps(&[(HERE, 2, 2 * S), (EU, 1, 2 * S)])),
        "local"
    );
}

#[test]
fn removals_are_told_apart_by_ttl_and_mark() {
    let marked = Stamps::default().marked(true, None);
    let plain = Stamps::default();
    let remove = |old, expired| judge(Change::Remove { old, expired }, HERE, Tolerance::default());
    assert_eq!(remove(&marked, true), Verdict::Expired);
    assert_eq!(remove(&marked, false), Verdict::Purged);
    assert_eq!(remove(&plain, false), Verdict::HardDelete);
}

#[test]
fn the_first_kind_that_fits_is_taken() {
    let base =
        |pairs: &[(&'static str, u64, u64)], deleted, reset| stamps(pairs).marked(deleted, reset);
    let loser: &[_] = &[(HERE, 2, 10 * S), (EU, 1, S)];
    let winner: &[_] = &[(HERE, 1, 9 * S), (EU, 2, 11 * S)];
    let kind = |old: Stamps<'static>, new: Stamps<'static>| conflict(&old, &new).kind;
    assert_eq!(
        kind(base(loser, false, None), base(winner, false, None)),
        Kind::UpdateUpdate
    );
    assert_eq!(
        kind(base(loser, false, None), base(winner, true, None)),
        Kind::UpdateDelete
    );
    assert_eq!(
        kind(base(loser, true, None), base(winner, false, None)),
        Kind::DeleteUpdate
    );
    assert_eq!(
        kind(base(loser, true, None), base(winner, true, None)),
        Kind::DeleteDelete
    );
    assert_eq!(
        kind(base(loser, true, None), base(winner, true, Some(1))),
        Kind::Overwrite
    );
    // The reset was there before: the winner carries it along.
    assert_eq!(
        kind(base(loser, false, Some(1)), base(winner, false, Some(1))),
        Kind::UpdateUpdate
    );
    assert_eq!(
        kind(
            base(loser, false, None),
            base(&[(EU, 1, 11 * S)], false, None)
        ),
        Kind::Overwrite
    );
    assert_eq!(
        kind(
            base(&[(HERE, 2, 10 * S)], false, None),
            base(&[(EU, 1, 11 * S)], false, None)
        ),
        Kind::InsertInsert
    );
}

#[test]
fn an_overwrite_is_never_certain() {
    let old = stamps(&[(HERE, 2, 10 * S), (EU, 1, S)]);
    let new = stamps(&[(EU, 1, 11 * S)]);
    assert_eq!(conflict(&old, &new).confidence, Confidence::Probable);
}

#[test]
fn writes_that_had_been_lost_are_counted_when_they_come_back() {
    let old = stamps(&[(HERE, 1, S), (EU, 1, 2 * S)]);
    let new = stamps(&[(HERE, 3, 3 * S), (EU, 1, 2 * S), (AP, 1, 4 * S)]);
    assert!(matches!(modify(&old, &new), Verdict::Replicated(r) if r.returned_writes == 2));
}

fn any_stamps() -> impl Strategy<Value = Stamps<'static>> {
    let part = || prop::option::weighted(0.9, 0u64..4);
    let pair =
        (prop::sample::select(vec![HERE, EU, AP]), part(), part()).prop_map(|(region, n, t)| {
            (
                region,
                Stamp {
                    n,
                    t: t.map(|t| t * 60_000),
                },
            )
        });
    (
        prop::collection::vec(pair, 0..4),
        prop::option::of(0u64..2),
        any::<bool>(),
    )
        .prop_map(|(pairs, reset, deleted)| Stamps::from_iter(pairs).marked(deleted, reset))
}

proptest! {
    #[test]
    fn a_stricter_tolerance_only_adds_conflicts(old in any_stamps(), new in any_stamps()) {
        let verdict = |millis| judge(Change::Modify { old: &old, new: &new }, HERE, Tolerance::from_millis(millis)).name();
        if verdict(100) == "conflict" {
            prop_assert_eq!(verdict(0), "conflict");
        } else if verdict(0) != "conflict" {
            prop_assert_eq!(verdict(100), verdict(0));
        }
    }

    #[test]
    fn without_a_stamp_of_our_own_nothing_of_ours_is_lost(old in any_stamps(), new in any_stamps()) {
        let mut old = old;
        old.set(HERE, Stamp::default());
        let verdict = modify(&old, &new);
        prop_assert!(!matches!(verdict, Verdict::Conflict(_)));
    }

    #[test]
    fn a_version_that_keeps_our_pair_never_conflicts(old in any_stamps(), foreign in 0u64..9) {
        let mut new = old.clone();
        new.set(EU, Stamp::new(old.get(EU).unwrap_or_default().count() + 1, foreign));
        let verdict = modify(&old, &new);
        prop_assert!(matches!(verdict, Verdict::Replicated(_)));
    }

    #[test]
    fn a_conflict_loses_at_least_one_write(old in any_stamps(), new in any_stamps()) {
        if let Verdict::Conflict(conflict) = modify(&old, &new) {
            prop_assert!(conflict.lost_writes >= 1);
            prop_assert!(conflict.winner_region != HERE);
        }
    }
}
