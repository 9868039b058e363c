//! What the evaluation says of histories made by hand.

use super::hand_made::*;
use crate::*;

/// East's own conflict of the plain loss.
fn the_right_conflict() -> LedgerConflict {
    conflict(EAST, &[(EAST, 3, 3)], &[(EAST, 1, 1), (WEST, 1, 4)])
}

fn score(truth: &Truth, name: &str, conflicts: &[LedgerConflict]) -> Score {
    truth.evaluate(conflicts).regions[&region(name)].clone()
}

#[test]
fn the_truth_knows_what_survived_and_what_was_lost() {
    let truth = a_plain_loss().truth();
    let fates: Vec<_> = truth.writes().iter().map(|w| (w.id, w.fate)).collect();
    assert_eq!(
        fates,
        [
            (at(1, EAST), Fate::Survived),
            (at(2, EAST), Fate::Lost),
            (at(3, EAST), Fate::Lost),
            (at(4, WEST), Fate::Survived),
        ]
    );
    assert_eq!(lost_share(&truth), 0.5);
    assert_eq!(
        truth.writes()[2].stamp,
        StampPair {
            n: Some(3),
            t: Some(3)
        }
    );
}

#[test]
fn one_conflict_covers_all_the_writes_that_went_with_the_loser() {
    let truth = a_plain_loss().truth();
    let evaluation = truth.evaluate(&[the_right_conflict()]);
    assert!(is_exact(&evaluation));
    let east = &evaluation.regions[&region(EAST)];
    assert_eq!(
        (east.writes, east.lost, east.found_by_stamps, east.missed),
        (3, 2, 2, 0)
    );
    assert_eq!((east.conflicts, east.false_alarms), (1, 0));
    let total = evaluation.total();
    assert_eq!((total.writes, total.lost, total.found_by_stamps), (4, 2, 2));
}

#[test]
fn a_lost_write_that_no_conflict_covers_is_missed() {
    let truth = a_plain_loss().truth();
    let evaluation = truth.evaluate(&[]);
    assert_eq!(evaluation.missed_by_stamps, [at(2, EAST), at(3, EAST)]);
    assert!(!is_exact(&evaluation));
    // Half of it: only the earlier of the two writes is in this loser.
    let half = conflict(EAST, &[(EAST, 2, 2)], &[(EAST, 1, 1), (WEST, 1, 4)]);
    assert_eq!(truth.evaluate(&[half]).missed_by_stamps, [at(3, EAST)]);
}

#[test]
fn a_conflict_in_another_regions_ledger_covers_nothing() {
    let truth = a_plain_loss().truth();
    let elsewhere = LedgerConflict {
        region: region(WEST),
        ..the_right_conflict()
    };
    let evaluation = truth.evaluate(&[elsewhere]);
    assert_eq!(evaluation.missed_by_stamps.len(), 2);
    assert_eq!(evaluation.false_alarms, [0]);
}

#[test]
fn a_conflict_whose_winner_descends_from_the_losers_writes_is_a_false_alarm() {
    let mut maker = a_plain_loss();
    maker.update(at(5, WEST), &[(EAST, 1, 1), (WEST, 2, 5)]);
    let truth = maker.truth();
    let winner = &[(EAST, 1, 1), (WEST, 1, 4)];
    let wrong = conflict(EAST, &[(EAST, 1, 1)], winner);
    let evaluation = truth.evaluate(&[wrong, the_right_conflict()]);
    assert_eq!(evaluation.false_alarms, [0]);
    assert_eq!(evaluation.missed_by_stamps, []);
    assert_eq!(score(&truth, EAST, &[the_right_conflict()]).false_alarms, 0);
}

#[test]
fn a_conflict_about_a_version_or_an_item_that_never_was_is_a_false_alarm() {
    let truth = a_plain_loss().truth();
    let no_version = conflict(EAST, &[(EAST, 9, 9)], &[(EAST, 1, 1), (WEST, 1, 4)]);
    let no_item = LedgerConflict {
        key: ItemId::new("USER#2", "PROFILE"),
        ..the_right_conflict()
    };
    assert_eq!(truth.evaluate(&[no_version, no_item]).false_alarms, [0, 1]);
}

#[test]
fn a_write_that_was_lost_and_came_back_is_not_lost() {
    let mut maker = HistoryBuilder::new();
    // EU builds on East's write before West's write takes its place in East, and EU's write wins in the end.
    maker.update(at(1, EAST), &[(EAST, 1, 1)]);
    maker.arrive(EU, at(1, EAST));
    maker.update(at(2, WEST), &[(WEST, 1, 2)]);
    maker.arrive(EAST, at(2, WEST));
    maker.update(at(3, EU), &[(EAST, 1, 1), (EU, 1, 3)]);
    for name in [EAST, WEST] {
        maker.arrive(name, at(3, EU));
    }
    let truth = maker.truth();
    let lost: Vec<_> = truth.lost().map(|write| write.id).collect();
    assert_eq!(lost, [at(2, WEST)]);
    // The conflict in East was true when it was found: it is no false alarm.
    let returned = conflict(EAST, &[(EAST, 1, 1)], &[(WEST, 1, 2)]);
    let real = conflict(WEST, &[(WEST, 1, 2)], &[(EAST, 1, 1), (EU, 1, 3)]);
    let evaluation = truth.evaluate(&[returned, real]);
    assert!(is_exact(&evaluation), "{evaluation:?}");
    assert_eq!(evaluation.total().found_by_stamps, 1);
}

#[test]
fn a_write_that_is_lost_twice_counts_once() {
    let mut maker = HistoryBuilder::new();
    maker.update(at(1, EAST), &[(EAST, 1, 1)]);
    maker.arrive(EU, at(1, EAST));
    maker.update(at(2, WEST), &[(WEST, 1, 2)]);
    maker.arrive(EAST, at(2, WEST));
    maker.update(at(3, EU), &[(EAST, 1, 1), (EU, 1, 3)]);
    maker.update(at(4, WEST), &[(WEST, 2, 4)]);
    maker.arrive(EAST, at(3, EU));
    maker.arrive(EAST, at(4, WEST));
    maker.arrive(EU, at(4, WEST));
    let truth = maker.truth();
    let east = [
        conflict(EAST, &[(EAST, 1, 1)], &[(WEST, 1, 2)]),
        conflict(EAST, &[(EAST, 1, 1), (EU, 1, 3)], &[(WEST, 2, 4)]),
    ];
    let score = score(&truth, EAST, &east);
    assert_eq!(
        (score.lost, score.found_by_stamps, score.conflicts),
        (1, 1, 2)
    );
}

#[test]
fn a_blind_put_puts_what_it_drops_outside_of_the_promise() {
    let mut maker = HistoryBuilder::new();
    maker.update(at(1, EAST), &[(EAST, 1, 1)]);
    maker.write(at(2, EAST), WriteKind::BlindPut, &[(EAST, 1, 2)]);
    let truth = maker.truth();
    let fates: Vec<_> = truth.writes().iter().map(|write| write.fate).collect();
    assert_eq!(
        fates,
        [Fate::LostOutOfScope(OutOfScope::BlindPut), Fate::Survived]
    );
    let score = score(&truth, EAST, &[]);
    assert_eq!((score.lost, score.missed_by_stamps), (1, 0));
    // Nobody found it, and that is said.
    assert_eq!(score.missed, 1);
    assert_eq!(
        score.out_of_scope[&OutOfScope::BlindPut],
        OutOfScopeScore {
            lost: 1,
            ..OutOfScopeScore::default()
        }
    );
}

#[test]
fn unstamped_writes_purges_and_items_created_anew_are_outside_each_for_its_own_reason() {
    let mut unstamped = HistoryBuilder::new();
    unstamped.update(at(1, EAST), &[(EAST, 1, 1)]);
    unstamped.write(at(2, EAST), WriteKind::Unstamped, &[(EAST, 1, 1)]);
    unstamped.update(at(3, WEST), &[(WEST, 1, 3)]);
    unstamped.arrive(EAST, at(3, WEST));

    let mut purged = HistoryBuilder::new();
    purged.update(at(1, EAST), &[(EAST, 1, 1)]);
    purged.arrive(WEST, at(1, EAST));
    purged.update(at(2, WEST), &[(EAST, 1, 1), (WEST, 1, 2)]);
    purged.purge(at(3, EAST));
    purged.arrive(WEST, at(3, EAST));

    let mut anew = HistoryBuilder::new();
    anew.update(at(1, EAST), &[(EAST, 1, 1)]);
    anew.purge(at(2, EAST));
    anew.arrive(WEST, at(2, EAST));
    anew.update(at(3, EAST), &[(EAST, 1, 3)]);
    anew.update(at(4, WEST), &[(WEST, 1, 4)]);
    anew.arrive(EAST, at(4, WEST));

    for (maker, reason, lost) in [
        (
            unstamped,
            OutOfScope::Unstamped,
            vec![at(1, EAST), at(2, EAST)],
        ),
        (purged, OutOfScope::Deleted, vec![at(2, WEST)]),
        (anew, OutOfScope::Recreated, vec![at(3, EAST)]),
    ] {
        let truth = maker.truth();
        let found: Vec<_> = truth.lost().map(|write| (write.id, write.fate)).collect();
        let expected: Vec<_> = lost
            .into_iter()
            .map(|id| (id, Fate::LostOutOfScope(reason)))
            .collect();
        assert_eq!(found, expected);
        assert!(is_exact(&truth.evaluate(&[])));
    }
}

#[test]
fn a_purge_of_what_everybody_knew_loses_nothing() {
    let mut maker = HistoryBuilder::new();
    maker.update(at(1, EAST), &[(EAST, 1, 1)]);
    maker.arrive(WEST, at(1, EAST));
    maker.purge(at(2, WEST));
    maker.arrive(EAST, at(2, WEST));
    assert_eq!(maker.truth().lost().count(), 0);
}

#[test]
fn a_loss_whose_cause_has_not_arrived_yet_is_set_apart() {
    let mut maker = HistoryBuilder::new();
    maker.update(at(1, EAST), &[(EAST, 1, 1)]);
    maker.update(at(2, WEST), &[(WEST, 1, 2)]);
    let truth = maker.truth();
    let fates: Vec<_> = truth.writes().iter().map(|write| write.fate).collect();
    assert_eq!(
        fates,
        [Fate::LostOutOfScope(OutOfScope::NotArrived), Fate::Survived]
    );
}

#[test]
fn a_false_alarm_that_an_unstamped_writer_causes_is_set_apart() {
    let mut maker = HistoryBuilder::new();
    maker.update(at(1, EAST), &[(EAST, 1, 1)]);
    maker.arrive(WEST, at(1, EAST));
    maker.write(at(2, WEST), WriteKind::Other, &[(WEST, 1, 2)]);
    maker.arrive(EAST, at(2, WEST));
    let truth = maker.truth();
    let alarm = conflict(EAST, &[(EAST, 1, 1)], &[(WEST, 1, 2)]);
    let evaluation = truth.evaluate(&[alarm]);
    assert!(is_exact(&evaluation));
    assert_eq!(evaluation.total().false_out_of_scope, 1);
}

#[test]
fn what_the_join_found_is_told_beside_what_the_stamps_show() {
    let truth = a_plain_loss().truth();
    let named = |name: &str, number: u64| StreamFinding {
        region: region(name),
        key: key(),
        sequence_number: number.to_string(),
    };
    // East's stream has its own three writes, then West's.
    let findings = [named(EAST, 2), named(EAST, 1), named(EAST, 9)];
    let lost: Vec<_> = findings.iter().map(|f| truth.is_lost(f)).collect();
    assert_eq!(lost, [true, false, false]);
    assert!(!truth.is_lost(&named(WEST, 2)));
    let half = conflict(EAST, &[(EAST, 2, 2)], &[(EAST, 1, 1), (WEST, 1, 4)]);
    let total = |conflicts: &[LedgerConflict], findings: &[StreamFinding]| {
        let total = truth.evaluate_both(conflicts, findings).total();
        let by = [total.found_by_stamps, total.found_by_join];
        (total.lost, by, total.missed)
    };
    assert_eq!(total(&[], &findings), (2, [0, 1], 1));
    let half = std::slice::from_ref(&half);
    assert_eq!(truth.evaluate_both(half, &findings).beside_stamps, [1, 2]);
    assert_eq!(total(half, &findings), (2, [1, 1], 1));
    assert_eq!(total(half, &[named(EAST, 3)]), (2, [1, 1], 0));
    assert_eq!(total(&[the_right_conflict()], &[]), (2, [2, 0], 0));
}
