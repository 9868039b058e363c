//! What a payload, or one record of it, is when it is not from a DynamoDB stream: so that whoever invoked the function is told
//! what they sent, and what to send instead.

use serde_json::Value;

/// An event that is not from a DynamoDB stream, or not in the form in which Lambda hands it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ForeignEvent {
    /// A record of a Kinesis data stream.
    #[error(
        "it is from a Kinesis data stream. This function reads DynamoDB Streams: map the table's stream to it, with NEW_AND_OLD_IMAGES"
    )]
    Kinesis,
    /// A message of an SQS queue.
    #[error(
        "it is a message of an SQS queue. A queue between stream and function loses the order of an item's records: map the table's stream to the function"
    )]
    Sqs,
    /// A message of an SNS topic.
    #[error(
        "it is a message of an SNS topic. A topic between stream and function loses the order of an item's records: map the table's stream to the function"
    )]
    Sns,
    /// An event of EventBridge.
    #[error("it is an event of EventBridge: map the table's stream to the function instead")]
    EventBridge,
    /// The records of an EventBridge pipe, which have no envelope.
    #[error(
        "it is a bare list of records, as EventBridge Pipes sends them: map the table's stream to the function, or send {{\"Records\": [...]}}"
    )]
    Pipes,
    /// A record by itself.
    #[error("it is a single record without its envelope: send {{\"Records\": [...]}}")]
    SingleRecord,
    /// What Lambda sends to a failure destination.
    #[error(
        "it is what Lambda sends to a failure destination. Where that is an S3 bucket the event is in `payload`; a queue or a topic gets only a pointer into the stream (DDBStreamBatchInfo)"
    )]
    FailureDocument,
    /// JSON documents, one a line.
    #[error("it is several JSON documents, one a line: send each as an event of its own")]
    JsonLines,
    /// An event behind a byte order mark.
    #[error("it begins with a byte order mark: save it as UTF-8 without one")]
    ByteOrderMark,
    /// A record of some other service.
    #[error("its eventSource is not aws:dynamodb: map a DynamoDB table's stream to the function")]
    OtherService,
}

impl ForeignEvent {
    /// What a payload is that is no stream event, if its form is known.
    pub(crate) fn from_payload(payload: &str) -> Option<Self> {
        if payload.starts_with('\u{feff}') {
            return Some(Self::ByteOrderMark);
        }
        let mut documents = serde_json::Deserializer::from_str(payload).into_iter::<Value>();
        let first = documents.next()?.ok()?;
        if matches!(documents.next(), Some(Ok(_))) {
            return Some(Self::JsonLines);
        }
        let has = |name: &str| first.get(name).is_some();
        if first
            .as_array()
            .is_some_and(|list| list.iter().any(is_stream_record))
        {
            Some(Self::Pipes)
        } else if is_stream_record(&first) {
            Some(Self::SingleRecord)
        } else if has("DDBStreamBatchInfo") || (has("requestContext") && has("responseContext")) {
            Some(Self::FailureDocument)
        } else if has("detail-type") && has("source") {
            Some(Self::EventBridge)
        } else {
            None
        }
    }

    /// What a record is that is not from a DynamoDB stream, if it names its source.
    pub(crate) fn from_record(record: &str) -> Option<Self> {
        let record: Value = serde_json::from_str(record).ok()?;
        // SNS alone writes the name with a capital letter.
        let source = record
            .get("eventSource")
            .or_else(|| record.get("EventSource"));
        match source?.as_str()? {
            "aws:dynamodb" => None,
            "aws:kinesis" => Some(Self::Kinesis),
            "aws:sqs" => Some(Self::Sqs),
            "aws:sns" => Some(Self::Sns),
            _ => Some(Self::OtherService),
        }
    }
}

fn is_stream_record(value: &Value) -> bool {
    value.get("dynamodb").is_some() && value.get("eventName").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_told_by_its_form() {
        let record = r#"{"eventName": "INSERT", "dynamodb": {}}"#;
        let cases = [
            (
                "\u{feff}{\"Records\": []}".to_owned(),
                Some(ForeignEvent::ByteOrderMark),
            ),
            (
                format!("{record}\n{record}\n"),
                Some(ForeignEvent::JsonLines),
            ),
            (format!("[{record}]"), Some(ForeignEvent::Pipes)),
            (record.to_owned(), Some(ForeignEvent::SingleRecord)),
            (
                r#"{"requestContext": {}, "responseContext": {}, "DDBStreamBatchInfo": {}}"#
                    .to_owned(),
                Some(ForeignEvent::FailureDocument),
            ),
            (
                r#"{"requestContext": {}, "responseContext": {}, "payload": "{}"}"#.to_owned(),
                Some(ForeignEvent::FailureDocument),
            ),
            (
                r#"{"detail-type": "x", "source": "aws.s3", "detail": {}}"#.to_owned(),
                Some(ForeignEvent::EventBridge),
            ),
            ("{}".to_owned(), None),
            ("[]".to_owned(), None),
            ("[5]".to_owned(), None),
            ("secret".to_owned(), None),
            (String::new(), None),
        ];
        for (payload, form) in cases {
            assert_eq!(ForeignEvent::from_payload(&payload), form, "{payload}");
        }
    }

    #[test]
    fn a_record_is_told_by_its_source() {
        for (record, source) in [
            (
                r#"{"eventSource": "aws:kinesis"}"#,
                Some(ForeignEvent::Kinesis),
            ),
            (r#"{"eventSource": "aws:sqs"}"#, Some(ForeignEvent::Sqs)),
            (r#"{"EventSource": "aws:sns"}"#, Some(ForeignEvent::Sns)),
            (
                r#"{"eventSource": "aws:s3"}"#,
                Some(ForeignEvent::OtherService),
            ),
            (r#"{"eventSource": "aws:dynamodb"}"#, None),
            (r#"{"eventSource": 5}"#, None),
            ("{}", None),
            ("5", None),
        ] {
            assert_eq!(ForeignEvent::from_record(record), source, "{record}");
        }
    }
}
