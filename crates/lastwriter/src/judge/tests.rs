use chrono::DateTime;

use super::judge;
use crate::event::{Event, Stream, read_all};
use crate::report::{Report, render};
use crate::settings::{Setting, check};
use crate::terminal::Layout;

fn sample(name: &str) -> Vec<Event> {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    read_all(&[path.into()], &Stream::default()).unwrap()
}

async fn judged(name: &str, settings: &[(&str, &str)]) -> Report {
    let settings: Vec<Setting> = settings
        .iter()
        .map(|(name, value)| Setting {
            name: name.to_string(),
            value: value.to_string(),
        })
        .collect();
    let now = DateTime::from_timestamp(1_795_353_000, 0).unwrap();
    judge(&sample(name), &check(&settings).unwrap(), now).await
}

#[tokio::test]
async fn a_mixed_batch_reads_like_this() {
    let report = judged("mixed_batch", &[]).await;
    insta::assert_snapshot!(render(&report, Layout::PLAIN));
}

#[tokio::test]
async fn settings_change_what_is_kept() {
    for (value, expected) in [("none", 0), ("stale", 3)] {
        let report = judged("stale_overwrite", &[("LEDGER_OVERWRITES", value)]).await;
        assert_eq!(report.ledger.entries, expected, "{value}");
    }
}

#[tokio::test]
async fn a_record_delivered_twice_is_in_the_ledger_once() {
    let report = judged("delivered_twice", &[]).await;
    let became: Vec<_> = report.events[0]
        .records
        .iter()
        .map(|record| record.ledger.as_deref())
        .collect();
    assert_eq!(became, [Some("written"), Some("existed")]);
    assert_eq!(report.ledger.entries, 1);
    assert_eq!(report.events[0].ledger.len(), 1);
}

#[tokio::test]
async fn no_more_unstamped_samples_are_kept_than_the_setting_allows() {
    let report = judged(
        "unstamped_sample_limit",
        &[("UNSTAMPED_SAMPLES_PER_MINUTE", "2")],
    )
    .await;
    let samples = report.ledger.by_kind.get("unstamped_sample");
    assert_eq!(samples, Some(&2));
}

#[tokio::test]
async fn a_conflict_counts_although_an_attribute_cannot_be_decoded() {
    let report = judged("bad_base64", &[]).await;
    let record = &report.events[0].records[0];
    assert_eq!(record.verdict, "conflict");
    assert_eq!(record.finding.kind.as_deref(), Some("update_update"));
    let sum = |name: &str| {
        let metric = report.metrics.iter().find(|metric| metric.name == name);
        metric.map(|metric| metric.sum)
    };
    assert_eq!(
        (sum("Conflicts"), sum("QuarantinedRecords")),
        (Some(2.0), None)
    );
}
