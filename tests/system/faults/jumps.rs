//! What the ledger remembers of jumps, with three replicas: a loss that two images alone hide, and what becomes of it when the
//! ledger does not take or give what it remembers.

use std::process::Stdio;

use serde_json::{Value, json};
use stream_processor::log_contract::Message;
use system_tests::bootstrap::tool;
use system_tests::ledger_entry::key_of;
use system_tests::proxy::{Intervention, Proxy};
use system_tests::records::{event, image, record};
use system_tests::system::{LEDGER_TABLE, REGION, System, SystemConfig, endpoints};
use tokio::process::Command;

const EU: &str = "eu-west-1";
const AP: &str = "ap-northeast-1";

/// A millisecond of the history in epoch microseconds.
fn at(milliseconds: u64) -> u64 {
    1_795_348_800_000_000 + milliseconds * 1_000
}

/// The history of docs/exactness.md as us-east-1 shows it: its second write, the loss of both, a third write with a count that
/// was used before, and a version that goes on from the two lost ones.
fn history() -> [Value; 4] {
    let key = json!({ "id": { "S": "ORDER#1" } });
    let version =
        |stamps: &[(&str, u64, u64)]| image(&key, json!({ "note": { "S": "n" } }), stamps);
    let versions = [
        version(&[(REGION, 1, at(8_610))]),
        version(&[(REGION, 2, at(8_660))]),
        version(&[(AP, 1, at(8_660))]),
        version(&[(REGION, 1, at(8_730)), (AP, 1, at(8_660))]),
        version(&[(REGION, 2, at(8_660)), (EU, 1, at(8_750))]),
    ];
    std::array::from_fn(|n| {
        let (old, new) = (versions[n].clone(), versions[n + 1].clone());
        record(n, "MODIFY", &key, old, new)
    })
}

fn three_replicas() -> SystemConfig {
    SystemConfig::new().set("REPLICAS", "3")
}

/// Sends the history in two batches, the doubtful record alone, and expects both to be taken.
async fn send(system: &System) {
    let history = history();
    for batch in [&history[..3], &history[3..]] {
        let answer = system.answer(event(batch.to_vec())).await;
        assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
    }
}

async fn entries_and_jumps(system: &System) -> (usize, usize) {
    let items = system.items().await;
    let is_jump = |item: &&Value| key_of(item).1.starts_with("jump#");
    let jumps = items.iter().filter(is_jump).count();
    (items.len() - jumps, jumps)
}

#[tokio::test]
async fn a_loss_that_two_images_hide_is_found_and_found_once() {
    let system = three_replicas().start().await;
    send(&system).await;
    assert_eq!(entries_and_jumps(&system).await, (2, 2));
    assert_eq!(system.metrics().count("Conflicts"), 2);
    let before = system.items().await;
    send(&system).await;
    assert_eq!(
        system.items().await,
        before,
        "a second delivery changes nothing"
    );
}

#[tokio::test]
async fn with_two_replicas_nothing_is_remembered() {
    let system = SystemConfig::new().start().await;
    send(&system).await;
    assert_eq!(entries_and_jumps(&system).await, (1, 0));
}

/// A system with three replicas, whose ledger denies requests that hold this text.
async fn denying(text: &'static str) -> (System, Proxy) {
    let (ledger, cloudwatch) = endpoints().await;
    let proxy = Proxy::start(ledger.endpoint(), move |body| {
        if String::from_utf8_lossy(body).contains(text) {
            Intervention::Deny
        } else {
            Intervention::Pass
        }
    })
    .await;
    let config = three_replicas().ledger_at(proxy.endpoint());
    let system = config.start_with(ledger, cloudwatch).await;
    (system.expect("the function starts"), proxy)
}

#[tokio::test]
async fn a_ledger_that_may_not_be_asked_leaves_the_verdict_of_the_images_and_says_so() {
    let (system, _proxy) = denying("KeyConditionExpression").await;
    send(&system).await;
    assert_eq!(entries_and_jumps(&system).await, (1, 2));
    let log = system.log();
    let lines: Vec<&Value> = log.with_message(Message::JumpsNotRead).collect();
    assert_eq!(lines.len(), 1);
    let hint = lines[0]["hint"].as_str().unwrap_or_default();
    assert!(hint.contains("dynamodb:Query"), "{hint}");
}

#[tokio::test]
async fn a_jump_that_the_ledger_does_not_take_fails_no_record() {
    let (system, _proxy) = denying("jump#").await;
    send(&system).await;
    assert_eq!(entries_and_jumps(&system).await, (1, 0));
    let log = system.log();
    assert_eq!(log.with_message(Message::JumpsNotKept).count(), 2);
    assert_eq!(log.with_message(Message::LedgerWriteFailed).count(), 0);
}

#[tokio::test]
async fn who_reads_the_ledger_sees_entries_alone() {
    let system = three_replicas().start().await;
    send(&system).await;
    let list = |arguments: &'static [&'static str]| {
        let mut program = Command::new(tool());
        program.args(["ledger", "list", "--ledger", LEDGER_TABLE]);
        program.args(["--region", REGION, "--json", "--endpoint-url"]);
        program.arg(system.ledger.endpoint()).args(arguments);
        program.env_clear().env("HOME", "/nonexistent");
        program.env("AWS_EC2_METADATA_DISABLED", "true");
        program.stdin(Stdio::null()).kill_on_drop(true);
        async move { program.output().await.expect("the tool starts") }
    };
    for arguments in [&["--key", r#"{"id":{"S":"ORDER#1"}}"#][..], &[]] {
        let output = list(arguments).await;
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(text.matches("\"conflict_id\"").count(), 2, "{text}");
        assert!(!text.contains("jump#"), "{text}");
    }
}
