//! One Region's stream, and what each answer of the API means to who reads it.

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodbstreams::types::{Record, ShardIteratorType};

use super::error::ReaderError;
use super::schedule::{ListedShard, Start};
use crate::aws::innermost;

/// The stream of one replica.
#[derive(Debug, Clone)]
pub(super) struct ReplicaStream {
    pub(super) region: String,
    pub(super) table: String,
    pub(super) arn: String,
    pub(super) client: Client,
}

/// Where reading a shard goes on.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    /// The shard's id.
    pub(super) shard: String,
    start: Start,
    /// The sequence number of the last record that was read.
    after: Option<String>,
    iterator: Option<String>,
}

/// Records, and whether the shard is at its end.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) records: Vec<Record>,
    pub(super) ended: bool,
}

/// What keeps a request from being answered.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The iterator is older than 15 minutes.
    Expired,
    /// What was to be read is older than 24 hours.
    Trimmed,
    /// The shard, or the stream, is not there any more.
    Gone,
    /// Too many requests, of this reader or of others.
    Throttled,
    /// AWS was not reached, or failed.
    Unreachable(String),
    /// It makes no sense to try again.
    Refused(ReaderError),
}

impl Cursor {
    pub(super) fn new(shard: &str, start: Start) -> Self {
        Self {
            shard: shard.to_owned(),
            start,
            after: None,
            iterator: None,
        }
    }

    /// Whether a record of the shard has been read.
    pub(super) fn has_read(&self) -> bool {
        self.after.is_some()
    }

    /// From here on with a new iterator.
    pub(super) fn renew(&mut self) {
        self.iterator = None;
    }

    /// From here on with what has not been trimmed.
    pub(super) fn skip_trimmed(&mut self) {
        *self = Self::new(&self.shard, Start::TrimHorizon);
    }
}

/// A stream as it is described.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) view_type: String,
    pub(super) shards: Vec<ListedShard>,
}

impl ReplicaStream {
    /// The stream's view type and all of its shards.
    pub(super) async fn describe(&self) -> Result<Description, Trouble> {
        let (mut shards, mut from, mut view_type) = (Vec::new(), None, String::new());
        loop {
            let page = self
                .client
                .describe_stream()
                .stream_arn(&self.arn)
                .set_exclusive_start_shard_id(from)
                .send()
                .await
                .map_err(|error| self.trouble(error))?;
            let Some(page) = page.stream_description else {
                return Err(Trouble::Unreachable(
                    "an answer without a stream".to_owned(),
                ));
            };
            let page_type = page.stream_view_type;
            view_type = page_type.map_or(view_type, |kind| kind.as_str().to_owned());
            for shard in page.shards.unwrap_or_default() {
                let range = shard.sequence_number_range;
                let closed = range.is_some_and(|range| range.ending_sequence_number.is_some());
                shards.push(ListedShard {
                    id: shard.shard_id.unwrap_or_default(),
                    parent: shard.parent_shard_id,
                    closed,
                });
            }
            from = page.last_evaluated_shard_id;
            if from.is_none() {
                return Ok(Description { view_type, shards });
            }
        }
    }

    /// The next records of a shard.
    pub(super) async fn read(&self, cursor: &mut Cursor) -> Result<Records, Trouble> {
        let iterator = match cursor.iterator.take() {
            Some(iterator) => iterator,
            // The shard has ended with nothing to read.
            None => match self.iterator(cursor).await? {
                Some(iterator) => iterator,
                None => {
                    return Ok(Records {
                        records: Vec::new(),
                        ended: true,
                    });
                }
            },
        };
        let answer = self
            .client
            .get_records()
            .shard_iterator(&iterator)
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                cursor.iterator = Some(iterator);
                return Err(self.trouble(error));
            }
        };
        let records = answer.records.unwrap_or_default();
        let last = records
            .last()
            .and_then(|record| record.dynamodb.as_ref()?.sequence_number.clone());
        cursor.after = last.or(cursor.after.take());
        cursor.iterator = answer.next_shard_iterator;
        Ok(Records {
            records,
            ended: cursor.iterator.is_none(),
        })
    }

    async fn iterator(&self, cursor: &Cursor) -> Result<Option<String>, Trouble> {
        let (kind, after) = match (&cursor.after, cursor.start) {
            (Some(number), _) => (ShardIteratorType::AfterSequenceNumber, Some(number.clone())),
            (None, Start::TrimHorizon) => (ShardIteratorType::TrimHorizon, None),
            (None, Start::Latest) => (ShardIteratorType::Latest, None),
        };
        let answer = self
            .client
            .get_shard_iterator()
            .stream_arn(&self.arn)
            .shard_id(&cursor.shard)
            .shard_iterator_type(kind)
            .set_sequence_number(after)
            .send()
            .await;
        let answer = answer.map_err(|error| self.trouble(error))?;
        Ok(answer.shard_iterator)
    }

    fn trouble<E>(&self, error: SdkError<E>) -> Trouble
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let Some(code) = error.code() else {
            return Trouble::Unreachable(match &error {
                SdkError::TimeoutError(_) => "no answer in time".to_owned(),
                other => innermost(other),
            });
        };
        match code {
            "ExpiredIteratorException" => Trouble::Expired,
            "TrimmedDataAccessException" => Trouble::Trimmed,
            "ResourceNotFoundException" => Trouble::Gone,
            "LimitExceededException"
            | "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded" => Trouble::Throttled,
            "InternalServerError" | "ServiceUnavailable" | "InternalFailure" => {
                Trouble::Unreachable(code.to_owned())
            }
            code => Trouble::Refused(ReaderError::refused(
                code,
                error.message(),
                &self.table,
                &self.region,
            )),
        }
    }
}
