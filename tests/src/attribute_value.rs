//! Comparing DynamoDB JSON as DynamoDB compares values: numbers by value, sets without order, binary by bytes.
//!
//! Written apart from the function's own comparison, so that one checks the other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Stands for any text, or any binary, in an expectation.
const ANY_TEXT: &str = "*";

/// Adds a line to `differences` for each place where two sets of attributes differ. `at` names where they stand.
pub fn compare_attributes(
    at: &str,
    expected: &Map<String, Value>,
    actual: &Map<String, Value>,
    differences: &mut Vec<String>,
) {
    for (name, value) in expected {
        match actual.get(name) {
            Some(found) => compare(&format!("{at}.{name}"), value, found, differences),
            None => differences.push(format!("{at}.{name}: missing, expected {value}")),
        }
    }
    for (name, value) in actual {
        if !expected.contains_key(name) {
            differences.push(format!("{at}.{name}: not expected, found {value}"));
        }
    }
}

/// The same for two values, such as `{"S": "x"}`. An expected `{"S": "*"}` stands for any text, and
/// `{"B": "*"}` for any binary.
pub fn compare(at: &str, expected: &Value, actual: &Value, differences: &mut Vec<String>) {
    let differ = || format!("{at}: expected {expected}, found {actual}");
    let (Some((expected_tag, inner)), Some((actual_tag, found))) =
        (tagged(expected), tagged(actual))
    else {
        differences.push(differ());
        return;
    };
    if expected_tag != actual_tag {
        differences.push(differ());
        return;
    }
    match (expected_tag, inner, found) {
        ("M", Value::Object(inner), Value::Object(found)) => {
            compare_attributes(at, inner, found, differences);
        }
        ("L", Value::Array(inner), Value::Array(found)) if inner.len() == found.len() => {
            for (index, (inner, found)) in inner.iter().zip(found).enumerate() {
                compare(&format!("{at}[{index}]"), inner, found, differences);
            }
        }
        ("S" | "B", Value::String(inner), Value::String(_)) if inner == ANY_TEXT => {}
        _ => {
            if canonical(expected_tag, inner) != canonical(actual_tag, found) {
                differences.push(differ());
            }
        }
    }
}

fn tagged(value: &Value) -> Option<(&str, &Value)> {
    match value {
        Value::Object(members) if members.len() == 1 => members
            .iter()
            .next()
            .map(|(tag, inner)| (tag.as_str(), inner)),
        _ => None,
    }
}

/// The same text for equal values.
fn canonical(tag: &str, value: &Value) -> String {
    match (tag, value) {
        ("N", Value::String(number)) => canonical_number(number),
        ("B", Value::String(text)) => canonical_binary(text),
        ("SS" | "NS" | "BS", Value::Array(elements)) => {
            let element_tag = &tag[..1];
            let mut elements: Vec<String> = elements
                .iter()
                .map(|element| canonical(element_tag, element))
                .collect();
            elements.sort();
            format!("{elements:?}")
        }
        _ => value.to_string(),
    }
}

fn canonical_binary(text: &str) -> String {
    match STANDARD.decode(text) {
        Ok(bytes) => format!("{bytes:02x?}"),
        Err(_) => format!("no base64: {text}"),
    }
}

/// Sign, digits without zeros at either end, and the power of ten of the last digit.
fn canonical_number(number: &str) -> String {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let Ok(exponent) = exponent.parse::<i64>() else {
        return format!("no number: {number}");
    };
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("no number: {number}");
    }
    let significant = all.trim_start_matches('0');
    if significant.is_empty() {
        return "0".to_owned();
    }
    let trimmed = significant.trim_end_matches('0');
    let power = exponent - fraction.len() as i64 + (significant.len() - trimmed.len()) as i64;
    format!("{}{trimmed}e{power}", if negative { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differences(expected: Value, actual: Value) -> Vec<String> {
        let mut differences = Vec::new();
        compare("value", &expected, &actual, &mut differences);
        differences
    }

    #[test]
    fn equal_values_in_other_words_are_equal() {
        for (expected, actual) in [
            (json!({"N": "1"}), json!({"N": "1.0"})),
            (json!({"N": "1E+20"}), json!({"N": "100000000000000000000"})),
            (json!({"N": "-0.050"}), json!({"N": "-5e-2"})),
            (json!({"N": "0"}), json!({"N": "-0.00"})),
            (json!({"NS": ["1", "20"]}), json!({"NS": ["2E1", "1.0"]})),
            (json!({"SS": ["a", "b"]}), json!({"SS": ["b", "a"]})),
            (json!({"S": "*"}), json!({"S": "anything"})),
            (json!({"B": "*"}), json!({"B": "AAAA"})),
            (
                json!({"M": {"a": {"L": [{"N": "1"}]}}}),
                json!({"M": {"a": {"L": [{"N": "1.0"}]}}}),
            ),
        ] {
            assert_eq!(differences(expected, actual), Vec::<String>::new());
        }
    }

    #[test]
    fn different_values_are_different() {
        for (expected, actual) in [
            (json!({"N": "1"}), json!({"N": "10"})),
            (json!({"N": "1"}), json!({"N": "-1"})),
            (json!({"N": "1"}), json!({"S": "1"})),
            (json!({"S": "a"}), json!({"S": "b"})),
            (json!({"S": "*"}), json!({"N": "1"})),
            (json!({"B": "AAAA"}), json!({"B": "AAAB"})),
            (json!({"SS": ["a"]}), json!({"SS": ["a", "b"]})),
            (json!({"L": [{"S": "a"}]}), json!({"L": []})),
            (
                json!({"L": [{"S": "a"}, {"S": "b"}]}),
                json!({"L": [{"S": "b"}, {"S": "a"}]}),
            ),
            (
                json!({"M": {"a": {"BOOL": true}}}),
                json!({"M": {"a": {"BOOL": false}}}),
            ),
            (json!({"M": {"a": {"S": ""}}}), json!({"M": {}})),
            (json!({"M": {}}), json!({"M": {"a": {"S": ""}}})),
        ] {
            let found = differences(expected.clone(), actual.clone());
            assert!(!found.is_empty(), "{expected} and {actual}");
        }
    }
}
