//! A small slice of the proof: every setting, as `prove` runs it.

use crate::campaign::{Campaign, SettingResult};
use crate::complaints;
use crate::report;
use crate::setting::{Setting, Trouble};

fn run(settings: Vec<Setting>, writes: u64, threads: usize) -> Vec<SettingResult> {
    let campaign = Campaign {
        settings,
        writes,
        seed: 5,
        threads,
    };
    campaign.run(|_| {})
}

/// Of a million lost writes: what a million writes of each setting are held to. This slice has 0.2 million lost writes.
const CLOSE_REUSE: f64 = 1.0;

#[test]
fn inside_the_bar_only_close_reuse_of_a_count_hides_a_lost_write_and_no_conflict_is_false() {
    let inside = |setting: &Setting| setting.trouble.is_inside();
    let outcomes = run(
        Setting::all().into_iter().filter(inside).collect(),
        10_000,
        2,
    );
    assert_eq!(outcomes.len(), 40);
    assert_eq!(complaints::list(&outcomes, CLOSE_REUSE), [""; 0]);
    for outcome in &outcomes {
        assert!(outcome.score.lost > 0, "{}", outcome.setting.name());
        let borrowing = outcome.others.iter();
        for (judge, score) in borrowing.filter(|(judge, _)| judge.starts_with("borrowed")) {
            let name = format!("{judge}: {}", outcome.setting.name());
            // Without an origin it may be another Region's write that was lost, and nothing worse.
            assert_eq!(score.false_conflicts, score.false_elsewhere, "{name}");
            if judge.ends_with("origin") || outcome.setting.regions == 2 {
                assert_eq!(score.false_conflicts, 0, "{name}");
            }
            assert!(score.conflicts > 0 && score.missed < score.lost, "{name}");
        }
        if outcome.setting.regions == 2 {
            assert!(outcome.score.is_exact(), "{}", outcome.setting.name());
        }
    }
}

#[test]
fn outside_the_bar_each_disturbance_occurs_and_costs_something() {
    let outside = |setting: &Setting| !setting.trouble.is_inside();
    let outcomes = run(
        Setting::all().into_iter().filter(outside).collect(),
        10_000,
        2,
    );
    assert_eq!(outcomes.len(), 44);
    assert_eq!(complaints::list(&outcomes, 0.0), [""; 0]);
    for outcome in outcomes
        .iter()
        .filter(|outcome| outcome.setting.regions == 5)
    {
        let score = &outcome.score;
        assert!(
            score.missed + score.false_conflicts > 0,
            "{}",
            outcome.setting.name()
        );
    }
}

#[test]
fn a_run_without_the_disturbance_that_it_asked_for_is_a_failure() {
    let setting = Setting {
        regions: 3,
        trouble: Trouble::SoftDeletes,
    };
    let mut outcomes = run(vec![setting], 1_000, 1);
    assert_eq!(complaints::list(&outcomes, CLOSE_REUSE), [""; 0]);
    outcomes[0].score.occurrences = Default::default();
    assert_eq!(
        complaints::list(&outcomes, CLOSE_REUSE),
        [
            "soft deletes and revivals, 3 Regions: asked for soft deletes, and none occurred",
            "soft deletes and revivals, 3 Regions: asked for revivals, and none occurred",
        ]
    );
}

#[test]
fn missed_writes_and_false_conflicts_are_failures() {
    let setting = Setting {
        regions: 3,
        trouble: Trouble::Calm,
    };
    let outcomes = run(vec![setting], 1_000, 1);
    let broken = |change: fn(&mut SettingResult)| {
        let mut outcomes = outcomes.clone();
        change(&mut outcomes[0]);
        complaints::list(&outcomes, CLOSE_REUSE)
    };
    assert_eq!(broken(|_| {}), [""; 0]);
    assert_eq!(
        broken(|outcome| outcome.score.missed += 1),
        ["missed writes in: calm, 3 Regions"]
    );
    assert_eq!(
        broken(|outcome| outcome.score.false_conflicts += 1),
        ["false conflicts in: calm, 3 Regions"]
    );
    let close = broken(|outcome| {
        outcome.score.missed += outcome.score.lost;
        outcome.score.missed_close += outcome.score.lost;
    });
    assert_eq!(close.len(), 2, "{close:?}");
}

#[test]
fn the_same_seed_gives_the_same_numbers_on_any_number_of_threads() {
    let settings = vec![
        Setting {
            regions: 3,
            trouble: Trouble::Everything,
        },
        Setting {
            regions: 2,
            trouble: Trouble::BlindPuts,
        },
    ];
    let numbers = |threads| {
        let outcomes = run(settings.clone(), 60_000, threads);
        report::json(&outcomes).expect("plain numbers and names")
    };
    assert_eq!(numbers(1), numbers(3));
}

#[test]
fn the_report_names_every_setting_and_judge() {
    let outcomes = run(Setting::all(), 500, 2);
    let text = report::markdown(&outcomes);
    for outcome in &outcomes {
        let row = format!("| {} ", outcome.setting.trouble.name());
        assert!(text.matches(&row).count() >= 4, "{row}");
    }
    for judge in [
        "lastwriter",
        "memory from half-way",
        "images alone",
        "borrowed version",
        "borrowed version and time",
        "borrowed version and origin",
        "counts only",
        "times only",
        "one version number",
        "closer reading",
    ] {
        let is_of_judge = |line: &&str| {
            line.split('|')
                .nth(1)
                .is_some_and(|name| name.trim() == judge)
        };
        assert_eq!(text.lines().filter(is_of_judge).count(), 4, "{judge}");
    }
}
