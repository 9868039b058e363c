//! Images: the stamps are read, every other attribute is stepped over.

use std::fmt;

use conflict::integer;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::{Attributes, ImageHeader};
use super::values::{Name, Number, Seed, lenient};

/// What stands where an image may stand.
#[derive(Default)]
pub(in crate::record) struct ImageSlot<'a> {
    /// What was read of an image.
    pub(in crate::record) header: Option<ImageHeader<'a>>,
    /// Something stands there that is neither an object nor null.
    pub(in crate::record) is_no_image: bool,
}

/// Reads the stamps out of an image and steps over every other attribute.
pub(super) struct ImageVisitor<'p, 'de> {
    attributes: &'p Attributes,
    slot: &'p mut ImageSlot<'de>,
}

impl<'p, 'de> ImageVisitor<'p, 'de> {
    /// Reads into a slot, in place of what was read into it before.
    pub(super) fn new(attributes: &'p Attributes, slot: &'p mut ImageSlot<'de>) -> Seed<Self> {
        *slot = ImageSlot {
            header: None,
            // Until an object or null shows up.
            is_no_image: true,
        };
        Seed(Self { attributes, slot })
    }
}

impl<'de> Visitor<'de> for ImageVisitor<'_, 'de> {
    type Value = ();

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.slot.is_no_image = false;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Attributes { stamps, ttl } = self.attributes;
        self.slot.is_no_image = false;
        let header = self.slot.header.insert(ImageHeader::default());
        while let Some(name) = map.next_key_seed(Name)? {
            if ttl.as_deref() == Some(name.as_ref()) {
                let number = map.next_value_seed(Seed(Number))?;
                header.expires_at = number.as_deref().and_then(integer);
            } else if let Some(attribute) = stamps.parse(name) {
                let number = map.next_value_seed(Seed(Number))?;
                let readable = header.stamps.read(attribute, number.as_deref());
                header.has_unreadable_stamp |= !readable;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    lenient!(scalars str seq);
}
