//! What each kind of writer leaves on the item, and what the item then descends from.

use super::{MS, plan, update, with};
use crate::disturbance::Disturbance;
use crate::history::{History, Item, START, StampPair};
use crate::plan::{Write, WriteAction};
use crate::table;
use crate::truth;

fn last(history: &History) -> Item {
    let last = history.last.expect("something was written");
    history.versions[last].item.expect("there is an item")
}

fn pair(n: u64, milliseconds: u64) -> Option<StampPair> {
    let t = START + milliseconds * MS;
    Some(StampPair { n, t })
}

/// Two writes of Region 0 and one of Region 1, each of which saw the one before it.
fn three_writes() -> Vec<Write> {
    vec![update(0, 0), update(10, 0), update(300, 1)]
}

fn after_three_writes(action: WriteAction) -> History {
    let mut writes = three_writes();
    writes.push(with(update(600, 0), action));
    table::run(&plan(2, writes))
}

#[test]
fn updates_carry_the_stamps_of_all_regions_on() {
    let history = after_three_writes(WriteAction::Update);
    let pairs = last(&history).pairs;
    assert_eq!(pairs[..2], [pair(3, 600), pair(1, 300)]);
    assert!(truth::lost(&history).is_empty());
}

#[test]
fn a_soft_delete_marks_the_item_and_a_revival_removes_the_mark() {
    let mut writes = three_writes();
    writes.push(with(update(600, 0), WriteAction::SoftDelete));
    let history = table::run(&plan(2, writes.clone()));
    assert!(last(&history).deleted);
    writes.push(with(update(900, 1), WriteAction::Revive));
    let history = table::run(&plan(2, writes));
    assert!(!last(&history).deleted);
    assert_eq!(last(&history).pairs[..2], [pair(3, 600), pair(2, 900)]);
    for disturbance in [Disturbance::SoftDelete, Disturbance::Revival] {
        assert_eq!(history.occurrences.get(disturbance), 1);
    }
}

#[test]
fn a_blind_put_starts_anew_and_says_so_but_follows_what_it_replaced() {
    let history = after_three_writes(WriteAction::BlindPut);
    let item = last(&history);
    assert_eq!(item.pairs[..2], [pair(1, 600), None]);
    assert_eq!(item.reset, Some(START + 600 * MS));
    assert!(truth::lost(&history).is_empty());
    assert_eq!(history.occurrences.get(Disturbance::BlindPut), 1);
}

#[test]
fn a_put_that_remembers_claims_what_was_seen_and_follows_what_it_replaced() {
    let history = after_three_writes(WriteAction::RememberingPut(50 * MS));
    assert_eq!(last(&history).pairs[..2], [pair(3, 600), pair(1, 300)]);
    assert_eq!(last(&history).reset, None);
    assert!(truth::lost(&history).is_empty());
    assert_eq!(history.occurrences.get(Disturbance::RememberingPut), 1);
    // Before the item's first write it had seen nothing.
    let forgetful = after_three_writes(WriteAction::RememberingPut(700 * MS));
    assert_eq!(last(&forgetful).pairs[..2], [pair(1, 600), None]);
    assert_eq!(last(&forgetful).reset, Some(START + 600 * MS));
}

#[test]
fn a_put_of_an_earlier_read_loses_what_came_between() {
    let history = after_three_writes(WriteAction::StalePut(450 * MS));
    assert_eq!(last(&history).pairs[..2], [pair(3, 600), None]);
    assert_eq!(truth::lost(&history).iter().collect::<Vec<_>>(), [2]);
    assert_eq!(history.occurrences.get(Disturbance::StalePut), 1);
}

#[test]
fn a_put_of_a_fresh_read_is_as_good_as_an_update() {
    let history = after_three_writes(WriteAction::StalePut(50 * MS));
    assert_eq!(last(&history).pairs[..2], [pair(3, 600), pair(1, 300)]);
    assert_eq!(history.occurrences.get(Disturbance::StalePut), 0);
    assert!(truth::lost(&history).is_empty());
}

#[test]
fn a_put_that_read_nothing_fails_where_there_is_an_item_by_then() {
    let writes = vec![
        update(0, 0),
        with(update(50, 0), WriteAction::StalePut(50 * MS)),
    ];
    let history = table::run(&plan(2, writes));
    assert_eq!(history.applied.len(), 1);
}

#[test]
fn unstamped_writers_keep_the_stamps_or_wipe_them() {
    let kept = after_three_writes(WriteAction::UnstampedUpdate);
    assert_eq!(last(&kept).pairs[..2], [pair(2, 10), pair(1, 300)]);
    let wiped = after_three_writes(WriteAction::UnstampedPut);
    assert_eq!(last(&wiped).pairs[..2], [None, None]);
    assert_eq!(kept.occurrences.get(Disturbance::UnstampedUpdate), 1);
    assert_eq!(wiped.occurrences.get(Disturbance::UnstampedPut), 1);
}

#[test]
fn stamps_of_the_wrong_region_advance_that_regions_pair() {
    let wrong = Write {
        stamps_of: Some(1),
        ..update(600, 0)
    };
    let mut writes = three_writes();
    writes.push(wrong);
    let history = table::run(&plan(2, writes));
    assert_eq!(last(&history).pairs[..2], [pair(2, 10), pair(2, 600)]);
    assert_eq!(history.occurrences.get(Disturbance::WrongRegion), 1);
}

#[test]
fn time_to_live_removes_marked_items_only() {
    let mut writes = three_writes();
    writes.push(with(update(600, 0), WriteAction::Purge));
    let history = table::run(&plan(2, writes.clone()));
    assert_eq!(history.occurrences.get(Disturbance::Purge), 0);
    writes[3].action = WriteAction::SoftDelete;
    writes.push(with(update(900, 0), WriteAction::Purge));
    let history = table::run(&plan(2, writes));
    assert_eq!(history.occurrences.get(Disturbance::Purge), 1);
    // Only the Region where it happened is told who removed the item.
    let removals: Vec<_> = history
        .records
        .iter()
        .filter(|record| history.event(record) == "REMOVE")
        .map(|record| (record.region, record.by_time_to_live))
        .collect();
    assert_eq!(removals, [(0, true), (1, false)]);
    // A purge is nobody's write.
    assert_eq!(history.applied.len(), 4);
}

#[test]
fn an_item_created_again_starts_without_stamps_but_follows_the_delete() {
    let mut writes = three_writes();
    writes.push(with(update(600, 0), WriteAction::HardDelete));
    writes.push(update(900, 1));
    let history = table::run(&plan(2, writes));
    assert_eq!(last(&history).pairs[..2], [None, pair(1, 900)]);
    assert_eq!(history.occurrences.get(Disturbance::Recreation), 1);
    assert!(truth::lost(&history).is_empty());
}

#[test]
fn a_clock_an_hour_ahead_shows_in_the_stamp_alone() {
    let ahead = Write {
        clock: 3_600_000_000,
        ..update(600, 0)
    };
    let history = table::run(&plan(2, vec![ahead, update(650, 1)]));
    assert_eq!(history.occurrences.get(Disturbance::HourAhead), 1);
    // It does not win by it.
    assert_eq!(history.last, Some(1));
}
