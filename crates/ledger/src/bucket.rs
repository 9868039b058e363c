//! The keys of the indexes: the hour in which an entry was found, or that it is open, spread over [`SHARDS`] shards.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::id::ConflictId;

/// Over how many keys an hour is spread: a storm of conflicts would be throttled on one.
const SHARDS: u8 = 16;

/// The bucket of an entry that was found at `time`, as in `2026-11-22T12#a`.
pub(crate) fn bucket(time: DateTime<Utc>, id: &ConflictId) -> String {
    format!("{}#{}", hour(time), open_shard(id))
}

/// Where the index of open entries has this one, while it is open.
pub fn open_shard(id: &ConflictId) -> String {
    let shard = Sha256::digest(id.as_str())[0] % SHARDS;
    format!("{shard:x}")
}

/// All that [`open_shard`] gives.
pub fn open_shards() -> impl Iterator<Item = String> {
    (0..SHARDS).map(|shard| format!("{shard:x}"))
}

/// The hour that a bucket stands for, as in `2026-11-22T12`.
pub fn hour(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H").to_string()
}

/// The buckets of an hour, as [`hour`] writes it.
pub fn buckets(hour: &str) -> impl Iterator<Item = String> {
    (0..SHARDS).map(move |shard| format!("{hour}#{shard:x}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-11-22T12:59:59.999Z".parse().unwrap()
    }

    #[test]
    fn an_hour_has_16_buckets_and_each_is_used() {
        let all: BTreeSet<String> = buckets(&hour(noon())).collect();
        assert_eq!(all.len(), 16);
        assert!(all.contains("2026-11-22T12#0") && all.contains("2026-11-22T12#f"));
        let used: BTreeSet<String> = (0..1_000)
            .map(|n| bucket(noon(), &ConflictId::from(format!("id-{n}"))))
            .collect();
        assert_eq!(used, all);
    }

    #[test]
    fn the_shard_comes_from_the_first_byte_of_the_ids_digest() {
        // printf id-4 | sha256sum starts with 8a.
        assert_eq!(
            bucket(noon(), &ConflictId::from("id-4".to_owned())),
            "2026-11-22T12#a"
        );
    }
}
