//! The envelope: its records are handed on one by one as they are read.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::{Attributes, Record, Unread};
use super::PartsSeed;
use super::values::Name;

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
