//! One raw record, read on its own: only the stamps are decoded, images stay raw text.

mod borrowed_names;
mod read;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub use borrowed_names::BorrowedNames;
pub(crate) use borrowed_names::BorrowedPart;
use chrono::NaiveDateTime;
use conflict::{Borrowed, Change, Stamp, StampFault, StampNames, Stamps};
use ledger::Image;
pub(crate) use read::{number_text, read_records, split_records, stamp_texts};
use serde_dynamo::AttributeValue;
use serde_json::value::RawValue;

use crate::foreign_event::ForeignEvent;

/// For how long after its expiry time DynamoDB still removes an item: five years, in seconds.
const MAX_EXPIRED_SECONDS: u64 = (5 * 365 + 1) * 24 * 60 * 60;

/// What the reader has to know of the table's items.
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    /// Which attributes are stamps.
    pub stamps: StampNames,
    /// The table's TTL attribute, if it is known.
    pub ttl: Option<String>,
    /// Which attributes of the application's own stand in for stamps.
    pub borrowed: BorrowedNames,
}

/// What happened to the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "UPPERCASE")]
pub enum EventName {
    /// The item is new in this replica.
    Insert,
    /// The item changed.
    Modify,
    /// The item was removed.
    Remove,
}

/// What of an image is read for each record.
#[derive(Debug, Default)]
pub struct ImageHeader<'a> {
    /// The image's stamps.
    pub stamps: Stamps<'a>,
    /// Whether a part of its stamps is not what a stamp holds.
    pub has_unreadable_stamp: bool,
    /// The expiry time in epoch seconds, if the TTL attribute is known and holds one.
    pub expires_at: Option<u64>,
    /// What the image says of its own in place of stamps, if it has any such attribute.
    pub(crate) borrowed: Option<Box<Borrowed<'a>>>,
    /// Whether it has attributes of version 2017.11.29 of global tables.
    pub(crate) is_legacy: bool,
}

/// A record as far as every record is read. Text is borrowed from the payload.
#[derive(Debug)]
pub struct Record<'a> {
    /// What happened to the item.
    pub event_name: EventName,
    /// The Region whose stream was read.
    pub region: Cow<'a, str>,
    /// The stream's ARN.
    pub stream_arn: Cow<'a, str>,
    /// The table's name, from the stream's ARN.
    pub table: Cow<'a, str>,
    /// Unique per record, if there is one.
    pub event_id: Option<Cow<'a, str>>,
    /// Orders the records of one item.
    pub sequence_number: Cow<'a, str>,
    /// When the change reached this replica, in epoch seconds, if the record says so.
    pub created_at: Option<u64>,
    /// Whether DynamoDB's TTL service removed the item.
    pub removed_by_ttl: bool,
    /// The item before.
    pub old: Option<ImageHeader<'a>>,
    /// The item after.
    pub new: Option<ImageHeader<'a>>,
}

/// A record that cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Something required is missing or not what it should be: the record is quarantined.
    #[error("{0}")]
    Malformed(String),
    /// The images that the event name needs are not in the stream, by its view type.
    #[error("it lacks an image that it needs")]
    Unusable,
}

impl RecordError {
    /// The same error, with what the record is if it names a source other than DynamoDB.
    pub(crate) fn with_source(&self, raw: &RawValue) -> Self {
        match (self, ForeignEvent::from_record(raw.get())) {
            (RecordError::Malformed(why), Some(source)) => {
                RecordError::Malformed(format!("{source} ({why})"))
            }
            _ => self.clone(),
        }
    }
}

/// A record that cannot be judged, with what can be read of it.
#[derive(Debug)]
pub struct RejectedRecord<'a> {
    /// Why.
    pub error: RecordError,
    /// The table's name, from the stream's ARN.
    pub table: Option<Cow<'a, str>>,
}

impl<'a> Record<'a> {
    /// Reads a raw record.
    ///
    /// Required are `eventName`, `awsRegion`, `eventSourceARN`, `dynamodb.Keys` and `dynamodb.SequenceNumber`; all
    /// else is optional, and what is unknown is ignored.
    pub fn read(raw: &'a RawValue, attributes: &Attributes) -> Result<Self, RejectedRecord<'a>> {
        match read::parts(raw, attributes) {
            Ok(mut parts) => Self::from_parts(&mut parts, &mut LastStream::default()),
            Err(error) => Err(RejectedRecord { error, table: None }),
        }
    }

    /// Takes a record out of its parts.
    fn from_parts(
        parts: &mut read::Parts<'a>,
        stream: &mut LastStream<'a>,
    ) -> Result<Self, RejectedRecord<'a>> {
        let table = parts.stream_arn.as_ref().and_then(|arn| stream.table(arn));
        let malformed = |why: &str| RejectedRecord {
            error: RecordError::Malformed(why.to_owned()),
            table: table.clone(),
        };
        let missing = |what: &str| malformed(&format!("{what} is missing or not a string"));
        if !parts.is_object {
            return Err(malformed("the record is not an object"));
        }
        let event_name = parts.event_name.take();
        let event_name = event_name.ok_or_else(|| missing("eventName"))?;
        let Ok(event_name) = event_name.parse() else {
            return Err(malformed("eventName is not INSERT, MODIFY or REMOVE"));
        };
        let region = parts.region.take().ok_or_else(|| missing("awsRegion"))?;
        if !conflict::is_region_name(&region) {
            return Err(malformed("awsRegion is not a Region's name"));
        }
        let stream_arn = parts.stream_arn.take();
        let stream_arn = stream_arn.ok_or_else(|| missing("eventSourceARN"))?;
        let Some(table) = table.clone() else {
            return Err(malformed(
                "eventSourceARN is not the ARN of a DynamoDB stream",
            ));
        };
        let Some(dynamodb) = &mut parts.dynamodb else {
            return Err(malformed("dynamodb is missing or not an object"));
        };
        if !dynamodb.has_keys {
            return Err(malformed("dynamodb.Keys is missing or not an object"));
        }
        let sequence_number = dynamodb.sequence_number.take();
        let sequence_number = sequence_number.ok_or_else(|| missing("dynamodb.SequenceNumber"))?;
        for (name, image) in [("OldImage", &dynamodb.old), ("NewImage", &dynamodb.new)] {
            if image.is_no_image {
                return Err(malformed(&format!("dynamodb.{name} is not an object")));
            }
        }
        let (old, new) = (&mut dynamodb.old.header, &mut dynamodb.new.header);
        let is_usable = match event_name {
            EventName::Insert => new.is_some(),
            EventName::Modify => old.is_some() && new.is_some(),
            EventName::Remove => old.is_some(),
        };
        if !is_usable {
            return Err(RejectedRecord {
                error: RecordError::Unusable,
                table: Some(table),
            });
        }
        Ok(Self {
            event_name,
            region,
            table,
            stream_arn,
            event_id: parts.event_id.take(),
            sequence_number,
            created_at: dynamodb.created_at,
            removed_by_ttl: parts.removed_by_ttl,
            old: old.take(),
            new: new.take(),
        })
    }

    /// What is to be judged, at `now` in epoch seconds.
    ///
    /// Where another Region's time to live removed the item, only its expiry time tells. DynamoDB removes what expired before
    /// the removal, and never what expired more than five years before it.
    /// Source: Amazon DynamoDB Developer Guide, "Using time to live (TTL) in DynamoDB".
    pub fn change(&self, now: u64) -> Option<Change<'_, 'a>> {
        let (old, new) = (self.old.as_ref(), self.new.as_ref());
        match self.event_name {
            EventName::Insert => new.map(|new| Change::Insert { new: &new.stamps }),
            EventName::Modify => old.zip(new).map(|(old, new)| Change::Modify {
                old: &old.stamps,
                new: &new.stamps,
            }),
            EventName::Remove => old.map(|old| Change::Remove {
                old: &old.stamps,
                expired: self.removed_by_ttl
                    || old.expires_at.is_some_and(|expires_at| {
                        let removed_at = self.created_at.unwrap_or(now);
                        expires_at < removed_at && removed_at - expires_at <= MAX_EXPIRED_SECONDS
                    }),
            }),
        }
    }
}

impl Record<'_> {
    /// Whether DynamoDB itself notes Regions and times in the item, as in a table of version 2017.11.29.
    pub(crate) fn is_legacy(&self) -> bool {
        [&self.old, &self.new]
            .into_iter()
            .flatten()
            .any(|image| image.is_legacy)
    }

    /// What both versions say of their own in place of stamps.
    pub(crate) fn borrowed(&self) -> Option<(&Borrowed<'_>, &Borrowed<'_>)> {
        let (old, new) = (self.old.as_ref()?, self.new.as_ref()?);
        Some((old.borrowed.as_deref()?, new.borrowed.as_deref()?))
    }

    /// Whether the version that the record brought may have a stamp with a fault, at `now` in epoch seconds: then its images
    /// have to be looked at in full, as the fault may be an older version's.
    pub(crate) fn may_have_odd_stamp(&self, now: u64) -> bool {
        let created_at = self.created_at.unwrap_or(now);
        let has_fault = |(_, stamp): (&str, Stamp)| {
            let time = stamp.t.unwrap_or_default();
            StampFault::of_time(time, created_at).is_some()
        };
        self.new
            .as_ref()
            .is_some_and(|new| new.has_unreadable_stamp || new.stamps.iter().any(has_fault))
    }

    /// Whether a time in epoch microseconds lies before the stream began: the item is older than what the stream can tell
    /// of, as are those that a new replica begins with.
    ///
    /// The stream's label, the end of its ARN, is the time when it was enabled.
    /// Source: DynamoDB API Reference, "TableDescription", `LatestStreamLabel`.
    pub(crate) fn is_older_than_stream(&self, micros: u64) -> bool {
        let label = self.stream_arn.rsplit('/').next().unwrap_or_default();
        let began = NaiveDateTime::parse_from_str(label, "%Y-%m-%dT%H:%M:%S%.f");
        began.is_ok_and(|began| i128::from(micros) < i128::from(began.and_utc().timestamp_micros()))
    }
}

/// A record's sequence number, if it can be read: also of a record that cannot be judged.
pub fn sequence_number(raw: &RawValue) -> Option<Cow<'_, str>> {
    read::sequence_number(raw)
}

/// Where a record stands: of which item it is, in which stream, and where in it.
#[derive(Debug)]
pub(crate) struct RecordPosition {
    /// The item's key, by attribute name.
    pub(crate) key: BTreeMap<String, AttributeValue>,
    /// The stream's ARN.
    pub(crate) stream_arn: String,
    /// Orders the records of one item.
    pub(crate) sequence_number: String,
}

impl RecordPosition {
    /// None where the key is not DynamoDB JSON.
    pub(crate) fn read(raw: &RawValue) -> Option<Self> {
        read::position(raw).ok()
    }
}

/// The key and the images of a record, decoded in full.
#[derive(Debug)]
pub struct DecodedRecord {
    /// The item's key, by attribute name.
    pub key: BTreeMap<String, AttributeValue>,
    /// The item before; empty where the record has none.
    pub old: DecodedImage,
    /// The item after; empty where the record has none.
    pub new: DecodedImage,
}

/// An image, decoded as far as it can be.
#[derive(Debug, Default)]
pub struct DecodedImage {
    /// The attributes by name.
    pub attributes: Image,
    /// The text of those that are not DynamoDB JSON as this version knows it, by name: of a type that came later, say.
    pub undecoded: BTreeMap<String, String>,
}

impl DecodedImage {
    /// Whether the image has an attribute of this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.attributes.contains_key(name) || self.undecoded.contains_key(name)
    }
}

impl DecodedRecord {
    /// Decodes a record's key and images.
    ///
    /// # Errors
    ///
    /// Malformed if the key is not DynamoDB JSON, or an image is not an object.
    pub fn read(raw: &RawValue) -> Result<Self, RecordError> {
        read::decoded(raw)
            .map_err(|error| RecordError::Malformed(format!("not DynamoDB JSON: {error}")))
    }
}

/// Whether a MODIFY changed nothing: its images hold the same attributes with the same values.
///
/// DynamoDB writes both images of a record in one form, so texts of different lengths are taken to differ, and most
/// records are told apart without decoding them.
pub(crate) fn has_equal_images(raw: &RawValue) -> bool {
    let images = read::image_texts(raw).and_then(|(old, new)| old.zip(new));
    images.is_some_and(|(old, new)| {
        old.get() == new.get()
            || (old.get().len() == new.get().len() && read::images_equal(old, new))
    })
}

/// Whether a MODIFY changed nothing but what DynamoDB itself notes in a table of version 2017.11.29. One follows each write made in
/// this Region, and is none; a write of another Region has its note with it.
pub(crate) fn differ_in_legacy_attributes_alone(raw: &RawValue, region: &str) -> bool {
    let images = read::image_texts(raw).and_then(|(old, new)| old.zip(new));
    images.is_some_and(|(old, new)| read::images_equal_but_for_legacy(old, new, region))
}

/// The stream that the last record came from: a batch has one, so the table's name is looked for once.
#[derive(Debug, Default)]
struct LastStream<'a>(Option<(&'a str, &'a str)>);

impl<'a> LastStream<'a> {
    /// The table's name in a stream's ARN.
    fn table(&mut self, arn: &Cow<'a, str>) -> Option<Cow<'a, str>> {
        match self.0 {
            Some((last, table)) if last == arn.as_ref() => Some(Cow::Borrowed(table)),
            _ => {
                let table = table_of(arn)?;
                if let (Cow::Borrowed(arn), Cow::Borrowed(table)) = (arn, &table) {
                    self.0 = Some((arn, table));
                }
                Some(table)
            }
        }
    }
}

/// The table's name in `arn:aws:dynamodb:<region>:<account>:table/<name>/stream/<label>`.
///
/// Names are made of letters, digits, `_`, `-` and `.`; nothing else may become a metric dimension.
/// Source: Amazon DynamoDB Developer Guide, "Supported data types and naming rules in Amazon DynamoDB".
fn table_of<'a>(arn: &Cow<'a, str>) -> Option<Cow<'a, str>> {
    const MAX_LENGTH: usize = 255;
    let start = arn.find(":table/")? + ":table/".len();
    let rest = &arn[start..];
    let end = start + rest.find('/').unwrap_or(rest.len());
    let name = &arn[start..end];
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if name.is_empty() || name.len() > MAX_LENGTH || !name.bytes().all(valid) {
        return None;
    }
    Some(match arn {
        Cow::Borrowed(arn) => Cow::Borrowed(&arn[start..end]),
        Cow::Owned(_) => Cow::Owned(name.to_owned()),
    })
}
