//! An attribute's value for people: shorter than DynamoDB JSON, and no type is lost.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_dynamo::AttributeValue;

/// Writes a value: texts quoted, numbers bare, binary as `b64"..."`, sets as `{1, 2}`, maps as `{name: value}`.
pub(crate) fn attribute_value(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(text) => quoted(text),
        AttributeValue::N(number) => number.clone(),
        AttributeValue::Bool(value) => value.to_string(),
        AttributeValue::Null(_) => "null".to_owned(),
        AttributeValue::B(bytes) => binary(bytes),
        AttributeValue::L(elements) => {
            let elements: Vec<String> = elements.iter().map(attribute_value).collect();
            format!("[{}]", elements.join(", "))
        }
        AttributeValue::M(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let member = |(name, value): (&String, &AttributeValue)| {
                format!("{}: {}", quoted(name), attribute_value(value))
            };
            let members: Vec<String> = members.into_iter().map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
        AttributeValue::Ss(texts) => set(texts.iter().map(|text| quoted(text))),
        AttributeValue::Ns(numbers) => set(numbers.iter().cloned()),
        AttributeValue::Bs(all) => set(all.iter().map(|bytes| binary(bytes))),
    }
}

/// JSON's quoting, which escapes line breaks too: a value stays on its line.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn binary(bytes: &[u8]) -> String {
    format!("b64\"{}\"", STANDARD.encode(bytes))
}

/// Sets have no order, so both sides of a conflict are shown in the same one.
fn set(elements: impl Iterator<Item = String>) -> String {
    let mut elements: Vec<String> = elements.collect();
    elements.sort();
    format!("{{{}}}", elements.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_can_be_told_from_the_others() {
        let json = r#"{
            "L": [
                {"S": "1\n\"x\""}, {"N": "1"}, {"BOOL": true}, {"NULL": true}, {"B": "AQI="},
                {"SS": ["b", "a"]}, {"NS": ["2", "1"]}, {"BS": ["Ag==", "AQ=="]},
                {"M": {"z": {"N": "1"}, "a": {"L": []}}}
            ]
        }"#;
        let value: AttributeValue = serde_json::from_str(json).unwrap();
        insta::assert_snapshot!(attribute_value(&value), @r#"["1\n\"x\"", 1, true, null, b64"AQI=", {"a", "b"}, {1, 2}, {b64"AQ==", b64"Ag=="}, {"a": [], "z": 1}]"#);
    }
}
