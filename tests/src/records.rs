//! Stream records by number, as Lambda sends them: number n is always the same record of an item of its own.

use serde_json::{Map, Value, json};

/// The table that the records are of.
pub const TABLE: &str = "lastwriter-test-orders";

/// The Region that wins the conflicts.
pub const ELSEWHERE: &str = "eu-west-1";

/// The Region whose stream is read.
pub const HERE: &str = "us-east-1";

/// When the first record's write was made, in epoch microseconds: 2026-11-22T12:00:00Z.
const START_MICROS: u64 = 1_795_348_800_000_000;

/// The sequence number of record n. A higher number is a later record.
pub fn sequence_number(n: usize) -> String {
    format!(
        "{:032}",
        44_215_885_206_140_445_212_918_220_000_000_u128 + n as u128
    )
}

/// The `eventID` of record n.
pub fn event_id(n: usize) -> String {
    format!("{n:032x}")
}

/// The key of record n's item.
pub fn key(n: usize) -> Value {
    json!({"PK": {"S": format!("USER#{n}")}, "SK": {"S": "ORDER#1"}})
}

/// The `ConflictId` of [`conflict`] n in the ledger.
pub fn conflict_id(n: usize) -> String {
    let at = chrono::DateTime::from_timestamp_micros(winner_time(n) as i64).unwrap_or_default();
    let at = at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    format!("{at}#{}", event_id(n))
}

/// The text of [`conflict`] n's losing write, found nowhere else.
pub fn lost_note(n: usize) -> String {
    format!("address of customer {n}, lost")
}

fn winner_time(n: usize) -> u64 {
    START_MICROS + n as u64 * 1_000 + 267_000
}

/// An image: the item's key, `attributes`, and one stamp for each of `stamps` (Region, n, t).
pub fn image(key: &Value, attributes: Value, stamps: &[(&str, u64, u64)]) -> Value {
    let mut image = Map::new();
    for part in [key, &attributes] {
        if let Value::Object(members) = part {
            image.extend(members.clone());
        }
    }
    for (region, n, t) in stamps {
        image.insert(format!("lw:n:{region}"), json!({"N": n.to_string()}));
        image.insert(format!("lw:t:{region}"), json!({"N": t.to_string()}));
    }
    Value::Object(image)
}

/// Record n with these images; `null` leaves one out.
pub fn record(n: usize, event_name: &str, key: &Value, old: Value, new: Value) -> Value {
    let mut dynamodb = json!({
        "ApproximateCreationDateTime": created_at(n),
        "Keys": key,
        "SequenceNumber": sequence_number(n),
        "SizeBytes": 300,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    for (name, image) in [("OldImage", old), ("NewImage", new)] {
        if !image.is_null() {
            dynamodb[name] = image;
        }
    }
    json!({
        "eventID": event_id(n),
        "eventName": event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": HERE,
        "dynamodb": dynamodb,
        "eventSourceARN": stream_arn(),
    })
}

/// The stream's ARN.
pub fn stream_arn() -> String {
    format!("arn:aws:dynamodb:{HERE}:123456789012:table/{TABLE}/stream/2026-11-02T08:41:17.209")
}

/// A conflict: two Regions updated one order, and the update made here is lost.
pub fn conflict(n: usize) -> Value {
    let old = json!({"address": {"S": lost_note(n)}, "status": {"S": "PLACED"}});
    let new = json!({"address": {"S": "18 Marlowe Rd"}, "status": {"S": "PACKED"}});
    conflict_between(n, old, new)
}

/// A conflict between these attributes.
pub fn conflict_between(n: usize, loser: Value, winner: Value) -> Value {
    let (key, lost_at) = (key(n), winner_time(n) - 267_000);
    let old = image(
        &key,
        loser,
        &[(HERE, 4, lost_at), (ELSEWHERE, 2, START_MICROS)],
    );
    let new = image(
        &key,
        winner,
        &[(HERE, 3, START_MICROS), (ELSEWHERE, 3, winner_time(n))],
    );
    record(n, "MODIFY", &key, old, new)
}

/// An update without stamps whose loss the item's own version number speaks for: the winner's is not above it.
pub fn suspected(n: usize) -> Value {
    let key = key(n);
    let version = |address: String, version: &str| {
        let attributes = json!({"address": {"S": address}, "version": {"N": version}});
        image(&key, attributes, &[])
    };
    let (old, new) = (
        version(lost_note(n), "7"),
        version(String::from("18 Marlowe Rd"), "6"),
    );
    record(n, "MODIFY", &key, old, new)
}

/// The `ConflictId` of [`suspected`] n in the ledger.
pub fn suspected_id(n: usize) -> String {
    let at = chrono::DateTime::from_timestamp(created_at(n) as i64, 0).unwrap_or_default();
    let at = at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    format!("{at}#{}", event_id(n))
}

/// When record n reached the replica, in epoch seconds.
fn created_at(n: usize) -> usize {
    1_795_348_800 + n / 1_000
}

/// An update made here.
pub fn local(n: usize) -> Value {
    let (key, at) = (key(n), winner_time(n));
    let old = image(
        &key,
        json!({"visits": {"N": "1"}}),
        &[(HERE, 1, START_MICROS)],
    );
    let new = image(&key, json!({"visits": {"N": "2"}}), &[(HERE, 2, at)]);
    record(n, "MODIFY", &key, old, new)
}

/// An update that came from [`ELSEWHERE`] and lost nothing.
pub fn replicated(n: usize) -> Value {
    let (key, at) = (key(n), winner_time(n));
    let old = image(
        &key,
        json!({"visits": {"N": "1"}}),
        &[(HERE, 1, START_MICROS)],
    );
    let new = image(
        &key,
        json!({"visits": {"N": "2"}}),
        &[(HERE, 1, START_MICROS), (ELSEWHERE, 1, at)],
    );
    record(n, "MODIFY", &key, old, new)
}

/// A record without `Keys`, with all else: it is quarantined.
pub fn malformed(n: usize) -> Value {
    let mut record = local(n);
    if let Some(dynamodb) = record["dynamodb"].as_object_mut() {
        dynamodb.remove("Keys");
    }
    record
}

/// The record without its sequence number.
#[must_use]
pub fn without_sequence_number(mut record: Value) -> Value {
    if let Some(dynamodb) = record["dynamodb"].as_object_mut() {
        dynamodb.remove("SequenceNumber");
    }
    record
}

/// The record without what is optional and without the key's second attribute: 10,000 of them fit into 6 MB.
#[must_use]
pub fn compact(mut record: Value) -> Value {
    remove(&mut record, &["eventVersion", "eventSource"]);
    let dynamodb = &mut record["dynamodb"];
    remove(
        dynamodb,
        &["ApproximateCreationDateTime", "SizeBytes", "StreamViewType"],
    );
    for name in ["Keys", "OldImage", "NewImage"] {
        remove(&mut dynamodb[name], &["SK", "address", "status"]);
    }
    record
}

fn remove(value: &mut Value, names: &[&str]) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
}

/// An event of these records.
pub fn event(records: impl IntoIterator<Item = Value>) -> String {
    let records: Vec<Value> = records.into_iter().collect();
    json!({"Records": records}).to_string()
}
