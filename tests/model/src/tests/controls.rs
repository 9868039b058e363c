//! Negative controls: the properties that the judge holds must fail for judges that read less.

use fastrand::Rng;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use super::strategy::inside_the_bar;
use crate::generate;
use crate::judges::{CountsOnly, Judge, LastWriter, OneNumber, TimesOnly};
use crate::plan::Plan;
use crate::setting::{Setting, Trouble};
use crate::shrink::shrink;
use crate::table;
use crate::truth::{self, AnnotatedHistory, Score};

/// Tries the bar on random plans, and cuts the first failure down.
fn smallest_failure(judge: &dyn Judge, regions: usize) -> Option<Plan> {
    let config = Config {
        cases: 20_000,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&inside_the_bar(regions), |plan| {
        let score = truth::score(&table::run(&plan), judge);
        proptest::prop_assert!(score.is_exact_but_for_close_reuse());
        Ok(())
    });
    match outcome {
        Ok(()) => None,
        Err(TestError::Fail(_, plan)) => Some(plan),
        Err(TestError::Abort(why)) => panic!("proptest gave up: {why}"),
    }
}

fn total(judge: &dyn Judge, setting: Setting, writes: u64) -> Score {
    let mut rng = Rng::with_seed(11);
    let mut total = Score::default();
    while total.writes < writes {
        let history = table::run(&generate::plan(setting, &mut rng));
        total.add(&truth::score(&history, judge));
    }
    total
}

/// Asserts that the judge fails the bar, and prints how often and the smallest history that shows it.
fn fails_the_bar(judge: &dyn Judge, regions: usize, trouble: Trouble) {
    let score = total(judge, Setting { regions, trouble }, 30_000);
    let plan = smallest_failure(judge, regions).expect("the property has to fail for this judge");
    let history = table::run(&plan);
    println!(
        "{}: {} of {} lost writes missed, {} of {} conflicts false. The smallest failure:\n{}",
        judge.name(),
        score.missed,
        score.lost,
        score.false_conflicts,
        score.conflicts,
        AnnotatedHistory {
            history: &history,
            judge
        }
    );
    assert!(score.missed > score.missed_close || score.false_conflicts > 0);
    assert!(plan.writes.len() <= 8, "{history}");
    let good = truth::score(&history, &LastWriter::default());
    assert!(good.is_exact_but_for_close_reuse());
}

#[test]
fn counts_alone_miss_lost_writes_from_three_regions_on() {
    fails_the_bar(&CountsOnly, 3, Trouble::Calm);
}

#[test]
fn times_alone_miss_lost_writes_where_clocks_of_one_region_disagree() {
    fails_the_bar(&TimesOnly, 2, Trouble::Skew);
}

#[test]
fn one_version_number_misses_lost_writes() {
    fails_the_bar(&OneNumber, 2, Trouble::Calm);
}

#[test]
fn a_failing_plan_is_cut_down_to_what_fails() {
    let setting = Setting {
        regions: 5,
        trouble: Trouble::Everything,
    };
    let mut rng = Rng::with_seed(3);
    let fails = |plan: &Plan| truth::score(&table::run(plan), &OneNumber).missed > 0;
    let plan = std::iter::repeat_with(|| generate::plan(setting, &mut rng))
        .find(|plan| plan.writes.len() > 30 && fails(plan))
        .expect("the iterator never ends");
    let smallest = shrink(&plan, fails);
    assert!(fails(&smallest));
    assert!(smallest.writes.len() <= 3, "{}", table::run(&smallest));
    assert!(smallest.regions <= plan.regions && smallest.partitions.is_empty());
}
