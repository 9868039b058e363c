//! Starting: the settings, and what is said of wrong ones.

use local_aws::lambda::{Function, FunctionConfig, StartError};
use system_tests::bootstrap::{bootstrap, table_reporter};
use system_tests::records::{event, local};
use system_tests::system::{LEDGER_TABLE, SystemConfig, endpoints};

async fn init_error(setup: SystemConfig) -> String {
    let (ledger, cloudwatch) = endpoints().await;
    init_error_of(setup.config(&ledger, &cloudwatch)).await
}

/// The message with which a start ended, as Lambda gets it. The process must have reported it before it ended.
async fn init_error_of(config: FunctionConfig) -> String {
    match Function::start(config).await {
        Err(StartError::InitError {
            error_type,
            message,
            ..
        }) => format!("{error_type}: {message}"),
        Err(other) => panic!("the start ended without an init error: {other}"),
        Ok(_) => panic!("the function started"),
    }
}

#[tokio::test]
async fn one_message_names_every_wrong_setting_and_the_missing_one() {
    let wrong = [
        ("METRICS_NAMESPACE", "AWS/Lambda"),
        ("METRICS_SINK", "statsd"),
        ("CLOCK_TOLERANCE_MS", "-1"),
        ("LEDGER_IMAGES", "some"),
        ("LEDGER_OVERWRITES", "few"),
        ("LEDGER_RETENTION_DAYS", "0"),
        ("LEDGER_CONCURRENCY", "many"),
        ("UNSTAMPED_SAMPLES_PER_MINUTE", "1.5"),
    ];
    let setup = wrong.iter().fold(
        SystemConfig::new().unset("LEDGER_TABLE"),
        |setup, (name, value)| setup.set(name, *value),
    );
    let message = init_error(setup).await;
    for name in wrong.map(|(name, _)| name).iter().chain(&["LEDGER_TABLE"]) {
        assert!(message.contains(name), "{name} is not named: {message}");
    }
}

#[tokio::test]
async fn a_missing_ledger_table_is_named_alone() {
    let message = init_error(SystemConfig::new().unset("LEDGER_TABLE")).await;
    assert!(message.contains("LEDGER_TABLE is missing"), "{message}");
    assert!(!message.contains("METRICS_SINK"), "{message}");
}

#[tokio::test]
async fn an_empty_setting_is_as_good_as_none() {
    let message = init_error(SystemConfig::new().set("LEDGER_TABLE", "")).await;
    assert!(message.contains("LEDGER_TABLE is missing"), "{message}");
    let system = SystemConfig::new()
        .set("METRICS_NAMESPACE", "")
        .start()
        .await;
    system.answer(event([local(1)])).await;
    assert_eq!(system.metrics().count("Records"), 1);
}

#[tokio::test]
async fn the_namespace_that_is_set_is_the_one_of_all_metrics() {
    let system = SystemConfig::new()
        .set("METRICS_NAMESPACE", "Shop/Orders")
        .start()
        .await;
    system.answer(event([local(1)])).await;
    let metrics = system.metrics();
    assert!(!metrics.0.is_empty());
    assert!(
        metrics
            .0
            .keys()
            .all(|series| series.namespace == "Shop/Orders"),
        "{metrics:?}"
    );
}

#[tokio::test]
async fn the_retention_that_is_set_is_the_one_of_the_entries() {
    let system = SystemConfig::new()
        .set("LEDGER_RETENTION_DAYS", "7")
        .start()
        .await;
    system
        .answer(event([system_tests::records::conflict(1)]))
        .await;
    for item in system.items().await {
        let (_, problems) = system_tests::ledger_entry::without_time(&item, 7);
        assert!(problems.is_empty(), "{problems:?}");
        let (_, problems) = system_tests::ledger_entry::without_time(&item, 30);
        assert!(!problems.is_empty(), "30 days are not 7");
    }
}

#[tokio::test]
async fn the_table_reporter_names_each_wrong_setting_too() {
    let config = FunctionConfig::new(table_reporter(), "table-reporter", "us-east-1")
        .env("METRICS_NAMESPACE", "AWS/Lambda");
    let message = init_error_of(config).await;
    for part in [
        "SettingsError: ",
        "TABLE_NAME is missing",
        "METRICS_NAMESPACE",
    ] {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[tokio::test]
async fn the_table_reporter_publishes_a_table_that_is_there() {
    let (ledger, cloudwatch) = endpoints().await;
    let config = FunctionConfig::new(table_reporter(), "table-reporter", "us-east-1")
        .env("TABLE_NAME", LEDGER_TABLE)
        .env("AWS_ENDPOINT_URL_DYNAMODB", ledger.endpoint())
        .env("AWS_ENDPOINT_URL_CLOUDWATCH", cloudwatch.endpoint());
    let function = Function::start(config).await.expect("the function starts");
    let invocation = function.invoke("{}").await;
    assert!(invocation.outcome.response().is_some(), "{invocation:?}");
    assert_eq!(cloudwatch.requests(), 1);
    function.stop().await;
}

#[test]
fn the_built_function_is_there() {
    assert!(bootstrap().is_file());
}
