//! Images as they stand in a record: the text of each, and that of its stamp attributes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use conflict::StampNames;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::values::{Name, Number, Seed};

/// The text of each stamp attribute of an image, by name.
pub(crate) type StampTexts<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// The images of a record alone.
#[derive(serde::Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    dynamodb: StreamRecord<'a>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamRecord<'a> {
    #[serde(borrow, default)]
    old_image: Option<&'a RawValue>,
    #[serde(borrow, default)]
    new_image: Option<&'a RawValue>,
}

/// The text of a record's old and new image, as far as it has them; nothing if it cannot be read.
pub(in crate::record) fn image_texts(
    raw: &RawValue,
) -> Option<(Option<&RawValue>, Option<&RawValue>)> {
    let Record { dynamodb } = serde_json::from_str(raw.get()).ok()?;
    Some((dynamodb.old_image, dynamodb.new_image))
}

/// The stamp attributes of a record's old and new image. All others are stepped over, as large as they may be.
pub(crate) fn stamp_texts<'a>(
    raw: &'a RawValue,
    names: &StampNames,
) -> Option<(StampTexts<'a>, StampTexts<'a>)> {
    let (old, new) = image_texts(raw)?;
    let of = |image: Option<&'a RawValue>| match image {
        Some(image) => StampTextsSeed(names)
            .deserialize(&mut serde_json::Deserializer::from_str(image.get()))
            .ok(),
        None => Some(StampTexts::new()),
    };
    Some((of(old)?, of(new)?))
}

/// The number that an attribute value holds, as text; nothing if it is of another type.
pub(crate) fn number_text(value: &RawValue) -> Option<Cow<'_, str>> {
    let mut json = serde_json::Deserializer::from_str(value.get());
    Seed(Number).deserialize(&mut json).ok()?
}

struct StampTextsSeed<'n>(&'n StampNames);

impl<'de> DeserializeSeed<'de> for StampTextsSeed<'_> {
    type Value = StampTexts<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for StampTextsSeed<'_> {
    type Value = StampTexts<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an image")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut texts = StampTexts::new();
        while let Some(name) = map.next_key_seed(Name)? {
            if self.0.contains(&name) {
                texts.insert(name, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(texts)
    }
}
