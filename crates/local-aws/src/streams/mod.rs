//! DynamoDB Streams over HTTP, for one table in one Region, from the log that the table's replica writes.
//!
//! The event source mapping reads the log itself. This is the other way to it, for whatever uses the API: ListStreams,
//! DescribeStream, GetShardIterator and GetRecords as
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html> describes
//! them. The log is one; the shards that the API shows are its pieces, as [`Stream::split`] cuts them.
//!
//! A test makes happen what on AWS happens by itself: shards that close and have children, iterators that expire,
//! records that are trimmed, requests that are throttled.

mod iterator;
mod operations;
mod record;
mod refusals;
mod shards;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

use crate::fault::{Fault, FaultSwitch};
use crate::shard::Shard;
use iterator::IteratorIssuer;
pub(crate) use operations::{answer, meet_fault};
use shards::ShardTree;
pub(crate) use shards::new_shard_id;

/// What a stream's records hold beside the key.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StreamSpecification.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamViewType {
    /// Nothing.
    KeysOnly,
    /// The item after the change.
    NewImage,
    /// The item before the change.
    OldImage,
    /// Both: what a global table's streams have.
    #[default]
    NewAndOldImages,
}

impl StreamViewType {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeysOnly => "KEYS_ONLY",
            Self::NewImage => "NEW_IMAGE",
            Self::OldImage => "OLD_IMAGE",
            Self::NewAndOldImages => "NEW_AND_OLD_IMAGES",
        }
    }

    pub(crate) fn has_new_image(self) -> bool {
        matches!(self, Self::NewImage | Self::NewAndOldImages)
    }

    pub(crate) fn has_old_image(self) -> bool {
        matches!(self, Self::OldImage | Self::NewAndOldImages)
    }
}

/// An operation of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamOperation {
    /// ListStreams.
    ListStreams,
    /// DescribeStream.
    DescribeStream,
    /// GetShardIterator.
    GetShardIterator,
    /// GetRecords.
    GetRecords,
}

impl StreamOperation {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "ListStreams" => Some(Self::ListStreams),
            "DescribeStream" => Some(Self::DescribeStream),
            "GetShardIterator" => Some(Self::GetShardIterator),
            "GetRecords" => Some(Self::GetRecords),
            _ => None,
        }
    }
}

/// What a stream is called, and what it holds.
#[derive(Debug, Clone)]
pub(crate) struct StreamDescription {
    pub(crate) table_name: String,
    /// The time at which it was enabled, as the ARN ends with it.
    pub(crate) label: String,
    /// The table's `KeySchema`.
    pub(crate) key_schema: Value,
    pub(crate) view_type: StreamViewType,
    pub(crate) created_at: SystemTime,
}

/// The stream of one table in one Region.
pub struct Stream {
    description: StreamDescription,
    log: Shard,
    shards: Mutex<ShardTree>,
    iterators: IteratorIssuer,
    faults: Mutex<HashMap<StreamOperation, FaultSwitch>>,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("arn", &self.arn())
            .finish_non_exhaustive()
    }
}

impl Stream {
    pub(crate) fn new(description: StreamDescription, log: Shard) -> Self {
        let shards = ShardTree::new(log.shard_id(), log.trim_horizon());
        Self {
            description,
            log,
            shards: Mutex::new(shards),
            iterators: IteratorIssuer::default(),
            faults: Mutex::default(),
        }
    }

    /// The stream's ARN.
    pub fn arn(&self) -> &str {
        self.log.stream_arn()
    }

    /// Closes every open shard here and now, and opens so many children for each: one is what DynamoDB does every few
    /// hours, two what it does where a partition is split.
    pub fn split(&self, children: usize) {
        let mut shards = self.shards();
        // Under the lock, so that nothing is described in between.
        let (position, last_number) = self.log.tail();
        shards.split(children, position, last_number.as_deref());
    }

    /// Trims the records that are there now.
    pub fn trim_all(&self) {
        self.log.trim_to(self.log.end());
    }

    /// Makes every shard iterator that was handed out so far expire now.
    pub fn expire_iterators(&self) {
        self.iterators.expire_all();
    }

    /// From now on, this operation has this fault.
    pub fn set_fault(&self, operation: StreamOperation, fault: Fault) {
        self.fault(operation).set(fault);
    }

    fn fault(&self, operation: StreamOperation) -> FaultSwitch {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults
            .entry(operation)
            .or_insert_with(FaultSwitch::new)
            .clone()
    }

    fn shards(&self) -> MutexGuard<'_, ShardTree> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
