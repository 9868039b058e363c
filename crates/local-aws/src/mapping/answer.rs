//! What a function's answer says about the records of its batch.

use bytes::Bytes;
use serde_json::Value;

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BatchResponse {
    /// All records are done.
    Success,
    /// All before this index are done, this one and those after it are not.
    FailedFrom(usize),
    /// No record is done.
    Failed,
}

/// Reads an answer, with ReportBatchItemFailures turned on.
///
/// The conditions are those of
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>: complete success for "an
/// empty batchItemFailure list, a null batchItemFailure list, an empty EventResponse, a null EventResponse"; complete
/// failure for "an empty string itemIdentifier, a null itemIdentifier, an itemIdentifier with a bad key name". "If the
/// batchItemFailures array contains multiple items, Lambda uses the record with the lowest sequence number as the
/// checkpoint."
///
/// AWS does not say what becomes of an answer that is no object, of a list that is none, and of a number that is not in
/// the batch. Here each is a complete failure: taking it for a success would lose records.
pub(super) fn read(answer: &Bytes, sequence_numbers: &[&str]) -> BatchResponse {
    if answer.iter().all(u8::is_ascii_whitespace) {
        return BatchResponse::Success;
    }
    match serde_json::from_slice::<Value>(answer) {
        Ok(Value::Null) => BatchResponse::Success,
        Ok(Value::String(text)) if text.is_empty() => BatchResponse::Success,
        Ok(Value::Object(answer)) => match answer.get("batchItemFailures") {
            None | Some(Value::Null) => BatchResponse::Success,
            Some(Value::Array(failures)) => lowest(failures, sequence_numbers),
            Some(_) => BatchResponse::Failed,
        },
        Ok(_) | Err(_) => BatchResponse::Failed,
    }
}

fn lowest(failures: &[Value], sequence_numbers: &[&str]) -> BatchResponse {
    let mut lowest = None;
    for failure in failures {
        // No such key, null, no string, an empty string, or a number that was not in the batch.
        let reported = failure.get("itemIdentifier").and_then(Value::as_str);
        let index = reported.and_then(|number| {
            let mut numbers = sequence_numbers.iter();
            numbers.position(|of_batch| *of_batch == number && !number.is_empty())
        });
        let Some(index) = index else {
            return BatchResponse::Failed;
        };
        lowest = Some(lowest.map_or(index, |lowest: usize| lowest.min(index)));
    }
    lowest.map_or(BatchResponse::Success, BatchResponse::FailedFrom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(answer: &str) -> BatchResponse {
        read(
            &Bytes::copy_from_slice(answer.as_bytes()),
            &["10", "11", "12"],
        )
    }

    #[test]
    fn an_empty_or_null_list_or_answer_is_success() {
        for answer in [
            r#"{"batchItemFailures":[]}"#,
            r#"{"batchItemFailures":null}"#,
            "{}",
            r#"{"other":1}"#,
            "null",
            "",
            " \n",
            r#""""#,
        ] {
            assert_eq!(verdict(answer), BatchResponse::Success, "{answer}");
        }
    }

    #[test]
    fn a_bad_identifier_fails_the_whole_batch() {
        for failure in [
            r#"{"itemIdentifier":""}"#,
            r#"{"itemIdentifier":null}"#,
            r#"{"itemIdentifer":"11"}"#,
            r#"{"ItemIdentifier":"11"}"#,
            r#"{"itemIdentifier":11}"#,
            r#"{"itemIdentifier":"99"}"#,
            "{}",
            r#""11""#,
        ] {
            let answer = format!(r#"{{"batchItemFailures":[{failure}]}}"#);
            assert_eq!(verdict(&answer), BatchResponse::Failed, "{answer}");
            // A good one beside it does not mend it.
            let answer =
                format!(r#"{{"batchItemFailures":[{{"itemIdentifier":"12"}},{failure}]}}"#);
            assert_eq!(verdict(&answer), BatchResponse::Failed, "{answer}");
        }
    }

    #[test]
    fn an_empty_identifier_never_matches_a_record_without_a_number() {
        let answer = Bytes::from_static(br#"{"batchItemFailures":[{"itemIdentifier":""}]}"#);
        assert_eq!(read(&answer, &["", "11"]), BatchResponse::Failed);
    }

    #[test]
    fn the_lowest_reported_number_counts() {
        let answer = r#"{"batchItemFailures":[{"itemIdentifier":"12"},{"itemIdentifier":"11"}]}"#;
        assert_eq!(verdict(answer), BatchResponse::FailedFrom(1));
        let answer = r#"{"batchItemFailures":[{"itemIdentifier":"10"}]}"#;
        assert_eq!(verdict(answer), BatchResponse::FailedFrom(0));
    }

    #[test]
    fn an_answer_that_is_no_answer_fails_the_whole_batch() {
        for answer in [
            "not JSON",
            "7",
            "[]",
            r#""done""#,
            r#"{"batchItemFailures":"11"}"#,
            r#"{"batchItemFailures":{"itemIdentifier":"11"}}"#,
        ] {
            assert_eq!(verdict(answer), BatchResponse::Failed, "{answer}");
        }
    }
}
