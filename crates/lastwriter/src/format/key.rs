//! An item's key for people: `PK=USER#1 SK=PROFILE`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_dynamo::AttributeValue;

use super::attribute_value;

/// A key by its attributes.
pub(crate) fn key(key: &BTreeMap<String, AttributeValue>) -> String {
    let part = |(name, value): (&String, &AttributeValue)| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => format!("{name}={text}"),
        AttributeValue::B(bytes) => format!("{name}={}", STANDARD.encode(bytes)),
        other => format!("{name}={}", attribute_value(other)),
    };
    key.iter().map(part).collect::<Vec<_>>().join(" ")
}

/// A key in DynamoDB JSON; what is none stays as it is.
pub(crate) fn item_key(json: &str) -> String {
    serde_json::from_str(json).map_or_else(|_| json.to_owned(), |parts| key(&parts))
}

#[cfg(test)]
mod tests {
    use super::item_key;

    #[test]
    fn a_key_is_shown_by_its_attributes_and_anything_else_as_it_is() {
        let json = r#"{"PK":{"S":"USER#1"},"SK":{"N":"7"},"b":{"B":"AQI="}}"#;
        assert_eq!(item_key(json), "PK=USER#1 SK=7 b=AQI=");
        assert_eq!(item_key("x"), "x");
    }
}
