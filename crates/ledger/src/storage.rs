//! What may be large, the losing image or the text of a quarantined record: how it is kept and read back.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_dynamo::AttributeValue;
use strum::IntoStaticStr;

use crate::entry::EntryError;
use crate::schema::{EXPIRES_AT, IMAGE, LOSER, PART, RECORD};
use crate::{EntryKey, Image, size};

/// How many compressed bytes one part holds; the rest of the item is for its key.
const MAX_PART_BYTES: usize = 380 * 1024;

/// Room for the name under which compressed bytes, or the number of their parts, stand in the entry.
pub(crate) const NOTE_BYTES: usize = 64;

/// How the losing image, or the text of a quarantined record, is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum StorageForm {
    /// In the entry itself, as it is.
    Whole,
    /// In the entry itself, compressed.
    Compressed,
    /// Compressed, in so many further items.
    InParts(usize),
    /// Nowhere: the settings keep no images.
    Nowhere,
}

impl StorageForm {
    /// How an item of the ledger keeps what may be large.
    pub fn from_item(item: &Image) -> Self {
        match item.get(LOSER) {
            Some(AttributeValue::M(loser)) => Self::in_map(loser, IMAGE),
            _ => Self::in_map(item, RECORD),
        }
    }

    fn in_map(map: &Image, name: &str) -> Self {
        if map.contains_key(name) {
            return StorageForm::Whole;
        }
        match (map.get(&gzip_name(name)), map.get(&parts_name(name))) {
            (Some(AttributeValue::B(_)), _) => StorageForm::Compressed,
            (_, Some(AttributeValue::N(count))) => count
                .parse()
                .map_or(StorageForm::Nowhere, StorageForm::InParts),
            _ => StorageForm::Nowhere,
        }
    }

    /// How many further items have to be read beside the entry.
    pub fn parts(self) -> usize {
        match self {
            StorageForm::InParts(count) => count,
            StorageForm::Whole | StorageForm::Compressed | StorageForm::Nowhere => 0,
        }
    }

    /// The name in what the tool prints.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Compresses a text that belongs under `name` and splits it over parts, if it does not fit beside what `main` holds.
/// Gives the parts, and what stands in the entry.
pub(crate) fn compress(
    main: &Image,
    name: &str,
    text: &[u8],
) -> (Vec<Image>, (String, AttributeValue)) {
    let compressed = gzip(text);
    if size::of_item(main) + NOTE_BYTES + compressed.len() <= size::MAX_ITEM_BYTES {
        return (Vec::new(), (gzip_name(name), AttributeValue::B(compressed)));
    }
    let chunks = compressed.chunks(MAX_PART_BYTES);
    let parts: Vec<Image> = (1..)
        .zip(chunks)
        .map(|(number, chunk)| part(main, number, chunk))
        .collect();
    let count = AttributeValue::N(parts.len().to_string());
    (parts, (parts_name(name), count))
}

fn part(main: &Image, number: usize, chunk: &[u8]) -> Image {
    let key = EntryKey::from_item(main).map(|key| key.part(number).to_item());
    let mut part = key.unwrap_or_default();
    part.extend(
        main.get(EXPIRES_AT)
            .map(|value| (EXPIRES_AT.to_owned(), value.clone())),
    );
    part.insert(PART.to_owned(), AttributeValue::B(chunk.to_vec()));
    part
}

/// What was compressed under `name`, if anything was.
pub(crate) fn decompress(
    map: &Image,
    name: &str,
    parts: &[Image],
) -> Result<Option<Vec<u8>>, EntryError> {
    let compressed = match (StorageForm::in_map(map, name), map.get(&gzip_name(name))) {
        (StorageForm::Compressed, Some(AttributeValue::B(bytes))) => bytes.clone(),
        (StorageForm::InParts(count), _) => joined(count, parts)?,
        _ => return Ok(None),
    };
    gunzip(&compressed).map(Some).map_err(EntryError::Damaged)
}

fn joined(count: usize, parts: &[Image]) -> Result<Vec<u8>, EntryError> {
    let mut compressed = Vec::new();
    for number in 1..=count {
        match parts.get(number - 1).and_then(|part| part.get(PART)) {
            Some(AttributeValue::B(bytes)) => compressed.extend_from_slice(bytes),
            _ => return Err(EntryError::PartMissing { number, count }),
        }
    }
    Ok(compressed)
}

fn gzip_name(name: &str) -> String {
    format!("{name}Gzip")
}

fn parts_name(name: &str) -> String {
    format!("{name}Parts")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    // No time and no name in the header: the same bytes compress to the same bytes.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}

/// What was compressed, unless it is more than anything that is ever compressed.
fn gunzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    // A payload has 6 MB, and a record no more than its payload.
    const MAX_BYTES: u64 = 32 * 1024 * 1024;
    let mut text = Vec::new();
    GzDecoder::new(bytes)
        .take(MAX_BYTES + 1)
        .read_to_end(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("it expands to more than 32 MB"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expands_to_more_than_32_mb_is_refused() {
        let most = 32 * 1024 * 1024;
        assert_eq!(gunzip(&gzip(&vec![0; most])).unwrap().len(), most);
        let error = gunzip(&gzip(&vec![0; most + 1])).unwrap_err();
        assert_eq!(error.to_string(), "it expands to more than 32 MB");
    }
}
