//! An entry within DynamoDB's 400 KB an item: nothing of the losing image is ever cut.

use serde_dynamo::AttributeValue;

use crate::schema::{IMAGE, LOSER, RECORD, WINNER};
use crate::storage::{self, NOTE_BYTES};
use crate::{Image, json, size};

/// An entry as it is written: the parts first, then the entry itself.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEntry {
    /// Further items that hold what did not fit, in order.
    pub parts: Vec<Image>,
    /// The entry.
    pub main: Image,
}

/// Fits an entry: the winner's attributes are left out, largest first; then the losing image, or the text of a
/// quarantined record, is compressed; then it is split over further items.
pub(crate) fn fit(mut main: Image) -> StoredEntry {
    if size::of_item(&main) > size::MAX_ITEM_BYTES {
        leave_out_winner(&mut main);
    }
    let mut parts = Vec::new();
    if size::of_item(&main) > size::MAX_ITEM_BYTES {
        let image = member(&mut main, LOSER).and_then(|loser| loser.remove(IMAGE));
        let record = main.remove(RECORD);
        bound_lists(&mut main);
        if let Some(AttributeValue::M(image)) = image {
            let text = json::image_text(&image);
            let (further, (name, value)) = storage::compress(&main, IMAGE, &text);
            parts = further;
            member(&mut main, LOSER).and_then(|loser| loser.insert(name, value));
        } else if let Some(AttributeValue::S(text)) = record {
            let (further, (name, value)) = storage::compress(&main, RECORD, text.as_bytes());
            parts = further;
            main.insert(name, value);
        }
    }
    StoredEntry { parts, main }
}

/// Replaces the winner's attributes by a note of their size, largest first, until the entry fits.
fn leave_out_winner(main: &mut Image) {
    let mut excess = size::of_item(main).saturating_sub(size::MAX_ITEM_BYTES);
    let Some(image) = member(main, WINNER).and_then(|winner| member(winner, IMAGE)) else {
        return;
    };
    let sizes = image
        .iter()
        .map(|(name, value)| (size::of_value(value), name.clone()));
    let mut largest_first: Vec<(usize, String)> = sizes.collect();
    largest_first.sort_by(|(a, a_name), (b, b_name)| b.cmp(a).then(a_name.cmp(b_name)));
    for (bytes, name) in largest_first {
        let note = omission(bytes);
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
    const MAX_LIST_BYTES: usize = 32 * 1024;
    if size::of_item(main) + NOTE_BYTES <= size::MAX_ITEM_BYTES {
        return;
    }
    if let Some(image) = member(main, WINNER).and_then(|winner| winner.get_mut(IMAGE)) {
        *image = omission(size::of_value(image));
    }
    for name in ["DifferingAttributes", "WinnerOnlyAttributes"] {
        let Some(AttributeValue::L(names)) = main.get_mut(name) else {
            continue;
        };
        let mut bytes = 0;
        let fits = names.iter().take_while(|name| {
            bytes += 1 + size::of_value(name);
            bytes <= MAX_LIST_BYTES
        });
        let (fits, all) = (fits.count(), names.len());
        if fits < all {
            names.truncate(fits);
            let omitted = AttributeValue::N((all - fits).to_string());
            main.insert(format!("{name}Omitted"), omitted);
        }
    }
}

/// What stands for a value of so many bytes that was left out.
fn omission(bytes: usize) -> AttributeValue {
    AttributeValue::M(Image::from([
        ("Omitted".into(), AttributeValue::Bool(true)),
        ("Bytes".into(), AttributeValue::N(bytes.to_string())),
    ]))
}

/// The size of an attribute of the winner that was left out for want of room.
pub fn omitted_bytes(value: &AttributeValue) -> Option<u64> {
    match value {
        AttributeValue::M(note) => omitted_image_bytes(note),
        _ => None,
    }
}

/// The size of the winner's image where all of it was left out.
pub fn omitted_image_bytes(image: &Image) -> Option<u64> {
    match (image.len(), image.get("Omitted"), image.get("Bytes")) {
        (2, Some(AttributeValue::Bool(true)), Some(AttributeValue::N(bytes))) => bytes.parse().ok(),
        _ => None,
    }
}

fn member<'a>(map: &'a mut Image, name: &str) -> Option<&'a mut Image> {
    match map.get_mut(name) {
        Some(AttributeValue::M(member)) => Some(member),
        _ => None,
    }
}
