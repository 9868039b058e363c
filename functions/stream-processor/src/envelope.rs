//! The envelope: a payload's records, borrowed, nothing copied.
//!
//! Each payload is read once, record by record ([`read`]). The raw text of a record that has something for the ledger is
//! found by its [`RecordLocation`]. Where one of the two fails, the payload is split into the text of its records ([`split`]),
//! and it is for that to say what is no event.

use serde_json::value::RawValue;

use crate::foreign_event::ForeignEvent;
use crate::record::{Attributes, Record, RejectedRecord, read_records, split_records};

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

#[cfg(test)]
impl RecordPlace {
    /// Any place, for tests.
    pub(crate) fn of(at: usize) -> Self {
        Self(u32::try_from(at).unwrap())
    }
}

/// Where in a payload a record stands.
#[derive(Debug, Clone, Copy)]
pub struct RecordLocation<'a> {
    payload: &'a str,
    /// The name of the record's first member, within the payload.
    first_name: Option<&'a str>,
}

/// The same without the payload: where in it the name of the record's first member begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordPlace(u32);

impl<'a> RecordLocation<'a> {
    /// The record at a place that [`place`](Self::place) gave for this payload.
    pub(crate) fn at(payload: &'a str, RecordPlace(at): RecordPlace) -> Self {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        Self {
            payload,
            first_name: payload.get(at..),
        }
    }

    /// Where the record stands, to be kept beside its payload; none where [`raw`](Self::raw) is none for certain.
    pub(crate) fn place(self) -> Option<RecordPlace> {
        let name = self.first_name?.as_ptr() as usize;
        let at = name.checked_sub(self.payload.as_ptr() as usize)?;
        // A name that is written with an escape is no part of the payload.
        (at < self.payload.len())
            .then(|| u32::try_from(at).ok().map(RecordPlace))
            .flatten()
    }

    /// The record's raw text; none if the record is no object, or an empty one, or its first name is written with an
    /// escape.
    pub fn raw(self) -> Option<&'a RawValue> {
        let name = self.first_name?;
        let at = (name.as_ptr() as usize).checked_sub(self.payload.as_ptr() as usize)?;
        let before = self.payload.get(..at)?.strip_suffix('"')?;
        let start = before.trim_end_matches([' ', '\t', '\n', '\r']);
        let start = start.strip_suffix('{')?.len();
        let mut values = serde_json::Deserializer::from_str(&self.payload[start..]).into_iter();
        values.next()?.ok()
    }
}

/// Reads a payload's records in order and hands each on with its location, or why it cannot be judged.
///
/// A record may be anything that can be read. JSON can hold what can only be stepped over (half of a surrogate pair, a
/// number out of range): where such a value stands in place of one that is read, all of it fails, and [`split`] is the
/// way to the other records.
pub fn read<'a>(
    payload: &'a str,
    attributes: &Attributes,
    mut each: impl FnMut(RecordLocation<'a>, &Result<Record<'a>, RejectedRecord<'a>>),
) -> serde_json::Result<()> {
    read_records(payload, attributes, |first_name, record| {
        let location = RecordLocation {
            payload,
            first_name,
        };
        each(location, record);
    })
}

/// Splits a payload into its records, each still raw JSON text.
///
/// Anything may be in a record: each is read on its own, so that one bad record never fails the others.
pub fn split(payload: &[u8]) -> Result<Vec<&RawValue>, NotAnEvent> {
    let text = std::str::from_utf8(payload)
        .map_err(|error| NotAnEvent::in_text(payload, error.valid_up_to()))?;
    split_records(text).map_err(|error| NotAnEvent::at(&error, text))
}

impl NotAnEvent {
    fn at(error: &serde_json::Error, payload: &str) -> Self {
        let problem = match ForeignEvent::from_payload(payload) {
            Some(known) => format!("{known} (line {}, column {})", error.line(), error.column()),
            None => describe(error),
        };
        Self {
            problem,
            line: error.line(),
            column: error.column(),
        }
    }

    /// Bytes that are no text.
    fn in_text(payload: &[u8], valid: usize) -> Self {
        let before = &payload[..valid];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let column = 1 + before
            .iter()
            .rev()
            .take_while(|byte| **byte != b'\n')
            .count();
        Self {
            problem: format!("it is no JSON (line {line}, column {column})"),
            line,
            column,
        }
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
    fn an_empty_list_is_an_event_and_so_is_none_at_the_end_of_a_tumbling_window() {
        assert!(split(br#"{"Records":[]}"#).unwrap().is_empty());
        assert!(
            split(br#"{"Records":null,"isFinalInvokeForWindow":true}"#)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn what_is_no_event_is_refused_with_its_position_and_without_its_text() {
        for (payload, part) in [
            (&b"{}"[..], "no list of Records"),
            (b"[]", "no list of Records"),
            (br#"{"Records": "secret"}"#, "no list of Records"),
            (
                br#"[{"eventName": "INSERT", "dynamodb": {"secret": 1}}]"#,
                "EventBridge Pipes",
            ),
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
    fn reading_and_splitting_agree_on_what_is_an_event() {
        for payload in [
            &br#"{"a":[{}],"Records":[{},5,[[]],"x",null],"b":1}"#[..],
            br#"{"Records":[]}"#,
            b"{}",
            b"5",
            br#"{"Records":{}}"#,
            br#"{"Records":null}"#,
            br#"{"Records":[],"Records":[]}"#,
            br#"{"Records":[1]} x"#,
            br#"{"Records":[1"#,
            br#"{"Records":[nul]}"#,
            b"{\"Records\":[\"\xff\"]}",
            b"{\"Records\":[{\"x\":\"\xff\"}]}",
            b"{\"x\":\"\xff\",\"Records\":[]}",
            b"[[]]",
            b" [[5]]",
            b" {\"Records\":[5]}",
        ] {
            let mut count = 0;
            let read = std::str::from_utf8(payload).ok().and_then(|text| {
                read(text, &Attributes::default(), |_, _| count += 1).ok()?;
                Some(count)
            });
            let split = split(payload).map(|records| records.len());
            assert_eq!(read, split.ok(), "{}", String::from_utf8_lossy(payload));
        }
    }

    #[test]
    fn a_location_gives_the_text_that_splitting_gives_or_none() {
        let payload = r#"{"a":{"b":1},"Records":[{"x":{"y":"}"}}, { "x" : [ ] }
            ,{},5,[{"x":1}],"x",null,{"\u0078":1},{"":2},{"x":1,"x":{"x":2}}],"b":{"x":0}}"#;
        let mut found = Vec::new();
        read(payload, &Attributes::default(), |location, _| {
            found.push(location.raw().map(RawValue::get));
        })
        .unwrap();
        let split = split(payload.as_bytes()).unwrap();
        assert_eq!(found.len(), split.len());
        for (found, split) in found.iter().zip(&split) {
            assert!(found.is_none_or(|found| found == split.get()), "{found:?}");
        }
        assert_eq!(found.iter().flatten().count(), 4, "{found:?}");
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
