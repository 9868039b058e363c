//! Images in full, for what goes to the ledger.

use std::collections::BTreeMap;

use conflict::{LEGACY_PREFIX, LEGACY_REGION, values_equal};
use ledger::Image;
use serde_json::value::RawValue;

use super::super::{DecodedImage, DecodedRecord, RecordPosition};

/// What is decoded of a record.
#[derive(serde::Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    dynamodb: StreamRecord<'a>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamRecord<'a> {
    keys: BTreeMap<String, serde_dynamo::AttributeValue>,
    #[serde(borrow, default)]
    old_image: Option<&'a RawValue>,
    #[serde(borrow, default)]
    new_image: Option<&'a RawValue>,
}

/// Decodes the key and the images in full.
pub(in crate::record) fn decoded(raw: &RawValue) -> serde_json::Result<DecodedRecord> {
    let Record { dynamodb } = serde_json::from_str(raw.get())?;
    Ok(DecodedRecord {
        key: dynamodb.keys,
        old: image(dynamodb.old_image)?,
        new: image(dynamodb.new_image)?,
    })
}

/// Where a record stands.
#[derive(serde::Deserialize)]
struct Position {
    #[serde(rename = "eventSourceARN")]
    stream_arn: String,
    dynamodb: StreamPosition,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamPosition {
    keys: BTreeMap<String, serde_dynamo::AttributeValue>,
    sequence_number: String,
}

/// Decodes what says where a record stands.
pub(in crate::record) fn position(raw: &RawValue) -> serde_json::Result<RecordPosition> {
    let Position {
        stream_arn,
        dynamodb,
    } = serde_json::from_str(raw.get())?;
    Ok(RecordPosition {
        key: dynamodb.keys,
        stream_arn,
        sequence_number: dynamodb.sequence_number,
    })
}

/// Decodes an image. Most can be decoded at once; else each attribute is tried by itself.
fn image(raw: Option<&RawValue>) -> serde_json::Result<DecodedImage> {
    let Some(raw) = raw else {
        return Ok(DecodedImage::default());
    };
    if let Ok(attributes) = serde_json::from_str(raw.get()) {
        return Ok(DecodedImage {
            attributes,
            undecoded: BTreeMap::new(),
        });
    }
    let mut image = DecodedImage::default();
    let texts: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get())?;
    for (name, text) in texts {
        match serde_json::from_str(text.get()) {
            Ok(value) => drop(image.attributes.insert(name, value)),
            Err(_) => drop(image.undecoded.insert(name, text.get().to_owned())),
        }
    }
    Ok(image)
}

/// Whether two images hold the same attributes with the same values. What cannot be decoded is equal by its text alone.
pub(in crate::record) fn images_equal(old: &RawValue, new: &RawValue) -> bool {
    let (Ok(old), Ok(new)) = (image(Some(old)), image(Some(new))) else {
        return false;
    };
    are_equal(&old, &new)
}

/// The same, but for what DynamoDB itself notes in tables of version 2017.11.29, which says that the write is of this Region.
pub(in crate::record) fn images_equal_but_for_legacy(
    old: &RawValue,
    new: &RawValue,
    region: &str,
) -> bool {
    let (Ok(mut old), Ok(mut new)) = (image(Some(old)), image(Some(new))) else {
        return false;
    };
    let is_of_region = match new.attributes.get(LEGACY_REGION) {
        Some(serde_dynamo::AttributeValue::S(name)) => name == region,
        _ => false,
    };
    for image in [&mut old, &mut new] {
        let is_own = |name: &String| !name.starts_with(LEGACY_PREFIX);
        image.attributes.retain(|name, _| is_own(name));
        image.undecoded.retain(|name, _| is_own(name));
    }
    is_of_region && are_equal(&old, &new)
}

fn are_equal(old: &DecodedImage, new: &DecodedImage) -> bool {
    old.undecoded == new.undecoded && attributes_equal(&old.attributes, &new.attributes)
}

fn attributes_equal(old: &Image, new: &Image) -> bool {
    old.len() == new.len()
        && old.iter().all(|(name, value)| {
            new.get(name)
                .is_some_and(|other| values_equal(value, other))
        })
}
