//! The ledger's table: the names of its keys and its index.

use serde_json::{Value, json};

use crate::Image;

/// The hash key.
pub const ITEM_KEY: &str = "ItemKey";
/// The range key, of the table and of its index.
pub const CONFLICT_ID: &str = "ConflictId";
/// The index of entries by the hour in which they were found.
pub const BY_TIME: &str = "ByTime";
/// The hash key of [`BY_TIME`]. The parts of an entry lack it.
pub const BUCKET: &str = "Bucket";
/// The index of entries that wait for an operator, by when they were found. It is small while they are dealt with.
pub const OPEN: &str = "Open";
/// The hash key of [`OPEN`], one of [`open_shards`](crate::open_shards). Only open entries have it, and samples never do: nobody
/// has to close those.
pub const OPEN_SHARD: &str = "OpenShard";
/// When an entry was found, in RFC 3339 with milliseconds; the range key of [`OPEN`].
pub const DETECTED_AT: &str = "DetectedAt";
/// The table's TTL attribute.
pub const EXPIRES_AT: &str = "ExpiresAt";
/// What an entry records. The parts of an entry lack it.
pub const KIND: &str = "Kind";
/// What became of an entry.
pub const STATUS: &str = "Status";
/// What operators did to an entry.
pub const HISTORY: &str = "History";
/// The sums that are being put back.
pub const PENDING_SUMS: &str = "PendingSums";
/// The compressed bytes of a part.
pub(crate) const PART: &str = "Part";
pub(crate) const KEY: &str = "Key";
pub(crate) const LOSER: &str = "Loser";
pub(crate) const WINNER: &str = "Winner";
/// The attributes of a version, in [`LOSER`] and [`WINNER`].
pub(crate) const IMAGE: &str = "Image";
/// The names of a version's attributes that cannot be decoded, in [`LOSER`] and [`WINNER`].
pub(crate) const UNDECODED_ATTRIBUTES: &str = "UndecodedAttributes";
/// DynamoDB took the entry only without its images.
pub(crate) const IMAGES_REFUSED: &str = "ImagesRefused";
/// The text of a quarantined record.
pub(crate) const RECORD: &str = "Record";

/// What has to be read of an entry to know all of it but the images and the stamps, as document paths.
pub const PATHS_WITHOUT_IMAGES: [&str; 23] = [
    ITEM_KEY,
    CONFLICT_ID,
    "Key",
    "TableName",
    KIND,
    "Confidence",
    "Evidence",
    STATUS,
    "DetectedAt",
    "Loser.Region",
    "Loser.WrittenAt",
    "Loser.UndecodedAttributes",
    "Winner.Region",
    "Winner.WrittenAt",
    "Winner.UndecodedAttributes",
    "DifferingAttributes",
    "ChangedAttributes",
    "Identical",
    "LostWrites",
    "Reason",
    HISTORY,
    IMAGES_REFUSED,
    EXPIRES_AT,
];

/// Whether an item of the ledger is not an entry but holds a part of one.
pub fn is_part(item: &Image) -> bool {
    item.contains_key(PART)
}

/// The table's definition as a CreateTable request. `table.json` holds the same, and tests compare both this and the
/// templates with it.
pub fn create_table_request(table_name: &str) -> Value {
    let key = |name: &str, key_type: &str| json!({ "AttributeName": name, "KeyType": key_type });
    let attributes = [ITEM_KEY, CONFLICT_ID, BUCKET, OPEN_SHARD, DETECTED_AT];
    let attributes = attributes.map(|name| json!({ "AttributeName": name, "AttributeType": "S" }));
    let index = |name: &str, keys: [Value; 2]| {
        json!({
            "IndexName": name,
            "KeySchema": keys,
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        })
    };
    json!({
        "TableName": table_name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": [key(ITEM_KEY, "HASH"), key(CONFLICT_ID, "RANGE")],
        "GlobalSecondaryIndexes": [
            index(BY_TIME, [key(BUCKET, "HASH"), key(CONFLICT_ID, "RANGE")]),
            index(OPEN, [key(OPEN_SHARD, "HASH"), key(DETECTED_AT, "RANGE")]),
        ],
    })
}
