//! The cut, conflicts from ledger entries, delays, the choice of an example, and what is printed.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use chrono::DateTime;
use join::{Class, Confidence};
use local_aws::cloudwatch::{DataPoint, Samples, dimensions};
use local_aws::global_table::{Lag, Region};
use serde_json::{Value, json};

use super::comparison::{
    Comparison, CutPeriod, OutOfScope, RegionMetrics, RegionResult, Requests, Setup, Suspected,
};
use super::conflict::ConflictEntry;
use super::cut::{self, Cut, CutOption};
use super::delay::Delays;
use super::example;
use super::join_result::{JoinClass, JoinItems, JoinResult};
use super::run::longest_delay;
use super::series::Series;
use super::table;
use crate::terminal::Layout;

fn region(name: &str) -> Region {
    Region::parse(name).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A ledger entry of a conflict about one item with this attribute in the losing version.
pub(super) fn entry(kind: &str, name: &str, value: &str) -> Value {
    json!({
        "ItemKey": { "S": "{}" },
        "ConflictId": { "S": format!("2026-11-22T12:13:07.051000Z#{kind}") },
        "Kind": { "S": kind },
        "Confidence": { "S": "certain" },
        "DetectedAt": { "S": "2026-11-22T12:13:08.100Z" },
        "Status": { "S": "open" },
        "TableName": { "S": "App" },
        "Key": { "M": { "PK": { "S": "USER#1" }, "SK": { "S": "PROFILE" } } },
        "LostWrites": { "N": "1" },
        "Identical": { "BOOL": false },
        "DifferingAttributes": { "L": [{ "S": name }] },
        "Loser": { "M": {
            "Region": { "S": "us-east-1" },
            "WrittenAt": { "S": "2026-11-22T12:13:06.900000Z" },
            "Stamps": { "M": { "us-east-1": { "M": { "n": { "N": "2" }, "t": { "N": "17" } } } } },
            "Image": { "M": { name: { "S": value }, "count": { "N": "7" }, "on": { "BOOL": true }, "list": { "L": [] } } },
        } },
        "Winner": { "M": {
            "Region": { "S": "eu-west-1" },
            "Stamps": { "M": { "eu-west-1": { "M": { "n": { "N": "1" } } } } },
            "Image": { "M": { "count": { "N": "7" } } },
        } },
    })
}

fn join_result() -> JoinResult {
    let class = |confidence, findings, lost| JoinClass {
        class: Class::LostWrite,
        confidence,
        findings,
        lost,
    };
    JoinResult {
        records: 2_468,
        window_seconds: 120,
        classes: vec![
            class(Confidence::Certain, 50, 50),
            class(Confidence::Likely, 10, 9),
            class(Confidence::Possible, 4, 1),
        ],
        items: vec![JoinItems {
            items: "profiles: texts of their own",
            lost: 59,
            found: 58,
        }],
        findings: 60,
        false_findings: 1,
        recall: Some(58.0 / 59.0),
        recall_with_possible: Some(1.0),
        precision: Some(59.0 / 60.0),
    }
}

/// An comparison with these conflicts, in which all is well.
pub(super) fn comparison(conflicts: Vec<ConflictEntry>) -> Comparison {
    let row = |region: &str| RegionResult {
        region: region.to_owned(),
        writes: 1_234,
        lost: 59,
        found_by_stamps: 57,
        found_by_join: 58,
        missed: 1,
        shown_by_stamps: 56,
        ledger_conflicts: 40,
        ledger_lost_writes: 60,
        metrics: RegionMetrics {
            local_writes: 1_234,
            conflicts: 40,
            lost_writes: 60,
            delay_p50: Some(1_360.0),
            delay_p99: None,
        },
        ..RegionResult::default()
    };
    let mut series = Series::new(DateTime::UNIX_EPOCH, 60.0);
    let line = |value: f64| vec![value; 60];
    series.writes = BTreeMap::from([
        ("eu-west-1".to_owned(), line(10.0)),
        ("us-east-1".to_owned(), line(5.0)),
    ]);
    series.kinds = BTreeMap::from([("update_update".to_owned(), line(2.0))]);
    series.winners = BTreeMap::from([("eu-west-1".to_owned(), line(2.0))]);
    series.delays = BTreeMap::from([("us-east-1".to_owned(), vec![Some((900.0, 4_000.0)); 60])]);
    Comparison {
        setup: Setup {
            regions: vec!["us-east-1".to_owned(), "eu-west-1".to_owned()],
            seconds: 60.0,
            rate: 300.0,
            seed: 1,
            lag: "median 800ms, spread 0.5".to_owned(),
            cut: Some(CutPeriod {
                region: "eu-west-1".to_owned(),
                from: 20.0,
                to: 35.0,
            }),
            unstamped_share: 0.0,
            blind_put_share: 0.0,
            borrow: true,
            started_at: DateTime::UNIX_EPOCH,
            starting_seconds: 0.1,
            traffic_seconds: 55.0,
            seconds_in_all: 60.0,
            interrupted: false,
            settled: true,
        },
        regions: vec![row("eu-west-1")],
        total: row("all"),
        outside: vec![OutOfScope {
            reason: "lost to a hard delete or a purge".to_owned(),
            lost: 3,
            found_by_stamps: 1,
            found_by_join: 2,
        }],
        suspected: Some(Suspected {
            findings: 9,
            found: 7,
            elsewhere: 2,
            false_alarms: 0,
        }),
        join: join_result(),
        requests: Requests::default(),
        put_back: None,
        example: conflicts.first().cloned(),
        conflicts,
        series,
    }
}

#[test]
fn a_cut_is_read_and_a_wrong_one_says_what_is_wrong() {
    let cut = Cut {
        region: region("eu-west-1"),
        from: seconds(2),
        to: seconds(4),
    };
    assert_eq!(cut::parse("eu-west-1:2:4"), Ok(CutOption::On(cut)));
    assert_eq!(cut::parse("off"), Ok(CutOption::Off));
    for (text, part) in [
        ("eu-west-1", "REGION:FROM:TO"),
        ("eu-west-1:1:2:3", "REGION:FROM:TO"),
        ("mars-1:1:2", "mars-1"),
        ("eu-west-1:soon:2", "`soon`"),
        ("eu-west-1:-1:2", "`-1`"),
        ("eu-west-1:2:2", "is not before"),
    ] {
        let message = cut::parse(text).unwrap_err().to_string();
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn without_being_asked_the_second_region_is_cut_off_in_the_middle() {
    let regions = [region("us-east-1"), region("eu-west-1")];
    let cut = cut::planned(None, &regions, 60).unwrap().unwrap();
    assert_eq!(
        (cut.region, cut.from, cut.to),
        (regions[1], seconds(20), seconds(35))
    );
    assert_eq!(cut::planned(Some(CutOption::Off), &regions, 60), Ok(None));
}

#[test]
fn a_cut_ends_with_the_traffic_and_must_begin_before_that() {
    let regions = [region("us-east-1"), region("eu-west-1")];
    let asked = |from, to| {
        Some(CutOption::On(Cut {
            region: regions[0],
            from: seconds(from),
            to: seconds(to),
        }))
    };
    assert_eq!(
        cut::planned(asked(5, 99), &regions, 10)
            .unwrap()
            .unwrap()
            .to,
        seconds(10)
    );
    assert!(cut::planned(asked(10, 11), &regions, 10).is_err());
    assert!(
        cut::planned(asked(1, 2), &regions[1..], 10)
            .unwrap_err()
            .to_string()
            .contains("us-east-1")
    );
}

#[test]
fn a_conflict_is_read_from_its_ledger_entry() {
    let conflict = ConflictEntry::from_item(&entry("update_update", "address", "here")).unwrap();
    assert_eq!(conflict.item, ["USER#1", "PROFILE"]);
    assert_eq!(
        (&*conflict.loser.region, &*conflict.winner.region),
        ("us-east-1", "eu-west-1")
    );
    let attribute = |name: &str| conflict.loser.attributes[name].as_str();
    assert_eq!(
        ["address", "count", "on", "list"].map(attribute),
        ["\"here\"", "7", "true", "[]"]
    );
    let found = conflict.for_evaluation(region("us-east-1"));
    assert_eq!(
        (found.loser["us-east-1"].n, found.loser["us-east-1"].t),
        (Some(2), Some(17))
    );
    assert_eq!(
        (found.winner["eu-west-1"].n, found.winner["eu-west-1"].t),
        (Some(1), None)
    );
}

#[test]
fn entries_without_a_winner_and_parts_of_images_are_no_conflicts() {
    let mut overwrite = entry("stale_overwrite", "address", "here");
    overwrite["Winner"]["M"]
        .as_object_mut()
        .unwrap()
        .remove("Region");
    assert_eq!(ConflictEntry::from_item(&overwrite), None);
    assert_eq!(
        ConflictEntry::from_item(&json!({ "Part": { "B": "" } })),
        None
    );
}

fn point(metric: &str, origin: Option<&str>, samples: Samples) -> DataPoint {
    let pairs = [("TableName", Some("App")), ("OriginRegion", origin)];
    DataPoint {
        namespace: "LastWriter".to_owned(),
        metric: metric.to_owned(),
        dimensions: dimensions(
            pairs
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        ),
        unit: None,
        timestamp: SystemTime::UNIX_EPOCH,
        storage_resolution: None,
        samples,
    }
}

#[test]
fn delays_are_weighted_by_their_counts_and_each_is_counted_once() {
    let values = |values: &[(f64, f64)]| Samples::Values(values.to_vec());
    let points = [
        point(
            "PropagationDelay",
            None,
            values(&[(900.0, 97.0), (5_000.0, 2.0)]),
        ),
        point("PropagationDelay", None, values(&[(100.0, 1.0)])),
        // The same once more, by origin.
        point(
            "PropagationDelay",
            Some("eu-west-1"),
            values(&[(9_000.0, 100.0)]),
        ),
        point("Records", None, values(&[(9_000.0, 100.0)])),
    ];
    let delays = Delays::from_points(&points);
    assert_eq!(delays.quantile(0.01), Some(100.0));
    assert_eq!(delays.quantile(0.50), Some(900.0));
    assert_eq!(delays.quantile(0.99), Some(5_000.0));
    assert_eq!(Delays::from_points(&points[3..]).quantile(0.5), None);
}

#[test]
fn the_example_is_a_certain_update_with_something_to_show() {
    let read = |entry: &Value| ConflictEntry::from_item(entry).unwrap();
    let mut identical = entry("update_update", "a", "1");
    identical["DifferingAttributes"] = json!({ "L": [] });
    let mut probable = entry("update_update", "b", "1");
    probable["Confidence"] = json!({ "S": "probable" });
    let all = [
        read(&identical),
        read(&entry("insert_insert", "c", "1")),
        read(&probable),
        read(&entry("update_update", "d", "1")),
    ];
    assert_eq!(example::choose(&all), Some(&all[3]));
    assert_eq!(example::choose(&all[..3]), Some(&all[2]));
    assert_eq!(example::choose(&[]), None);
}

#[test]
fn the_table_says_what_was_lost_and_what_was_found() {
    let conflict =
        ConflictEntry::from_item(&entry("update_update", "address", "\u{1b}[2J")).unwrap();
    insta::assert_snapshot!(table::render(&comparison(vec![conflict]), Layout::PLAIN));
}

#[test]
fn each_thing_that_is_wrong_is_a_problem_of_its_own() {
    let fine = comparison(Vec::new());
    assert!(fine.problems().is_empty(), "{:?}", fine.problems());
    let with = |change: &dyn Fn(&mut Comparison)| {
        let mut comparison = fine.clone();
        change(&mut comparison);
        comparison.problems()
    };
    type Change<'a> = &'a dyn Fn(&mut Comparison);
    let cases: [(Change<'_>, &str); 6] = [
        (
            &|o| o.total.missed_by_stamps = 2,
            "2 lost writes that the stamps tell of were not found",
        ),
        (&|o| o.total.false_alarms = 1, "1 alarms were false"),
        (&|o| o.total.lost = 1, "only 0.08 % of the writes were lost"),
        (&|o| o.setup.settled = false, "fell too far behind"),
        (
            &|o| o.total.records_given_up = 5,
            "5 stream records were given up",
        ),
        (
            &|o| o.requests.failed = 4,
            "4 requests of the writers failed",
        ),
    ];
    for (change, part) in cases {
        let problems = with(change);
        assert!(
            matches!(&problems[..], [one] if one.contains(part)),
            "{part}: {problems:?}"
        );
    }
}

#[test]
fn whoever_ends_a_run_early_is_not_told_that_it_proves_little() {
    let mut comparison = comparison(Vec::new());
    comparison.setup.interrupted = true;
    comparison.total.lost = 0;
    comparison.total.shown_by_stamps = 0;
    assert!(comparison.problems().is_empty());
    comparison.total.missed_by_stamps = 1;
    assert_eq!(comparison.problems().len(), 1);
}

#[test]
fn a_long_run_has_no_more_steps_than_a_chart_can_show() {
    for (length, step, steps) in [
        (0.3, 1.0, 1),
        (60.0, 1.0, 60),
        (80.0, 2.0, 40),
        (86_400.0, 1_200.0, 72),
    ] {
        let series = Series::new(DateTime::UNIX_EPOCH, length);
        assert_eq!((series.step, series.steps), (step, steps), "{length}");
    }
}

#[test]
fn a_long_tail_of_delays_is_waited_for() {
    let median = seconds(2);
    let longest = |sigma| longest_delay(Lag::LogNormal { median, sigma }).as_secs();
    assert_eq!((longest(0.0), longest(1.0)), (2, 296));
    assert_eq!(longest_delay(Lag::Fixed(median)), median);
    let endless = Lag::LogNormal {
        median: Duration::MAX,
        sigma: 5.0,
    };
    assert_eq!(longest_delay(endless), Duration::MAX / 2);
}
