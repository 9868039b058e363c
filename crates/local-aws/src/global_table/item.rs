//! Items as the replicator sees them: their keys, and whether two of them are the same.

use std::collections::BTreeMap;

pub use dynoxide::AttributeValue;
pub use dynoxide::types::Item;
use dynoxide::types::normalize_number_for_sort;
use serde::{Deserialize, Serialize};

/// The primary key of an item, with the table that it is in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct ItemKey {
    table: String,
    /// The key attributes in DynamoDB JSON, sorted by name, so that equal keys are equal texts.
    attributes: String,
}

impl ItemKey {
    /// The key of a table's item, from its key attributes alone.
    pub fn new(table: impl Into<String>, attributes: &Item) -> Self {
        let sorted: BTreeMap<_, _> = attributes.iter().collect();
        Self {
            table: table.into(),
            // Attribute values are JSON by their nature.
            attributes: serde_json::to_string(&sorted).unwrap_or_default(),
        }
    }

    /// The table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The key attributes, as DynamoDB takes them.
    pub fn attributes(&self) -> Item {
        serde_json::from_str(&self.attributes).unwrap_or_default()
    }
}

/// Whether two items are equal as DynamoDB compares values: numbers by value, sets without order.
///
/// A write that leaves an item equal to what it was gives no stream record: "If no changes are made, no stream record
/// is written" (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>).
pub(super) fn same_item(a: &Item, b: &Item) -> bool {
    a.len() == b.len()
        && a.iter()
            .all(|(name, value)| b.get(name).is_some_and(|other| same_value(value, other)))
}

fn same_value(a: &AttributeValue, b: &AttributeValue) -> bool {
    use AttributeValue as V;
    match (a, b) {
        (V::N(a), V::N(b)) => same_number(a, b),
        (V::NS(a), V::NS(b)) => same_members(a, b, |a, b| same_number(a, b)),
        (V::SS(a), V::SS(b)) => same_members(a, b, |a, b| a == b),
        (V::BS(a), V::BS(b)) => same_members(a, b, |a, b| a == b),
        (V::L(a), V::L(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b)),
        (V::M(a), V::M(b)) => same_item(a, b),
        (a, b) => a == b,
    }
}

fn same_number(a: &str, b: &str) -> bool {
    a == b || normalize_number_for_sort(a) == normalize_number_for_sort(b)
}

fn same_members<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().all(|x| b.iter().any(|y| same(x, y)))
}

/// The second at which an item expires, from its TTL attribute.
///
/// Only a number counts, and fractions are cut off, as the attribute is defined in whole seconds
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-how-to.html>).
pub(super) fn expiry(item: &Item, attribute: &str) -> Option<u64> {
    match item.get(attribute) {
        Some(AttributeValue::N(text)) => {
            let whole = text
                .split_once('.')
                .map_or(text.as_str(), |(whole, _)| whole);
            whole.parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(json: serde_json::Value) -> Item {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn numbers_are_the_same_by_value_and_sets_without_order() {
        let a = item(serde_json::json!({
            "n": {"N": "1"}, "s": {"SS": ["a", "b"]}, "m": {"M": {"x": {"L": [{"N": "10"}]}}}
        }));
        let b = item(serde_json::json!({
            "n": {"N": "1.0"}, "s": {"SS": ["b", "a"]}, "m": {"M": {"x": {"L": [{"N": "1E1"}]}}}
        }));
        assert!(same_item(&a, &b));
    }

    #[test]
    fn items_differ_by_a_type_a_missing_attribute_a_member_or_the_order_of_a_list() {
        let base = item(serde_json::json!({"a": {"N": "1"}, "l": {"L": [{"S": "x"}, {"S": "y"}]}}));
        for other in [
            serde_json::json!({"a": {"S": "1"}, "l": {"L": [{"S": "x"}, {"S": "y"}]}}),
            serde_json::json!({"a": {"N": "1"}}),
            serde_json::json!({"a": {"N": "1"}, "l": {"L": [{"S": "y"}, {"S": "x"}]}}),
            serde_json::json!({"a": {"N": "1"}, "b": {"L": [{"S": "x"}, {"S": "y"}]}}),
            serde_json::json!({"a": {"N": "2"}, "l": {"L": [{"S": "x"}, {"S": "y"}]}}),
        ] {
            assert!(!same_item(&base, &item(other.clone())), "{other}");
        }
        let set = item(serde_json::json!({"s": {"NS": ["1", "2"]}}));
        assert!(!same_item(
            &set,
            &item(serde_json::json!({"s": {"NS": ["1", "3"]}}))
        ));
    }

    #[test]
    fn only_a_number_is_an_expiry() {
        let expires = |json| expiry(&item(json), "ttl");
        assert_eq!(expires(serde_json::json!({"ttl": {"N": "17"}})), Some(17));
        assert_eq!(expires(serde_json::json!({"ttl": {"N": "17.9"}})), Some(17));
        assert_eq!(expires(serde_json::json!({"ttl": {"S": "17"}})), None);
        assert_eq!(expires(serde_json::json!({"ttl": {"N": "-1"}})), None);
        assert_eq!(expires(serde_json::json!({})), None);
    }
}
