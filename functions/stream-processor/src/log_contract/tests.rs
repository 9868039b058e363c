//! That the contract says what is written.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use conflict::ReplicatedWrite;
use ledger::EntryForm;
use serde_json::{Value as Json, json};
use tracing_subscriber::filter::LevelFilter;

use super::*;
use crate::batch::Batch;
use crate::judged_record::{JudgedRecord, Judgement};
use crate::ledger::{LedgerError, PutResult};
use crate::log::{self, FindingLine, Summary};

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One line of each message, with every member that it can have.
fn write_all() {
    let lines = [
        FindingLine::Conflict {
            id: "id".to_owned(),
            kind: "update_update",
            confidence: "certain",
            loser_region: "us-east-1".to_owned(),
            winner_region: "eu-west-1".to_owned(),
        },
        FindingLine::Other {
            id: "id".to_owned(),
            kind: "update_update",
            evidence: Some("version"),
            loser_region: "us-east-1".to_owned(),
        },
        FindingLine::Quarantine {
            id: "id".to_owned(),
        },
    ];
    for line in lines {
        line.write(0, &Ok(PutResult::New));
        line.write(0, &Ok(PutResult::Existed));
        let error = LedgerError {
            code: "Timeout".to_owned(),
            hint: "the batch is retried",
        };
        line.write(0, &Err(error));
    }
    let mut batch = Batch::default();
    let table = batch.names.table_index("orders");
    let judgement = Judgement::Replicated(ReplicatedWrite {
        origin: batch.names.region_index("eu-west-1"),
        written_at: None,
        returned_writes: 0,
    });
    batch.records.push(JudgedRecord {
        table,
        ..judgement.into()
    });
    log::verdicts(&batch);
    Summary::default().write(TimeDelta::zero());
    let refusal = LedgerError {
        code: "ValidationException".to_owned(),
        hint: "",
    };
    log::entry_refused(0, EntryForm::Full, &refusal);
    log::jumps_not_read(&refusal);
    log::jumps_not_kept(&refusal);
    log::time_up(2, 1);
    log::deadline_not_believed(1, 2);
    log::metrics_not_taken("Timeout", 4);
    log::no_shutdown_notice();
    log::invocation_failed("NotAnEvent", &"no event");
    log::panicked("src/batch.rs:1:1");
}

fn written() -> Vec<Json> {
    let buffer = Buffer::default();
    let writer = buffer.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, write_all);
    let bytes = buffer.0.lock().unwrap();
    let lines = serde_json::Deserializer::from_slice(&bytes).into_iter();
    lines.map(Result::unwrap).collect()
}

#[test]
fn the_contract_names_every_message_with_its_level_and_members() {
    let mut members: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for line in written() {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        let (level, names) = members.entry(text("message")).or_default();
        *level = text("level");
        let of_every_line = ["level", "message", "target", "timestamp"];
        let own = line.as_object().unwrap().keys();
        names.extend(
            own.filter(|name| !of_every_line.contains(&name.as_str()))
                .cloned(),
        );
    }
    let messages: BTreeSet<&str> = Message::ALL.iter().map(|message| message.text()).collect();
    assert!(
        members.keys().map(String::as_str).eq(messages),
        "{members:?}"
    );
    let lines: BTreeMap<&str, Json> = members
        .iter()
        .map(|(message, (level, members))| {
            (
                message.as_str(),
                json!({"level": level, "members": members}),
            )
        })
        .collect();
    let contract: Json = serde_json::from_str(include_str!("../../contract.json")).unwrap();
    assert_eq!(contract["log"], json!(lines));
}

#[test]
fn each_line_is_read_whole_by_what_it_is() {
    for line in written() {
        let event = LogEvent::parse(&line.to_string()).unwrap();
        let message = event.own_message().unwrap();
        assert_eq!(event.message, message.text());
        assert_eq!(message.is_of_entry(), event.ledger.is_some());
        let read = serde_json::to_value(&event).unwrap();
        let read = read.as_object().unwrap();
        for (name, value) in read.iter().filter(|(_, value)| !value.is_null()) {
            assert_eq!(line[name], *value, "{name}");
        }
    }
}

#[test]
fn readers_ask_for_no_member_that_no_line_has() {
    let lines = written();
    let event = serde_json::to_value(LogEvent::default()).unwrap();
    for name in event.as_object().unwrap().keys() {
        assert!(lines.iter().any(|line| !line[name].is_null()), "{name}");
    }
}

#[test]
fn metrics_in_the_log_are_no_lines_of_it() {
    assert_eq!(LogEvent::parse(r#"{"_aws":{},"Records":3}"#), None);
    assert_eq!(LogEvent::parse("thread main panicked"), None);
}
