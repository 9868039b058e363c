//! A small slice of the join's proof, and the guards on what it proves.

use crate::audit::campaign::{Campaign, SettingResult, complaints};
use crate::audit::report;
use crate::audit::setting::{Pace, Setting, Workload};

fn run(settings: Vec<Setting>, writes: u64, threads: usize) -> Vec<SettingResult> {
    let campaign = Campaign {
        settings,
        writes,
        seed: 5,
        threads,
    };
    campaign.run(|_| {})
}

fn updates(pace: Pace, regions: usize) -> Setting {
    Setting {
        workload: Workload::Updates,
        pace,
        regions,
        combined: 0,
        clocks: 10,
        partitions: false,
    }
}

#[test]
fn every_bar_of_the_join_is_met() {
    let with_bar = |setting: &Setting| setting.bar().is_some();
    let settings: Vec<Setting> = Setting::all().into_iter().filter(with_bar).collect();
    assert_eq!(settings.len(), 18);
    assert_eq!(complaints(&run(settings, 4_000, 2)), [""; 0]);
}

#[test]
fn every_kind_of_writer_loses_writes_and_no_item_is_left_unsettled() {
    let of_two = |setting: &Setting| setting.regions == 2 && setting.circumstances().is_empty();
    let results = run(
        Setting::all().into_iter().filter(of_two).collect(),
        1_000,
        2,
    );
    assert_eq!(results.len(), 2 * Workload::ALL.len());
    for SettingResult { setting, score } in results {
        assert!(score.lost + score.unrecorded > 0, "{}", setting.name());
        assert_eq!(score.unsettled, 0, "{}", setting.name());
    }
}

#[test]
fn recall_or_precision_below_the_bar_is_a_failure() {
    let results = run(vec![updates(Pace::Sparse, 3)], 2_000, 1);
    let broken = |change: fn(&mut SettingResult)| {
        let mut results = results.clone();
        change(&mut results[0]);
        complaints(&results).len()
    };
    assert_eq!(broken(|_| {}), 0);
    assert_eq!(broken(|result| result.score.found /= 2), 1);
    assert_eq!(
        broken(|result| result.score.false_findings[0] = result.score.findings[0] / 2),
        1
    );
    assert_eq!(broken(|result| result.score = Default::default()), 1);
}

#[test]
fn clocks_that_are_off_are_told_and_late_puts_do_not_look_like_them() {
    let suspected = |setting: Setting| run(vec![setting], 4_000, 1)[0].score.clocks_off;
    let busy = updates(Pace::Busy, 2);
    let clocks = |clocks| suspected(Setting { clocks, ..busy });
    assert_eq!((clocks(10), clocks(1_500)), (0, 1));
    let late_puts = Setting {
        workload: Workload::LatePuts,
        ..updates(Pace::Sparse, 2)
    };
    assert_eq!(suspected(late_puts), 0);
}

#[test]
fn the_same_seed_gives_the_joins_numbers_on_any_number_of_threads() {
    let settings = vec![updates(Pace::Busy, 3), updates(Pace::Sparse, 2)];
    let numbers = |threads| {
        report::json(&run(settings.clone(), 25_000, threads)).expect("plain numbers and names")
    };
    assert_eq!(numbers(1), numbers(3));
}
