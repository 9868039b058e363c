//! What the metrics say, and that the templates' contract says the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeZone;
use conflict::{Kind, ReplicatedWrite};
use serde_json::{Value as Json, json};

use super::*;
use crate::judged_record::{JudgedRecord, Judgement, NameIndex};
use crate::settings::SETTINGS;

fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc.timestamp_millis_opt(1_795_349_590_000).unwrap()
}

fn tally() -> Tally<'static> {
    let names = Box::leak(Box::<NameIndex>::default());
    let table = names.table_index("orders");
    let other = names.table_index("carts");
    let eu = names.region_index("eu-west-1");
    let write = ReplicatedWrite {
        origin: eu,
        written_at: Some(1_795_349_589_000_000),
        returned_writes: 2,
    };
    let judgements = [
        Judgement::Local,
        Judgement::Replicated(write),
        Judgement::Conflict {
            kind: Kind::UpdateUpdate,
            winner: ReplicatedWrite {
                written_at: None,
                ..write
            },
            lost_writes: 3,
        },
        Judgement::Malformed,
    ];
    let mut records: Vec<JudgedRecord> = judgements
        .map(|judgement| JudgedRecord {
            table,
            ..judgement.into()
        })
        .into();
    records.push(JudgedRecord {
        table: other,
        ..Judgement::HardDelete.into()
    });
    let mut tally = Tally::new(&records, names, now());
    tally.batch_item_failed(table);
    tally
}

fn counts<'a>(tally: &'a Tally<'_>) -> BTreeMap<(&'a str, String, Option<&'a str>), u64> {
    let key = |datum: &Datum<'_>| match datum.value {
        Value::Count(count) => Some((datum.metric.name(), datum.table.to_owned(), count)),
        Value::Delays(_) => None,
    };
    let mut counts = BTreeMap::new();
    for datum in tally.data() {
        if let Some((name, table, count)) = key(&datum) {
            let dimension = datum.dimension.map(|(dimension, _)| dimension.name());
            counts.insert((name, table, dimension), count);
        }
    }
    counts
}

#[test]
fn each_judgement_is_counted_with_its_dimensions() {
    let tally = tally();
    let counts = counts(&tally);
    let count = |name, dimension| counts.get(&(name, "orders".to_owned(), dimension)).copied();
    assert_eq!(count("Records", None), Some(4));
    assert_eq!(count("LocalWrites", None), Some(1));
    assert_eq!(count("ReplicatedWrites", None), Some(2));
    assert_eq!(count("ReplicatedWrites", Some("OriginRegion")), Some(2));
    assert_eq!(count("Conflicts", Some("Kind")), Some(1));
    assert_eq!(count("Conflicts", Some("WinnerRegion")), Some(1));
    assert_eq!(count("LostWrites", None), Some(3));
    assert_eq!(count("ReturnedWrites", None), Some(4));
    assert_eq!(count("QuarantinedRecords", None), Some(1));
    assert_eq!(count("BatchItemFailures", None), Some(1));
    assert_eq!(count("HardDeletes", None), None, "zero and not always sent");
}

/// Every verdict's judgement, and every other one.
fn all_judgements(origin: u16) -> Vec<Judgement> {
    let write = ReplicatedWrite {
        origin,
        written_at: Some(1_795_349_589_000_000),
        returned_writes: 1,
    };
    use strum::VariantNames;
    let all = vec![
        Judgement::NoWrite,
        Judgement::Unstamped,
        Judgement::Conflict {
            kind: Kind::UpdateUpdate,
            winner: write,
            lost_writes: 1,
        },
        Judgement::Replicated(write),
        Judgement::Local,
        Judgement::LocalOverwrite,
        Judgement::StaleOverwrite,
        Judgement::Resurrection,
        Judgement::Expired,
        Judgement::Purged,
        Judgement::HardDelete,
        Judgement::SuspectedConflict,
        Judgement::PossibleConflict,
        Judgement::Unusable,
        Judgement::Malformed,
    ];
    let names: Vec<&str> = all.iter().map(|judgement| judgement.name()).collect();
    assert_eq!(names, Judgement::VARIANTS);
    all
}

#[test]
fn every_metric_is_sent_in_each_of_its_dimension_sets() {
    let mut names = NameIndex::default();
    let table = names.table_index("orders");
    let origin = names.region_index("eu-west-1");
    let records: Vec<JudgedRecord> = all_judgements(origin)
        .into_iter()
        .map(|judgement| JudgedRecord {
            table,
            has_odd_stamp: true,
            ..judgement.into()
        })
        .collect();
    let mut tally = Tally::new(&records, &names, now());
    tally.batch_item_failed(table);
    let sent: BTreeSet<_> = tally
        .data()
        .iter()
        .map(|datum| {
            (
                datum.metric,
                datum.dimension.map(|(dimension, _)| dimension),
            )
        })
        .collect();
    let declared: BTreeSet<_> = Metric::ALL
        .iter()
        .flat_map(|metric| {
            let further = metric.further_dimensions().iter().copied().map(Some);
            further.chain([None]).map(|dimension| (*metric, dimension))
        })
        .collect();
    assert_eq!(sent, declared);
}

#[test]
fn starred_metrics_are_sent_also_when_zero() {
    let tally = tally();
    let counts = counts(&tally);
    for (name, expected) in [
        ("Records", 1),
        ("ReplicatedWrites", 0),
        ("Conflicts", 0),
        ("LostWrites", 0),
    ] {
        assert_eq!(
            counts[&(name, "carts".to_owned(), None)],
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_winner_without_a_time_has_no_delay() {
    let tally = tally();
    let delays: Vec<u32> = tally
        .data()
        .iter()
        .filter_map(|datum| match datum.value {
            Value::Delays(delays) => Some(delays.buckets().map(|(_, count)| count).sum()),
            Value::Count(_) => None,
        })
        .collect();
    assert_eq!(delays, [1, 1], "for the table and for the origin");
}

#[test]
fn documents_define_what_they_hold_and_share_dimensions() {
    let tally = tally();
    let lines = emf::lines(&tally.data(), "LastWriter");
    let mut seen = BTreeSet::new();
    for line in &lines {
        let document: Json = serde_json::from_str(line).unwrap();
        let directive = &document["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "LastWriter");
        assert_eq!(document["_aws"]["Timestamp"], json!(1_795_349_590_000_u64));
        let dimensions: Vec<&str> = directive["Dimensions"][0]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Json::as_str)
            .collect();
        assert!(
            dimensions
                .iter()
                .all(|dimension| document[dimension].is_string()),
            "{line}"
        );
        assert!(
            seen.insert(
                dimensions
                    .iter()
                    .map(|name| (name.to_string(), document[name].to_string()))
                    .collect::<Vec<_>>()
            )
        );
        for metric in directive["Metrics"].as_array().unwrap() {
            let value = &document[metric["Name"].as_str().unwrap()];
            assert!(
                value.is_number()
                    || value["Values"].as_array().unwrap().len()
                        == value["Counts"].as_array().unwrap().len()
            );
        }
    }
}

#[test]
fn requests_stay_within_cloudwatchs_limits() {
    let mut names = NameIndex::default();
    let records: Vec<JudgedRecord> = (0..5_000_u64)
        .map(|at| JudgedRecord {
            table: names.table_index(&format!("orders-{}", at % 200)),
            ..Judgement::Replicated(ReplicatedWrite {
                origin: names.region_index(&format!("region-{}", at / 200)),
                written_at: Some(1_795_349_590_000_000 - at * 1_000_000),
                returned_writes: 0,
            })
            .into()
        })
        .collect();
    let tally = Tally::new(&records, &names, now());
    let data = tally.data();
    assert!(data.len() > 5_000, "{}", data.len());
    let requests = cloudwatch::requests(&data);
    assert!(
        requests
            .iter()
            .all(|request| !request.is_empty() && request.len() <= 1_000)
    );
    assert_eq!(requests.concat(), data);
    assert!(cloudwatch::requests(&[]).is_empty());
    assert_eq!(cloudwatch::requests(&data[..1_000]).len(), 1);
}

#[test]
fn the_contract_names_every_metric_and_setting() {
    let contract: Json = serde_json::from_str(include_str!("../../contract.json")).unwrap();
    let metrics: Json = Metric::ALL
        .iter()
        .map(|metric| {
            let further = metric
                .further_dimensions()
                .iter()
                .map(|dimension| json!([TABLE_NAME, dimension.name()]));
            let sets: Vec<Json> = std::iter::once(json!([TABLE_NAME]))
                .chain(further)
                .collect();
            (
                metric.name().to_owned(),
                json!({"unit": metric.unit(), "dimension_sets": sets}),
            )
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert_eq!(contract["metrics"], metrics);
    let settings: Json = SETTINGS
        .iter()
        .map(|(name, default)| (name.to_string(), json!(default)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert_eq!(contract["settings"], settings);
}

#[test]
fn what_has_no_index_is_unknown() {
    let names = NameIndex::default();
    let judgement = Judgement::Replicated(ReplicatedWrite {
        origin: u16::MAX,
        written_at: None,
        returned_writes: 0,
    });
    let record = JudgedRecord {
        table: u16::MAX,
        ..judgement.into()
    };
    let tally = Tally::new(&[record], &names, now());
    let data = tally.data();
    assert!(data.iter().all(|datum| datum.table == "unknown"));
    let origins: Vec<_> = data.iter().filter_map(|datum| datum.dimension).collect();
    assert_eq!(origins, [(Dimension::OriginRegion, "unknown")]);
}
