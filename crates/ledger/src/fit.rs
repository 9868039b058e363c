//! An entry as DynamoDB takes it, within 400 KB and 32 levels: nothing of the losing image is ever cut.

use serde_dynamo::AttributeValue;
use strum::{IntoStaticStr, VariantArray};

use crate::entry::Undecoded;
use crate::schema::{IMAGE, IMAGES_REFUSED, KEY, LOSER, RECORD, UNDECODED_ATTRIBUTES, WINNER};
use crate::storage::{self, NOTE_BYTES};
use crate::{Image, json, nesting, size};

/// An entry as it is written: the parts first, then the entry itself.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEntry {
    /// Further items that hold what did not fit, in order.
    pub parts: Vec<Image>,
    /// The entry.
    pub main: Image,
}

/// How much of an entry is written. DynamoDB may refuse a form for what is in it: then the next one follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum EntryForm {
    /// All of it, as far as it fits.
    Full,
    /// The losing image, or a quarantined record, compressed: DynamoDB does not look inside. The winner's attributes are
    /// left out.
    Compressed,
    /// What the function itself says of the record: no image, no record, no key, no attribute's name.
    WithoutImages,
}

impl EntryForm {
    /// Every form, the smallest last.
    pub const ALL: &[EntryForm] = EntryForm::VARIANTS;

    /// The form to write when DynamoDB refused this one; none after the last.
    pub fn smaller(self) -> Option<EntryForm> {
        match self {
            EntryForm::Full => Some(EntryForm::Compressed),
            EntryForm::Compressed => Some(EntryForm::WithoutImages),
            EntryForm::WithoutImages => None,
        }
    }
}

/// Fits an entry: the winner's attributes are left out, largest first; then the losing image, or the text of a
/// quarantined record, is compressed; then it is split over further items. What nests too deep for an entry, and what
/// cannot be decoded, takes the same way whatever its size.
///
/// `undecoded` is the text of the loser's attributes that cannot be decoded, by name.
pub(crate) fn fit(mut main: Image, undecoded: &Undecoded, form: EntryForm) -> StoredEntry {
    match form {
        EntryForm::Full => {
            leave_out_of_winner(&mut main, nesting::is_too_deep);
            leave_out_winner(&mut main);
        }
        EntryForm::Compressed => leave_out_of_winner(&mut main, |_| true),
        EntryForm::WithoutImages => leave_out_images(&mut main),
    }
    let loser = member(&mut main, LOSER).and_then(|loser| member(loser, IMAGE));
    let is_deep = loser.is_some_and(|image| image.values().any(nesting::is_too_deep));
    let is_large = size::of_item(&main) > size::MAX_ITEM_BYTES;
    let mut parts = Vec::new();
    if form == EntryForm::Compressed || is_deep || is_large || !undecoded.is_empty() {
        let image = member(&mut main, LOSER).and_then(|loser| loser.remove(IMAGE));
        let record = main.remove(RECORD);
        bound_lists(&mut main);
        if let Some(AttributeValue::M(image)) = image {
            let text = json::image_text(&image, undecoded);
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

/// Leaves out all that came with the record and that DynamoDB may refuse, and says so.
fn leave_out_images(main: &mut Image) {
    for name in [RECORD, KEY, "DifferingAttributes", "WinnerOnlyAttributes"] {
        main.remove(name);
    }
    for name in OF_THE_LOST_WRITES {
        main.remove(name);
    }
    for side in [LOSER, WINNER] {
        if let Some(side) = member(main, side) {
            side.remove(IMAGE);
            side.remove(UNDECODED_ATTRIBUTES);
        }
    }
    main.insert(IMAGES_REFUSED.to_owned(), AttributeValue::Bool(true));
}

/// What an entry says of the lost writes themselves. It holds attributes' names, and a few numbers.
const OF_THE_LOST_WRITES: [&str; 4] = [
    "ChangedAttributes",
    "ChangedAttributesComplete",
    "ChangedByBoth",
    "AncestorNumbers",
];

/// Replaces those of the winner's attributes that are to be left out by a note of their size.
fn leave_out_of_winner(main: &mut Image, is_left_out: impl Fn(&AttributeValue) -> bool) {
    let image = member(main, WINNER).and_then(|winner| member(winner, IMAGE));
    for value in image.into_iter().flat_map(Image::values_mut) {
        if is_left_out(value) {
            *value = omission(size::of_value(value));
        }
    }
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
    for name in OF_THE_LOST_WRITES {
        main.remove(name);
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
pub(crate) fn omission(bytes: usize) -> AttributeValue {
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

#[cfg(test)]
mod tests;
