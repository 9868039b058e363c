//! DynamoDB JSON with sorted names: the same value always gives the same text, so that a record delivered again
//! writes the same key and the same compressed bytes.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_dynamo::AttributeValue;

use crate::Image;

/// An item's key as the ledger's hash key: names sorted, no spaces.
pub(crate) fn key_text(key: &BTreeMap<String, AttributeValue>) -> String {
    serde_json::to_string(key).expect("attribute values are always valid JSON")
}

/// An image as text, names sorted at every level.
pub(crate) fn image_text(image: &Image) -> Vec<u8> {
    serde_json::to_vec(&Sorted(image)).expect("attribute values are always valid JSON")
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
        assert_eq!(String::from_utf8(image_text(&image)).unwrap(), sorted);
    }
}
