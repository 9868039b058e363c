//! Reading, judging and counting must not grow dearer: instructions counted by valgrind's callgrind, the same on every machine.

use std::fs;
use std::path::Path;
use std::process::Command;

/// How much dearer than the baseline fails.
const MAX_GROWTH: f64 = 1.05;

/// How much dearer a batch may be that has one conflict in a hundred records. Splitting it all once more is 0.7.
const MAX_FOR_CONFLICTS: f64 = 1.1;

/// Instructions of one batch: those of three less those of one, halved, so that starting up is no part of it.
fn instructions(mode: &str) -> f64 {
    let count = |batches: &str| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(env!("CARGO_BIN_EXE_instructions"))
            .args([mode, batches])
            .output()
            .expect("valgrind runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        let collected = text
            .split("Collected : ")
            .nth(1)
            .expect("callgrind reports what it collected");
        collected
            .split_whitespace()
            .next()
            .and_then(|count| count.parse::<f64>().ok())
            .expect("a number")
    };
    (count("3") - count("1")) / 2.0
}

fn baseline() -> f64 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.json");
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(path).expect("baseline.json is there")).expect("JSON");
    json["read_judge_and_count_over_ignore"]
        .as_f64()
        .expect("a number")
}

fn has_grown(ratio: f64) -> bool {
    ratio > baseline() * MAX_GROWTH
}

/// Whether valgrind can be run; where it cannot, `make test` says so at its end.
fn has_valgrind() -> bool {
    has("valgrind", None)
}

/// Whether a program can be run. `report` is where the run collects what it skips, if not where the environment says.
fn has(program: &str, report: Option<&Path>) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        let mut skip = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/skip.sh"));
        skip.args([
            "the instructions that a batch takes",
            "valgrind is not installed ('apt-get install valgrind')",
        ]);
        skip.envs(report.map(|report| ("SKIPPED_CHECKS", report)));
        assert!(skip.status().expect("tools/skip.sh runs").success());
    }
    found
}

#[test]
fn a_missing_valgrind_is_reported_as_skipped() {
    let report = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skipped.txt");
    fs::write(&report, "").expect("a file of this test");
    assert!(!has("no-such-valgrind", Some(&report)));
    let reported = fs::read_to_string(&report).expect("a file of this test");
    assert!(reported.contains("valgrind is not installed"), "{reported}");
}

#[test]
fn reading_judging_and_counting_cost_no_more_instructions_than_they_did() {
    if !has_valgrind() {
        return;
    }
    let ignore = instructions("ignore");
    let ratio = instructions("read") / ignore;
    println!(
        "read, judge and count: {ratio:.4} of stepping over the payload; baseline {:.4}",
        baseline()
    );
    assert!(
        !has_grown(ratio),
        "reading, judging and counting a batch takes {ratio:.3} times the instructions of stepping over it; the baseline in \
         baseline.json is {:.3}. If the growth is worth it, say why in the commit that changes the baseline",
        baseline(),
    );
    let slowed = instructions("twice") / ignore;
    assert!(
        has_grown(slowed),
        "the guard does not bite: {slowed:.3} on a copy slowed on purpose"
    );
}

#[test]
fn a_conflict_is_found_without_reading_the_batch_once_more() {
    if !has_valgrind() {
        return;
    }
    let read = instructions("read");
    let ratio = instructions("conflicts") / read;
    println!("1 % conflicts: {ratio:.4} of none");
    assert!(ratio <= MAX_FOR_CONFLICTS, "{ratio:.3}");
    let with_another_pass = instructions("split") / read;
    assert!(
        with_another_pass > MAX_FOR_CONFLICTS,
        "the guard does not bite: {with_another_pass:.3} with one more pass over the payload"
    );
}
