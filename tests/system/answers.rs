//! Batch answers: what is reported, what is counted, and what a second delivery does.

use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use stream_processor::log_contract::Message;

use local_aws::lambda::InvocationOutcome;
use serde_json::{Value, json};
use system_tests::ledger_entry::key_of;
use system_tests::log::count;
use system_tests::proxy::{Intervention, Proxy};
use system_tests::records::{
    conflict, conflict_id, event, local, lost_note, malformed, sequence_number,
    without_sequence_number,
};
use system_tests::system::{System, SystemConfig, endpoints};

pub(crate) fn all_done() -> Value {
    json!({"batchItemFailures": []})
}

pub(crate) fn failed_from(n: usize) -> Value {
    json!({"batchItemFailures": [{"itemIdentifier": sequence_number(n)}]})
}

pub(crate) async fn conflict_ids(system: &System) -> Vec<String> {
    system
        .items()
        .await
        .iter()
        .map(|item| key_of(item).1)
        .collect()
}

/// A system whose ledger denies the writes that contain a text, as long as the switch is on.
async fn denying(text: String) -> (System, Proxy, Arc<AtomicBool>) {
    let (ledger, cloudwatch) = endpoints().await;
    let switch = Arc::new(AtomicBool::new(true));
    let on = Arc::clone(&switch);
    let proxy = Proxy::start(ledger.endpoint(), move |body| {
        let strikes = on.load(Ordering::SeqCst) && String::from_utf8_lossy(body).contains(&text);
        if strikes {
            Intervention::Deny
        } else {
            Intervention::Pass
        }
    })
    .await;
    let setup = SystemConfig::new().ledger_at(proxy.endpoint());
    let system = setup
        .start_with(ledger, cloudwatch)
        .await
        .expect("the function starts");
    (system, proxy, switch)
}

#[tokio::test]
async fn a_payload_that_is_no_event_is_a_function_error_and_the_process_lives_on() {
    let system = SystemConfig::new().start().await;
    let pid = system.function.pid();
    for payload in [
        "",
        "{}",
        "[]",
        "null",
        "\"Records\"",
        r#"{"Records": 5}"#,
        r#"{"Records": [{]}"#,
        "\u{0}",
    ] {
        match system.invoke(payload).await.outcome {
            InvocationOutcome::FunctionError {
                error_type,
                message,
            } => {
                assert_eq!(error_type, "NotAnEvent", "{payload}");
                assert!(
                    message.contains("expected {\"Records\": [...]}"),
                    "{message}"
                );
            }
            other => panic!("{payload}: {other:?}"),
        }
    }
    assert_eq!(system.answer(event([local(1)])).await, all_done());
    assert_eq!(system.function.pid(), pid);
    assert_eq!(system.metrics().count("Records"), 1);
}

#[tokio::test]
async fn sigterm_ends_the_function() {
    let system = SystemConfig::new().start().await;
    system.answer(event([local(1)])).await;
    let status = system.function.stop().await.expect("there is a process");
    assert_ne!(status.signal(), Some(9), "it had to be killed");
    assert_eq!(system.function.pid(), None);
}

#[tokio::test]
async fn a_ledger_write_that_fails_is_reported_and_metrics_count_only_what_is_before() {
    let (system, proxy, denies) = denying(lost_note(3)).await;
    let records = [
        conflict(0),
        local(1),
        conflict(2),
        conflict(3),
        local(4),
        conflict(5),
    ];
    assert_eq!(system.answer(event(records.clone())).await, failed_from(3));
    assert_eq!(proxy.struck(), 1);
    assert_eq!(conflict_ids(&system).await, [0, 2, 5].map(conflict_id));
    let metrics = system.metrics();
    let counted = [
        "Records",
        "Conflicts",
        "LostWrites",
        "LocalWrites",
        "BatchItemFailures",
    ];
    assert_eq!(counted.map(|name| metrics.count(name)), [3, 2, 2, 1, 1]);
    let log = system.log();
    let failure = log
        .with_message(Message::LedgerWriteFailed)
        .next()
        .expect("the log says so");
    assert_eq!(
        (count(failure, "record"), &failure["error_code"]),
        (Some(3), &json!("AccessDeniedException"))
    );

    // Lambda delivers again from there; once it works, everything is kept once and counted once.
    denies.store(false, Ordering::SeqCst);
    assert_eq!(
        system.answer(event(records[3..].to_vec())).await,
        all_done()
    );
    assert_eq!(conflict_ids(&system).await, [0, 2, 3, 5].map(conflict_id));
    let metrics = system.metrics();
    assert_eq!(counted.map(|name| metrics.count(name)), [6, 4, 4, 2, 1]);
}

#[tokio::test]
async fn of_several_failures_the_first_is_reported_and_each_is_counted() {
    let (system, _proxy, _) = denying("address of customer".to_owned()).await;
    let records = [local(0), conflict(1), local(2), conflict(3)];
    assert_eq!(system.answer(event(records)).await, failed_from(1));
    let metrics = system.metrics();
    assert_eq!(
        ["Records", "Conflicts", "BatchItemFailures"].map(|name| metrics.count(name)),
        [1, 0, 2]
    );
    assert!(system.items().await.is_empty());
}

#[tokio::test]
async fn a_failed_record_without_a_number_is_reported_by_the_nearest_one_before_it() {
    let (system, _proxy, _) = denying("quarantine".to_owned()).await;
    let without = without_sequence_number(local(2));
    let records = [local(0), local(1), without.clone(), local(3)];
    assert_eq!(system.answer(event(records)).await, failed_from(1));
    // Record 1 is delivered again, so it is not counted yet.
    assert_eq!(system.metrics().count("Records"), 1);
    // The nearest one before that has a number, wherever it is.
    let records = [local(0), without.clone(), without.clone()];
    assert_eq!(system.answer(event(records)).await, failed_from(0));
}

#[tokio::test]
async fn with_no_number_to_report_the_invocation_is_a_function_error() {
    let (system, _proxy, denies) = denying("quarantine".to_owned()).await;
    let payload = event([without_sequence_number(local(0)), local(1)]);
    match system.invoke(payload.clone()).await.outcome {
        InvocationOutcome::FunctionError {
            error_type,
            message,
        } => {
            assert_eq!(error_type, "LedgerWriteFailed", "{message}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(system.metrics().count("Records"), 0);
    denies.store(false, Ordering::SeqCst);
    assert_eq!(system.answer(payload).await, all_done());
    assert_eq!(system.metrics().count("Records"), 2);
}

#[tokio::test]
async fn a_malformed_record_fails_no_other() {
    let system = SystemConfig::new().start().await;
    let records = [
        malformed(0),
        conflict(1),
        malformed(2),
        local(3),
        malformed(4),
    ];
    assert_eq!(system.answer(event(records)).await, all_done());
    let metrics = system.metrics();
    let counted = [
        "Records",
        "Conflicts",
        "LocalWrites",
        "QuarantinedRecords",
        "BatchItemFailures",
    ];
    assert_eq!(counted.map(|name| metrics.count(name)), [5, 1, 1, 3, 0]);
    assert_eq!(system.items().await.len(), 4);
}

#[tokio::test]
async fn a_batch_that_names_no_table_is_counted_as_unknown() {
    let system = SystemConfig::new().start().await;
    assert_eq!(
        system
            .answer(event([json!(5), json!({"eventName": "MODIFY"})]))
            .await,
        all_done()
    );
    let metrics = system.metrics();
    assert_eq!(metrics.count("QuarantinedRecords"), 2);
    assert_eq!(metrics.count_by("Records", "TableName", "unknown"), 2);
    let items = system.items().await;
    assert!(
        items.iter().all(|item| item["TableName"]["S"] == "unknown"),
        "{items:?}"
    );
}

#[tokio::test]
async fn a_second_delivery_writes_nothing_and_leaves_what_an_operator_did() {
    let system = SystemConfig::new().start().await;
    let payload = event([conflict(1), local(2), malformed(3)]);
    assert_eq!(system.answer(payload.clone()).await, all_done());
    for item in system.items().await {
        settle(&system, &item).await;
    }
    let before = system.items().await;
    assert!(before.iter().all(|item| item["Status"]["S"] == "resolved"));

    assert_eq!(system.answer(payload).await, all_done());
    assert_eq!(system.items().await, before);
    let log = system.log();
    let summaries: Vec<_> = log
        .with_message(Message::Batch)
        .map(|line| (count(line, "ledger_written"), count(line, "ledger_existed")))
        .collect();
    assert_eq!(summaries, [(Some(2), Some(0)), (Some(0), Some(2))]);
    // Metrics are at least once: the second delivery came after they were sent.
    assert_eq!(system.metrics().count("Conflicts"), 2);
}

/// Does to an entry what an operator does when a conflict is settled.
async fn settle(system: &System, item: &Value) {
    let change = json!({
        "UpdateExpression": "SET #status = :resolved, ResolvedBy = :who",
        "ExpressionAttributeNames": {"#status": "Status"},
        "ExpressionAttributeValues": {":resolved": {"S": "resolved"}, ":who": {"S": "grace"}},
    });
    update(system, item, change).await;
}

/// Changes an item of the ledger, past the gateway. `change` is the rest of an UpdateItem request.
pub(crate) async fn update(system: &System, item: &Value, mut change: Value) {
    change["TableName"] = json!(system_tests::system::LEDGER_TABLE);
    change["Key"] = json!({"ItemKey": item["ItemKey"], "ConflictId": item["ConflictId"]});
    let request = serde_json::from_value(change).expect("this is an UpdateItem request");
    let database = system.ledger.database().clone();
    let updated = tokio::task::spawn_blocking(move || database.update_item(request)).await;
    updated.expect("the update runs").expect("the update works");
}

#[tokio::test]
async fn an_empty_batch_is_answered_and_sends_nothing() {
    let system = SystemConfig::new().start().await;
    assert_eq!(system.answer(event([])).await, all_done());
    assert_eq!(system.cloudwatch.requests(), 0);
    assert!(system.ledger.requests().is_empty());
}

#[tokio::test]
async fn a_batch_without_a_finding_never_calls_the_ledger() {
    let system = SystemConfig::new().start().await;
    assert_eq!(system.answer(event((0..50).map(local))).await, all_done());
    assert!(system.ledger.requests().is_empty());
    assert_eq!(system.cloudwatch.requests(), 1);
}
