//! Images in full, for what goes to the ledger.

use std::collections::BTreeMap;

use conflict::values_equal;
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
    old.undecoded == new.undecoded && attributes_equal(&old.attributes, &new.attributes)
}

fn attributes_equal(old: &Image, new: &Image) -> bool {
    old.len() == new.len()
        && old.iter().all(|(name, value)| {
            new.get(name)
                .is_some_and(|other| values_equal(value, other))
        })
}
