//! Which changes are jumps, and what the knowledge of one decides.

use super::*;
use crate::judge::{judge, judge_after};
use crate::kind::Confidence;
use crate::verdict::Verdict;
use proptest::prelude::*;

const HERE: &str = "us-east-1";
const EU: &str = "eu-west-1";
const AP: &str = "ap-northeast-1";

/// A second, in the microseconds of stamps.
const S: u64 = 1_000_000;

fn stamps(pairs: &[(&'static str, u64, u64)]) -> Stamps<'static> {
    let pairs = pairs.iter();
    pairs
        .map(|(region, n, t)| (*region, Stamp::new(*n, *t)))
        .collect()
}

fn landing(n: u64, t: u64) -> Option<Landing> {
    Some(Landing(Some(Stamp::new(n, t))))
}

fn modify(old: &[(&'static str, u64, u64)], new: &[(&'static str, u64, u64)]) -> Option<Landing> {
    let (old, new) = (stamps(old), stamps(new));
    jump(
        Change::Modify {
            old: &old,
            new: &new,
        },
        HERE,
    )
}

#[test]
fn a_foreign_version_that_changed_our_pair_is_a_jump() {
    let lost = modify(&[(HERE, 3, 3 * S)], &[(HERE, 2, 2 * S), (EU, 1, 4 * S)]);
    assert_eq!(lost, landing(2, 2 * S));
    let came_back = modify(
        &[(HERE, 1, 3 * S), (EU, 1, S)],
        &[(HERE, 2, 2 * S), (EU, 1, S), (AP, 1, 4 * S)],
    );
    assert_eq!(came_back, landing(2, 2 * S));
    let all_lost = modify(&[(HERE, 3, 3 * S)], &[(EU, 1, 4 * S)]);
    assert_eq!(all_lost, Some(Landing(None)));
    let seen = modify(&[(HERE, 3, 3 * S)], &[(HERE, 3, 3 * S), (EU, 1, 4 * S)]);
    assert_eq!(seen, None);
}

#[test]
fn a_write_made_here_is_no_jump_whatever_it_did_to_the_stamps() {
    let old = [(HERE, 3, 3 * S), (EU, 2, 2 * S)];
    assert_eq!(modify(&old, &[(HERE, 4, 4 * S), (EU, 2, 2 * S)]), None);
    assert_eq!(modify(&old, &[(HERE, 1, 4 * S)]), None);
    // The same with a clock that lags, as long as the count goes on.
    assert_eq!(modify(&old, &[(HERE, 4, 2 * S), (EU, 2, 2 * S)]), None);
}

#[test]
fn what_takes_our_pair_back_or_away_is_a_jump() {
    let old = [(HERE, 3, 3 * S), (EU, 2, 2 * S)];
    assert_eq!(
        modify(&old, &[(HERE, 2, 2 * S), (EU, 2, 2 * S)]),
        landing(2, 2 * S)
    );
    assert_eq!(modify(&old, &[]), Some(Landing(None)));
    assert_eq!(modify(&old, &old), None);
    assert_eq!(modify(&[(EU, 2, 2 * S)], &[]), None);
}

#[test]
fn an_item_that_appears_with_our_pair_and_a_foreign_one_or_goes_with_ours_is_a_jump() {
    let insert = |new: &Stamps<'static>| jump(Change::Insert { new }, HERE);
    let both = stamps(&[(HERE, 2, 2 * S), (EU, 1, S)]);
    assert_eq!(insert(&both), landing(2, 2 * S));
    assert_eq!(insert(&stamps(&[(HERE, 1, S)])), None);
    assert_eq!(insert(&stamps(&[(EU, 1, S), (AP, 1, S)])), None);
    let remove = |old: &Stamps<'static>, expired| jump(Change::Remove { old, expired }, HERE);
    for expired in [false, true] {
        assert_eq!(remove(&both, expired), Some(Landing(None)));
        assert_eq!(remove(&stamps(&[(EU, 1, S)]), expired), None);
    }
    assert_eq!(jump(Change::None, HERE), None);
}

/// The history of docs/exactness.md: us-east-1 lost its second write, wrote again 70 ms later with a count that was used
/// before, and then a version arrives that was built on the lost one.
#[test]
fn a_count_used_again_within_the_tolerance_no_longer_hides_a_lost_write() {
    let old = stamps(&[(HERE, 1, 8_730_000), (AP, 1, 8_660_000)]);
    let new = stamps(&[(HERE, 2, 8_660_000), (EU, 1, 8_750_000)]);
    let change = Change::Modify {
        old: &old,
        new: &new,
    };
    let tolerance = Tolerance::default();
    assert!(depends_on_jump(change, HERE, tolerance));
    let after = |jump| judge_after(change, HERE, tolerance, jump);
    assert!(matches!(
        judge(change, HERE, tolerance),
        Verdict::Replicated(_)
    ));
    // The jump left the item without a pair of us-east-1, which has written since.
    assert!(
        matches!(after(Some(Landing(None))), Verdict::Conflict(conflict)
            if conflict.lost_writes == 1 && conflict.confidence == Confidence::Probable)
    );
    // The pair is the one that the jump left: us-east-1 has not written since.
    assert!(matches!(
        after(landing(1, 8_730_000)),
        Verdict::Replicated(_)
    ));
}

#[test]
fn only_a_count_that_went_on_asks_for_a_jump() {
    let tolerance = Tolerance::default();
    let asks = |old: &Stamps<'static>, new: &Stamps<'static>| {
        depends_on_jump(Change::Modify { old, new }, HERE, tolerance)
    };
    let old = stamps(&[(HERE, 3, 10 * S)]);
    let went_on = stamps(&[(HERE, 4, 11 * S), (EU, 1, 11 * S)]);
    assert!(asks(&old, &went_on));
    for (new, why) in [
        (stamps(&[(HERE, 3, 10 * S), (EU, 1, 11 * S)]), "seen"),
        (stamps(&[(HERE, 4, 11 * S)]), "no foreign Region advanced"),
        (
            stamps(&[(HERE, 4, 9 * S), (EU, 1, 11 * S)]),
            "the time says enough",
        ),
        (stamps(&[(EU, 1, 11 * S)]), "no pair of ours"),
    ] {
        assert!(!asks(&old, &new), "{why}");
    }
    let without_count = Stamps::from_iter([(
        HERE,
        Stamp {
            n: None,
            t: Some(10 * S),
        },
    )]);
    assert!(!asks(&without_count, &went_on));
    assert!(!asks(&Stamps::default(), &went_on));
    let new = &went_on;
    assert!(!depends_on_jump(Change::Insert { new }, HERE, tolerance));
    let remove = Change::Remove {
        old: new,
        expired: false,
    };
    assert!(!depends_on_jump(remove, HERE, tolerance));
    assert!(!depends_on_jump(Change::None, HERE, tolerance));
}

fn any_stamps() -> impl Strategy<Value = Stamps<'static>> {
    let pair = (prop::sample::select(vec![HERE, EU, AP]), 1u64..4, 0u64..4)
        .prop_map(|(region, n, t)| (region, Stamp::new(n, t * 60_000)));
    prop::collection::vec(pair, 0..4).prop_map(Stamps::from_iter)
}

proptest! {
    #[test]
    fn a_jump_decides_only_where_the_verdict_depends_on_it_and_only_adds_conflicts(
        old in any_stamps(),
        new in any_stamps(),
        landing in prop::option::of((1u64..4, 0u64..4)),
    ) {
        let change = Change::Modify { old: &old, new: &new };
        let tolerance = Tolerance::default();
        let landing = Landing(landing.map(|(n, t)| Stamp::new(n, t * 60_000)));
        let (alone, after) = (
            judge(change, HERE, tolerance),
            judge_after(change, HERE, tolerance, Some(landing)),
        );
        if !depends_on_jump(change, HERE, tolerance) {
            prop_assert_eq!(after.name(), alone.name());
        } else {
            prop_assert_eq!(alone.name(), "replicated");
            let expected = if landing.0 == old.get(HERE) { "replicated" } else { "conflict" };
            prop_assert_eq!(after.name(), expected);
        }
    }

    #[test]
    fn what_is_judged_local_is_no_jump(old in any_stamps(), new in any_stamps()) {
        let change = Change::Modify { old: &old, new: &new };
        if matches!(
            judge(change, HERE, Tolerance::default()),
            Verdict::Local | Verdict::LocalOverwrite
        ) {
            prop_assert_eq!(jump(change, HERE), None);
        }
    }
}
