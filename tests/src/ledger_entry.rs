//! Ledger entries as the tests look at them: the attributes that depend on the time of the run are checked, then gone.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// A ledger entry's key.
pub type EntryKey = (String, String);

/// `ItemKey` and `ConflictId` of an item.
pub fn key_of(item: &Value) -> EntryKey {
    let part = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    (part("ItemKey"), part("ConflictId"))
}

/// Whether an item is a part of another entry.
pub fn is_part(item: &Value) -> bool {
    item.get("Part").is_some()
}

/// The `ConflictId` of a part of an entry, counted from 1.
pub fn part_id(conflict_id: &str, number: usize) -> String {
    format!("{conflict_id}#part-{number}")
}

/// Splits an entry into what does not depend on the time of the run and what is wrong with what does.
///
/// `DetectedAt` must be RFC 3339 in UTC, `Bucket` its hour and one of 16 shards, `ExpiresAt` so many days after it. `OpenShard` is that
/// shard where the entry is open and no sample, and missing elsewhere.
pub fn without_time(item: &Value, retention_days: i64) -> (Map<String, Value>, Vec<String>) {
    let mut attributes = item.as_object().cloned().unwrap_or_default();
    let mut problems = Vec::new();
    let mut take = |name: &str, tag: &str| {
        let value = attributes.remove(name).unwrap_or_default();
        value[tag].as_str().map(str::to_owned)
    };
    let (detected, bucket, open_shard, expires) = (
        take("DetectedAt", "S"),
        take("Bucket", "S"),
        take("OpenShard", "S"),
        take("ExpiresAt", "N"),
    );
    let Some(at) = detected.as_deref().and_then(utc) else {
        problems.push(format!("DetectedAt is no time in UTC: {detected:?}"));
        return (attributes, problems);
    };
    let hour = at.format("%Y-%m-%dT%H#").to_string();
    let shard = bucket
        .as_deref()
        .and_then(|bucket| bucket.strip_prefix(&hour));
    if !shard.is_some_and(|shard| shard.len() == 1 && "0123456789abcdef".contains(shard)) {
        problems.push(format!(
            "Bucket is not the hour of {at} and a shard: {bucket:?}"
        ));
    }
    let open = item["Status"]["S"] == "open";
    let is_sample = item["Kind"]["S"]
        .as_str()
        .is_some_and(|kind| kind.ends_with("_sample"));
    let expected = shard.filter(|_| open && !is_sample);
    if open_shard.as_deref() != expected {
        problems.push(format!(
            "OpenShard is {open_shard:?}, expected {expected:?}"
        ));
    }
    let due = at.timestamp() + retention_days * 24 * 60 * 60;
    if expires.as_deref() != Some(due.to_string().as_str()) {
        problems.push(format!("ExpiresAt is {expires:?}, expected {due}"));
    }
    (attributes, problems)
}

fn utc(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    text.ends_with('Z').then(|| time.with_timezone(&Utc))
}
