//! The built program with a whole global table in it: `demo` and `local`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::local::{Local, call, signal};
use crate::{bootstrap, stderr, with_function};

fn run(arguments: &[&str]) -> Output {
    with_function(arguments).output().unwrap()
}

/// A demo's outcome, its report, and how it ended.
fn demo(arguments: &[&str]) -> (Value, String, Output) {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.html");
    let report_option = ["demo", "--json", "--report", report.to_str().unwrap()];
    let output = run(&[&report_option, arguments].concat());
    let outcome = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
    (outcome, std::fs::read_to_string(report).unwrap(), output)
}

#[test]
fn a_demo_with_a_cut_finds_every_lost_write_and_nothing_else() {
    let (outcome, report, output) = demo(&[
        "--seconds",
        "6",
        "--rate",
        "120",
        "--lag",
        "300ms",
        "--cut",
        "eu-west-1:2:4",
        "--seed",
        "7",
    ]);
    let total = &outcome["total"];
    assert_eq!(
        output.status.code(),
        Some(0),
        "{total}: {}",
        stderr(&output)
    );
    let count = |name: &str| total[name].as_u64().unwrap();
    assert_eq!((count("missed_by_stamps"), count("false_alarms")), (0, 0));
    let outside = outcome["outside"].as_array().unwrap().iter();
    let outside: u64 = outside.map(|row| row["lost"].as_u64().unwrap()).sum();
    assert_eq!(count("lost"), count("shown_by_stamps") + outside);
    assert!(count("lost") * 100 >= count("writes"), "{total}");
    assert_eq!(total["metrics"]["conflicts"], total["ledger_conflicts"]);
    assert_eq!(total["writes"], outcome["requests"]["writes"]);
    assert_eq!(outcome["regions"].as_array().unwrap().len(), 3);
    assert_eq!(outcome["setup"]["cut"]["region"], "eu-west-1");
    assert!(outcome["example"]["differing_attributes"].is_array());
    assert_eq!(report.matches("<figure>").count(), 4);
    assert!(report.contains("eu-west-1 cut off"));
}

#[test]
fn a_demo_whose_writers_keep_a_version_number_suspects_losses_without_a_stamp_and_none_falsely() {
    let (outcome, report, output) = demo(&[
        "--seconds",
        "6",
        "--rate",
        "120",
        "--lag",
        "300ms",
        "--unstamped",
        "1",
        "--borrow",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let count = |name: &str| outcome["suspected"][name].as_u64().unwrap();
    assert!(count("findings") > 0 && count("found") > 0, "{outcome}");
    assert_eq!((count("false_alarms"), count("elsewhere")), (0, 0));
    // They are nobody's conflicts.
    let total = &outcome["total"];
    assert_eq!(
        (&total["ledger_conflicts"], &total["metrics"]["conflicts"]),
        (&json!(0), &json!(0))
    );
    assert!(report.contains("suspected conflicts"));
}

#[test]
fn a_demo_that_puts_back_returns_lost_values_and_takes_no_newer_one_away() {
    let (outcome, report, output) = demo(&[
        "--seconds",
        "5",
        "--rate",
        "120",
        "--lag",
        "300ms",
        "--cut",
        "eu-west-1:1:4",
        "--put-back",
        "--seed",
        "7",
    ]);
    let result = &outcome["put_back"];
    let problems = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{result}: {problems}");
    let count = |name: &str| result[name].as_u64().unwrap();
    assert_eq!((count("newer_gone"), count("failed")), (0, 0), "{result}");
    assert!(
        count("restored") > 0 && count("values_back") > 0,
        "{result}"
    );
    assert!(count("values_back") <= count("lost_values"), "{result}");
    assert!(report.contains("lost values are there"));
}

#[test]
fn a_demo_in_which_hardly_a_write_is_lost_proves_nothing_and_fails() {
    let (outcome, _, output) = demo(&[
        "--seconds",
        "1",
        "--rate",
        "20",
        "--lag",
        "0",
        "--cut",
        "off",
    ]);
    assert_eq!(output.status.code(), Some(1), "{outcome}");
    assert!(
        stderr(&output).contains("under 1 % the run proves nothing"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_demo_that_is_interrupted_ends_with_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.html");
    let report = report.to_str().unwrap();
    let mut child = with_function(&[
        "demo",
        "--seconds",
        "3600",
        "--lag",
        "0",
        "--json",
        "--report",
        report,
    ])
    .spawn()
    .unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = errors.find(|line| line.as_ref().unwrap().contains("is replicated between"));
    assert!(ready.is_some());
    signal(&child, "INT");
    let rest: Vec<_> = errors.map(Result::unwrap).collect();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{rest:?}");
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outcome["setup"]["interrupted"], true);
    assert_eq!(outcome["setup"]["settled"], true);
    assert!(Path::new(report).is_file());
}

#[test]
fn options_that_cannot_be_used_are_named_with_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let cases: [(&[&str], &str); 12] = [
        (&["local", "--regions", "us-east-1,mars-1"], "mars-1"),
        (&["local", "--regions", "6"], "2 to 5 Regions, not 6"),
        (
            &["local", "--regions", "us-east-1,us-east-1"],
            "named twice",
        ),
        (&["local", "--ports", "1,2"], "2 ports for 3 Regions"),
        (
            &["local", "--ledger-ports", "1,2"],
            "--ledger-ports: there are 2 ports",
        ),
        (
            &["local", "--key", "a", "--key", "b", "--key", "c"],
            "--key is given 3 times",
        ),
        (&["local", "--table-file", "nowhere.json"], "nowhere.json"),
        (&["local", "--cut", "us-west-2"], "no replica there"),
        (&["demo", "--cut", "us-west-2:1:2"], "no replica there"),
        (&["demo", "--cut", "eu-west-1:9:3"], "is not before"),
        (
            &["demo", "--seconds", "5", "--cut", "eu-west-1:6:7"],
            "is over",
        ),
        (&["demo", "--report", folder], "it is a folder"),
    ];
    for (arguments, part) in cases {
        let output = run(arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(part),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_its_region() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&["local", "--regions", "2", "--ports", &format!("{port},0")]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(
        stderr(&output).contains(&format!("port {port} for us-east-1 is taken")),
        "{}",
        stderr(&output)
    );
}

#[test]
fn local_prints_the_conflict_of_two_writes_that_were_made_during_a_cut() {
    let mut local = Local::start(&["--regions", "us-east-1,eu-west-1", "--cut", "eu-west-1"]);
    local.update("us-east-1", "address", 1_795_000_000_000_000);
    local.update("eu-west-1", "phone", 1_795_000_000_200_000);
    local.type_line("");
    local.line_with("eu-west-1 is joined again");
    let line = local.line_with("lost to");
    assert!(
        line.contains("a write of us-east-1 lost to eu-west-1"),
        "{line}"
    );
    assert!(line.contains("differing: address, phone"), "{line}");
    assert!(line.contains("USER#1"), "{line}");

    let ledger = local.endpoints["ledgers"]["us-east-1"].as_str().unwrap();
    let scan = json!({ "TableName": local.endpoints["ledger_table"] });
    assert!(call(ledger, "Scan", &scan).contains("insert_insert"));
    local.end();
}

#[test]
fn a_table_that_an_application_creates_is_replicated_and_its_lost_writes_are_found() {
    let mut local = Local::start(&["--regions", "us-east-1,eu-west-1", "--cut", "eu-west-1"]);
    let create = json!({
        "TableName": "Orders", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "N" }],
    });
    local.done("us-east-1", "CreateTable", &create);
    local.line_with("Orders is a global table now, in us-east-1, eu-west-1");
    let key = json!({ "id": { "N": "7" } });
    local.update_in(
        "Orders",
        key.clone(),
        "us-east-1",
        "address",
        1_795_000_000_000_000,
    );
    local.update_in("Orders", key, "eu-west-1", "phone", 1_795_000_000_200_000);
    local.type_line("");
    let line = local.line_with("lost to");
    assert!(
        line.contains("a write of us-east-1 lost to eu-west-1"),
        "{line}"
    );
    assert!(line.contains(r#"{"id":{"N":"7"}}"#), "{line}");
    local.end();
}

#[test]
fn a_table_has_the_key_that_the_options_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.json");
    let orders = json!({
        "TableName": "Orders",
        "KeySchema": [{ "AttributeName": "at", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "at", "AttributeType": "B" }],
    });
    std::fs::write(&file, orders.to_string()).unwrap();
    let options = [
        "--regions",
        "2",
        "--table",
        "Users",
        "--key",
        "id:N",
        "--key",
        "sort",
    ];
    let options = [&options[..], &["--table-file", file.to_str().unwrap()]].concat();
    let local = Local::start(&options);
    assert_eq!(local.endpoints["table"], "Users");
    assert_eq!(local.endpoints["tables"], json!(["Orders", "Users"]));
    let put = |table: &str, item: Value| json!({ "TableName": table, "Item": item });
    let user = json!({ "id": { "N": "7" }, "sort": { "S": "x" } });
    local.done("us-east-1", "PutItem", &put("Users", user));
    local.done(
        "eu-west-1",
        "PutItem",
        &put("Orders", json!({ "at": { "B": "AQI=" } })),
    );
    local.end();
}

#[test]
fn a_signal_and_a_region_s_name_cut_off_and_join_too() {
    let mut local = Local::start(&["--regions", "2", "--cut", "eu-west-1"]);
    local.signal("USR1");
    local.line_with("eu-west-1 is joined again");
    local.signal("USR1");
    local.line_with("eu-west-1 is cut off.");
    local.type_line("us-east-1");
    local.line_with("us-east-1 is cut off.");
    local.type_line("mars-1");
    local.line_with("there is no replica in mars-1");
    local.end();
}

#[test]
fn what_is_persisted_is_there_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let options = [
        "--regions",
        "2",
        "--persist",
        folder.path().to_str().unwrap(),
    ];
    let local = Local::start(&options);
    local.update("us-east-1", "address", 1_795_000_000_000_000);
    local.end();
    let local = Local::start(&options);
    let scan = json!({ "TableName": "App" });
    let replica = local.endpoints["replicas"]["us-east-1"].as_str().unwrap();
    assert!(call(replica, "Scan", &scan).contains("USER#1"));
    local.end();
}

/// The function behind a script that changes one of its settings.
fn changed_function(folder: &Path, setting: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("bootstrap");
    let script = format!(
        "#!/bin/sh\nexport {setting}\nexec '{}'\n",
        bootstrap().display()
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_function_that_finds_nothing_fails_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let deaf = changed_function(folder.path(), "STAMP_PREFIX=other");
    let (outcome, report, output) = demo(&[
        "--seconds",
        "3",
        "--rate",
        "150",
        "--lag",
        "100ms",
        "--bootstrap",
        deaf.to_str().unwrap(),
    ]);
    let total = &outcome["total"];
    assert_eq!(output.status.code(), Some(1), "{total}");
    assert_eq!(
        (&total["found_by_stamps"], &total["missed_by_stamps"]),
        (&json!(0), &total["shown_by_stamps"])
    );
    assert!(
        stderr(&output).contains("lost writes that the stamps tell of were not found"),
        "{}",
        stderr(&output)
    );
    assert!(report.contains("verdict bad"));
}

#[test]
fn a_demo_whose_writers_stamp_nothing_has_its_losses_found_by_the_join_and_says_what_was_missed() {
    let (outcome, report, output) = demo(&[
        "--seconds",
        "6",
        "--rate",
        "120",
        "--lag",
        "300ms",
        "--unstamped",
        "1",
    ]);
    let total = &outcome["total"];
    assert_eq!(
        output.status.code(),
        Some(0),
        "{total}: {}",
        stderr(&output)
    );
    let count = |name: &str| total[name].as_u64().unwrap();
    assert_eq!((count("found_by_stamps"), count("shown_by_stamps")), (0, 0));
    assert!(count("found_by_join") > 10, "{total}");
    assert_eq!(count("missed"), count("lost") - count("found_by_join"));
    let join = &outcome["join"];
    let precision = join["precision"].as_f64().unwrap();
    assert!(precision > 0.97, "{join}");
    let recall = count("found_by_join") as f64 / count("lost") as f64;
    assert!((join["recall"].as_f64().unwrap() - recall).abs() < 1e-9);
    assert!(join["recall_with_possible"].as_f64().unwrap() >= recall);
    // Texts tell; that one counter was lost on another is for nobody to see.
    let profiles = &join["items"][0];
    let [lost, found] = ["lost", "found"].map(|name| profiles[name].as_f64().unwrap());
    assert!(found / lost > 0.8, "{join}");
    let missed = format!("Missed: {}", count("missed"));
    assert!(report.contains(&missed), "{missed}");
    // One of its losses is shown in full, and all that it found can be searched.
    assert!(outcome["example"]["found_by"] == "join", "{outcome}");
    assert!(report.contains(r#""found_by":"join""#));
}

#[test]
fn a_demo_with_some_unstamped_writers_counts_their_losses_as_missed_where_nobody_found_them() {
    let (outcome, _, output) = demo(&[
        "--seconds",
        "5",
        "--rate",
        "120",
        "--lag",
        "300ms",
        "--unstamped",
        "0.5",
    ]);
    let total = &outcome["total"];
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let count = |name: &str| total[name].as_u64().unwrap();
    assert_eq!(count("missed_by_stamps"), 0);
    assert!(count("shown_by_stamps") < count("lost"));
    assert!(count("found_by_stamps") < count("lost"));
    let either = count("lost") - count("missed");
    assert!(either >= count("found_by_join").max(count("found_by_stamps")));
    assert!(count("found_by_join") > count("found_by_stamps"), "{total}");
}
