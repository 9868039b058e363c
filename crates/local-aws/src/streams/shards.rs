//! The shards that the API shows: pieces of the one log.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::shard::Position;

/// A number that lies before every record's. Numbers have 21 to 40 digits.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_SequenceNumberRange.html>
const FIRST_SEQUENCE_NUMBER: u128 = 100_000_000_000_000_000_000;

/// The part of all keys whose records a shard holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyRange {
    index: u64,
    of: u64,
}

impl KeyRange {
    const ALL: Self = Self { index: 0, of: 1 };

    pub(super) fn is_all(self) -> bool {
        self == Self::ALL
    }

    pub(super) fn holds(self, keys: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        keys.hash(&mut hasher);
        self.is_all() || hasher.finish() % self.of == self.index
    }

    /// One of so many equal parts.
    fn part(self, index: usize, of: usize) -> Self {
        Self {
            index: self.index + index as u64 * self.of,
            of: self.of * of as u64,
        }
    }
}

/// One shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamShard {
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) start: Position,
    /// Where it ends; `None` while it is open.
    pub(super) end: Option<Position>,
    pub(super) keys: KeyRange,
    pub(super) starting_number: String,
    pub(super) ending_number: Option<String>,
}

impl StreamShard {
    /// Whether everything that it held has been trimmed. DynamoDB deletes such a shard.
    fn is_gone(&self, trim_horizon: Position) -> bool {
        self.end
            .is_some_and(|end| end < trim_horizon || end == trim_horizon && self.start < end)
    }
}

/// All shards of a stream, parents before their children.
#[derive(Debug)]
pub(super) struct ShardTree {
    shards: Vec<StreamShard>,
    last_stamp: u128,
}

impl ShardTree {
    /// A stream with one open shard.
    pub(super) fn new(id: &str, start: Position) -> Self {
        let first = StreamShard {
            id: id.to_owned(),
            parent: None,
            start,
            end: None,
            keys: KeyRange::ALL,
            starting_number: FIRST_SEQUENCE_NUMBER.to_string(),
            ending_number: None,
        };
        Self {
            shards: vec![first],
            last_stamp: next_stamp(0),
        }
    }

    /// Closes every open shard at `position`, after the record with `last_number`, and opens its children.
    pub(super) fn split(&mut self, children: usize, position: Position, last_number: Option<&str>) {
        let last: u128 = last_number.map_or(Ok(0), str::parse).unwrap_or(0);
        let last = last.max(FIRST_SEQUENCE_NUMBER);
        let mut opened = Vec::new();
        let mut stamp = self.last_stamp;
        for shard in self.shards.iter_mut().filter(|shard| shard.end.is_none()) {
            shard.end = Some(position);
            shard.ending_number = Some(last.to_string());
            for index in 0..children.max(1) {
                stamp = next_stamp(stamp);
                opened.push(StreamShard {
                    id: shard_id(stamp),
                    parent: Some(shard.id.clone()),
                    start: position,
                    end: None,
                    keys: shard.keys.part(index, children.max(1)),
                    starting_number: (last + 1).to_string(),
                    ending_number: None,
                });
            }
        }
        self.last_stamp = stamp;
        self.shards.extend(opened);
    }

    /// The shards that still have something, or may get it.
    pub(super) fn list(&self, trim_horizon: Position) -> impl Iterator<Item = &StreamShard> {
        let shards = self.shards.iter();
        shards.filter(move |shard| !shard.is_gone(trim_horizon))
    }

    pub(super) fn find(&self, id: &str, trim_horizon: Position) -> Option<&StreamShard> {
        self.list(trim_horizon).find(|shard| shard.id == id)
    }
}

/// An id for a shard that opens now.
pub(crate) fn new_shard_id() -> String {
    shard_id(next_stamp(0))
}

/// A shard id in DynamoDB's form, the time of its opening first, so that later shards sort behind earlier ones.
fn shard_id(stamp: u128) -> String {
    format!("shardId-{stamp:020}-{:08x}", fastrand::u32(..))
}

/// The time in milliseconds, and always more than the last one.
fn next_stamp(last: u128) -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis()).max(last + 1)
}
