//! Images: the stamps are read, every other attribute is stepped over.

use std::fmt;

use conflict::{Borrowed, integer};
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::{Attributes, BorrowedPart, ImageHeader};
use super::values::{IsTrue, Name, Number, Scalar, Seed, lenient};

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
        let Attributes {
            stamps,
            ttl,
            borrowed,
        } = self.attributes;
        self.slot.is_no_image = false;
        let header = self.slot.header.insert(ImageHeader::default());
        while let Some(name) = map.next_key_seed(Name)? {
            if ttl.as_deref() == Some(name.as_ref()) {
                let number = map.next_value_seed(Seed(Number))?;
                header.expires_at = number.as_deref().and_then(integer);
            } else if let Some((part, is_legacy)) = borrowed.part(&name) {
                header.is_legacy |= is_legacy;
                read_borrowed(&mut map, part, &mut header.borrowed)?;
            } else if let Some(attribute) = stamps.parse(name) {
                let number = map.next_value_seed(Seed(Number))?;
                let readable = header.stamps.read(attribute, number.as_deref());
                header.has_unreadable_stamp |= !readable;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if let Some(borrowed) = &mut header.borrowed {
            borrowed.deleted |= header.stamps.deleted;
        }
        Ok(())
    }

    lenient!(scalars str seq);
}

/// Reads a borrowed attribute. Few items have any, so there is room for them only where one is met.
fn read_borrowed<'de, A: MapAccess<'de>>(
    map: &mut A,
    part: Option<BorrowedPart>,
    borrowed: &mut Option<Box<Borrowed<'de>>>,
) -> Result<(), A::Error> {
    let Some(part) = part else {
        map.next_value::<IgnoredAny>()?;
        return Ok(());
    };
    let borrowed = borrowed.get_or_insert_default();
    match part {
        BorrowedPart::Version => borrowed.version = map.next_value_seed(Seed(Number))?,
        BorrowedPart::UpdatedAt => borrowed.updated_at = map.next_value_seed(Seed(Scalar))?,
        BorrowedPart::Origin => borrowed.origin = map.next_value_seed(Seed(Scalar))?,
        BorrowedPart::Deleted => borrowed.deleted = map.next_value_seed(Seed(IsTrue))?,
    }
    Ok(())
}
