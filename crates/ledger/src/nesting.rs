//! How deep DynamoDB lets an item nest.
//!
//! Source: Amazon DynamoDB Developer Guide, "Quotas in Amazon DynamoDB": attributes nest up to 32 levels deep, the
//! innermost value being one of them.

use serde_dynamo::AttributeValue;

/// How many levels an attribute of an image may have inside an entry: 32, less the side and its image around it.
const MAX_IMAGE_LEVELS: usize = 32 - 2;

/// Whether an attribute of an image nests too deep to stand in an entry as it stood in its table.
pub(crate) fn is_too_deep(value: &AttributeValue) -> bool {
    exceeds(value, MAX_IMAGE_LEVELS)
}

/// Whether a value has more than so many levels.
fn exceeds(value: &AttributeValue, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return true;
    };
    match value {
        AttributeValue::L(elements) => elements.iter().any(|element| exceeds(element, below)),
        AttributeValue::M(members) => members.values().any(|member| exceeds(member, below)),
        AttributeValue::S(_)
        | AttributeValue::N(_)
        | AttributeValue::B(_)
        | AttributeValue::Bool(_)
        | AttributeValue::Null(_)
        | AttributeValue::Ss(_)
        | AttributeValue::Ns(_)
        | AttributeValue::Bs(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    #[test]
    fn levels_are_counted_with_the_innermost_value() {
        let list = |value| AttributeValue::L(vec![value]);
        let map = |value| AttributeValue::M(Image::from([("a".to_owned(), value)]));
        let mut value = AttributeValue::Bool(true);
        for level in 1..=40 {
            assert_eq!(is_too_deep(&value), level > 30, "{level}");
            value = if level % 2 == 0 {
                list(value)
            } else {
                map(value)
            };
        }
        assert!(!exceeds(&AttributeValue::L(Vec::new()), 1));
        assert!(exceeds(&list(AttributeValue::Bool(true)), 1));
    }
}
