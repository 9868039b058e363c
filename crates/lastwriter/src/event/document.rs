//! What a JSON document is: a Lambda event of a DynamoDB stream, or its records in one of the other forms in which they
//! are kept, or something else, which is told by its name.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A document that has stream records.
#[derive(Debug)]
pub(super) enum Document {
    /// A Lambda event.
    Event(Box<RawValue>),
    /// Records without the envelope that Lambda puts around them.
    Records(Vec<Box<RawValue>>),
}

/// A document that has none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRecords {
    /// Lambda's event of a Kinesis data stream, or its failure document.
    #[error(
        "this is of a Kinesis data stream. Read the table's own DynamoDB stream, with the view type NEW_AND_OLD_IMAGES, \
         and take its events"
    )]
    Kinesis,
    /// Lambda's event of an SQS queue, or `aws sqs receive-message`.
    #[error(
        "these are SQS messages. If a body is a stream record, take the bodies: \
         jq -c '(.Records // .Messages)[] | (.body // .Body) | fromjson' FILE | lastwriter judge -"
    )]
    Sqs,
    /// Lambda's event of an SNS topic.
    #[error(
        "these are SNS messages. If a message is a stream record, take the messages: \
         jq -c '.Records[].Sns.Message | fromjson' FILE | lastwriter judge -"
    )]
    Sns,
    /// A notification of an S3 bucket.
    #[error(
        "this is an S3 notification. Give the object that it names: aws s3 cp s3://BUCKET/KEY - | lastwriter judge -"
    )]
    S3,
    /// An EventBridge event.
    #[error(
        "this is an EventBridge event. If its detail is a stream record, take that: \
         jq -c .detail FILE | lastwriter judge -"
    )]
    EventBridge,
    /// What Lambda sends to a failure destination other than S3: no payload.
    #[error(
        "this is the failure document that Lambda sends to SQS and SNS: it names a batch and does not hold its records. \
         Read them while the stream has them, for 24 hours: `aws dynamodbstreams get-shard-iterator --stream-arn \
         {stream_arn} --shard-id {shard_id} --shard-iterator-type AT_SEQUENCE_NUMBER --sequence-number {from}`, then \
         `aws dynamodbstreams get-records`, up to sequence number {to}. A failure destination in S3 keeps the records"
    )]
    NoPayload {
        /// The stream.
        stream_arn: String,
        /// The shard of the batch.
        shard_id: String,
        /// The first sequence number of the batch.
        from: String,
        /// The last one.
        to: String,
    },
    /// `aws dynamodb scan` or `query`.
    #[error(
        "these are items of a table, not records of its stream. `aws dynamodbstreams get-records` gives records"
    )]
    Items,
    /// None of these.
    #[error("it has no list of Records")]
    Unknown,
}

type Members<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

impl Document {
    /// Finds out what a document is.
    pub(super) fn read(document: &RawValue) -> Result<Self, NotRecords> {
        if let Ok(records) = parse::<Vec<&RawValue>>(document) {
            return Self::from_records(records);
        }
        let members: Members<'_> = parse(document).map_err(|_| NotRecords::Unknown)?;
        if let Some(records) = members.get("Records") {
            let records: Option<Vec<&RawValue>> =
                parse(records).map_err(|_| NotRecords::Unknown)?;
            // The last invocation of a tumbling window has `null`.
            let Some(records) = records else {
                return Ok(Self::Records(Vec::new()));
            };
            let from_api = members.contains_key("NextShardIterator") || are_from_api(&records);
            let records = Self::from_records(records)?;
            return Ok(if from_api {
                records
            } else {
                Self::Event(document.to_owned())
            });
        }
        if let Some(payload) = members.get("payload") {
            return Self::from_payload(payload);
        }
        if members.contains_key("dynamodb") && members.contains_key("eventName") {
            return Ok(Self::Records(vec![document.to_owned()]));
        }
        Err(what_else(&members))
    }

    fn from_records(records: Vec<&RawValue>) -> Result<Self, NotRecords> {
        match records.first().and_then(|record| source_of(record)) {
            Some(other) => Err(other),
            None => Ok(Self::Records(
                records.into_iter().map(ToOwned::to_owned).collect(),
            )),
        }
    }

    /// The failure destination in S3 has the event as text; whoever unpacked it has it as an object.
    fn from_payload(payload: &RawValue) -> Result<Self, NotRecords> {
        match parse::<String>(payload) {
            Ok(text) => {
                let inner: &RawValue =
                    serde_json::from_str(&text).map_err(|_| NotRecords::Unknown)?;
                Self::read(inner)
            }
            Err(_) => Self::read(payload),
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> serde_json::Result<T> {
    serde_json::from_str(raw.get())
}

/// Where a record comes from, if that is no DynamoDB stream.
fn source_of(record: &RawValue) -> Option<NotRecords> {
    #[derive(Deserialize)]
    struct Record<'a> {
        // SNS writes it with a capital.
        #[serde(rename = "eventSource", alias = "EventSource", borrow)]
        source: Cow<'a, str>,
    }
    match &*parse::<Record<'_>>(record).ok()?.source {
        "aws:kinesis" => Some(NotRecords::Kinesis),
        "aws:sqs" => Some(NotRecords::Sqs),
        "aws:sns" => Some(NotRecords::Sns),
        "aws:s3" => Some(NotRecords::S3),
        _ => None,
    }
}

/// Whether all of these are as the Streams API gives them, which names a stream only where it is asked for.
fn are_from_api(records: &[&RawValue]) -> bool {
    let is_from_api = |record: &&RawValue| {
        parse::<Members<'_>>(record).is_ok_and(|members| {
            ["dynamodb", "eventName"]
                .iter()
                .all(|name| members.contains_key(*name))
                && !members.contains_key("eventSourceARN")
        })
    };
    !records.is_empty() && records.iter().all(is_from_api)
}

fn what_else(members: &Members<'_>) -> NotRecords {
    let has = |name: &str| members.contains_key(name);
    if let Some(batch) = members.get("DDBStreamBatchInfo") {
        return no_payload(batch);
    }
    if has("KinesisBatchInfo") {
        NotRecords::Kinesis
    } else if has("detail-type") && has("detail") {
        NotRecords::EventBridge
    } else if has("TopicArn") && has("Message") {
        NotRecords::Sns
    } else if has("Messages") {
        NotRecords::Sqs
    } else if has("Items") && has("ScannedCount") {
        NotRecords::Items
    } else {
        NotRecords::Unknown
    }
}

fn no_payload(batch: &RawValue) -> NotRecords {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Batch {
        stream_arn: String,
        shard_id: String,
        start_sequence_number: String,
        end_sequence_number: String,
    }
    let batch: Batch = parse(batch).unwrap_or_default();
    NotRecords::NoPayload {
        stream_arn: batch.stream_arn,
        shard_id: batch.shard_id,
        from: batch.start_sequence_number,
        to: batch.end_sequence_number,
    }
}
