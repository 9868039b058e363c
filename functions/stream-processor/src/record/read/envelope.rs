//! The envelope: its records are handed on one by one as they are read.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::{Attributes, LastStream, Record, Unread};
use super::values::Name;
use super::{Parts, PartsSeed};

/// Reads an envelope and hands each of its records on, with the name of its first member as it stands in the payload.
pub(crate) fn read_records<'a, 's, F>(attributes: &'s Attributes, each: F) -> EnvelopeSeed<'s, F>
where
    F: FnMut(Option<&'a str>, &Result<Record<'a>, Unread<'a>>),
{
    EnvelopeSeed { attributes, each }
}

/// The envelope: an object with one list of `Records`.
pub(crate) struct EnvelopeSeed<'s, F> {
    attributes: &'s Attributes,
    each: F,
}

impl<'de, F: FnMut(Option<&'de str>, &Result<Record<'de>, Unread<'de>>)> DeserializeSeed<'de>
    for EnvelopeSeed<'_, F>
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de, F: FnMut(Option<&'de str>, &Result<Record<'de>, Unread<'de>>)> Visitor<'de>
    for EnvelopeSeed<'_, F>
{
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

impl<'de, F: FnMut(Option<&'de str>, &Result<Record<'de>, Unread<'de>>)> DeserializeSeed<'de>
    for RecordsSeed<'_, '_, F>
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Option<&'de str>, &Result<Record<'de>, Unread<'de>>)> Visitor<'de>
    for RecordsSeed<'_, '_, F>
{
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let EnvelopeSeed { attributes, each } = self.0;
        let mut stream = LastStream::default();
        loop {
            let mut parts = Parts::default();
            let seed = PartsSeed {
                attributes,
                parts: &mut parts,
            };
            if seq.next_element_seed(seed)?.is_none() {
                return Ok(());
            }
            each(
                parts.first_name,
                &Record::from_parts(&mut parts, &mut stream),
            );
        }
    }
}
