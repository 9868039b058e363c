//! A lost write is put back into a global table on this machine, and may be lost again like any other.

use std::process::Output;

use serde_json::{Value, json};

use crate::local::{Local, call};
use crate::{lastwriter, stderr};

const EAST: &str = "us-east-1";
const WEST: &str = "eu-west-1";

/// A `ledger` command on the losing Region's ledger.
fn ledger(local: &Local, arguments: &[&str]) -> Output {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let table = text(&local.endpoints["ledger_table"]);
    let url = text(&local.endpoints["ledgers"][EAST]);
    let options = ["--ledger", &table, "--region", EAST, "--endpoint-url", &url];
    let (command, rest) = arguments.split_first().unwrap();
    lastwriter(&[&["ledger", command][..], rest, &options].concat())
        .output()
        .unwrap()
}

fn put_back(local: &Local, arguments: &[&str]) -> Output {
    let url = local.endpoints["replicas"][EAST]
        .as_str()
        .unwrap()
        .to_owned();
    let options = ["--item-endpoint-url", &url, "--yes", "--json"];
    ledger(local, &[&["put-back"][..], arguments, &options].concat())
}

fn outcomes(output: &Output) -> Vec<Value> {
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", stderr(output)));
    report["outcomes"].as_array().unwrap().clone()
}

/// The open entries of the losing Region, newest first.
fn open_entries(local: &Local) -> Vec<Value> {
    let output = ledger(local, &["list", "--status", "open", "--json"]);
    let entries: Value = serde_json::from_slice(&output.stdout).unwrap();
    entries.as_array().unwrap().clone()
}

fn item(local: &Local, region: &str) -> Value {
    let url = local.endpoints["replicas"][region].as_str().unwrap();
    let key = json!({ "PK": { "S": "USER#1" }, "SK": { "S": "PROFILE" } });
    let request =
        json!({ "TableName": local.endpoints["table"], "Key": key, "ConsistentRead": true });
    let answer = call(url, "GetItem", &request);
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    // The answer may be chunked: its JSON begins with the first brace and ends with the last.
    let (start, end) = (body.find('{').unwrap(), body.rfind('}').unwrap());
    let answer: Value = serde_json::from_str(&body[start..=end]).unwrap();
    answer["Item"].clone()
}

/// Two Regions, of which one was cut off while both wrote: what us-east-1 wrote is lost.
fn with_a_lost_address() -> Local {
    let mut local = Local::start(&["--regions", "us-east-1,eu-west-1", "--cut", WEST]);
    local.update(EAST, "address", 1_795_000_000_000_000);
    local.update(WEST, "phone", 1_795_000_000_200_000);
    local.type_line("");
    local.line_with("lost to");
    local
}

#[test]
fn a_lost_write_is_put_back_and_both_writes_are_there_in_every_region() {
    let local = with_a_lost_address();
    let entries = open_entries(&local);
    assert_eq!(entries.len(), 1);
    let id = entries[0]["conflict_id"].as_str().unwrap();
    let shown = ledger(&local, &["show", id]);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("changed by it    address"), "{text}");
    let output = put_back(&local, &[id]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(outcomes(&output)[0]["written"], json!(["address"]));
    let item = item(&local, EAST);
    assert_eq!(
        (&item["address"], &item["phone"]),
        (&json!({ "S": "new" }), &json!({ "S": "new" }))
    );
    assert!(open_entries(&local).is_empty());
    let listed = ledger(&local, &["list", "--status", "restored"]);
    assert!(
        String::from_utf8(listed.stdout)
            .unwrap()
            .contains("restored")
    );
    local.end();
}

#[test]
fn a_put_back_that_loses_to_a_write_elsewhere_is_found_as_a_conflict_of_its_own() {
    let mut local = with_a_lost_address();
    local.type_line(WEST);
    local.line_with("eu-west-1 is cut off");
    let entries = open_entries(&local);
    let first = entries[0]["conflict_id"].as_str().unwrap().to_owned();
    let output = put_back(&local, &[&first]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // Elsewhere somebody writes the same item, and has not seen the put-back.
    local.update(WEST, "phone", 1_799_000_000_000_000);
    local.type_line(WEST);
    local.line_with("eu-west-1 is joined again");
    local.line_with("lost to");
    assert_eq!(item(&local, EAST).get("address"), None);
    let entries = open_entries(&local);
    assert_eq!(entries.len(), 1);
    let second = entries[0]["conflict_id"].as_str().unwrap().to_owned();
    assert_ne!(second, first);
    assert_eq!(entries[0]["kind"], "update_update");
    // It is put back like any other.
    let output = put_back(&local, &["--hours", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(outcomes(&output)[0]["written"], json!(["address"]));
    assert_eq!(item(&local, EAST)["address"], json!({ "S": "new" }));
    local.end();
}
