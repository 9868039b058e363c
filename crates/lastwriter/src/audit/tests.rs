//! An audit from files to text, and each way in which it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use conflict::{Kind, StampNames};
use join::{Class, Confidence, Finding, Options, RecordReference};
use serde_json::{Value, json};

use super::error::AuditError;
use super::offline::Offline;
use super::progress::Bytes;
use super::recorded::RecordedStream;
use super::{Audited, Outcome, example, render};
use crate::terminal::Layout;

const EAST: &str = "us-east-1";
const WEST: &str = "eu-west-1";

/// A finding of the item `id`, lost in us-east-1.
pub(super) fn finding(
    id: &str,
    second: u64,
    confidence: Confidence,
    attributes: &[&str],
) -> Finding {
    let reference = |number: &str| RecordReference {
        region: EAST.to_owned(),
        sequence_number: number.to_owned(),
        event_id: None,
    };
    Finding {
        table: "orders".to_owned(),
        key: json!({ "id": { "S": id } }).to_string(),
        lost_in: EAST.to_owned(),
        won_in: WEST.to_owned(),
        lost_in_one_of: Vec::new(),
        confidence,
        kind: Kind::UpdateUpdate,
        class: Class::LostWrite,
        lost: reference("1"),
        won: reference("2"),
        second,
        stamped: false,
        differing_attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// A record of the item `id` as Lambda hands it out.
fn record(region: &str, id: &str, number: u64, second: u64, old: &Value, new: &Value) -> Value {
    let image = |attributes: &Value| {
        let mut image = attributes.clone();
        image["id"] = json!({ "S": id });
        image
    };
    json!({
        "eventID": format!("{region}-{number}"),
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": region,
        "dynamodb": {
            "ApproximateCreationDateTime": second,
            "Keys": { "id": { "S": id } },
            "OldImage": image(old),
            "NewImage": image(new),
            "SequenceNumber": format!("{number:0>21}"),
            "SizeBytes": 100,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": format!("arn:aws:dynamodb:{region}:123456789012:table/orders/stream/2026-11-22T00:00:00.000"),
    })
}

fn item(address: &str, phone: &str) -> Value {
    json!({ "address": { "S": address }, "phone": { "S": phone } })
}

/// Both Regions' streams: us-east-1 changes an address, eu-west-1 a phone, and the phone wins. A write that both saw comes
/// an hour before and an hour after.
fn streams() -> (Vec<Value>, Vec<Value>) {
    let t = 1_795_000_000;
    let (first, mine, theirs) = (item("a1", "p1"), item("a2", "p1"), item("a1", "p2"));
    let quiet = |region, number, second, address: &str| {
        let before = item("before", "p");
        record(
            region,
            "quiet",
            number,
            second,
            &before,
            &item(address, "p"),
        )
    };
    let east = vec![
        quiet(EAST, 1, t - 3_600, "old"),
        record(EAST, "7", 2, t, &first, &mine),
        record(EAST, "7", 3, t + 1, &mine, &theirs),
        quiet(EAST, 4, t + 3_600, "new"),
    ];
    let west = vec![
        quiet(WEST, 1, t - 3_599, "old"),
        record(WEST, "7", 2, t, &first, &theirs),
        quiet(WEST, 3, t + 3_601, "new"),
    ];
    (east, west)
}

fn lines(records: &[Value]) -> String {
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

fn offline(paths: &[PathBuf]) -> Offline {
    let streams = paths.iter().map(|path| RecordedStream {
        path: path.clone(),
        region: None,
    });
    Offline {
        streams: streams.collect(),
        table: None,
        regions: Vec::new(),
        options: Options::default(),
        images: Some(1 << 20),
        stamps: StampNames::default(),
    }
}

fn run(offline: &Offline) -> Result<Audited, AuditError> {
    offline.run(&Bytes::new(None), &AtomicBool::new(false))
}

fn refused(offline: &Offline) -> String {
    run(offline).unwrap_err().to_string()
}

/// The two files of [`streams`], as JSON lines.
fn files(folder: &Path) -> [PathBuf; 2] {
    let (east, west) = streams();
    [
        write(folder, "us.jsonl", &lines(&east)),
        write(folder, "eu.jsonl", &lines(&west)),
    ]
}

#[test]
fn the_lost_write_of_two_streams_is_found_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let Audited { outcome, versions } = run(&offline(&files(folder.path()))).unwrap();
    let chosen = example::choose(&outcome.findings, 2);
    let examples = example::read(&outcome.findings, &chosen, &mut versions.unwrap()).unwrap();
    insta::assert_snapshot!(render::render(&outcome, &examples, Layout::PLAIN));
}

#[test]
fn json_has_the_findings_with_both_records() {
    let folder = tempfile::tempdir().unwrap();
    let mut offline = offline(&files(folder.path()));
    offline.images = None;
    let audited = run(&offline).unwrap();
    assert!(audited.versions.is_none());
    let outcome = serde_json::to_value(&audited.outcome).unwrap();
    assert_eq!(
        outcome["findings"],
        json!([{
            "table": "orders",
            "key": { "id": { "S": "7" } },
            "lost_in": EAST,
            "won_in": WEST,
            "confidence": "certain",
            "kind": "update_update",
            "class": "lost_write",
            "second": 1_795_000_000,
            "stamped": false,
            "lost": { "region": EAST, "sequence_number": format!("{:0>21}", 2), "event_id": "us-east-1-2" },
            "won": { "region": EAST, "sequence_number": format!("{:0>21}", 3), "event_id": "us-east-1-3" },
            "differing_attributes": ["address", "phone"],
        }])
    );
    assert_eq!(outcome["table"], "orders");
    assert_eq!(outcome["total"]["lost_writes"]["certain"], 1);
}

#[test]
fn files_in_any_order_give_the_same_as_files_in_the_order_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let in_order = run(&offline(&files(folder.path()))).unwrap().outcome;
    let (mut east, mut west) = streams();
    // As two shards one after the other: what is of one item stays in order.
    east.rotate_left(1);
    let moved = east.remove(2);
    east.insert(3, moved);
    west.rotate_left(1);
    let disordered = [
        write(folder.path(), "us.json", &lines(&east)),
        write(
            folder.path(),
            "eu.json",
            &json!({ "Records": west }).to_string(),
        ),
    ];
    assert_eq!(
        run(&offline(&disordered)).unwrap().outcome.findings,
        in_order.findings
    );
    let together = [west, east].concat();
    let one = [write(folder.path(), "all.jsonl", &lines(&together))];
    assert_eq!(
        run(&offline(&one)).unwrap().outcome.findings,
        in_order.findings
    );
}

#[test]
fn a_third_region_that_comes_late_is_joined_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = files(folder.path()).to_vec();
    let late = record(
        "sa-east-1",
        "7",
        1,
        1_795_000_001,
        &item("a1", "p1"),
        &item("a1", "p2"),
    );
    let text = format!("{}{late}\n", fs::read_to_string(&paths[1]).unwrap());
    paths[1] = write(folder.path(), "two.jsonl", &text);
    let outcome = run(&offline(&paths)).unwrap().outcome;
    let names: Vec<&str> = outcome.regions.iter().map(|r| r.region.as_str()).collect();
    assert_eq!(names, [WEST, "sa-east-1", EAST]);
    assert_eq!(outcome.total.lost_writes.found(), 1);
}

#[test]
fn what_get_records_prints_is_read_with_the_table_s_name_and_a_region_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let bare = |records: Vec<Value>| {
        let records = records.into_iter().map(|mut record| {
            let members = record.as_object_mut().unwrap();
            members.remove("eventSourceARN");
            members["awsRegion"] = json!("ddblocal");
            record
        });
        json!({ "Records": records.collect::<Vec<_>>(), "NextShardIterator": "x" }).to_string()
    };
    let (east, west) = streams();
    let paths = [
        write(folder.path(), "us.json", &bare(east)),
        write(folder.path(), "eu.json", &bare(west)),
    ];
    let mut offline = offline(&paths);
    offline.table = Some("orders".to_owned());
    for (stream, (region, path)) in offline
        .streams
        .iter_mut()
        .zip([(EAST, &paths[0]), (WEST, &paths[1])])
    {
        let text = format!("{region}={}", path.display());
        *stream = RecordedStream::parse(&text).unwrap();
    }
    assert_eq!(run(&offline).unwrap().outcome.total.lost_writes.certain, 1);
    offline.table = None;
    assert!(refused(&offline).contains("give --table NAME"));
}

#[test]
fn one_region_alone_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let [east, _] = files(folder.path());
    let message = refused(&offline(&[east]));
    assert!(
        message.contains("all records are of us-east-1"),
        "{message}"
    );
}

#[test]
fn a_region_that_is_left_out_and_one_without_records_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut offline = offline(&files(folder.path()));
    let named = |regions: &[&str]| regions.iter().map(|name| (*name).to_owned()).collect();
    offline.regions = named(&[EAST, "sa-east-1"]);
    let message = refused(&offline);
    assert!(
        message.contains("records of eu-west-1, which --regions leaves out"),
        "{message}"
    );
    offline.regions = named(&[EAST, WEST, "sa-east-1"]);
    let message = refused(&offline);
    assert!(message.contains("no record of sa-east-1"), "{message}");
}

#[test]
fn records_without_images_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let (mut east, west) = streams();
    east[1]["dynamodb"]
        .as_object_mut()
        .unwrap()
        .remove("OldImage");
    let paths = [
        write(folder.path(), "us.jsonl", &lines(&east)),
        write(folder.path(), "eu.jsonl", &lines(&west)),
    ];
    let message = refused(&offline(&paths));
    assert!(
        message.contains("us.jsonl, record 1: an image is missing")
            && message.contains("NEW_AND_OLD_IMAGES"),
        "{message}"
    );
}

#[test]
fn of_several_tables_one_has_to_be_named_and_the_others_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let (mut east, west) = streams();
    let arn = east[0]["eventSourceARN"]
        .as_str()
        .unwrap()
        .replace("orders", "users");
    let mut other = east[0].clone();
    other["eventSourceARN"] = json!(arn);
    east.push(other);
    let paths = [
        write(folder.path(), "us.jsonl", &lines(&east)),
        write(folder.path(), "eu.jsonl", &lines(&west)),
    ];
    let mut offline = offline(&paths);
    assert!(refused(&offline).contains("several tables (orders, users)"));
    offline.table = Some("orders".to_owned());
    let outcome = run(&offline).unwrap().outcome;
    assert_eq!(
        (
            outcome.incomplete.other_tables,
            outcome.total.lost_writes.certain
        ),
        (1, 1)
    );
}

#[test]
fn a_record_that_cannot_be_read_is_counted_and_fails_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (mut east, west) = streams();
    let mut broken = east[0].clone();
    broken["dynamodb"]["Keys"] = json!("SECRET");
    east.insert(0, broken);
    let paths = [
        write(folder.path(), "us.jsonl", &lines(&east)),
        write(folder.path(), "eu.jsonl", &lines(&west)),
    ];
    let outcome = run(&offline(&paths)).unwrap().outcome;
    assert_eq!(
        (
            outcome.incomplete.unreadable,
            outcome.total.lost_writes.certain
        ),
        (1, 1)
    );
}

#[test]
fn a_window_in_which_nothing_is_judged_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (east, west) = streams();
    let paths = [
        write(folder.path(), "us.jsonl", &lines(&east[1..3])),
        write(folder.path(), "eu.jsonl", &lines(&west[1..2])),
    ];
    let mut offline = offline(&paths);
    let headline = |outcome: &Outcome| render::headline(outcome);
    let outcome = run(&offline).unwrap().outcome;
    let told = headline(&outcome);
    assert!(
        told.starts_with("Nothing was judged") && told.contains("--window"),
        "{told}"
    );
    offline.options.whole = true;
    let outcome = run(&offline).unwrap().outcome;
    let told = headline(&outcome);
    assert!(told.starts_with("1 of 2 writes was lost"), "{told}");
}

#[test]
fn an_audit_that_is_stopped_gives_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let offline = offline(&files(folder.path()));
    let stopped = offline.run(&Bytes::new(None), &AtomicBool::new(true));
    // Nothing had been read.
    assert!(matches!(stopped, Err(AuditError::NoRecord)), "{stopped:?}");
}

#[test]
fn a_possible_finding_is_not_in_the_headline() {
    let mut outcome = {
        let folder = tempfile::tempdir().unwrap();
        run(&offline(&files(folder.path()))).unwrap().outcome
    };
    let counts = &mut outcome.total.lost_writes;
    (counts.certain, counts.possible) = (0, 1);
    outcome.total.lost_per_million = 0.0;
    assert!(render::headline(&outcome).starts_with("No lost write was found among"));
}

#[test]
fn the_readme_shows_what_the_recorded_streams_give() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let recorded = |region: &str| root.join(format!("events/audit/{region}.jsonl"));
    let mut offline = offline(&[recorded(EAST), recorded(WEST)]);
    offline.options.whole = true;
    let Audited { outcome, versions } = run(&offline).unwrap();
    let chosen = example::choose(&outcome.findings, 2);
    let examples = example::read(&outcome.findings, &chosen, &mut versions.unwrap()).unwrap();
    let text = render::render(&outcome, &examples, Layout::PLAIN);
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (_, shown) = readme
        .split_once("The last of these, shortened:\n\n```text\n")
        .unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    for line in shown.lines() {
        assert!(
            text.lines().any(|told| told == line),
            "not in what it prints: {line}\n{text}"
        );
    }
}
