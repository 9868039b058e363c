//! Shard iterators: opaque texts that say where to read on, and for how long they may be used.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::refusals::{expired_iterator, invalid};
use crate::fault::Refusal;
use crate::shard::Position;

/// "A shard iterator expires 15 minutes after it is returned to the requester."
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html>
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Where an iterator reads on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShardIterator {
    pub(super) shard_id: String,
    pub(super) position: Position,
}

/// Hands iterators out and takes them back.
#[derive(Debug, Default)]
pub(super) struct IteratorIssuer {
    issued: AtomicU64,
    /// Iterators with a lower number have expired, whatever their age.
    first_valid: AtomicU64,
}

impl IteratorIssuer {
    /// The text of an iterator, as DynamoDB's are: the stream's ARN, a version and something unreadable.
    pub(super) fn issue(&self, arn: &str, iterator: &ShardIterator, now: SystemTime) -> String {
        let number = self.issued.fetch_add(1, Ordering::SeqCst);
        let ShardIterator { shard_id, position } = iterator;
        let content = format!("{number} {} {position} {shard_id}", millis(now));
        format!("{arn}|1|{}", STANDARD.encode(content))
    }

    pub(super) fn expire_all(&self) {
        let next = self.issued.load(Ordering::SeqCst);
        self.first_valid.store(next, Ordering::SeqCst);
    }

    /// Reads an iterator of this stream.
    pub(super) fn accept(
        &self,
        arn: &str,
        text: &str,
        now: SystemTime,
    ) -> Result<ShardIterator, Refusal> {
        let content = text
            .strip_prefix(arn)
            .and_then(|rest| rest.strip_prefix("|1|"));
        let (number, issued_at, iterator) = content
            .and_then(parse)
            .ok_or_else(|| invalid("Invalid ShardIterator"))?;
        let age = millis(now).saturating_sub(issued_at);
        if number < self.first_valid.load(Ordering::SeqCst) || age > LIFETIME.as_millis() {
            return Err(expired_iterator());
        }
        Ok(iterator)
    }
}

fn parse(content: &str) -> Option<(u64, u128, ShardIterator)> {
    let content = String::from_utf8(STANDARD.decode(content).ok()?).ok()?;
    let mut parts = content.split(' ');
    let (number, issued_at) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let iterator = ShardIterator {
        position: parts.next()?.parse().ok()?,
        shard_id: parts.next()?.to_owned(),
    };
    Some((number, issued_at, iterator))
}

fn millis(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis())
}
