//! A shard of a stream: an ordered log that one side appends to and the other reads.
//!
//! A replica's stream fills it, an event source mapping empties it. Each record is the JSON text of one element of a
//! Lambda event's `Records`, ready to be sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::value::RawValue;
use tokio::sync::watch;

/// How long DynamoDB Streams keeps a record: 24 hours.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// A place between two records of a shard. The first record ever appended lies between 0 and 1.
pub type Position = u64;

/// One record of a shard.
#[derive(Debug)]
pub struct ShardRecord {
    /// Where the record lies; reading on after it starts at `position + 1`.
    pub position: Position,
    /// The stream's number for it, `dynamodb.SequenceNumber`.
    pub sequence_number: String,
    /// When the stream got it. Its age counts from here.
    pub arrived_at: SystemTime,
    /// The record as Lambda sends it.
    pub json: Box<RawValue>,
}

/// A shard. Clones share the same log.
#[derive(Debug, Clone)]
pub struct Shard {
    shared: Arc<ShardState>,
}

#[derive(Debug)]
struct ShardState {
    shard_id: String,
    stream_arn: String,
    log: Mutex<RecordLog>,
    end: watch::Sender<Position>,
}

#[derive(Debug, Default)]
struct RecordLog {
    trimmed: Position,
    /// The sequence numbers of the last record that was trimmed, and of the last one of all.
    last_trimmed: Option<String>,
    last: Option<String>,
    records: VecDeque<Arc<ShardRecord>>,
}

impl RecordLog {
    fn end(&self) -> Position {
        self.trimmed + self.records.len() as Position
    }
}

impl Shard {
    /// An empty shard of the stream with this ARN.
    pub fn new(shard_id: impl Into<String>, stream_arn: impl Into<String>) -> Self {
        Self {
            shared: Arc::new(ShardState {
                shard_id: shard_id.into(),
                stream_arn: stream_arn.into(),
                log: Mutex::default(),
                end: watch::Sender::new(0),
            }),
        }
    }

    /// The shard's id, such as `shardId-00000001573689847184-864758bb`.
    pub fn shard_id(&self) -> &str {
        &self.shared.shard_id
    }

    /// The ARN of the stream that the shard is part of.
    pub fn stream_arn(&self) -> &str {
        &self.shared.stream_arn
    }

    /// Adds a record at the end and wakes whoever waits for one. Returns its position.
    pub fn append(
        &self,
        sequence_number: impl Into<String>,
        arrived_at: SystemTime,
        json: Box<RawValue>,
    ) -> Position {
        let mut log = self.log();
        let position = log.end();
        let sequence_number = sequence_number.into();
        log.last = Some(sequence_number.clone());
        log.records.push_back(Arc::new(ShardRecord {
            position,
            sequence_number,
            arrived_at,
            json,
        }));
        // Under the lock, so that two appends cannot announce their ends in the wrong order.
        self.shared.end.send_replace(log.end());
        position
    }

    /// At most `limit` records from `position` on. A position before the oldest kept record reads from that one.
    pub fn read_from(&self, position: Position, limit: usize) -> Vec<Arc<ShardRecord>> {
        let log = self.log();
        let skip = usize::try_from(position.saturating_sub(log.trimmed)).unwrap_or(usize::MAX);
        log.records.iter().skip(skip).take(limit).cloned().collect()
    }

    /// Where the oldest kept record starts: TRIM_HORIZON.
    pub fn trim_horizon(&self) -> Position {
        self.log().trimmed
    }

    /// Where the next record will go: LATEST.
    pub fn end(&self) -> Position {
        *self.shared.end.borrow()
    }

    /// Where the next record will go, and the sequence number of the last one.
    pub(crate) fn tail(&self) -> (Position, Option<String>) {
        let log = self.log();
        (log.end(), log.last.clone())
    }

    /// Where the first record with this sequence number or a higher one lies; `None` if a record that was trimmed had
    /// such a number.
    pub(crate) fn find(&self, sequence_number: u128) -> Option<Position> {
        let log = self.log();
        let below = |number: &String| {
            number
                .parse()
                .is_ok_and(|number: u128| number < sequence_number)
        };
        if !log.last_trimmed.as_ref().is_none_or(below) {
            return None;
        }
        let index = log
            .records
            .partition_point(|record| below(&record.sequence_number));
        Some(log.trimmed + index as Position)
    }

    /// Waits until there is a record at or after `position`.
    pub async fn wait_for(&self, position: Position) {
        // The sender lives as long as this shard, so waiting cannot fail.
        let _ = self
            .shared
            .end
            .subscribe()
            .wait_for(|end| *end > position)
            .await;
    }

    /// Drops the records before `position`, read or not. Returns how many.
    pub fn trim_to(&self, position: Position) -> usize {
        let mut log = self.log();
        let count = usize::try_from(position.saturating_sub(log.trimmed)).unwrap_or(usize::MAX);
        let count = count.min(log.records.len());
        let last = log.records.drain(..count).next_back();
        if let Some(last) = last {
            log.last_trimmed = Some(last.sequence_number.clone());
        }
        log.trimmed += count as Position;
        count
    }

    /// Drops the records that are older than [`RETENTION`] at `now`. Returns how many.
    pub fn expire(&self, now: SystemTime) -> usize {
        let expired = self
            .log()
            .records
            .iter()
            .take_while(|record| {
                now.duration_since(record.arrived_at)
                    .is_ok_and(|age| age > RETENTION)
            })
            .last()
            .map(|record| record.position + 1);
        expired.map_or(0, |position| self.trim_to(position))
    }

    fn log(&self) -> MutexGuard<'_, RecordLog> {
        self.shared
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard_of(count: u32) -> Shard {
        let shard = Shard::new(
            "shardId-1",
            "arn:aws:dynamodb:us-east-1:1:table/t/stream/now",
        );
        for number in 0..count {
            append(&shard, number, SystemTime::UNIX_EPOCH);
        }
        shard
    }

    fn append(shard: &Shard, number: u32, arrived_at: SystemTime) -> Position {
        let json = RawValue::from_string(format!("{{\"n\":{number}}}")).unwrap();
        shard.append(format!("{number}"), arrived_at, json)
    }

    fn numbers(records: &[Arc<ShardRecord>]) -> Vec<&str> {
        records.iter().map(|r| r.sequence_number.as_str()).collect()
    }

    #[test]
    fn records_are_read_in_the_order_in_which_they_were_appended() {
        let shard = shard_of(5);
        assert_eq!(numbers(&shard.read_from(1, 3)), ["1", "2", "3"]);
        assert_eq!(shard.read_from(4, 10)[0].json.get(), "{\"n\":4}");
        assert!(shard.read_from(5, 10).is_empty());
    }

    #[test]
    fn trimming_keeps_the_positions_of_what_is_left() {
        let shard = shard_of(5);
        assert_eq!(shard.trim_to(3), 3);
        assert_eq!(shard.trim_horizon(), 3);
        assert_eq!(numbers(&shard.read_from(0, 10)), ["3", "4"]);
        assert_eq!(numbers(&shard.read_from(4, 10)), ["4"]);
        assert_eq!(append(&shard, 9, SystemTime::UNIX_EPOCH), 5);
    }

    #[test]
    fn trimming_past_the_end_drops_no_record_that_is_still_to_come() {
        let shard = shard_of(2);
        assert_eq!(shard.trim_to(100), 2);
        assert_eq!(append(&shard, 2, SystemTime::UNIX_EPOCH), 2);
        assert_eq!(numbers(&shard.read_from(2, 1)), ["2"]);
    }

    #[test]
    fn records_expire_after_24_hours_and_not_before() {
        let shard = shard_of(2);
        let day = SystemTime::UNIX_EPOCH + RETENTION;
        append(&shard, 2, day);
        assert_eq!(shard.expire(day), 0);
        assert_eq!(shard.expire(day + Duration::from_millis(1)), 2);
        assert_eq!(numbers(&shard.read_from(0, 10)), ["2"]);
    }

    #[tokio::test]
    async fn a_waiting_reader_wakes_when_a_record_arrives() {
        let shard = shard_of(1);
        shard.wait_for(0).await;
        let reader = tokio::spawn({
            let shard = shard.clone();
            async move {
                shard.wait_for(1).await;
                shard.read_from(1, 1).len()
            }
        });
        tokio::task::yield_now().await;
        assert!(!reader.is_finished());
        append(&shard, 1, SystemTime::UNIX_EPOCH);
        assert_eq!(reader.await.unwrap(), 1);
    }
}
