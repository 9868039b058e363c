//! The envelope: an object with one list of `Records`, which are read or split.

use std::fmt;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::{Attributes, LastStream, Record, RejectedRecord};
use super::values::{Name, Seed};
use super::{Parts, PartsVisitor};

/// Reads an envelope and hands each of its records on, with the name of its first member as it stands in the payload.
pub(crate) fn read_records<'a, F>(
    payload: &'a str,
    attributes: &Attributes,
    each: F,
) -> serde_json::Result<()>
where
    F: FnMut(Option<&'a str>, &Result<Record<'a>, RejectedRecord<'a>>),
{
    in_envelope(payload, RecordsVisitor { attributes, each })
}

/// Splits an envelope into the text of its records.
pub(crate) fn split_records(payload: &str) -> serde_json::Result<Vec<&RawValue>> {
    in_envelope(payload, TextsVisitor)
}

/// Visits the records of an envelope, which is all that the payload holds.
fn in_envelope<'a, V: Visitor<'a>>(payload: &'a str, records: V) -> serde_json::Result<V::Value> {
    let mut json = serde_json::Deserializer::from_str(payload);
    let value = Seed(EnvelopeVisitor(records)).deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

struct EnvelopeVisitor<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for EnvelopeVisitor<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with Records")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut records = Some(self.0);
        let mut value = None;
        while let Some(name) = map.next_key_seed(Name)? {
            if name == "Records" {
                let records = records.take();
                let records = records.ok_or_else(|| de::Error::duplicate_field("Records"))?;
                value = Some(map.next_value_seed(Seed(records))?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        value.ok_or_else(|| de::Error::missing_field("Records"))
    }
}

/// Reads each record.
struct RecordsVisitor<'s, F> {
    attributes: &'s Attributes,
    each: F,
}

impl<'de, F> Visitor<'de> for RecordsVisitor<'_, F>
where
    F: FnMut(Option<&'de str>, &Result<Record<'de>, RejectedRecord<'de>>),
{
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of records")
    }

    /// The last invocation of a tumbling window has no list.
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut stream = LastStream::default();
        loop {
            let mut parts = Parts::default();
            let seed = Seed(PartsVisitor {
                attributes: self.attributes,
                parts: &mut parts,
            });
            if seq.next_element_seed(seed)?.is_none() {
                return Ok(());
            }
            (self.each)(
                parts.first_name,
                &Record::from_parts(&mut parts, &mut stream),
            );
        }
    }
}

/// Takes each record as text.
struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of records")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = seq.next_element()? {
            texts.push(text);
        }
        Ok(texts)
    }
}
