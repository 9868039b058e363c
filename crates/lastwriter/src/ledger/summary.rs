//! One line of a list.

use std::collections::BTreeSet;

use ledger::{Entry, ItemKey, Key, Side};
use serde::Serialize;

use crate::format;
use crate::report::Finding;

/// A ledger entry without its images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// `ItemKey`: the item's key in DynamoDB JSON, or `sha256:` and hex, or `quarantine`.
    pub item_key: ItemKey,
    /// The item's key in DynamoDB JSON; none for a quarantined record.
    pub key: Option<Key>,
    /// The table of the item.
    pub table: String,
    /// `Status`: `open` until an operator changes it.
    pub status: String,
    /// What it rests on, `join`; none where that is the stamps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// When it was found, RFC 3339 UTC.
    pub detected_at: String,
    /// When the loser was written, by its writer's clock, RFC 3339 UTC.
    pub loser_written_at: Option<String>,
    /// When the winner was written, by its writer's clock, RFC 3339 UTC.
    pub winner_written_at: Option<String>,
    /// Whether DynamoDB took the entry only without images, key and attributes' names.
    pub images_refused: bool,
    /// The names of attributes of either version that this program cannot decode, sorted.
    pub undecoded_attributes: BTreeSet<String>,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

impl From<&Entry> for Summary {
    fn from(entry: &Entry) -> Self {
        let sides = entry.loser.iter().chain(&entry.winner);
        let undecoded = sides.flat_map(|side| side.undecoded.keys());
        let written_at = |side: &Option<Side>| side.as_ref().and_then(Side::written_at_text);
        Self {
            item_key: entry.item_key.clone(),
            key: entry.key.clone(),
            table: entry.table_name.clone(),
            status: entry.status.to_string(),
            evidence: entry.evidence.as_ref().map(ToString::to_string),
            detected_at: entry.detected_at_text(),
            loser_written_at: written_at(&entry.loser),
            winner_written_at: written_at(&entry.winner),
            images_refused: entry.images_refused == Some(true),
            undecoded_attributes: undecoded.cloned().collect(),
            finding: entry.into(),
        }
    }
}

impl Summary {
    /// The entry's `ConflictId`.
    pub fn conflict_id(&self) -> &str {
        self.finding.conflict_id.as_deref().unwrap_or_default()
    }

    /// The attributes that cannot be decoded, for people; none if there are none.
    pub fn undecoded_text(&self) -> Option<String> {
        let names: Vec<&str> = self
            .undecoded_attributes
            .iter()
            .map(String::as_str)
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// The key for people: `PK=USER#1 SK=PROFILE`.
    pub fn key_text(&self) -> String {
        match &self.key {
            Some(key) => format::key(key),
            None => self.item_key.to_string(),
        }
    }
}
