//! DynamoDB JSON with sorted names: the same value always gives the same text, so that a record delivered again
//! writes the same key and the same compressed bytes.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_dynamo::AttributeValue;
use serde_json::value::RawValue;

use crate::Image;
use crate::entry::Undecoded;

/// An item's key as the ledger's hash key: names sorted, no spaces.
pub(crate) fn key_text(key: &BTreeMap<String, AttributeValue>) -> String {
    serde_json::to_string(key).expect("attribute values are always valid JSON")
}

/// An image as text, names sorted at every level, with the text of those attributes that cannot be decoded.
pub(crate) fn image_text(image: &Image, undecoded: &Undecoded) -> Vec<u8> {
    let decoded = image
        .iter()
        .map(|(name, value)| (name, AttributeText::Decoded(SortedValue(value))));
    // What is no JSON cannot have come from a record: it is kept as text.
    let undecoded = undecoded.iter().filter_map(|(name, text)| {
        let text = text.as_ref()?;
        let value = match serde_json::from_str(text) {
            Ok(raw) => AttributeText::Raw(raw),
            Err(_) => AttributeText::Text(text),
        };
        Some((name, value))
    });
    let by_name: BTreeMap<_, _> = decoded.chain(undecoded).collect();
    serde_json::to_vec(&by_name).expect("attribute values are always valid JSON")
}

/// Reads such a text back: what can be decoded, and the text of what cannot.
pub(crate) fn read_image(text: &[u8]) -> serde_json::Result<(Image, Undecoded)> {
    let attributes: BTreeMap<String, &RawValue> = serde_json::from_slice(text)?;
    let mut image = Image::new();
    let mut undecoded = Undecoded::new();
    for (name, raw) in attributes {
        match serde_json::from_str(raw.get()) {
            Ok(value) => drop(image.insert(name, value)),
            Err(_) => drop(undecoded.insert(name, Some(raw.get().to_owned()))),
        }
    }
    Ok((image, undecoded))
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum AttributeText<'a> {
    Decoded(SortedValue<'a>),
    Raw(&'a RawValue),
    Text(&'a str),
}

struct Sorted<'a>(&'a Image);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let by_name: BTreeMap<_, _> = self.0.iter().collect();
        let mut map = serializer.serialize_map(Some(by_name.len()))?;
        for (name, value) in by_name {
            map.serialize_entry(name, &SortedValue(value))?;
        }
        map.end()
    }
}

struct SortedValue<'a>(&'a AttributeValue);

impl Serialize for SortedValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            AttributeValue::M(members) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("M", &Sorted(members))?;
                map.end()
            }
            AttributeValue::L(elements) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("L", &SortedList(elements))?;
                map.end()
            }
            scalar_or_set => scalar_or_set.serialize(serializer),
        }
    }
}

struct SortedList<'a>(&'a [AttributeValue]);

impl Serialize for SortedList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for element in self.0 {
            list.serialize_element(&SortedValue(element))?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_at_every_level() {
        let text = r#"{"b":{"L":[{"M":{"z":{"S":"1"},"a":{"NULL":true}}}]},"a":{"SS":["y","x"]}}"#;
        let image: Image = serde_json::from_str(text).unwrap();
        let sorted =
            r#"{"a":{"SS":["y","x"]},"b":{"L":[{"M":{"a":{"NULL":true},"z":{"S":"1"}}}]}}"#;
        let text = image_text(&image, &Undecoded::new());
        assert_eq!(String::from_utf8(text).unwrap(), sorted);
    }

    #[test]
    fn what_cannot_be_decoded_stands_among_the_rest_as_it_came() {
        let image: Image = serde_json::from_str(r#"{"b":{"S":"x"}}"#).unwrap();
        let undecoded = Undecoded::from([("a".to_owned(), Some(r#"{"VEC": [1.50]}"#.to_owned()))]);
        let text = image_text(&image, &undecoded);
        let expected = r#"{"a":{"VEC": [1.50]},"b":{"S":"x"}}"#;
        assert_eq!(std::str::from_utf8(&text).unwrap(), expected);
        assert_eq!(read_image(&text).unwrap(), (image, undecoded));
    }
}
