//! Images: the stamps are read, every other attribute is stepped over.

use std::fmt;

use conflict::integer;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::{Attributes, Glance, Unreadable};
use super::values::{Name, Number, expecting_anything};

/// What stands where an image may stand.
#[expect(
    clippy::large_enum_variant,
    reason = "a box would be an allocation for each image, and two of these live at a time"
)]
#[derive(Default)]
pub(in crate::record) enum ImageSlot<'a> {
    /// Nothing, or null.
    #[default]
    Absent,
    /// Something that is no object.
    NotAnImage,
    /// An image.
    Present(Glance<'a>),
}

impl<'a> ImageSlot<'a> {
    pub(in crate::record) fn glance(self, name: &str) -> Result<Option<Glance<'a>>, Unreadable> {
        match self {
            ImageSlot::Absent => Ok(None),
            ImageSlot::Present(glance) => Ok(Some(glance)),
            ImageSlot::NotAnImage => Err(Unreadable::Malformed(format!(
                "dynamodb.{name} is no object"
            ))),
        }
    }
}

/// Reads the stamps out of an image and steps over every other attribute.
pub(super) struct ImageSeed<'s>(pub(super) &'s Attributes);

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
