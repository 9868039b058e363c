//! The operations: a request's JSON in, an answer's JSON out.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::iterator::ShardIterator;
use super::refusals::{invalid, not_found, trimmed};
use super::shards::StreamShard;
use super::{Stream, StreamOperation, record};
use crate::fault::{FaultAction, Refusal};
use crate::shard::Position;

/// Shards of one DescribeStream, and streams of one ListStreams.
const MAX_LISTED: usize = 100;
/// Records of one GetRecords.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html>
const MAX_RECORDS: usize = 1_000;
/// Bytes of one GetRecords: "a maximum of 1 MB of data or 1000 stream records, whichever comes first".
const MAX_RECORD_BYTES: usize = 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListStreams {
    table_name: Option<String>,
    limit: Option<usize>,
    exclusive_start_stream_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeStream {
    stream_arn: String,
    limit: Option<usize>,
    exclusive_start_shard_id: Option<String>,
    shard_filter: Option<ShardFilter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ShardFilter {
    r#type: Option<String>,
    shard_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetShardIterator {
    stream_arn: String,
    shard_id: String,
    shard_iterator_type: String,
    sequence_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetRecords {
    shard_iterator: String,
    limit: Option<usize>,
}

/// Decides by the fault of the stream that a request names; ListStreams names none, so the first one's counts.
pub(crate) async fn meet_fault(
    streams: &[&Stream],
    operation: StreamOperation,
    body: &[u8],
) -> FaultAction {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let iterator = request["ShardIterator"].as_str().unwrap_or_default();
    let iterator_arn = iterator.split_once('|').map(|(arn, _)| arn);
    let arn = request["StreamArn"].as_str().or(iterator_arn);
    let named = streams.iter().find(|stream| Some(stream.arn()) == arn);
    match named.or(streams.first()) {
        Some(stream) => stream.fault(operation).meet().await,
        None => FaultAction::Answer,
    }
}

/// Answers a request to one of these streams: those of one Region.
pub(crate) fn answer(
    streams: &[&Stream],
    operation: StreamOperation,
    body: &[u8],
) -> Result<Value, Refusal> {
    for stream in streams {
        stream.log.expire(SystemTime::now());
    }
    let named = |arn: &str| {
        let stream = streams.iter().find(|stream| stream.arn() == arn);
        stream.ok_or_else(|| {
            not_found(&format!(
                "Requested resource not found: Stream: {arn} not found"
            ))
        })
    };
    match operation {
        StreamOperation::ListStreams => list_streams(streams, &read(body)?),
        StreamOperation::DescribeStream => {
            let request: DescribeStream = read(body)?;
            named(&request.stream_arn)?.describe(&request)
        }
        StreamOperation::GetShardIterator => {
            let request: GetShardIterator = read(body)?;
            named(&request.stream_arn)?.shard_iterator(&request)
        }
        StreamOperation::GetRecords => {
            let request: GetRecords = read(body)?;
            let (arn, _) = request.shard_iterator.split_once('|').unwrap_or_default();
            let stream = streams.iter().find(|stream| stream.arn() == arn);
            let stream = stream.ok_or_else(|| invalid("Invalid ShardIterator"))?;
            stream.records(&request)
        }
    }
}

fn list_streams(streams: &[&Stream], request: &ListStreams) -> Result<Value, Refusal> {
    let limit = limit(request.limit, MAX_LISTED)?;
    let table = request.table_name.as_deref();
    let mut listed: Vec<_> = streams
        .iter()
        .filter(|stream| table.is_none_or(|table| stream.description.table_name == table))
        .filter(|stream| request.exclusive_start_stream_arn.as_deref() < Some(stream.arn()))
        .collect();
    listed.sort_by_key(|stream| stream.arn());
    let more = listed.len() > limit;
    listed.truncate(limit);
    let mut answer = json!({
        "Streams": listed.iter().map(|stream| json!({
            "StreamArn": stream.arn(),
            "TableName": stream.description.table_name,
            "StreamLabel": stream.description.label,
        })).collect::<Vec<_>>(),
    });
    if let (true, Some(last)) = (more, listed.last()) {
        answer["LastEvaluatedStreamArn"] = last.arn().into();
    }
    Ok(answer)
}

impl Stream {
    fn describe(&self, request: &DescribeStream) -> Result<Value, Refusal> {
        let limit = limit(request.limit, MAX_LISTED)?;
        let parent = match &request.shard_filter {
            None => None,
            Some(filter) => match (filter.r#type.as_deref(), &filter.shard_id) {
                (Some("CHILD_SHARDS"), Some(parent)) => Some(parent.as_str()),
                _ => {
                    return Err(invalid(
                        "ShardFilter must be of the type CHILD_SHARDS and name a ShardId",
                    ));
                }
            },
        };
        let shards = self.shards();
        let mut listed: Vec<_> = shards
            .list(self.log.trim_horizon())
            .filter(|shard| parent.is_none_or(|parent| shard.parent.as_deref() == Some(parent)))
            .filter(|shard| request.exclusive_start_shard_id.as_deref() < Some(&*shard.id))
            .collect();
        let more = listed.len() > limit;
        listed.truncate(limit);
        let created_at = self.description.created_at.duration_since(UNIX_EPOCH);
        let mut description = json!({
            "StreamArn": self.arn(),
            "StreamLabel": self.description.label,
            "StreamStatus": "ENABLED",
            "StreamViewType": self.description.view_type.name(),
            "CreationRequestDateTime": created_at.map_or(0.0, |since| since.as_secs_f64()),
            "TableName": self.description.table_name,
            "KeySchema": self.description.key_schema,
            "Shards": listed.iter().map(|shard| shard_json(shard)).collect::<Vec<_>>(),
        });
        if let (true, Some(last)) = (more, listed.last()) {
            description["LastEvaluatedShardId"] = last.id.as_str().into();
        }
        Ok(json!({ "StreamDescription": description }))
    }

    fn shard_iterator(&self, request: &GetShardIterator) -> Result<Value, Refusal> {
        let shard = self.find_shard(&request.shard_id)?;
        let within = |position: Position| {
            let position = position.max(shard.start);
            shard.end.map_or(position, |end| position.min(end))
        };
        let numbered = || {
            let number = request.sequence_number.as_deref();
            let number = number.and_then(|number| number.parse::<u128>().ok());
            number.ok_or_else(|| {
                invalid("SequenceNumber is required for AT_SEQUENCE_NUMBER and AFTER_SEQUENCE_NUMBER, and is a number")
            })
        };
        let first_number = match request.shard_iterator_type.as_str() {
            "TRIM_HORIZON" | "LATEST" => None,
            "AT_SEQUENCE_NUMBER" => Some(numbered()?),
            "AFTER_SEQUENCE_NUMBER" => Some(numbered()? + 1),
            other => {
                return Err(invalid(&format!(
                    "1 validation error detected: Value '{other}' at 'shardIteratorType' failed to satisfy constraint: \
                     Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_SEQUENCE_NUMBER, \
                     TRIM_HORIZON]"
                )));
            }
        };
        let position = match first_number {
            Some(number) => within(self.log.find(number).ok_or_else(trimmed)?),
            None if request.shard_iterator_type == "LATEST" => within(self.log.end()),
            None => within(self.log.trim_horizon()),
        };
        Ok(json!({ "ShardIterator": self.issue(&shard, position) }))
    }

    fn records(&self, request: &GetRecords) -> Result<Value, Refusal> {
        let limit = limit(request.limit, MAX_RECORDS)?;
        let now = SystemTime::now();
        let iterator = self
            .iterators
            .accept(self.arn(), &request.shard_iterator, now)?;
        // It was there when the iterator was handed out.
        let shard = self.find_shard(&iterator.shard_id).map_err(|_| trimmed())?;
        let (records, next) = self.read(&shard, iterator.position, limit)?;
        let mut answer = json!({ "Records": records });
        // "If set to null, the shard has been closed."
        if shard.end.is_none_or(|end| next < end) {
            answer["NextShardIterator"] = self.issue(&shard, next).into();
        }
        Ok(answer)
    }

    /// The records from `position` on, and where to read on after them.
    fn read(
        &self,
        shard: &StreamShard,
        mut position: Position,
        limit: usize,
    ) -> Result<(Vec<Value>, Position), Refusal> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        loop {
            let end = shard.end.unwrap_or_else(|| self.log.end());
            if position >= end {
                return Ok((records, position));
            }
            let stored = self.log.read_from(position, MAX_RECORDS);
            if stored
                .first()
                .is_none_or(|first| first.position != position)
            {
                return Err(trimmed());
            }
            for stored in stored {
                if position >= end {
                    break;
                }
                let record = record::record(&stored).map_err(|error| {
                    tracing::error!(%error, "a stream record is not JSON");
                    Refusal::internal_server_error()
                })?;
                if shard.keys.is_all() || shard.keys.holds(&record::keys(&record)) {
                    bytes += stored.json.get().len();
                    let full = records.len() == limit || bytes > MAX_RECORD_BYTES;
                    if full && !records.is_empty() {
                        return Ok((records, position));
                    }
                    records.push(record);
                }
                position += 1;
            }
        }
    }

    fn issue(&self, shard: &StreamShard, position: Position) -> String {
        let iterator = ShardIterator {
            shard_id: shard.id.clone(),
            position,
        };
        self.iterators
            .issue(self.arn(), &iterator, SystemTime::now())
    }

    fn find_shard(&self, id: &str) -> Result<StreamShard, Refusal> {
        let shards = self.shards();
        let shard = shards.find(id, self.log.trim_horizon()).cloned();
        shard.ok_or_else(|| {
            not_found(&format!(
                "Requested resource not found: Shard does not exist: {id}"
            ))
        })
    }
}

fn shard_json(shard: &StreamShard) -> Value {
    let mut range = json!({ "StartingSequenceNumber": shard.starting_number });
    if let Some(ending) = &shard.ending_number {
        range["EndingSequenceNumber"] = ending.as_str().into();
    }
    let mut json = json!({ "ShardId": shard.id, "SequenceNumberRange": range });
    if let Some(parent) = &shard.parent {
        json["ParentShardId"] = parent.as_str().into();
    }
    json
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| invalid(&format!("The request cannot be read: {error}")))
}

fn limit(asked: Option<usize>, max: usize) -> Result<usize, Refusal> {
    match asked {
        None => Ok(max),
        Some(limit) if (1..=max).contains(&limit) => Ok(limit),
        Some(limit) => Err(invalid(&format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value \
             from 1 to {max}"
        ))),
    }
}
