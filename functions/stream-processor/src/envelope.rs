//! The envelope: a payload split into raw records, borrowed, nothing copied.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A payload that is no stream event: the invocation is a function error.
#[derive(Debug, thiserror::Error)]
#[error(
    "the payload is no DynamoDB stream event: {problem}; expected {{\"Records\": [...]}}. Check what invokes this function"
)]
pub struct NotAnEvent {
    problem: String,
    /// Where reading stopped, counted from 1.
    pub line: usize,
    /// Where reading stopped, counted from 1.
    pub column: usize,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<&'a RawValue>,
}

/// Splits a payload into its records, each still raw JSON text.
///
/// Anything may be in a record: each is read on its own, so that one bad record never fails the others.
pub fn split(payload: &[u8]) -> Result<Vec<&RawValue>, NotAnEvent> {
    match serde_json::from_slice::<Envelope<'_>>(payload) {
        Ok(envelope) => Ok(envelope.records),
        Err(error) => Err(NotAnEvent {
            problem: describe(&error),
            line: error.line(),
            column: error.column(),
        }),
    }
}

/// What is wrong, without the payload's own text: serde quotes values that it did not expect.
fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "it is JSON, but has no list of Records",
        serde_json::error::Category::Eof => "its JSON ends too early",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is no JSON",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_split_whatever_they_hold() {
        let payload =
            br#" {"extra": {"deep": []}, "Records": [ {"a":1}, 5, null, "x" ], "more": 1} "#;
        let records: Vec<&str> = split(payload)
            .unwrap()
            .into_iter()
            .map(RawValue::get)
            .collect();
        assert_eq!(records, [r#"{"a":1}"#, "5", "null", r#""x""#]);
    }

    #[test]
    fn an_empty_list_is_an_event() {
        assert!(split(br#"{"Records":[]}"#).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_event_is_refused_with_its_position_and_without_its_text() {
        for (payload, part) in [
            (&b"{}"[..], "no list of Records"),
            (b"[]", "no list of Records"),
            (br#"{"Records": "secret"}"#, "no list of Records"),
            (br#"{"Records": null}"#, "no list of Records"),
            (br#"{"Records": [1,"#, "ends too early"),
            (b"secret", "no JSON"),
            (b"", "ends too early"),
            (b"{\"Records\": [\"\xff\"]}", "no JSON"),
        ] {
            let message = split(payload).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
            assert!(message.contains("column"), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = format!(
            r#"{{"Records":[{}{}]}}"#,
            "[".repeat(1_000_000),
            "]".repeat(1_000_000)
        );
        assert_eq!(split(deep.as_bytes()).unwrap().len(), 1);
    }
}
