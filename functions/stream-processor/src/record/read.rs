//! The serde side of reading a record: visitors that take what is needed and step over the rest.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use conflict::integer;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Attributes, Decoded, Glance, Image, Record, Unread, Unreadable};

/// The top level of a record, everything optional.
#[derive(Default)]
pub(super) struct Parts<'a> {
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
    pub(super) old: ImageSlot<'a>,
    pub(super) new: ImageSlot<'a>,
}

/// What stands where an image may stand.
#[expect(
    clippy::large_enum_variant,
    reason = "a box would be an allocation for each image, and two of these live at a time"
)]
#[derive(Default)]
pub(super) enum ImageSlot<'a> {
    /// Nothing, or null.
    #[default]
    Absent,
    /// Something that is no object.
    NotAnImage,
    /// An image.
    Present(Glance<'a>),
}

impl<'a> ImageSlot<'a> {
    pub(super) fn glance(self, name: &str) -> Result<Option<Glance<'a>>, Unreadable> {
        match self {
            ImageSlot::Absent => Ok(None),
            ImageSlot::Present(glance) => Ok(Some(glance)),
            ImageSlot::NotAnImage => Err(Unreadable::Malformed(format!(
                "dynamodb.{name} is no object"
            ))),
        }
    }
}

/// Reads a record's parts; none if it is no object.
pub(super) fn parts<'a>(
    raw: &'a RawValue,
    attributes: &Attributes,
) -> Result<Option<Parts<'a>>, Unreadable> {
    let mut json = serde_json::Deserializer::from_str(raw.get());
    // serde names the place, and quotes no more than the JSON type that it met: every value is taken leniently.
    PartsSeed(attributes)
        .deserialize(&mut json)
        .map_err(|error| Unreadable::Malformed(format!("the record cannot be read: {error}")))
}

/// Reads an envelope and hands each of its records on.
pub(crate) fn read_records<'a, 's, F: FnMut(Result<Record<'a>, Unread<'a>>)>(
    attributes: &'s Attributes,
    each: F,
) -> EnvelopeSeed<'s, F> {
    EnvelopeSeed { attributes, each }
}

/// The envelope: an object with one list of `Records`.
pub(crate) struct EnvelopeSeed<'s, F> {
    attributes: &'s Attributes,
    each: F,
}

impl<'de, F: FnMut(Result<Record<'de>, Unread<'de>>)> DeserializeSeed<'de> for EnvelopeSeed<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de, F: FnMut(Result<Record<'de>, Unread<'de>>)> Visitor<'de> for EnvelopeSeed<'_, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with Records")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(name) = map.next_key_seed(Name)? {
            if name == "Records" {
                if std::mem::replace(&mut found, true) {
                    return Err(de::Error::duplicate_field("Records"));
                }
                map.next_value_seed(RecordsSeed(&mut self))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        found
            .then_some(())
            .ok_or_else(|| de::Error::missing_field("Records"))
    }
}

/// The list of records.
struct RecordsSeed<'e, 's, F>(&'e mut EnvelopeSeed<'s, F>);

impl<'de, F: FnMut(Result<Record<'de>, Unread<'de>>)> DeserializeSeed<'de>
    for RecordsSeed<'_, '_, F>
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Result<Record<'de>, Unread<'de>>)> Visitor<'de> for RecordsSeed<'_, '_, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(parts) = seq.next_element_seed(PartsSeed(self.0.attributes))? {
            (self.0.each)(Record::from_parts(parts));
        }
        Ok(())
    }
}

/// A visitor that takes one kind of value and makes nothing of every other kind.
///
/// Optional fields of an unexpected type are as good as absent, and must not fail the record.
macro_rules! lenient {
    (@each) => {};
    (@each scalars $($rest:tt)*) => {
        fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        lenient!(@each $($rest)*);
    };
    (@each seq $($rest:tt)*) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
        lenient!(@each $($rest)*);
    };
    (@each map $($rest:tt)*) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
        lenient!(@each $($rest)*);
    };
    (@each str $($rest:tt)*) => {
        fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        lenient!(@each $($rest)*);
    };
    ($($other:tt)*) => {
        lenient!(@each $($other)*);
    };
}

fn expecting_anything(formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter.write_str("any JSON value")
}

/// Text, borrowed where the payload holds it unescaped; nothing if the value is no text.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting_anything(formatter)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    lenient!(scalars seq map);
}

/// A member's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a member's name")
    }

    fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

struct PartsSeed<'s>(&'s Attributes);

impl<'de> DeserializeSeed<'de> for PartsSeed<'_> {
    type Value = Option<Parts<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PartsSeed<'_> {
    type Value = Option<Parts<'de>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting_anything(formatter)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut parts = Parts::default();
        while let Some(name) = map.next_key_seed(Name)? {
            match name.as_ref() {
                "eventID" => parts.event_id = map.next_value_seed(Text)?,
                "eventName" => parts.event_name = map.next_value_seed(Text)?,
                "awsRegion" => parts.region = map.next_value_seed(Text)?,
                "eventSourceARN" => parts.stream_arn = map.next_value_seed(Text)?,
                "dynamodb" => parts.dynamodb = map.next_value_seed(StreamRecordSeed(self.0))?,
                "userIdentity" => parts.removed_by_ttl = map.next_value_seed(TtlIdentity)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(parts))
    }

    lenient!(scalars str seq);
}

/// Whether `userIdentity` is DynamoDB's TTL service.
///
/// Source: Amazon DynamoDB Developer Guide, "DynamoDB Streams and Time to Live".
struct TtlIdentity;

impl<'de> DeserializeSeed<'de> for TtlIdentity {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TtlIdentity {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting_anything(formatter)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut service, mut dynamodb) = (false, false);
        while let Some(name) = map.next_key_seed(Name)? {
            let value = map.next_value_seed(Text)?;
            match name.as_ref() {
                "type" => service = value.as_deref() == Some("Service"),
                "principalId" => dynamodb = value.as_deref() == Some("dynamodb.amazonaws.com"),
                _ => {}
            }
        }
        Ok(service && dynamodb)
    }

    lenient!(scalars str seq);
}

struct StreamRecordSeed<'s>(&'s Attributes);

impl<'de> DeserializeSeed<'de> for StreamRecordSeed<'_> {
    type Value = Option<StreamRecord<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StreamRecordSeed<'_> {
    type Value = Option<StreamRecord<'de>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting_anything(formatter)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut record = StreamRecord::default();
        while let Some(name) = map.next_key_seed(Name)? {
            match name.as_ref() {
                "Keys" => record.has_keys = map.next_value_seed(IsObject)?,
                "SequenceNumber" => record.sequence_number = map.next_value_seed(Text)?,
                "OldImage" => record.old = map.next_value_seed(ImageSeed(self.0))?,
                "NewImage" => record.new = map.next_value_seed(ImageSeed(self.0))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(record))
    }

    lenient!(scalars str seq);
}

/// Whether a value is an object.
struct IsObject;

impl<'de> DeserializeSeed<'de> for IsObject {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for IsObject {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting_anything(formatter)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(true)
    }

    lenient!(scalars str seq);
}

/// Reads the stamps out of an image and steps over every other attribute.
struct ImageSeed<'s>(&'s Attributes);

impl<'de> DeserializeSeed<'de> for ImageSeed<'_> {
    type Value = ImageSlot<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ImageSeed<'_> {
    type Value = ImageSlot<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting_anything(formatter)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(ImageSlot::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Attributes { stamps, ttl } = self.0;
        let mut glance = Glance::default();
        while let Some(name) = map.next_key_seed(Name)? {
            if ttl.as_deref() == Some(name.as_ref()) {
                let number = map.next_value_seed(Number)?;
                glance.expires_at = number.as_deref().and_then(integer);
            } else if let Some(attribute) = stamps.parse(name) {
                let number = map.next_value_seed(Number)?;
                glance.stamps.read(attribute, number.as_deref());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(ImageSlot::Present(glance))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(ImageSlot::NotAnImage)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(ImageSlot::NotAnImage)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(ImageSlot::NotAnImage)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(ImageSlot::NotAnImage)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(ImageSlot::NotAnImage)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(ImageSlot::NotAnImage)
    }
}

/// The text of an attribute value of type N; nothing if it is of another type.
struct Number;

impl<'de> DeserializeSeed<'de> for Number {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Number {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting_anything(formatter)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut number = None;
        while let Some(name) = map.next_key_seed(Name)? {
            if name == "N" {
                number = map.next_value_seed(Text)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(number)
    }

    lenient!(scalars str seq);
}

/// Decodes the key and the images in full.
pub(super) struct DecodedSeed;

impl<'de> DeserializeSeed<'de> for DecodedSeed {
    type Value = Decoded;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        #[derive(serde::Deserialize)]
        struct Record {
            dynamodb: StreamRecord,
        }

        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct StreamRecord {
            keys: BTreeMap<String, serde_dynamo::AttributeValue>,
            #[serde(default)]
            old_image: Option<Image>,
            #[serde(default)]
            new_image: Option<Image>,
        }

        let Record { dynamodb } = serde::Deserialize::deserialize(json)?;
        Ok(Decoded {
            key: dynamodb.keys,
            old: dynamodb.old_image.unwrap_or_else(HashMap::new),
            new: dynamodb.new_image.unwrap_or_else(HashMap::new),
        })
    }
}
