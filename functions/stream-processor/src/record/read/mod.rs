//! The serde side of reading a record: visitors that take what is needed and step over the rest.

mod decoded;
mod envelope;
mod image;
mod image_text;
mod member;
mod values;

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

pub(super) use decoded::{decoded, images_equal, images_equal_but_for_legacy, position};
pub(crate) use envelope::{read_records, split_records};
use image::{ImageSlot, ImageVisitor};
pub(super) use image_text::image_texts;
pub(crate) use image_text::{number_text, stamp_texts};
pub(super) use member::sequence_number;
use values::{IsObject, Name, Seed, Text, lenient};

use super::{Attributes, RecordError};

/// The top level of a record, everything optional.
///
/// The seeds read into it in place: it is too large to be handed from one to the next.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub(super) is_object: bool,
    /// The name of its first member, as it stands in the payload.
    pub(super) first_name: Option<&'a str>,
    pub(super) event_id: Option<Cow<'a, str>>,
    pub(super) event_name: Option<Cow<'a, str>>,
    pub(super) region: Option<Cow<'a, str>>,
    pub(super) stream_arn: Option<Cow<'a, str>>,
    pub(super) dynamodb: Option<StreamRecord<'a>>,
    pub(super) removed_by_ttl: bool,
}

/// The `dynamodb` object of a record.
#[derive(Default)]
pub(super) struct StreamRecord<'a> {
    pub(super) sequence_number: Option<Cow<'a, str>>,
    pub(super) has_keys: bool,
    pub(super) created_at: Option<u64>,
    pub(super) old: ImageSlot<'a>,
    pub(super) new: ImageSlot<'a>,
}

/// Reads a record's parts.
pub(super) fn parts<'a>(
    raw: &'a RawValue,
    attributes: &Attributes,
) -> Result<Parts<'a>, RecordError> {
    let mut parts = Parts::default();
    let mut json = serde_json::Deserializer::from_str(raw.get());
    let seed = Seed(PartsVisitor {
        attributes,
        parts: &mut parts,
    });
    // serde names the place, and quotes no more than the JSON type that it met: every value is taken leniently.
    seed.deserialize(&mut json)
        .map_err(|error| RecordError::Malformed(format!("the record cannot be read: {error}")))?;
    Ok(parts)
}

/// Reads a record into parts that hold nothing yet.
struct PartsVisitor<'p, 'de> {
    attributes: &'p Attributes,
    parts: &'p mut Parts<'de>,
}

impl<'de> Visitor<'de> for PartsVisitor<'_, 'de> {
    type Value = ();

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { attributes, parts } = self;
        parts.is_object = true;
        let mut is_first = true;
        while let Some(name) = map.next_key_seed(Name)? {
            if let (true, Cow::Borrowed(name)) = (std::mem::take(&mut is_first), &name) {
                parts.first_name = Some(name);
            }
            match name.as_ref() {
                "eventID" => parts.event_id = map.next_value_seed(Seed(Text))?,
                "eventName" => parts.event_name = map.next_value_seed(Seed(Text))?,
                "awsRegion" => parts.region = map.next_value_seed(Seed(Text))?,
                "eventSourceARN" => parts.stream_arn = map.next_value_seed(Seed(Text))?,
                "dynamodb" => {
                    let record = &mut parts.dynamodb;
                    map.next_value_seed(StreamRecordVisitor::new(attributes, record))?;
                }
                "userIdentity" => parts.removed_by_ttl = map.next_value_seed(Seed(TtlIdentity))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    lenient!(scalars null str seq);
}

/// The time of a record in epoch seconds. Lambda sends a number, with or without a fraction; the few senders of milliseconds
/// are told by its size. It is taken as text: a number out of range must not fail the record.
fn epoch_seconds(raw: &RawValue) -> Option<u64> {
    /// In seconds the year 5138, in milliseconds 1973.
    const MIN_MILLISECONDS: u64 = 100_000_000_000;
    let text = raw.get();
    let number = text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        (number >= 0.0 && number < u64::MAX as f64).then_some(number as u64)
    })?;
    Some(if number < MIN_MILLISECONDS {
        number
    } else {
        number / 1_000
    })
}

/// Whether `userIdentity` is DynamoDB's TTL service.
///
/// Lambda writes the members' names with a small letter, the Streams API with a capital one.
/// Sources: Amazon DynamoDB Developer Guide, "DynamoDB Streams and Time to Live"; DynamoDB Streams API Reference, "Identity".
struct TtlIdentity;

impl<'de> Visitor<'de> for TtlIdentity {
    type Value = bool;

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut service, mut dynamodb) = (false, false);
        while let Some(name) = map.next_key_seed(Name)? {
            let value = map.next_value_seed(Seed(Text))?;
            match name.as_ref() {
                "type" | "Type" => service = value.as_deref() == Some("Service"),
                "principalId" | "PrincipalId" => {
                    dynamodb = value.as_deref() == Some("dynamodb.amazonaws.com")
                }
                _ => {}
            }
        }
        Ok(service && dynamodb)
    }

    lenient!(scalars null str seq);
}

/// Reads the `dynamodb` object.
struct StreamRecordVisitor<'p, 'de> {
    attributes: &'p Attributes,
    record: &'p mut Option<StreamRecord<'de>>,
}

impl<'p, 'de> StreamRecordVisitor<'p, 'de> {
    /// Reads into a record, in place of what was read into it before.
    fn new(attributes: &'p Attributes, record: &'p mut Option<StreamRecord<'de>>) -> Seed<Self> {
        *record = None;
        Seed(Self { attributes, record })
    }
}

impl<'de> Visitor<'de> for StreamRecordVisitor<'_, 'de> {
    type Value = ();

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let attributes = self.attributes;
        let record = self.record.insert(StreamRecord::default());
        while let Some(name) = map.next_key_seed(Name)? {
            match name.as_ref() {
                "Keys" => record.has_keys = map.next_value_seed(Seed(IsObject))?,
                "ApproximateCreationDateTime" => {
                    record.created_at = epoch_seconds(map.next_value()?)
                }
                "SequenceNumber" => record.sequence_number = map.next_value_seed(Seed(Text))?,
                "OldImage" => {
                    map.next_value_seed(ImageVisitor::new(attributes, &mut record.old))?
                }
                "NewImage" => {
                    map.next_value_seed(ImageVisitor::new(attributes, &mut record.new))?
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    lenient!(scalars null str seq);
}
