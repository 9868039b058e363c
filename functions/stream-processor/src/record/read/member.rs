//! One member of a record, whatever its others are: for a record that cannot be read as a whole.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::values::{Seed, Text, lenient};

/// The text of `dynamodb.SequenceNumber`.
pub(in crate::record) fn sequence_number(raw: &RawValue) -> Option<Cow<'_, str>> {
    let mut json = serde_json::Deserializer::from_str(raw.get());
    let number = Seed(Member("dynamodb", Member("SequenceNumber", Text)));
    number.deserialize(&mut json).ok()???
}

/// Reads the member of this name, and steps over every other one; nothing if there is none.
#[derive(Clone, Copy)]
struct Member<V>(&'static str, V);

impl<'de, V: Visitor<'de> + Copy> Visitor<'de> for Member<V> {
    type Value = Option<V::Value>;

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self(name, value) = self;
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(NameIs(name))? {
            if is_it {
                found = Some(map.next_value_seed(Seed(value))?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    lenient!(scalars null str seq);
}

/// Whether a member's name is this one. It is taken as bytes, as half of a surrogate pair is no text.
struct NameIs(&'static str);

impl<'de> DeserializeSeed<'de> for NameIs {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_bytes(self)
    }
}

impl Visitor<'_> for NameIs {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a member's name")
    }

    fn visit_bytes<E: de::Error>(self, name: &[u8]) -> Result<bool, E> {
        Ok(name == self.0.as_bytes())
    }
}
