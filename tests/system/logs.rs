//! Logs: JSON, with the request id; one summary an invocation, one line a conflict.

use std::collections::BTreeSet;
use stream_processor::log_contract::Message;

use serde_json::Value;
use system_tests::log::count;
use system_tests::records::{ELSEWHERE, HERE, conflict, conflict_id, event, local, malformed};
use system_tests::system::SystemConfig;

fn request_id(line: &Value) -> Option<&str> {
    line["span"]["requestId"]
        .as_str()
        .or_else(|| line["requestId"].as_str())
}

#[tokio::test]
async fn every_line_is_json_and_names_its_invocation() {
    let system = SystemConfig::new().start().await;
    let mut ids = BTreeSet::new();
    for payload in [
        event([local(0)]),
        event([conflict(1), malformed(2)]),
        "no event".to_owned(),
    ] {
        ids.insert(system.invoke(payload).await.request_id);
    }
    let log = system.log();
    assert!(log.others.is_empty(), "{:?}", log.others);
    for line in &log.lines {
        for member in ["timestamp", "level", "message"] {
            assert!(line[member].is_string(), "no {member}: {line}");
        }
    }
    let named: BTreeSet<String> = log
        .lines
        .iter()
        .filter_map(request_id)
        .map(str::to_owned)
        .collect();
    assert_eq!(named, ids);
    let nameless: Vec<_> = log
        .lines
        .iter()
        .filter(|line| request_id(line).is_none())
        .collect();
    assert!(nameless.is_empty(), "{nameless:?}");
}

#[tokio::test]
async fn an_invocation_has_one_summary_and_each_conflict_one_line() {
    let system = SystemConfig::new()
        .set("AWS_LAMBDA_LOG_LEVEL", "info")
        .start()
        .await;
    for first in [0, 10, 20] {
        let records = [conflict(first), local(first + 1), conflict(first + 2)];
        system.answer(event(records)).await;
    }
    let log = system.log();
    let summaries: Vec<_> = log.with_message(Message::Batch).collect();
    assert_eq!(summaries.len(), 3);
    for summary in summaries {
        let counts = [
            "records",
            "committed",
            "conflicts",
            "ledger_written",
            "ledger_failed",
        ];
        assert_eq!(
            counts.map(|name| count(summary, name)),
            [3, 3, 2, 2, 0].map(Some)
        );
    }
    let lines: Vec<_> = log.with_message(Message::Conflict).collect();
    let mut ids: Vec<_> = lines
        .iter()
        .filter_map(|line| line["conflict_id"].as_str())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, [0, 2, 10, 12, 20, 22].map(conflict_id));
    for line in lines {
        assert_eq!(line["kind"], "update_update");
        assert_eq!(line["loser_region"], HERE);
        assert_eq!(line["winner_region"], ELSEWHERE);
    }
    assert_eq!(
        log.with_message(Message::Verdict).count(),
        0,
        "verdicts are for level debug"
    );
}

#[tokio::test]
async fn a_lower_level_leaves_only_what_went_wrong() {
    let system = SystemConfig::new()
        .set("AWS_LAMBDA_LOG_LEVEL", "warn")
        .start()
        .await;
    system
        .answer(event([conflict(0), local(1), malformed(2)]))
        .await;
    let log = system.log();
    let messages: Vec<_> = log.lines.iter().map(|line| &line["message"]).collect();
    assert_eq!(messages, ["record quarantined"]);
}

#[tokio::test]
async fn a_healthy_start_says_nothing_alarming() {
    let system = SystemConfig::new()
        // As cargo-lambda's emulator sets it.
        .set("AWS_LAMBDA_MAX_CONCURRENCY", "1")
        .set("AWS_LAMBDA_LOG_LEVEL", "info")
        .start()
        .await;
    system.answer(event([local(0)])).await;
    let log = system.log();
    let levels: Vec<_> = log.lines.iter().map(|line| &line["level"]).collect();
    assert_eq!(levels, ["INFO"]);
    assert_eq!(log.others, Vec::<String>::new());
}
