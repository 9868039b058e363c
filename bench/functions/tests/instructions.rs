//! Reading and judging must not grow dearer: instructions counted by valgrind's callgrind, the same on every machine.

use std::fs;
use std::path::Path;
use std::process::Command;

/// How much dearer than the baseline fails.
const MOST_GROWTH: f64 = 1.05;

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
    json["read_and_judge_over_ignore"]
        .as_f64()
        .expect("a number")
}

fn has_grown(ratio: f64) -> bool {
    ratio > baseline() * MOST_GROWTH
}

#[test]
fn reading_and_judging_cost_no_more_instructions_than_they_did() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("skipped: valgrind is missing. Get it with 'apt-get install valgrind'");
        return;
    }
    let ignore = instructions("ignore");
    let ratio = instructions("read") / ignore;
    println!(
        "read and judge: {ratio:.4} of stepping over the payload; baseline {:.4}",
        baseline()
    );
    assert!(
        !has_grown(ratio),
        "reading and judging a batch takes {ratio:.3} times the instructions of stepping over it; the baseline in \
         baseline.json is {:.3}. If the growth is worth it, say why in the commit that changes the baseline",
        baseline(),
    );
    let slowed = instructions("twice") / ignore;
    assert!(
        has_grown(slowed),
        "the guard does not bite: {slowed:.3} on a copy slowed on purpose"
    );
}
