//! An entry within DynamoDB's 400 KB an item: nothing of the losing image is ever cut.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_dynamo::AttributeValue;

use super::{json, size};
use crate::record::Image;

/// How many compressed bytes one part holds; the rest of the item is for its key.
const PART: usize = 380 * 1024;

/// Room for the name under which compressed bytes, or the number of their parts, stand in the entry.
const NOTE: usize = 64;

/// An entry as it is written: the parts first, then the entry itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// Further items that hold what did not fit, in order.
    pub parts: Vec<Image>,
    /// The entry.
    pub main: Image,
}

/// Fits an entry: the winner's attributes are left out, largest first; then the losing image is compressed; then it
/// is split over further items.
pub(super) fn entry(mut main: Image) -> Fitted {
    if size::of_item(&main) > size::MOST {
        leave_out_winner(&mut main);
    }
    if size::of_item(&main) <= size::MOST {
        return Fitted {
            parts: Vec::new(),
            main,
        };
    }
    let image = member(&mut main, "Loser").and_then(|loser| loser.remove("Image"));
    bound_lists(&mut main);
    let Some(AttributeValue::M(image)) = image else {
        return Fitted {
            parts: Vec::new(),
            main,
        };
    };
    let (parts, rest) = spill(&main, gzip(&json::image_text(&image)));
    if let Some(loser) = member(&mut main, "Loser") {
        rest.store(loser, "Image");
    }
    Fitted { parts, main }
}

/// Fits a quarantined record, whose text is `Record`.
pub(super) fn quarantine(mut main: Image, record: &str) -> Fitted {
    main.insert("Record".into(), AttributeValue::S(record.into()));
    if size::of_item(&main) <= size::MOST {
        return Fitted {
            parts: Vec::new(),
            main,
        };
    }
    main.remove("Record");
    let (parts, rest) = spill(&main, gzip(record.as_bytes()));
    rest.store(&mut main, "Record");
    Fitted { parts, main }
}

/// What the entry itself says of compressed bytes.
enum Rest {
    /// They fit into the entry.
    Here(Vec<u8>),
    /// They are in so many parts.
    InParts(usize),
}

impl Rest {
    fn store(self, map: &mut Image, name: &str) {
        match self {
            Rest::Here(bytes) => map.insert(format!("{name}Gzip"), AttributeValue::B(bytes)),
            Rest::InParts(count) => {
                map.insert(format!("{name}Parts"), AttributeValue::N(count.to_string()))
            }
        };
    }
}

/// Splits compressed bytes over parts, if they do not fit beside what `main` holds.
fn spill(main: &Image, compressed: Vec<u8>) -> (Vec<Image>, Rest) {
    if size::of_item(main) + NOTE + compressed.len() <= size::MOST {
        return (Vec::new(), Rest::Here(compressed));
    }
    let parts: Vec<Image> = compressed
        .chunks(PART)
        .enumerate()
        .map(|(at, chunk)| part(main, at + 1, chunk))
        .collect();
    let count = parts.len();
    (parts, Rest::InParts(count))
}

fn part(main: &Image, number: usize, chunk: &[u8]) -> Image {
    let mut part = Image::new();
    for name in ["ItemKey", "ExpiresAt"] {
        if let Some(value) = main.get(name) {
            part.insert(name.into(), value.clone());
        }
    }
    if let Some(AttributeValue::S(id)) = main.get("ConflictId") {
        part.insert("ConflictId".into(), AttributeValue::S(part_id(id, number)));
    }
    part.insert("Part".into(), AttributeValue::B(chunk.to_vec()));
    part
}

/// The `ConflictId` of a part, counted from 1.
pub fn part_id(conflict_id: &str, number: usize) -> String {
    format!("{conflict_id}#part-{number}")
}

/// Replaces the winner's attributes by a note of their size, largest first, until the entry fits.
fn leave_out_winner(main: &mut Image) {
    let mut excess = size::of_item(main).saturating_sub(size::MOST);
    let Some(AttributeValue::M(image)) =
        member(main, "Winner").and_then(|winner| winner.get_mut("Image"))
    else {
        return;
    };
    let mut by_size: Vec<(usize, &String)> = image
        .iter()
        .map(|(name, value)| (size::of_value(value), name))
        .collect();
    by_size.sort_by(|(a, a_name), (b, b_name)| b.cmp(a).then(a_name.cmp(b_name)));
    let largest: Vec<(usize, String)> = by_size
        .into_iter()
        .map(|(size, name)| (size, name.clone()))
        .collect();
    for (bytes, name) in largest {
        let note = omitted(bytes);
        let saved = bytes.saturating_sub(size::of_value(&note));
        if excess == 0 || saved == 0 {
            break;
        }
        image.insert(name, note);
        excess = excess.saturating_sub(saved);
    }
}

/// The last resort, for an item of very many small attributes: their names and notes alone would not fit.
///
/// The losing image stays whole. What is dropped here can be derived from it, or is the winner's, which is in the table.
fn bound_lists(main: &mut Image) {
    const MOST_NAMES: usize = 32 * 1024;
    if size::of_item(main) + NOTE <= size::MOST {
        return;
    }
    if let Some(winner) = member(main, "Winner")
        && let Some(image) = winner.get_mut("Image")
    {
        *image = omitted(size::of_value(image));
    }
    for name in ["DifferingAttributes", "WinnerOnlyAttributes"] {
        let Some(AttributeValue::L(names)) = main.get_mut(name) else {
            continue;
        };
        let mut kept = 0;
        let fits = names.iter().take_while(|name| {
            kept += 1 + size::of_value(name);
            kept <= MOST_NAMES
        });
        let (fits, all) = (fits.count(), names.len());
        if fits < all {
            names.truncate(fits);
            main.insert(
                format!("{name}Omitted"),
                AttributeValue::N((all - fits).to_string()),
            );
        }
    }
    for side in ["Loser", "Winner"] {
        if let Some(side) = member(main, side)
            && let Some(stamps) = side.get_mut("Stamps")
            && size::of_value(stamps) > MOST_NAMES
        {
            *stamps = omitted(size::of_value(stamps));
        }
    }
}

fn omitted(bytes: usize) -> AttributeValue {
    AttributeValue::M(Image::from([
        ("Omitted".into(), AttributeValue::Bool(true)),
        ("Bytes".into(), AttributeValue::N(bytes.to_string())),
    ]))
}

fn member<'a>(main: &'a mut Image, name: &str) -> Option<&'a mut Image> {
    match main.get_mut(name) {
        Some(AttributeValue::M(map)) => Some(map),
        _ => None,
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    // No time and no name in the header: the same bytes compress to the same bytes.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}

/// What was compressed, unless it is more than anything that this function ever compresses.
pub(super) fn gunzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    // A payload has 6 MB, and a record no more than its payload.
    const MOST: u64 = 32 * 1024 * 1024;
    let mut text = Vec::new();
    GzDecoder::new(bytes)
        .take(MOST + 1)
        .read_to_end(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::Error::other("it expands to more than 32 MB"));
    }
    Ok(text)
}
