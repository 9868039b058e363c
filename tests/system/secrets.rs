//! No key and no image in a log line or a metric dimension, at any log level, whatever fails.

use std::time::Duration;

use local_aws::fault::{Fault, Refusal};
use serde_json::{Value, json};
use system_tests::records::{
    ELSEWHERE, HERE, conflict_between, event, image, local, malformed, record,
    without_sequence_number,
};
use system_tests::system::{System, SystemConfig};

/// What all planted texts have in common, in any case. As base64 it reads [`SECRET_BASE64`].
const SECRET: &str = "hunter2";
const SECRET_BASE64: &str = "aHVudGVyMg==";
const SECRET_NUMBER: &str = "27182818284590452353602874713526";

/// An image with secrets in every place that an image has.
fn secret_attributes(side: &str) -> Value {
    json!({
        format!("{SECRET}-name-{side}"): {"S": format!("{SECRET}-value-{side}")},
        "card": {"N": SECRET_NUMBER},
        "token": {"B": SECRET_BASE64},
        "nested": {"M": {format!("{SECRET}-inner"): {"L": [{"S": format!("{SECRET}-{side}")}, {"BOOL": true}]}}},
        "set": {"SS": [format!("{SECRET}-a-{side}"), "b"]},
        "numbers": {"NS": [SECRET_NUMBER, "1"]},
        "binaries": {"BS": [SECRET_BASE64]},
        // Shaped like a stamp, and none: its Region is no Region's name, its parts are no numbers.
        format!("lw:n:{}", SECRET.to_uppercase()): {"N": "7"},
        format!("lw:{SECRET}"): {"S": SECRET},
        format!("lw:t:{HERE}:{SECRET}"): {"N": "7"},
        "lw:reset": {"S": SECRET},
    })
}

/// Every way through the function, each with secrets in key and images.
fn secret_records() -> Vec<Value> {
    let key = json!({"PK": {"S": format!("{SECRET}-partition")}, SECRET: {"S": format!("{SECRET}-sort")}});
    let stamped =
        |side: &str, stamps: &[(&str, u64, u64)]| image(&key, secret_attributes(side), stamps);
    let old = || stamped("old", &[(HERE, 4, 1_000_000), (ELSEWHERE, 2, 900_000)]);
    let won = || stamped("new", &[(HERE, 3, 800_000), (ELSEWHERE, 3, 1_100_000)]);
    let unstamped = || stamped("new", &[]);
    let modify = |n: usize, old: Value, new: Value| record(n, "MODIFY", &key, old, new);
    let mut records = vec![
        modify(0, old(), won()),
        modify(1, old(), old()),
        modify(
            2,
            old(),
            stamped("new", &[(HERE, 4, 1_000_000), (ELSEWHERE, 1, 100_000)]),
        ),
        modify(3, unstamped(), unstamped()),
        record(4, "INSERT", &key, Value::Null, won()),
        record(5, "REMOVE", &key, old(), Value::Null),
        record(6, "MODIFY", &key, Value::Null, Value::Null),
        Value::from(SECRET),
    ];
    // Malformed ones, of which an error message might quote something.
    for odd in [
        json!({(SECRET): "x"}),
        json!({"N": SECRET}),
        json!({"N": 5}),
        json!({"B": format!("{SECRET}!")}),
        json!({"S": {SECRET: SECRET}}),
        json!({"SS": SECRET}),
        json!({"NULL": SECRET}),
        json!({"S": SECRET, "N": "1"}),
        json!(SECRET),
    ] {
        let mut bad = modify(100 + records.len(), old(), won());
        bad["dynamodb"]["OldImage"][format!("{SECRET}-odd")] = odd;
        records.push(bad);
    }
    let mut bad = malformed(200);
    bad["dynamodb"]["NewImage"][SECRET] = json!({"S": SECRET});
    records.push(bad);
    for (place, value) in [
        ("/eventName", json!(SECRET)),
        ("/dynamodb/Keys", json!(SECRET)),
        ("/dynamodb/NewImage", json!(SECRET)),
        ("/dynamodb/Keys", json!({"PK": {(SECRET): SECRET}})),
        ("/dynamodb/ApproximateCreationDateTime", json!(SECRET)),
        ("/dynamodb/StreamViewType", json!(SECRET)),
        (
            "/userIdentity",
            json!({"type": SECRET, "principalId": SECRET}),
        ),
    ] {
        let mut odd = modify(300 + records.len(), old(), won());
        odd["userIdentity"] = Value::Null;
        if let Some(old) = odd.pointer_mut(place) {
            *old = value;
        }
        records.push(odd);
    }
    // Large enough to be compressed and split.
    let large = |side: &str| {
        let filler: String = (0..300_000)
            .map(|_| char::from(fastrand::u8(33..127)))
            .collect();
        json!({"filler": {"S": format!("{SECRET}-{side}-{filler}")}})
    };
    records.push(conflict_between(400, large("old"), large("new")));
    records.push(without_sequence_number(local(401)));
    records
}

fn reveals(text: &str) -> bool {
    let text = text.to_lowercase();
    [SECRET, SECRET_BASE64, SECRET_NUMBER]
        .iter()
        .any(|secret| text.contains(&secret.to_lowercase()))
}

/// Nothing that was written or sent away, but for the ledger, shows a secret.
fn assert_nothing_revealed(system: &System) {
    let lines = system.function.logs();
    assert!(!lines.is_empty());
    for line in lines {
        assert!(
            !reveals(&line.text),
            "a secret is in the log: {}",
            line.text
        );
    }
    for point in system.cloudwatch.points() {
        let shown = format!(
            "{} {} {:?}",
            point.namespace, point.metric, point.dimensions
        );
        assert!(!reveals(&shown), "a secret is in a metric: {shown}");
    }
}

fn setup() -> SystemConfig {
    SystemConfig::new()
        .set("AWS_LAMBDA_LOG_LEVEL", "trace")
        .set("RUST_LOG", "trace")
        .set("RUST_BACKTRACE", "1")
        .set("LEDGER_OVERWRITES", "all")
        .timeout(Duration::from_secs(3))
}

/// A refusal that quotes what it refuses, as DynamoDB's and CloudWatch's messages may.
fn quoting(status: u16, code: &str) -> Fault {
    let message = format!("One or more parameter values are not valid: {SECRET}");
    Fault::Refuse(Refusal::new(status, code, message))
}

#[tokio::test]
async fn no_secret_is_in_logs_or_metrics_when_all_is_well() {
    for sink in ["cloudwatch", "emf"] {
        let system = setup().set("METRICS_SINK", sink).start().await;
        system.answer(event(secret_records())).await;
        assert_nothing_revealed(&system);
        // They were looked for in the right place: the ledger has them all.
        let ledger = Value::from(system.items().await).to_string();
        for secret in [SECRET, SECRET_BASE64, SECRET_NUMBER] {
            assert!(ledger.contains(secret), "{secret} was not planted");
        }
    }
}

#[tokio::test]
async fn no_secret_is_in_logs_or_metrics_when_the_ledger_refuses() {
    for fault in [
        quoting(400, "ValidationException"),
        quoting(400, SECRET_FREE_UNKNOWN_CODE),
        quoting(500, "InternalServerError"),
        Fault::DropConnection,
        Fault::Hang,
    ] {
        let system = setup().start().await;
        system.ledger.set_fault(fault);
        system.invoke(event(secret_records())).await;
        assert_nothing_revealed(&system);
    }
}

/// An error code that the SDK does not know.
const SECRET_FREE_UNKNOWN_CODE: &str = "SomethingNewException";

#[tokio::test]
async fn no_secret_is_in_logs_or_metrics_when_cloudwatch_refuses() {
    let system = setup().start().await;
    system
        .cloudwatch
        .set_fault(quoting(400, "InvalidParameterValue"));
    system.answer(event(secret_records())).await;
    assert!(!system.log().emf.is_empty());
    assert_nothing_revealed(&system);
}

#[tokio::test]
async fn no_secret_of_a_payload_that_is_no_event_is_logged() {
    let system = setup().start().await;
    for payload in [
        SECRET.to_owned(),
        format!("{{\"Records\": \"{SECRET}\"}}"),
        format!("{{\"Records\": [{{\"{SECRET}\": {SECRET}}}]}}"),
        format!("{{\"Records\": [], \"Records\": [\"{SECRET}\"]}}"),
        format!("{{\"{SECRET}\": [\"{SECRET}\"]"),
    ] {
        let outcome = system.invoke(payload).await.outcome;
        let failure = outcome.failure().expect("that is no event");
        assert!(!reveals(&failure), "{failure}");
    }
    assert_nothing_revealed(&system);
}

#[test]
fn a_secret_is_seen_where_there_is_one() {
    assert!(reveals("the item HUNTER2-partition was not written"));
    assert!(reveals(r#"{"B":"aHVudGVyMg=="}"#));
    assert!(!reveals("the item was not written"));
}
