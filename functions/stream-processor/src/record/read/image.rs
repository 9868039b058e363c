//! Images: the stamps are read, every other attribute is stepped over.

use std::fmt;

use conflict::integer;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::{Attributes, Glance};
use super::values::{Name, Number, expecting_anything};

/// What stands where an image may stand.
#[derive(Default)]
pub(in crate::record) struct ImageSlot<'a> {
    /// What was read of an image.
    pub(in crate::record) glance: Option<Glance<'a>>,
    /// Something stands there that is neither an object nor null.
    pub(in crate::record) is_no_image: bool,
}

/// Reads the stamps out of an image and steps over every other attribute.
pub(super) struct ImageSeed<'p, 'de> {
    attributes: &'p Attributes,
    slot: &'p mut ImageSlot<'de>,
}

impl<'p, 'de> ImageSeed<'p, 'de> {
    /// Reads into a slot, in place of what was read into it before.
    pub(super) fn new(attributes: &'p Attributes, slot: &'p mut ImageSlot<'de>) -> Self {
        *slot = ImageSlot::default();
        Self { attributes, slot }
    }

    fn no_image<E>(self) -> Result<(), E> {
        self.slot.is_no_image = true;
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for ImageSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ImageSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting_anything(formatter)
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Attributes { stamps, ttl } = self.attributes;
        let glance = self.slot.glance.insert(Glance::default());
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
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.no_image()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.no_image()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.no_image()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.no_image()
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.no_image()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        self.no_image()
    }
}
