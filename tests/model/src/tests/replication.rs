//! The model itself: who wins, what arrives, and what is counted.

use super::{MS, plan, reaching, update, with};
use crate::disturbance::Disturbance;
use crate::history::{History, START, StampPair};
use crate::plan::{Partition, Write, WriteAction};
use crate::table;
use crate::truth;

fn events(history: &History, region: usize) -> Vec<&'static str> {
    let records = history.records.iter();
    records
        .filter(|record| record.region == region)
        .map(|record| history.event(record))
        .collect()
}

fn lost(history: &History) -> Vec<usize> {
    truth::lost(history).iter().collect()
}

#[test]
fn of_two_concurrent_writes_the_later_one_wins_everywhere() {
    let history = table::run(&plan(2, vec![update(0, 0), update(10, 1)]));
    assert_eq!((history.last, lost(&history)), (Some(1), vec![0]));
    // The loser's Region sees the winner replace it; the winner's Region gets no record of the loser.
    assert_eq!(events(&history, 0), ["INSERT", "MODIFY"]);
    assert_eq!(events(&history, 1), ["INSERT"]);
    assert_eq!(history.occurrences.get(Disturbance::Delay), 1);
}

#[test]
fn the_private_clock_decides_and_not_the_stamp() {
    let behind = Write {
        clock: -3_600_000_000,
        ..update(10, 1)
    };
    let history = table::run(&plan(2, vec![update(0, 0), behind]));
    assert_eq!(history.last, Some(1));
    let mut slow_replica = plan(2, vec![update(0, 0), update(10, 1)]);
    slow_replica.private_clocks[1] = -20 * MS as i64;
    assert_eq!(table::run(&slow_replica).last, Some(0));
}

#[test]
fn of_writes_with_the_same_private_time_the_same_one_wins_everywhere() {
    let history = table::run(&plan(3, vec![update(0, 0), update(0, 2)]));
    assert_eq!((history.last, lost(&history)), (Some(1), vec![0]));
}

#[test]
fn a_local_write_wins_over_the_version_that_it_was_built_on_however_late_its_clock() {
    let mut slow = plan(2, vec![update(0, 0), update(200, 1)]);
    slow.private_clocks[1] = -1_000 * MS as i64;
    let history = table::run(&slow);
    assert_eq!((history.last, lost(&history)), (Some(1), vec![]));
}

#[test]
fn what_replication_combines_never_arrives() {
    let second = Write {
        combined: true,
        ..update(10, 0)
    };
    let history = table::run(&plan(2, vec![update(0, 0), second]));
    assert_eq!(events(&history, 1), ["INSERT"]);
    assert_eq!(history.occurrences.get(Disturbance::Coalescing), 1);
    assert!(lost(&history).is_empty());
}

#[test]
fn a_change_that_arrived_already_is_not_combined() {
    let second = Write {
        combined: true,
        ..update(500, 0)
    };
    let history = table::run(&plan(2, vec![update(0, 0), second]));
    assert_eq!(events(&history, 1), ["INSERT", "MODIFY"]);
    assert_eq!(history.occurrences.get(Disturbance::Coalescing), 0);
}

#[test]
fn a_partition_keeps_regions_apart_until_it_ends() {
    let mut cut = plan(2, vec![update(0, 0), update(2_000, 1)]);
    cut.partitions.push(Partition {
        region: 1,
        from: 0,
        until: 5_000 * MS,
    });
    let history = table::run(&cut);
    assert_eq!(lost(&history), [0]);
    assert_eq!(history.occurrences.get(Disturbance::Partition), 2);
}

#[test]
fn an_attempt_applied_twice_counts_twice_with_one_time() {
    let twice = Write {
        again: Some(20 * MS),
        ..update(0, 0)
    };
    let history = table::run(&plan(2, vec![twice]));
    let item = history.versions[1].item.expect("an item");
    assert_eq!(item.pairs[0], Some(StampPair { n: 2, t: START }));
    assert_eq!(history.applied.len(), 2);
    assert_eq!(history.occurrences.get(Disturbance::AppliedTwice), 1);
}

#[test]
fn a_late_write_does_not_bring_back_what_was_removed() {
    let writes = vec![
        reaching(update(0, 0), 1, 900),
        with(update(200, 0), WriteAction::HardDelete),
    ];
    let history = table::run(&plan(2, writes));
    // The delete came first to Region 1, which had nothing to remove and tells of nothing.
    assert!(events(&history, 1).is_empty());
    assert_eq!(events(&history, 0), ["INSERT", "REMOVE"]);
    assert!(history.versions[history.last.unwrap()].item.is_none());
}

#[test]
fn a_history_reads_as_a_story() {
    let text = table::run(&plan(2, vec![update(0, 0), update(10, 1)])).to_string();
    for part in [
        "us-east-1      INSERT  nothing -> #0  w0 written here, update, {us-east-1 1@0.000}",
        "us-east-1      MODIFY  #0 -> #1  w1 from eu-west-1, update, {eu-west-1 1@10.000}",
        "in the end every replica holds #1",
    ] {
        assert!(text.contains(part), "{text}");
    }
}
