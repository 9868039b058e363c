//! Ledger entries: what is kept of a losing write, so that it can be put back.
//!
//! The form of an entry is the specification's, section 5.

mod fit;
mod json;
mod read_back;
mod size;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use conflict::{Confidence, Conflict, Kind, StampNames, Stamps, differing_attributes};
use serde_dynamo::AttributeValue;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

pub use fit::{Fitted, part_id};
pub use read_back::{Kept, ReadBackError, losing_image, quarantined_text};

use crate::record::{Decoded, Image, ImageHeader, Record};
use crate::settings::LedgerImages;
use crate::time;

/// DynamoDB's limit for a hash key, in bytes. A longer key is kept by its digest.
const LONGEST_HASH_KEY: usize = 2_048;

/// The longest `eventID` that is taken as it is; Lambda's have 32 characters, a range key has room for 1,024.
const LONGEST_EVENT_ID: usize = 512;

/// The hash key of quarantined records.
pub const QUARANTINE: &str = "quarantine";

/// Over how many keys of the index `ByTime` an hour is spread.
pub const BUCKET_SHARDS: u8 = 16;

/// What every entry needs beside its record.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Which attributes are stamps.
    pub stamps: &'a StampNames,
    /// What is kept of the images.
    pub images: LedgerImages,
    /// After how many days an entry expires.
    pub retention_days: u32,
    /// When the invocation started.
    pub now: DateTime<Utc>,
}

/// What an entry records.
#[derive(Debug, Clone, Copy)]
pub enum Finding<'a> {
    /// A write lost to another Region's.
    Conflict(&'a Conflict<'a>),
    /// A stale overwrite.
    StaleOverwrite,
    /// A local overwrite.
    LocalOverwrite,
    /// A sample of unstamped writes, so that the writer can be found.
    UnstampedSample,
}

/// The `Kind` of entries that are no conflicts.
const STALE_OVERWRITE: &str = "stale_overwrite";
const LOCAL_OVERWRITE: &str = "local_overwrite";
const UNSTAMPED_SAMPLE: &str = "unstamped_sample";
const MALFORMED_RECORD: &str = "malformed_record";

/// Every `Kind` that an entry may have.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    let others = [
        STALE_OVERWRITE,
        LOCAL_OVERWRITE,
        UNSTAMPED_SAMPLE,
        MALFORMED_RECORD,
    ];
    Kind::ALL.iter().map(|kind| kind.name()).chain(others)
}

impl Finding<'_> {
    /// The entry's `Kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Finding::Conflict(conflict) => conflict.kind.name(),
            Finding::StaleOverwrite => STALE_OVERWRITE,
            Finding::LocalOverwrite => LOCAL_OVERWRITE,
            Finding::UnstampedSample => UNSTAMPED_SAMPLE,
        }
    }

    fn confidence(&self) -> Confidence {
        match self {
            Finding::Conflict(conflict) => conflict.confidence,
            Finding::StaleOverwrite | Finding::LocalOverwrite | Finding::UnstampedSample => {
                Confidence::Probable
            }
        }
    }
}

/// The `ConflictId` of a finding: the winner's time and the record's `eventID`, the same for each delivery.
///
/// Where there is no winner's time, the latest time of either image stands in; where there is none at all, 1970.
pub fn conflict_id(record: &Record<'_>, finding: Finding<'_>) -> String {
    let time = match finding {
        Finding::Conflict(conflict) => conflict.winner_written_at,
        _ => [&record.old, &record.new]
            .into_iter()
            .flatten()
            .filter_map(|image| image.stamps.latest_time())
            .max(),
    };
    format!("{}#{}", time::rfc3339_micros(time), event_id(record))
}

/// The record's `eventID`, or the digest of what else names it.
fn event_id(record: &Record<'_>) -> String {
    match &record.event_id {
        Some(id) if !id.is_empty() && id.len() <= LONGEST_EVENT_ID => id.to_string(),
        Some(id) if !id.is_empty() => digest(&[id.as_bytes()]),
        _ => digest(&[
            record.stream_arn.as_bytes(),
            record.sequence_number.as_bytes(),
        ]),
    }
}

/// Makes the entry for a finding.
pub fn build(
    record: &Record<'_>,
    decoded: Decoded,
    finding: Finding<'_>,
    terms: Terms<'_>,
) -> Fitted {
    let Decoded { key, old, new } = decoded;
    let id = conflict_id(record, finding);
    let differing: Vec<String> =
        differing_attributes(&old, &new, |name| key.contains_key(name), terms.stamps)
            .into_iter()
            .map(str::to_owned)
            .collect();
    let mut main = Image::from([
        ("ItemKey".into(), text(item_key(&key))),
        ("Key".into(), AttributeValue::M(key.into_iter().collect())),
        ("TableName".into(), text(record.table.as_ref())),
        ("Kind".into(), text(finding.kind())),
        ("Confidence".into(), text(finding.confidence().name())),
        ("EventId".into(), text(event_id(record))),
        (
            "SequenceNumber".into(),
            text(record.sequence_number.as_ref()),
        ),
        ("DifferingAttributes".into(), names(&differing)),
    ]);
    stamp_entry(&mut main, id, terms);
    if !matches!(finding, Finding::UnstampedSample) {
        add_sides(&mut main, record, old, new, &differing, finding, terms);
    }
    fit::entry(main)
}

/// Adds the two versions, and how far they are apart.
fn add_sides(
    main: &mut Image,
    record: &Record<'_>,
    old: Image,
    new: Image,
    differing: &[String],
    finding: Finding<'_>,
    terms: Terms<'_>,
) {
    let (lost, won) = (stamps_of(&record.old), stamps_of(&record.new));
    let own = |stamps: &Stamps<'_>| stamps.get(&record.region).unwrap_or_default();
    let (winner_region, winner_written_at, lost_writes) = match finding {
        Finding::Conflict(conflict) => (
            Some(conflict.winner_region),
            conflict.winner_written_at,
            conflict.lost_writes,
        ),
        _ => (
            None,
            None,
            own(&lost).count().saturating_sub(own(&won).count()).max(1),
        ),
    };
    let identical = differing.is_empty() && lost.deleted == won.deleted;
    main.insert("Identical".into(), AttributeValue::Bool(identical));
    main.insert("LostWrites".into(), number(lost_writes));
    if terms.images == LedgerImages::Diff {
        let only_winner: Vec<String> = differing
            .iter()
            .filter(|name| !old.contains_key(*name))
            .cloned()
            .collect();
        main.insert("WinnerOnlyAttributes".into(), names(&only_winner));
    }
    let loser = side(
        Some(record.region.as_ref()),
        own(&lost).t,
        &lost,
        kept(old, differing, terms.images),
    );
    let winner = side(
        winner_region,
        winner_written_at,
        &won,
        kept(new, differing, terms.images),
    );
    main.insert("Loser".into(), AttributeValue::M(loser));
    main.insert("Winner".into(), AttributeValue::M(winner));
}

fn stamps_of<'a>(image: &Option<ImageHeader<'a>>) -> Stamps<'a> {
    image
        .as_ref()
        .map(|header| header.stamps.clone())
        .unwrap_or_default()
}

fn side(
    region: Option<&str>,
    written_at: Option<u64>,
    stamps: &Stamps<'_>,
    image: Option<Image>,
) -> Image {
    let mut side = Image::from([("Stamps".into(), stamps_value(stamps))]);
    if let Some(region) = region {
        side.insert("Region".into(), text(region));
    }
    if written_at.is_some() {
        side.insert("WrittenAt".into(), text(time::rfc3339_micros(written_at)));
    }
    if let Some(image) = image {
        side.insert("Image".into(), AttributeValue::M(image));
    }
    side
}

/// What the settings keep of an image.
fn kept(mut image: Image, differing: &[String], images: LedgerImages) -> Option<Image> {
    match images {
        LedgerImages::Full => Some(image),
        LedgerImages::Diff => {
            image.retain(|name, _| differing.binary_search(name).is_ok());
            Some(image)
        }
        LedgerImages::None => None,
    }
}

fn stamps_value(stamps: &Stamps<'_>) -> AttributeValue {
    let pair = |stamp: conflict::Stamp| {
        let parts = [("n", stamp.n), ("t", stamp.t)];
        let present = parts
            .into_iter()
            .filter_map(|(name, part)| Some((name.to_owned(), number(part?))));
        AttributeValue::M(present.collect())
    };
    AttributeValue::M(
        stamps
            .iter()
            .map(|(region, stamp)| (region.to_owned(), pair(stamp)))
            .collect(),
    )
}

/// Makes the entry for a record that could not be judged, whose text is kept as it came.
pub fn quarantine(raw: &RawValue, table: &str, reason: &str, terms: Terms<'_>) -> Fitted {
    let mut main = Image::from([
        ("ItemKey".into(), text(QUARANTINE)),
        ("Kind".into(), text(MALFORMED_RECORD)),
        ("TableName".into(), text(table)),
        ("Reason".into(), text(reason)),
    ]);
    stamp_entry(&mut main, quarantine_id(raw), terms);
    fit::quarantine(main, raw.get())
}

/// The `ConflictId` of a quarantined record: the digest of its text, so that it is kept once however often it comes.
pub fn quarantine_id(raw: &RawValue) -> String {
    format!("malformed#{}", digest(&[raw.get().as_bytes()]))
}

/// Adds what every entry has: its id, its place in time, and when it expires.
fn stamp_entry(main: &mut Image, id: String, terms: Terms<'_>) {
    let bucket = format!("{}#{:x}", time::hour(terms.now), shard_of(&id));
    let expires_at = time::epoch_seconds_after(terms.now, terms.retention_days);
    main.insert("ConflictId".into(), text(id));
    main.insert("Bucket".into(), text(bucket));
    main.insert("Status".into(), text("open"));
    main.insert("DetectedAt".into(), text(time::rfc3339_millis(terms.now)));
    main.insert(
        "ExpiresAt".into(),
        AttributeValue::N(expires_at.to_string()),
    );
}

/// One of the [`BUCKET_SHARDS`], by the entry's id.
fn shard_of(id: &str) -> u8 {
    Sha256::digest(id.as_bytes())[0] % BUCKET_SHARDS
}

/// The ledger's hash key for an item's key.
pub fn item_key(key: &BTreeMap<String, AttributeValue>) -> String {
    let key = json::key_text(key);
    if key.len() <= LONGEST_HASH_KEY {
        return key;
    }
    format!("sha256:{}", digest(&[key.as_bytes()]))
}

fn digest(parts: &[&[u8]]) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(part);
    }
    sha.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn names(names: &[String]) -> AttributeValue {
    AttributeValue::L(names.iter().map(text).collect())
}
