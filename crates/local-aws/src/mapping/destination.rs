//! The on-failure destination: a folder that gets what an S3 bucket would get.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>: the record of the failed invocation,
//! and for S3 "the payload field contains the original invocation record as an escaped JSON string".

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::lambda::request_id;

/// Why records were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureCondition {
    RetryAttemptsExhausted,
    /// AWS names only the other condition. This name follows `EventAgeExceeded`, that of asynchronous invocations.
    RecordAgeExceeded,
}

/// What is known of the invocation that failed last.
#[derive(Debug, Clone, Default)]
pub(super) struct LastFailure {
    /// `None` if the function was never called.
    pub(super) request_id: Option<String>,
    /// A function error, and not a reported record.
    pub(super) is_function_error: bool,
    pub(super) invoke_count: u32,
}

/// A batch that was given up.
#[derive(Debug)]
pub(super) struct FailedBatch<'a> {
    pub(super) function_arn: &'a str,
    pub(super) stream_arn: &'a str,
    pub(super) shard_id: &'a str,
    pub(super) condition: FailureCondition,
    pub(super) last_failure: &'a LastFailure,
    pub(super) start_sequence_number: &'a str,
    pub(super) end_sequence_number: &'a str,
    pub(super) arrival_of_first: SystemTime,
    pub(super) arrival_of_last: SystemTime,
    pub(super) batch_size: usize,
    /// The event as the function got it.
    pub(super) payload: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvocationRecord<'a> {
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_context: Option<ResponseContext>,
    version: &'static str,
    timestamp: String,
    #[serde(rename = "DDBStreamBatchInfo")]
    batch_info: BatchInfo<'a>,
    payload: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    request_id: String,
    function_arn: &'a str,
    condition: &'static str,
    approximate_invoke_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContext {
    status_code: u16,
    executed_version: &'static str,
    function_error: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchInfo<'a> {
    shard_id: &'a str,
    start_sequence_number: &'a str,
    end_sequence_number: &'a str,
    approximate_arrival_of_first_record: String,
    approximate_arrival_of_last_record: String,
    batch_size: usize,
    stream_arn: &'a str,
}

impl FailedBatch<'_> {
    fn document(&self, now: SystemTime) -> InvocationRecord<'_> {
        let failure = self.last_failure;
        InvocationRecord {
            request_context: RequestContext {
                request_id: failure.request_id.clone().unwrap_or_else(request_id),
                function_arn: self.function_arn,
                condition: match self.condition {
                    FailureCondition::RetryAttemptsExhausted => "RetryAttemptsExhausted",
                    FailureCondition::RecordAgeExceeded => "RecordAgeExceeded",
                },
                approximate_invoke_count: failure.invoke_count,
            },
            response_context: failure.request_id.as_ref().map(|_| ResponseContext {
                status_code: 200,
                executed_version: "$LATEST",
                function_error: failure.is_function_error.then_some("Unhandled"),
            }),
            version: "1.0",
            timestamp: rfc_3339(now, SecondsFormat::Millis),
            batch_info: BatchInfo {
                shard_id: self.shard_id,
                start_sequence_number: self.start_sequence_number,
                end_sequence_number: self.end_sequence_number,
                approximate_arrival_of_first_record: rfc_3339(
                    self.arrival_of_first,
                    SecondsFormat::Secs,
                ),
                approximate_arrival_of_last_record: rfc_3339(
                    self.arrival_of_last,
                    SecondsFormat::Secs,
                ),
                batch_size: self.batch_size,
                stream_arn: self.stream_arn,
            },
            payload: self.payload,
        }
    }
}

/// Writes the record of a failed batch below `folder`, under the key that it would have in S3:
/// `aws/lambda/<ESM-UUID>/<shardID>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<Random UUID>`.
pub(super) async fn deliver(
    folder: &Path,
    mapping_id: &str,
    batch: &FailedBatch<'_>,
    now: SystemTime,
) -> std::io::Result<PathBuf> {
    let time = DateTime::<Utc>::from(now);
    let folder = folder
        .join("aws/lambda")
        .join(mapping_id)
        .join(batch.shard_id)
        .join(time.format("%Y/%m/%d").to_string());
    tokio::fs::create_dir_all(&folder).await?;
    let name = format!("{}-{}", time.format("%Y-%m-%dT%H.%M.%S"), request_id());
    let document = serde_json::to_vec(&batch.document(now)).map_err(std::io::Error::other)?;
    let path = folder.join(name);
    tokio::fs::write(&path, document).await?;
    Ok(path)
}

fn rfc_3339(time: SystemTime, precision: SecondsFormat) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(precision, true)
}
