//! A sighting: what the join has to know of one stream record, a few hundred bytes whatever the size of the item.

use std::collections::HashMap;

use conflict::{StampNames, Stamps};
use serde::{Deserialize, Serialize};
use serde_dynamo::AttributeValue;

use crate::digest::{self, Attribute, Attributes, Digest, Scalar};
use crate::time;

/// A decoded image: top-level attributes by name.
pub type Image = HashMap<String, AttributeValue>;

/// What happened to the item, by the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EventName {
    /// The replica had no such item.
    Insert,
    /// The replica's item was replaced.
    Modify,
    /// The replica's item was removed.
    Remove,
}

/// One record of one replica's stream, as the join sees it.
///
/// It holds digests and no values, but for the item's key, the names of the attributes that changed, and small
/// readings of their values: integers, times and Region names. It serialises, so that a function in each Region can
/// write sightings and one place can join them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The table's name.
    pub table: String,
    /// The Region whose stream was read.
    pub region: String,
    /// The item's key in DynamoDB JSON, attribute names sorted, no spaces.
    pub key: String,
    /// What happened to the item.
    pub event_name: EventName,
    /// The stream record's `eventID`, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// The stream record's `SequenceNumber`: with the Region it names the record.
    pub sequence_number: String,
    /// `ApproximateCreationDateTime`: epoch seconds.
    pub second: u64,
    /// The digest of the item before; none where there was no item.
    pub old: Option<Digest>,
    /// The digest of the item after; none where there is no item.
    pub new: Option<Digest>,
    /// DynamoDB's TTL service removed the item, by the record's `userIdentity`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_time_to_live: bool,
    /// The item after is marked as deleted (`lw:deleted`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub marked_deleted: bool,
    /// The latest stamp of the item after, if the item before did not have it: the write, or one before it that this
    /// Region does not show, was stamped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<LatestStamp>,
    /// The attributes in which the two images differ, sorted by name. Keys and stamps are not among them; of a removed
    /// item none are.
    pub changes: Vec<AttributeChange>,
}

/// Of an item's stamps the one with the latest time; on a tie the one with the smaller Region name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LatestStamp {
    /// The Region.
    pub region: String,
    /// Its count of writes.
    pub n: u64,
    /// Epoch microseconds by the writer's clock.
    pub t: u64,
}

/// A top-level attribute that a record changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// The attribute's name.
    pub name: String,
    /// Its value before; none where it had none.
    pub old: Option<Value>,
    /// Its value after; none where it has none.
    pub new: Option<Value>,
}

/// What is kept of an attribute's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// The digest of the value.
    pub digest: Digest,
    /// What the value may mean.
    #[serde(default, skip_serializing_if = "Reading::is_opaque")]
    pub reading: Reading,
}

/// What a value may mean to the classes of attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Nothing that the join uses.
    #[default]
    Opaque,
    /// A whole number.
    Integer(i64),
    /// A time in ISO 8601, in epoch seconds.
    Time(i64),
    /// Text shaped like a Region's name.
    Region(String),
}

impl Reading {
    fn is_opaque(&self) -> bool {
        *self == Reading::Opaque
    }

    fn of(scalar: &Scalar<'_>) -> Self {
        match scalar {
            Scalar::Number(text) => digest::integer(text).map_or(Reading::Opaque, Reading::Integer),
            Scalar::Text(text) if conflict::is_region_name(text) => {
                Reading::Region(text.clone().into_owned())
            }
            Scalar::Text(text) => time::epoch_seconds(text).map_or(Reading::Opaque, Reading::Time),
            Scalar::Other => Reading::Opaque,
        }
    }
}

/// A stream record with decoded images, as an AWS SDK hands it out.
#[derive(Debug, Clone, Copy)]
pub struct StreamRecord<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The Region whose stream was read.
    pub region: &'a str,
    /// What happened to the item.
    pub event_name: EventName,
    /// `eventID`, if there is one.
    pub event_id: Option<&'a str>,
    /// `SequenceNumber`.
    pub sequence_number: &'a str,
    /// `ApproximateCreationDateTime` in epoch seconds.
    pub second: u64,
    /// The item's key.
    pub keys: &'a Image,
    /// The item before, unless the record is an INSERT.
    pub old: Option<&'a Image>,
    /// The item after, unless the record is a REMOVE.
    pub new: Option<&'a Image>,
    /// `userIdentity` is DynamoDB's TTL service.
    pub by_time_to_live: bool,
}

impl Sighting {
    /// What the join has to know of a record.
    ///
    /// # Errors
    ///
    /// The images that the event name needs are not in the stream, by its view type.
    pub fn new(record: &StreamRecord<'_>, names: &StampNames) -> Result<Self, MissingImage> {
        fn attributes(image: &Image) -> Attributes<'_> {
            Attributes::new(
                image
                    .iter()
                    .map(|(name, value)| Attribute::new(name, value))
                    .collect(),
            )
        }
        Self::of_parts(
            Parts {
                table: record.table.to_owned(),
                region: record.region.to_owned(),
                key: key_text(record.keys),
                is_key: |name: &str| record.keys.contains_key(name),
                event_name: record.event_name,
                event_id: record.event_id.map(str::to_owned),
                sequence_number: record.sequence_number.to_owned(),
                second: record.second,
                old: record.old.map(attributes),
                new: record.new.map(attributes),
                by_time_to_live: record.by_time_to_live,
            },
            names,
        )
    }

    pub(crate) fn of_parts<F: Fn(&str) -> bool>(
        parts: Parts<'_, F>,
        names: &StampNames,
    ) -> Result<Self, MissingImage> {
        let (needs_old, needs_new) = match parts.event_name {
            EventName::Insert => (false, true),
            EventName::Modify => (true, true),
            EventName::Remove => (true, false),
        };
        let old = parts.old.filter(|_| needs_old);
        let new = parts.new.filter(|_| needs_new);
        if (old.is_some(), new.is_some()) != (needs_old, needs_new) {
            return Err(MissingImage);
        }
        let old_stamp = old
            .as_ref()
            .and_then(|old| LatestStamp::of(&stamps(old, names)));
        let stamps = new.as_ref().map(|new| stamps(new, names));
        let changes = match &new {
            Some(new) => changes(old.as_ref(), new, |name| {
                (parts.is_key)(name) || names.contains(name)
            }),
            None => Vec::new(),
        };
        Ok(Self {
            table: parts.table,
            region: parts.region,
            key: parts.key,
            event_name: parts.event_name,
            event_id: parts.event_id,
            sequence_number: parts.sequence_number,
            second: parts.second,
            old: old.as_ref().map(Attributes::digest),
            new: new.as_ref().map(Attributes::digest),
            by_time_to_live: parts.by_time_to_live && parts.event_name == EventName::Remove,
            marked_deleted: stamps.as_ref().is_some_and(|stamps| stamps.deleted),
            stamp: stamps
                .as_ref()
                .and_then(LatestStamp::of)
                .filter(|stamp| old_stamp.as_ref() != Some(stamp)),
            changes,
        })
    }
}

/// The stream's view type leaves out an image that the event name needs. The join needs NEW_AND_OLD_IMAGES.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an image is missing: the stream's view type has to be NEW_AND_OLD_IMAGES")]
pub struct MissingImage;

/// A record, whichever form it was read from.
pub(crate) struct Parts<'a, F> {
    pub(crate) table: String,
    pub(crate) region: String,
    pub(crate) key: String,
    pub(crate) is_key: F,
    pub(crate) event_name: EventName,
    pub(crate) event_id: Option<String>,
    pub(crate) sequence_number: String,
    pub(crate) second: u64,
    pub(crate) old: Option<Attributes<'a>>,
    pub(crate) new: Option<Attributes<'a>>,
    pub(crate) by_time_to_live: bool,
}

impl LatestStamp {
    fn of(stamps: &Stamps<'_>) -> Option<Self> {
        // Regions come in order of name, so the first of equal times has the smaller one.
        let latest = stamps.latest_time()?;
        let (region, stamp) = stamps.iter().find(|(_, stamp)| stamp.t == Some(latest))?;
        Some(Self {
            region: region.to_owned(),
            n: stamp.count(),
            t: latest,
        })
    }
}

fn stamps<'a>(image: &'a Attributes<'_>, names: &StampNames) -> Stamps<'a> {
    let mut stamps = Stamps::default();
    for attribute in image.iter() {
        let Some(stamp) = names.parse(attribute.name.as_ref()) else {
            continue;
        };
        let number = match &attribute.scalar {
            Scalar::Number(text) => Some(text.as_ref()),
            Scalar::Text(_) | Scalar::Other => None,
        };
        stamps.read(stamp, number);
    }
    stamps
}

/// The attributes that differ, both sides sorted by name.
fn changes(
    old: Option<&Attributes<'_>>,
    new: &Attributes<'_>,
    is_left_out: impl Fn(&str) -> bool,
) -> Vec<AttributeChange> {
    let mut before = old.map_or(&[][..], Attributes::as_slice).iter().peekable();
    let mut after = new.iter().peekable();
    let mut changes = Vec::new();
    loop {
        let (old, new) = match (before.peek(), after.peek()) {
            (None, None) => return changes,
            (Some(_), None) => (before.next(), None),
            (None, Some(_)) => (None, after.next()),
            (Some(left), Some(right)) => match left.name.cmp(&right.name) {
                std::cmp::Ordering::Less => (before.next(), None),
                std::cmp::Ordering::Greater => (None, after.next()),
                std::cmp::Ordering::Equal => (before.next(), after.next()),
            },
        };
        let Some(name) = old.or(new).map(|attribute| attribute.name.as_ref()) else {
            return changes;
        };
        if old.map(|old| old.digest) != new.map(|new| new.digest) && !is_left_out(name) {
            let value = |attribute: &Attribute<'_>| Value {
                digest: Digest::of(attribute.digest),
                reading: Reading::of(&attribute.scalar),
            };
            changes.push(AttributeChange {
                name: name.to_owned(),
                old: old.map(value),
                new: new.map(value),
            });
        }
    }
}

/// A key in DynamoDB JSON, attribute names sorted, no spaces.
fn key_text(keys: &Image) -> String {
    let sorted: std::collections::BTreeMap<&String, &AttributeValue> = keys.iter().collect();
    serde_json::to_string(&sorted).expect("a key holds text and base64 alone")
}
