//! The built program: what it prints, and how it ends.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Output, Stdio};

use lastwriter::event::{Event, Stream, read_all};
use lastwriter::replay::{ReplayConfig, run};
use local_aws::ledger::{Ledger, Storage};
use serde_json::{Value, json};

use crate::{bootstrap, lastwriter, stderr, with_function};

fn output(arguments: &[&str]) -> Output {
    lastwriter(arguments).stdin(Stdio::null()).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn json_of(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn events() -> String {
    format!("{}/../../events", env!("CARGO_MANIFEST_DIR"))
}

fn sample(name: &str) -> String {
    format!("{}/{name}.json", events())
}

fn replay(arguments: &[&str]) -> Output {
    with_function(&[&["replay"], arguments].concat())
        .output()
        .unwrap()
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let output = lastwriter(&["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            script.contains("put-back") && script.contains("recreate"),
            "{shell}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man/man1");
    let output = lastwriter(&["manual", pages.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let page = std::fs::read_to_string(pages.join("lastwriter-ledger-put-back.1")).unwrap();
    assert!(page.contains("apply"), "{page}");
    assert!(pages.join("lastwriter.1").is_file());
}

#[test]
fn replay_and_judge_find_the_same_in_every_sample_event() {
    let events = events();
    // Replaying takes real time, so the limit of samples a minute must not matter.
    let samples = "UNSTAMPED_SAMPLES_PER_MINUTE=100000";
    let replayed = json_of(&replay(&["--json", "--set", samples, &events]));
    let judged = json_of(&output(&["judge", "--json", "--set", samples, &events]));
    let replayed_events = replayed["events"].as_array().unwrap();
    assert!(replayed_events.len() > 50);
    for (replayed, judged) in replayed_events
        .iter()
        .zip(judged["events"].as_array().unwrap())
    {
        assert_eq!(replayed["event"], judged["event"]);
        assert_eq!(records(replayed), records(judged), "{}", replayed["event"]);
        let ids = |event: &Value| -> Vec<Value> {
            let items = event["ledger"].as_array().unwrap();
            let mut ids: Vec<Value> = items
                .iter()
                .map(|item| item["ConflictId"].clone())
                .collect();
            ids.sort_by_key(Value::to_string);
            ids
        };
        assert_eq!(ids(replayed), ids(judged), "{}", replayed["event"]);
        let counts = |event: &Value| -> Vec<Value> {
            let metrics = event["metrics"].as_array().unwrap().iter();
            metrics
                .map(|metric| {
                    let measured = if metric["unit"] == "Count" {
                        "sum"
                    } else {
                        "count"
                    };
                    json!([metric["name"], metric["dimensions"], metric[measured]])
                })
                .collect()
        };
        assert_eq!(counts(replayed), counts(judged), "{}", replayed["event"]);
        assert_eq!(replayed["response"], json!({"batchItemFailures": []}));
    }
    assert_eq!(replayed["ledger"], judged["ledger"]);
}

/// An event's records, and beside them what became of each entry. Entries are written side by side: of two records with one
/// entry, as in a batch that holds a record twice, either may be first.
fn records(event: &Value) -> (Vec<Value>, Vec<(String, String)>) {
    let mut records = event["records"].as_array().unwrap().clone();
    let mut entries: Vec<(String, String)> = records
        .iter_mut()
        .map(|record| {
            (
                record["conflict_id"].to_string(),
                record["ledger"].take().to_string(),
            )
        })
        .collect();
    entries.sort();
    (records, entries)
}

#[test]
fn a_replay_from_standard_input_prints_a_table() {
    let mut child = with_function(&["replay", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let payload = std::fs::read(sample("update_update")).unwrap();
    child.stdin.take().unwrap().write_all(&payload).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = stdout(&output);
    for part in [
        "conflict",
        "update_update",
        "certain",
        "us-east-1",
        "eu-west-1",
        "shipping_address, status",
        "Conflicts",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn settings_reach_the_function_and_emf_metrics_are_read() {
    let event = sample("clock_tolerance_setting");
    let conflicts = |arguments: &[&str]| {
        let report = json_of(&replay(&[&["--json", &event], arguments].concat()));
        let metrics = report["metrics"].as_array().unwrap().clone();
        let found = metrics.into_iter().find(|metric| {
            metric["name"] == "Conflicts"
                && metric["dimensions"]
                    .as_object()
                    .is_some_and(|of| of.len() == 1)
        });
        found.unwrap()["sum"].as_f64().unwrap()
    };
    let by_default = conflicts(&[]);
    assert!(conflicts(&["--set", "CLOCK_TOLERANCE_MS=250"]) < by_default);
    assert_eq!(conflicts(&["--set", "METRICS_SINK=emf"]), by_default);
}

#[test]
fn an_event_that_cannot_be_used_is_told_with_its_place_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.json");
    std::fs::write(&file, "{\"Records\": [\n  {\"a\": }\n]}").unwrap();
    let file = file.to_str().unwrap();
    for command in ["replay", "judge"] {
        let broken = output(&[command, file]);
        assert_eq!(broken.status.code(), Some(2));
        let place = format!("{file}, line 2, column 9");
        assert!(stderr(&broken).contains(&place), "{}", stderr(&broken));
        let missing = output(&[command, "no/such/event.json"]);
        assert_eq!(missing.status.code(), Some(2));
        assert!(stderr(&missing).contains("no/such/event.json cannot be read"));
        assert_eq!(output(&[command]).status.code(), Some(2));
        let unknown = output(&[command, "--set", "TOLERANCE=1", file]);
        assert_eq!(unknown.status.code(), Some(2));
        assert!(stderr(&unknown).contains("CLOCK_TOLERANCE_MS"));
        let wrong = output(&[command, "--set", "LEDGER_IMAGES=some", file]);
        assert_eq!(wrong.status.code(), Some(2));
        assert!(
            stderr(&wrong).contains("full, diff, none"),
            "{}",
            stderr(&wrong)
        );
    }
}

#[test]
fn a_function_that_is_missing_does_not_start_or_fails_gives_exit_code_1() {
    let event = sample("local");
    let missing = output(&["replay", "--bootstrap", "no/bootstrap", &event]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("cargo build -p stream-processor"));
    let ends_at_once = output(&["replay", "--bootstrap", "/bin/false", &event]);
    assert_eq!(ends_at_once.status.code(), Some(1));
    assert!(
        stderr(&ends_at_once).contains("before it asked for work"),
        "{}",
        stderr(&ends_at_once)
    );

    // Larger than Lambda takes.
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.json");
    let payload = format!("{{\"Records\": [{}]}}", " ".repeat(7_000_000));
    std::fs::write(&large, payload).unwrap();
    let failed = replay(&["--json", large.to_str().unwrap(), &event]);
    assert_eq!(failed.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&failed.stdout).unwrap();
    assert!(
        report["events"][0]["error"]
            .as_str()
            .unwrap()
            .contains("RequestTooLarge")
    );
    assert_eq!(
        report["events"][1]["error"],
        Value::Null,
        "the replay goes on"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = lastwriter(&["judge", "--json", &events()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0u8; 16];
    // More than a pipe holds is still to come when the reader closes it.
    let mut reader = child.stdout.take().unwrap();
    reader.read_exact(&mut first).unwrap();
    drop(reader);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "");
}

#[tokio::test]
async fn a_replay_can_be_used_as_a_library() {
    let events: Vec<Event> =
        read_all(&[sample("delivered_twice").into()], &Stream::default()).unwrap();
    let config = ReplayConfig {
        bootstrap: bootstrap(),
        settings: Vec::new(),
    };
    let mut seen = Vec::new();
    let replay = run(config, &events, |event| seen.push(event.name.clone()))
        .await
        .unwrap();
    assert_eq!(seen.len(), 1);
    assert!(replay.report.succeeded());
    assert_eq!(replay.ledger.len(), 1);
    let verdicts: Vec<&str> = replay.report.events[0]
        .records
        .iter()
        .map(|record| record.verdict.as_str())
        .collect();
    assert_eq!(verdicts, ["conflict", "conflict"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_commands_end_with_plain_messages() {
    let ledger = Ledger::start(
        ledger::create_table_request("conflicts"),
        ledger::EXPIRES_AT,
        Storage::Memory,
    )
    .await
    .unwrap();
    let endpoint = ledger.endpoint();
    let at = ["--endpoint-url", &endpoint, "--ledger"];
    let list = |table: &str, more: &[&str]| {
        output(&[&["ledger", "list"], &at[..], &[table], more].concat())
    };
    assert_eq!(json_of(&list("conflicts", &["--json"])), json!([]));
    let empty = list("conflicts", &[]);
    assert!(
        stdout(&empty).starts_with("No entry of the last 24 hours. `--hours` looks further back"),
        "{}",
        stdout(&empty)
    );
    let no_item = list(
        "conflicts",
        &["--key", "id:N=7", "--involving", "us-east-1"],
    );
    let advice = stdout(&no_item);
    assert!(
        advice.starts_with(r#"No entry of the item {"id":{"N":"7"}}. Give every key attribute"#)
            && advice.contains("without --kind, --involving and --status")
            && !advice.contains("--hours"),
        "{advice}"
    );
    let no_id = output(&["ledger", "show", "--ledger", "conflicts", ""]);
    assert_eq!(no_id.status.code(), Some(2));
    assert!(
        stderr(&no_id).contains("lastwriter ledger list"),
        "{}",
        stderr(&no_id)
    );
    let other = list("other", &[]);
    assert_eq!(other.status.code(), Some(1));
    assert!(
        stderr(&other).contains("there is no ledger table other"),
        "{}",
        stderr(&other)
    );
    let unknown_kind = list("conflicts", &["--kind", "update"]);
    assert_eq!(unknown_kind.status.code(), Some(2));
    let wrong_key = list("conflicts", &["--key", "USER#1"]);
    assert_eq!(wrong_key.status.code(), Some(2));
    assert!(
        stderr(&wrong_key).contains("NAME=VALUE"),
        "{}",
        stderr(&wrong_key)
    );
    let show = [
        "ledger",
        "show",
        "--endpoint-url",
        &endpoint,
        "--ledger",
        "conflicts",
        "none#1",
    ];
    let no_conflict = output(&show);
    assert_eq!(no_conflict.status.code(), Some(1));
    assert!(
        stderr(&no_conflict).contains("no conflict none#1 was found"),
        "{}",
        stderr(&no_conflict)
    );

    let no_table = output(&["ledger", "list"]);
    assert_eq!(no_table.status.code(), Some(2));
    assert!(stderr(&no_table).contains("--ledger"));
    let no_region = output(&["ledger", "list", "--ledger", "conflicts"]);
    assert_eq!(no_region.status.code(), Some(1));
    assert!(
        stderr(&no_region).contains("no Region"),
        "{}",
        stderr(&no_region)
    );
    let nobody = output(&[
        "ledger",
        "list",
        "--ledger",
        "conflicts",
        "--region",
        "us-east-1",
    ]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(
        stderr(&nobody).contains("no AWS credentials"),
        "{}",
        stderr(&nobody)
    );
}

#[test]
fn records_are_judged_in_whatever_form_they_were_kept() {
    let testdata = |name: &str| format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"));
    let stream: &[&str] = &["--table", "parcels", "--region", "us-east-1"];
    for (name, options) in [
        ("s3_failure.json", &[][..]),
        ("s3_failure_payload_object.json", &[]),
        ("pipes_array.json", &[]),
        ("event_lines.jsonl", &[]),
        ("get_records.json", stream),
    ] {
        let file = testdata(name);
        for report in [
            json_of(&output(&[&["judge", "--json", &file], options].concat())),
            json_of(&replay(&[&["--json", &file], options].concat())),
        ] {
            let events = report["events"].as_array().unwrap().iter();
            let records = events.flat_map(|event| event["records"].as_array().unwrap());
            let records: Vec<[&str; 2]> = records
                .map(|record| ["table", "verdict"].map(|member| record[member].as_str().unwrap()))
                .collect();
            assert_eq!(
                records,
                [["parcels", "local"], ["parcels", "conflict"]],
                "{name}"
            );
        }
    }
    let local = testdata("dynamodb_local_region.json");
    let named = ["--json", &*local, "--region", "us-east-1"];
    for report in [
        json_of(&output(&[&["judge"], &named[..]].concat())),
        json_of(&replay(&named)),
    ] {
        let records = report["events"][0]["records"].as_array().unwrap();
        assert_eq!(records.len(), 2);
        for record in records {
            assert_eq!(record["verdict"], "local");
        }
    }
    // Without it the record is quarantined, and says why.
    let judged = json_of(&output(&["judge", "--json", &local]));
    let reason = judged["events"][0]["records"][0]["reason"].as_str();
    assert_eq!(reason, Some("awsRegion is not a Region's name"));
}

#[test]
fn what_is_no_stream_record_ends_with_its_name_and_exit_code_2() {
    let kinesis = format!("{}/testdata/kinesis_event.json", env!("CARGO_MANIFEST_DIR"));
    for command in ["judge", "replay"] {
        let refused = with_function(&[command, &kinesis]).output().unwrap();
        assert_eq!(refused.status.code(), Some(2));
        assert!(stderr(&refused).contains("this is of a Kinesis data stream"));
    }
}

#[test]
fn an_audit_reads_the_streams_of_all_regions_from_standard_input_too() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/audit");
    let files = ["us-east-1.jsonl", "eu-west-1.jsonl"].map(|name| folder.join(name));
    let named = files.each_ref().map(|file| file.to_str().unwrap());
    let from_files = output(&[&["audit", "--whole", "--json", "--events"], &named[..]].concat());
    assert_eq!(from_files.status.code(), Some(0), "{}", stderr(&from_files));
    let mut child = lastwriter(&["audit", "--whole", "--json", "--events", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || {
        for file in files {
            input.write_all(&std::fs::read(file).unwrap()).unwrap();
        }
    });
    let piped = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert_eq!(piped.status.code(), Some(0), "{}", stderr(&piped));
    let found = |output: &Output| -> Value { serde_json::from_slice(&output.stdout).unwrap() };
    let (from_files, piped) = (found(&from_files), found(&piped));
    assert!(from_files["findings"].as_array().unwrap().len() > 10);
    assert_eq!(piped["total"], from_files["total"]);
    assert_eq!(piped["findings"], from_files["findings"]);
}
