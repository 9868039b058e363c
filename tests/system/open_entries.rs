//! What waits in a ledger for an operator: the built table reporter counts it, and the tool's changes of an entry show.

use chrono::{DateTime, TimeDelta, Utc};
use ledger::{ConflictId, Entry, EntryKind};
use local_aws::cloudwatch::{CloudWatch, dimensions};
use local_aws::lambda::{Function, FunctionConfig};
use serde_json::json;
use system_tests::bootstrap::table_reporter;

use crate::put_back::{LEDGER, REGION, Tables, entry};

/// The reporter of one ledger, and what its metrics go to.
struct Reporter {
    function: Function,
    cloudwatch: CloudWatch,
}

impl Reporter {
    async fn start(endpoint: String) -> Self {
        let cloudwatch = CloudWatch::start().await.unwrap();
        let config = FunctionConfig::new(table_reporter(), "table-reporter", REGION)
            // Any table will do; the ledger's endpoint has but this one.
            .env("TABLE_NAME", LEDGER)
            .env("LEDGER_TABLE", LEDGER)
            .env("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
            .env("AWS_ENDPOINT_URL_CLOUDWATCH", cloudwatch.endpoint());
        let function = Function::start(config).await.expect("the function starts");
        Self {
            function,
            cloudwatch,
        }
    }

    /// Open entries, and the age of the oldest in seconds.
    async fn report(&self) -> (f64, f64) {
        self.cloudwatch.clear();
        let invocation = self.function.invoke("{}").await;
        assert!(invocation.outcome.response().is_some(), "{invocation:?}");
        let of_table = dimensions([("TableName", LEDGER)]);
        let value = |name: &str| self.cloudwatch.sum(name, &of_table).expect(name);
        (value("OpenEntries"), value("OldestOpenEntryAge"))
    }
}

/// An entry that was found so many seconds ago.
fn found_before(id: &str, now: DateTime<Utc>, seconds: i64) -> Entry {
    let attributes = || json!({ "address": { "S": "Elm St" } });
    let mut entry = entry(id, attributes(), attributes(), &[]);
    entry.detected_at = now - TimeDelta::seconds(seconds);
    entry
}

#[tokio::test]
async fn open_entries_are_counted_until_somebody_closes_them() {
    let tables = Tables::start().await;
    let reporter = Reporter::start(tables.ledger.endpoint()).await;
    assert_eq!(reporter.report().await, (0.0, 0.0));

    let now = Utc::now();
    let oldest = tables.put_entry(found_before("o-0", now, 5_000)).await;
    for number in 1..40 {
        let entry = found_before(&format!("o-{number}"), now, 1_000 + number);
        tables.put_entry(entry).await;
    }
    // A sample shows where to look, and waits for nobody.
    let mut sample = found_before("o-99", now, 90_000);
    sample.kind = EntryKind::UnstampedSample.into();
    sample.conflict_id = ConflictId::from("sample#1".to_owned());
    tables.put_entry(sample).await;
    let (count, age) = reporter.report().await;
    assert_eq!(count, 40.0);
    assert!((5_000.0..90_000.0).contains(&age), "{age}");

    let resolved = tables
        .run("resolve", &[&oldest, "--why", "a test order"])
        .await;
    assert_eq!(resolved.code, Some(0), "{resolved:?}");
    let (count, age) = reporter.report().await;
    assert_eq!(count, 39.0);
    assert!((1_000.0..5_000.0).contains(&age), "{age}");

    let opened = tables.run("reopen", &[&oldest]).await;
    assert_eq!(opened.code, Some(0), "{opened:?}");
    let (count, age) = reporter.report().await;
    assert_eq!(count, 40.0);
    assert!(age >= 5_000.0, "{age}");
    reporter.function.stop().await;
}

#[tokio::test]
async fn a_ledger_without_the_index_is_told_as_none_and_does_not_fail_the_report() {
    // As one of an older version, until the next deployment has made the index.
    let mut request = ledger::create_table_request(LEDGER);
    request["GlobalSecondaryIndexes"]
        .as_array_mut()
        .unwrap()
        .pop();
    let attributes = request["AttributeDefinitions"].as_array_mut().unwrap();
    attributes.truncate(3);
    let old = local_aws::ledger::Ledger::start(
        request,
        ledger::EXPIRES_AT,
        local_aws::ledger::Storage::Memory,
    )
    .await
    .unwrap();
    let reporter = Reporter::start(old.endpoint()).await;
    let invocation = reporter.function.invoke("{}").await;
    assert!(invocation.outcome.response().is_some(), "{invocation:?}");
    let of_table = dimensions([("TableName", LEDGER)]);
    assert_eq!(reporter.cloudwatch.sum("OpenEntries", &of_table), None);
    assert!(reporter.cloudwatch.sum("ItemCount", &of_table).is_some());
    reporter.function.stop().await;
}
