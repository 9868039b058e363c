//! Gathering records into a batch and writing the event that carries them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::lambda::MAX_PAYLOAD_BYTES;
use crate::shard::{RETENTION, ShardRecord};

/// What an event has besides its records.
const OPENING: &str = "{\"Records\":[";
const CLOSING: &str = "]}";

/// Records in order.
pub(super) type Records = Vec<Arc<ShardRecord>>;

/// The longest prefix whose event fits into one invocation, at least one record, and whether the event is full.
///
/// "Lambda invokes the function when the batch size, the batching window or the payload limit of 6 MB is reached."
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching>
pub(super) fn cap(mut records: Records, batch_size: usize) -> (Records, bool) {
    let mut bytes = OPENING.len() + CLOSING.len();
    let mut count = 0;
    for record in &records {
        // The comma belongs to every record but the first.
        let with_this = bytes + record.json.get().len() + usize::from(count > 0);
        if count > 0 && with_this > MAX_PAYLOAD_BYTES {
            break;
        }
        bytes = with_this;
        count += 1;
    }
    let full = count < records.len() || count >= batch_size;
    records.truncate(count);
    (records, full)
}

/// The event that the function gets.
pub(super) fn event(records: &[Arc<ShardRecord>]) -> String {
    let bytes: usize = records
        .iter()
        .map(|record| record.json.get().len() + 1)
        .sum();
    let mut event = String::with_capacity(OPENING.len() + bytes + CLOSING.len());
    event.push_str(OPENING);
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            event.push(',');
        }
        event.push_str(record.json.get());
    }
    event.push_str(CLOSING);
    event
}

/// Records sorted by whether there is still time for them.
#[derive(Debug, Default)]
pub(super) struct AgeGroups {
    /// To be handed to the function.
    pub(super) fresh: Records,
    /// Older than the mapping's MaximumRecordAgeInSeconds.
    pub(super) too_old: Records,
    /// Gone from the stream.
    pub(super) expired: Records,
}

/// Sorts records by age.
///
/// "Lambda discards records older than the maximum age":
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>. The stream keeps them for 24 hours:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>.
pub(super) fn group_by_age(
    records: Records,
    now: SystemTime,
    limit: Option<Duration>,
) -> AgeGroups {
    let mut sorted = AgeGroups::default();
    for record in records {
        let age = now.duration_since(record.arrived_at).unwrap_or_default();
        if limit.is_some_and(|limit| age > limit) {
            sorted.too_old.push(record);
        } else if age > RETENTION {
            sorted.expired.push(record);
        } else {
            sorted.fresh.push(record);
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn record(position: u64, json: &str, arrived_at: SystemTime) -> Arc<ShardRecord> {
        Arc::new(ShardRecord {
            position,
            sequence_number: position.to_string(),
            arrived_at,
            json: RawValue::from_string(json.to_owned()).unwrap(),
        })
    }

    fn of_size(position: u64, bytes: usize) -> Arc<ShardRecord> {
        let json = format!("\"{}\"", "x".repeat(bytes - 2));
        record(position, &json, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn an_event_carries_the_records_as_they_are() {
        let now = SystemTime::UNIX_EPOCH;
        assert_eq!(event(&[]), r#"{"Records":[]}"#);
        let records = [record(0, r#"{"a": 1}"#, now), record(1, "2", now)];
        assert_eq!(event(&records), r#"{"Records":[{"a": 1},2]}"#);
    }

    #[test]
    fn an_event_of_exactly_6_mb_is_taken_and_one_byte_more_is_not() {
        let frame = event(&[]).len() + 1;
        let half = (MAX_PAYLOAD_BYTES - frame) / 2;
        let rest = MAX_PAYLOAD_BYTES - frame - half;
        let (fits, full) = cap(vec![of_size(0, half), of_size(1, rest)], 100);
        assert_eq!(event(&fits).len(), MAX_PAYLOAD_BYTES);
        assert!(!full);
        let (cut, full) = cap(vec![of_size(0, half), of_size(1, rest + 1)], 100);
        assert_eq!((cut.len(), full), (1, true));
    }

    #[test]
    fn a_single_record_goes_out_whatever_its_size() {
        let (records, _) = cap(vec![of_size(0, MAX_PAYLOAD_BYTES + 1), of_size(1, 10)], 100);
        assert_eq!(records.len(), 1);
    }

    #[test]
    fn a_batch_is_full_at_the_batch_size() {
        assert!(cap(vec![of_size(0, 10), of_size(1, 10)], 2).1);
        assert!(!cap(vec![of_size(0, 10)], 2).1);
    }

    #[test]
    fn records_are_sorted_by_age_at_the_second() {
        let now = SystemTime::UNIX_EPOCH + 2 * RETENTION;
        let aged = |seconds: u64| record(0, "1", now - Duration::from_secs(seconds));
        let count = |seconds: u64, limit: Option<u64>| {
            let sorted = group_by_age(vec![aged(seconds)], now, limit.map(Duration::from_secs));
            (
                sorted.fresh.len(),
                sorted.too_old.len(),
                sorted.expired.len(),
            )
        };
        assert_eq!(count(60, Some(60)), (1, 0, 0));
        assert_eq!(count(61, Some(60)), (0, 1, 0));
        assert_eq!(count(61, None), (1, 0, 0));
        assert_eq!(count(86_400, None), (1, 0, 0));
        assert_eq!(count(86_401, None), (0, 0, 1));
        assert_eq!(count(86_401, Some(60)), (0, 1, 0));
        // A week is longer than the stream keeps anything.
        assert_eq!(count(86_401, Some(604_800)), (0, 0, 1));
    }

    #[test]
    fn a_record_from_the_future_is_fresh() {
        let now = SystemTime::UNIX_EPOCH;
        let sorted = group_by_age(vec![record(0, "1", now + RETENTION)], now, None);
        assert_eq!(sorted.fresh.len(), 1);
    }
}
