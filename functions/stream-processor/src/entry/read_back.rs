//! Reading an entry back: the losing image as it was, from wherever its size put it.

use serde_dynamo::AttributeValue;

use super::fit;
use crate::record::Image;

/// An entry that cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// A part was not given, or has expired.
    #[error(
        "part {number} of {count} is missing: read all items whose ConflictId starts with the entry's and #part-"
    )]
    PartMissing {
        /// Which part, from 1.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// The compressed bytes are damaged.
    #[error("the compressed image is damaged: {0}")]
    Damaged(#[from] std::io::Error),
    /// The text is not DynamoDB JSON.
    #[error("the kept image is not DynamoDB JSON: {0}")]
    NotAnImage(#[from] serde_json::Error),
}

/// Where something that may be large is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// In the entry itself, as it is.
    Whole,
    /// In the entry itself, compressed.
    Compressed,
    /// Compressed, in so many parts.
    InParts(usize),
    /// Nowhere: the settings keep no images.
    Nowhere,
}

impl Kept {
    fn of(map: &Image, name: &str) -> Self {
        if map.contains_key(name) {
            return Kept::Whole;
        }
        match (
            map.get(&format!("{name}Gzip")),
            map.get(&format!("{name}Parts")),
        ) {
            (Some(AttributeValue::B(_)), _) => Kept::Compressed,
            (_, Some(AttributeValue::N(count))) => {
                count.parse().map_or(Kept::Nowhere, Kept::InParts)
            }
            _ => Kept::Nowhere,
        }
    }

    /// Where the losing image of an entry is kept.
    pub fn losing_image(entry: &Image) -> Self {
        match entry.get("Loser") {
            Some(AttributeValue::M(loser)) => Kept::of(loser, "Image"),
            _ => Kept::Nowhere,
        }
    }

    /// Where the text of a quarantined record is kept.
    pub fn quarantined_text(entry: &Image) -> Self {
        Kept::of(entry, "Record")
    }

    /// How many parts have to be read beside the entry.
    pub fn parts(self) -> usize {
        match self {
            Kept::InParts(count) => count,
            Kept::Whole | Kept::Compressed | Kept::Nowhere => 0,
        }
    }
}

/// The losing image of an entry; none where the settings kept no images.
///
/// `parts` are the entry's further items in the order of their numbers.
pub fn losing_image(entry: &Image, parts: &[Image]) -> Result<Option<Image>, ReadBackError> {
    let Some(AttributeValue::M(loser)) = entry.get("Loser") else {
        return Ok(None);
    };
    match loser.get("Image") {
        Some(AttributeValue::M(image)) => Ok(Some(image.clone())),
        _ => match kept_text(loser, "Image", parts)? {
            Some(text) => Ok(Some(serde_json::from_slice(&text)?)),
            None => Ok(None),
        },
    }
}

/// The raw text of a quarantined record.
pub fn quarantined_text(entry: &Image, parts: &[Image]) -> Result<Option<String>, ReadBackError> {
    match entry.get("Record") {
        Some(AttributeValue::S(text)) => Ok(Some(text.clone())),
        _ => Ok(kept_text(entry, "Record", parts)?
            .map(|text| String::from_utf8_lossy(&text).into_owned())),
    }
}

/// What was compressed under a name.
fn kept_text(map: &Image, name: &str, parts: &[Image]) -> Result<Option<Vec<u8>>, ReadBackError> {
    match Kept::of(map, name) {
        Kept::Whole | Kept::Nowhere => Ok(None),
        Kept::Compressed => match map.get(&format!("{name}Gzip")) {
            Some(AttributeValue::B(bytes)) => Ok(Some(fit::gunzip(bytes)?)),
            _ => Ok(None),
        },
        Kept::InParts(count) => {
            let mut compressed = Vec::new();
            for number in 1..=count {
                match parts.get(number - 1).and_then(|part| part.get("Part")) {
                    Some(AttributeValue::B(bytes)) => compressed.extend_from_slice(bytes),
                    _ => return Err(ReadBackError::PartMissing { number, count }),
                }
            }
            Ok(Some(fit::gunzip(&compressed)?))
        }
    }
}
