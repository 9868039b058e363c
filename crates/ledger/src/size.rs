//! How large DynamoDB counts an item to be.
//!
//! Source: Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats". Where the guide says "approximately"
//! (numbers), this takes the larger reading: an entry may be split a little early, never too late.

use serde_dynamo::AttributeValue;

use crate::Image;

/// The largest entry that is written: DynamoDB's 400 KB an item, less a margin for the index's own copy of keys.
pub(crate) const MAX_ITEM_BYTES: usize = 400 * 1024 - 2 * 1024;

/// An item: the sizes of its names and values.
pub(crate) fn of_item(item: &Image) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + of_value(value))
        .sum()
}

/// A value. Maps and lists cost 3 bytes, and 1 byte for each element.
pub(crate) fn of_value(value: &AttributeValue) -> usize {
    const CONTAINER: usize = 3;
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => of_number(number),
        AttributeValue::B(bytes) => bytes.len(),
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| of_number(number)).sum(),
        AttributeValue::Bs(binaries) => binaries.iter().map(Vec::len).sum(),
        AttributeValue::L(elements) => {
            CONTAINER
                + elements
                    .iter()
                    .map(|element| 1 + of_value(element))
                    .sum::<usize>()
        }
        AttributeValue::M(members) => CONTAINER + members.len() + of_item(members),
    }
}

/// One byte for two digits, one more, and one for a sign; at most 21.
fn of_number(number: &str) -> usize {
    (number.len().div_ceil(2) + 2).min(21)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_that_dynamodb_counts() {
        let sizes = [
            (r#"{"S": "äb"}"#, 3),
            (r#"{"N": "1"}"#, 3),
            (r#"{"N": "-12.5"}"#, 5),
            (r#"{"N": "12345678901234567890123456789012345678"}"#, 21),
            (r#"{"B": "AQID"}"#, 3),
            (r#"{"BOOL": true}"#, 1),
            (r#"{"NULL": true}"#, 1),
            (r#"{"SS": ["a", "bc"]}"#, 3),
            (r#"{"NS": ["1", "123"]}"#, 7),
            (r#"{"BS": ["AQID", "AQ=="]}"#, 4),
            (r#"{"L": []}"#, 3),
            (r#"{"L": [{"S": "ab"}, {"BOOL": true}]}"#, 8),
            (r#"{"M": {}}"#, 3),
            (r#"{"M": {"name": {"S": "ab"}, "x": {"NULL": true}}}"#, 13),
        ];
        for (json, size) in sizes {
            let value: AttributeValue = serde_json::from_str(json).unwrap();
            assert_eq!(of_value(&value), size, "{json}");
            assert_eq!(
                of_item(&Image::from([("four".to_owned(), value)])),
                4 + size
            );
        }
    }
}
