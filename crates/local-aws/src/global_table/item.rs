//! Items as the replicator sees them: their keys, and whether two of them are the same.

pub use dynoxide::AttributeValue;
pub use dynoxide::types::Item;
use dynoxide::types::normalize_number_for_sort;
use serde::{Deserialize, Serialize};

/// The table's partition key attribute, a string.
pub const PARTITION_KEY: &str = "PK";
/// The table's sort key attribute, a string.
pub const SORT_KEY: &str = "SK";

/// The primary key of an item.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ItemKey {
    /// The value of `PK`.
    pub pk: String,
    /// The value of `SK`.
    pub sk: String,
}

impl ItemKey {
    /// A key from its two values.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }

    /// The key of an item or of a key map; `None` where either part is missing or no string.
    pub fn from_item(item: &Item) -> Option<Self> {
        match (item.get(PARTITION_KEY), item.get(SORT_KEY)) {
            (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) => Some(Self::new(pk, sk)),
            _ => None,
        }
    }

    /// The key as DynamoDB takes it.
    pub fn to_attributes(&self) -> Item {
        Item::from([
            (PARTITION_KEY.to_owned(), AttributeValue::S(self.pk.clone())),
            (SORT_KEY.to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// Whether two items are equal as DynamoDB compares values: numbers by value, sets without order.
///
/// A write that leaves an item equal to what it was gives no stream record: "If no changes are made, no stream record
/// is written" (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>).
pub fn same_item(a: &Item, b: &Item) -> bool {
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
