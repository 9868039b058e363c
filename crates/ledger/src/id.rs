//! What names an entry: the item's key and the conflict's id.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_dynamo::AttributeValue;
use sha2::{Digest, Sha256};

use crate::schema::{CONFLICT_ID, ITEM_KEY};
use crate::{Image, json, time};

/// DynamoDB's limit for a hash key, in bytes. A longer key is kept by its digest.
/// Source: Amazon DynamoDB Developer Guide, "Quotas in Amazon DynamoDB".
const MAX_HASH_KEY_BYTES: usize = 2_048;

/// The longest `eventID` that is taken as it is; Lambda's have 32 characters, a range key has room for 1,024.
const MAX_EVENT_ID_BYTES: usize = 512;

/// The hash key of quarantined records.
const QUARANTINE: &str = "quarantine";

/// `ItemKey`, the ledger's hash key: an item's key in DynamoDB JSON with sorted names, a digest of it where that is too
/// long, or `quarantine`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemKey(String);

impl ItemKey {
    /// The hash key of the entries of an item.
    pub fn from_key(key: &BTreeMap<String, AttributeValue>) -> Self {
        let text = json::key_text(key);
        match text.len() {
            0..=MAX_HASH_KEY_BYTES => Self(text),
            _ => Self(format!("sha256:{}", digest(&[&text]))),
        }
    }

    /// The hash key of quarantined records.
    pub fn quarantine() -> Self {
        Self(QUARANTINE.to_owned())
    }

    /// Whether it is the hash key of quarantined records.
    pub fn is_quarantine(&self) -> bool {
        self.0 == QUARANTINE
    }

    /// The text in the ledger.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ItemKey {
    /// Takes a hash key as it stands in the ledger.
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `ConflictId`, the ledger's range key: the same for each delivery of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConflictId(String);

impl ConflictId {
    /// The id of what a record showed: when the winner was written, in epoch microseconds, and the record's event id.
    /// An unknown time is the year 1970.
    pub fn new(written_at: Option<u64>, event_id: &str) -> Self {
        let time = time::rfc3339_micros(written_at.unwrap_or(0));
        Self(format!("{time}#{event_id}"))
    }

    /// The id of a quarantined record: by its text, so that it is kept once however often it comes.
    pub fn quarantine(record: &str) -> Self {
        Self(format!("malformed#{}", digest(&[record])))
    }

    /// Whether it is the id of a quarantined record.
    pub fn is_quarantine(&self) -> bool {
        self.0.starts_with("malformed#")
    }

    /// The id of one of the entry's parts, counted from 1.
    pub fn part(&self, number: usize) -> Self {
        Self(format!("{self}#part-{number}"))
    }

    /// When the winner was written, where the id says it.
    pub fn written_at(&self) -> Option<DateTime<Utc>> {
        let (time, _) = self.0.split_once('#')?;
        let time: DateTime<Utc> = time.parse().ok()?;
        (time.timestamp() > 0).then_some(time)
    }

    /// The text in the ledger.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ConflictId {
    /// Takes an id as it stands in the ledger.
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for ConflictId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An entry's primary key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey {
    /// The hash key.
    pub item_key: ItemKey,
    /// The range key.
    pub conflict_id: ConflictId,
}

impl EntryKey {
    /// The primary key of an item of the ledger, if it has one.
    pub fn from_item(item: &Image) -> Option<Self> {
        let text = |name| match item.get(name) {
            Some(AttributeValue::S(text)) => Some(text.clone()),
            _ => None,
        };
        Some(Self {
            item_key: text(ITEM_KEY)?.into(),
            conflict_id: text(CONFLICT_ID)?.into(),
        })
    }

    /// The primary key of one of the entry's parts, counted from 1.
    pub fn part(&self, number: usize) -> Self {
        Self {
            item_key: self.item_key.clone(),
            conflict_id: self.conflict_id.part(number),
        }
    }

    /// The key attributes, as requests take them.
    pub fn to_item(&self) -> Image {
        let pairs = [
            (ITEM_KEY, &self.item_key.0),
            (CONFLICT_ID, &self.conflict_id.0),
        ];
        let pairs = pairs.map(|(name, text)| (name.to_owned(), AttributeValue::S(text.clone())));
        pairs.into()
    }
}

/// What names a record in its entry: its `eventID`, or the digest of what else names it.
pub fn event_id(event_id: Option<&str>, stream_arn: &str, sequence_number: &str) -> String {
    match event_id {
        Some(id) if (1..=MAX_EVENT_ID_BYTES).contains(&id.len()) => id.to_owned(),
        Some(id) if !id.is_empty() => digest(&[id]),
        _ => digest(&[stream_arn, sequence_number]),
    }
}

/// The SHA-256 of texts one after the other, in hex.
pub(crate) fn digest(texts: &[&str]) -> String {
    let mut sha = Sha256::new();
    for text in texts {
        sha.update(text);
    }
    let bytes = sha.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf ab | sha256sum`
    const DIGEST_OF_AB: &str = "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603";

    #[test]
    fn a_long_key_is_kept_by_its_digest() {
        let key = |length: usize| {
            let value = AttributeValue::S("k".repeat(length));
            ItemKey::from_key(&BTreeMap::from([("PK".to_owned(), value)]))
        };
        // {"PK":{"S":""}} is 15 bytes.
        assert_eq!(key(2_033).as_str().len(), 2_048);
        let long = key(2_034);
        assert!(long.as_str().starts_with("sha256:"), "{long}");
        assert_eq!(long.as_str().len(), "sha256:".len() + 64);
    }

    #[test]
    fn the_names_of_a_key_are_sorted() {
        let key = [("SK", "b"), ("PK", "a")]
            .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
        let key = ItemKey::from_key(&key.into());
        assert_eq!(key.to_string(), r#"{"PK":{"S":"a"},"SK":{"S":"b"}}"#);
        assert!(!key.is_quarantine());
        assert!(ItemKey::quarantine().is_quarantine());
        assert_eq!(ItemKey::quarantine().as_str(), "quarantine");
    }

    #[test]
    fn an_id_says_when_the_winner_was_written() {
        let id = ConflictId::new(Some(1_795_349_587_051_000), "e1");
        assert_eq!(id.as_str(), "2026-11-22T12:13:07.051000Z#e1");
        let written_at = "2026-11-22T12:13:07.051Z".parse().unwrap();
        assert_eq!(id.written_at(), Some(written_at));
        assert!(!id.is_quarantine());
        assert_eq!(id.part(2).to_string(), format!("{id}#part-2"));
        let unknown = ConflictId::new(None, "e1");
        assert_eq!(unknown.as_str(), "1970-01-01T00:00:00.000000Z#e1");
        assert_eq!(unknown.written_at(), None);
        for text in ["malformed#ab", "2026-11-22T12:13:07.051Z", ""] {
            assert_eq!(
                ConflictId::from(text.to_owned()).written_at(),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn a_quarantined_record_is_named_by_its_text() {
        let id = ConflictId::quarantine("ab");
        assert_eq!(id.as_str(), format!("malformed#{DIGEST_OF_AB}"));
        assert!(id.is_quarantine());
    }

    #[test]
    fn an_event_id_that_is_no_name_is_replaced_by_a_digest() {
        assert_eq!(event_id(Some("e1"), "a", "b"), "e1");
        let longest = "x".repeat(MAX_EVENT_ID_BYTES);
        assert_eq!(event_id(Some(&longest), "a", "b"), longest);
        let too_long = "x".repeat(MAX_EVENT_ID_BYTES + 1);
        assert_eq!(event_id(Some(&too_long), "a", "b"), digest(&[&too_long]));
        assert_eq!(event_id(Some(""), "a", "b"), DIGEST_OF_AB);
        assert_eq!(event_id(None, "a", "b"), DIGEST_OF_AB);
    }

    #[test]
    fn a_primary_key_is_read_from_its_item() {
        let key = EntryKey {
            item_key: ItemKey::quarantine(),
            conflict_id: ConflictId::quarantine("ab"),
        };
        let item = key.to_item();
        assert_eq!(item.len(), 2);
        assert_eq!(EntryKey::from_item(&item), Some(key.clone()));
        assert_eq!(key.part(1).conflict_id, key.conflict_id.part(1));
        assert_eq!(key.part(1).item_key, key.item_key);
        for name in [ITEM_KEY, CONFLICT_ID] {
            let mut item = item.clone();
            item.insert(name.to_owned(), AttributeValue::N("1".to_owned()));
            assert_eq!(EntryKey::from_item(&item), None, "{name}");
        }
    }
}
