//! What a ledger entry says, in a line.

use ledger::{CONFLICT_ID, Entry, Image, Side};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A finding as its ledger entry has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Finding {
    /// The entry's `ConflictId`.
    pub conflict_id: Option<String>,
    /// The entry's `Kind`: a conflict's, an overwrite's, `unstamped_sample` or `malformed_record`.
    pub kind: Option<String>,
    /// `certain` or `probable`.
    pub confidence: Option<String>,
    /// The Region whose write was lost.
    pub loser_region: Option<String>,
    /// The Region whose version won.
    pub winner_region: Option<String>,
    /// How many writes were lost, at least.
    pub lost_writes: Option<u64>,
    /// The attributes in which the two versions differ, sorted.
    pub differing_attributes: Option<Vec<String>>,
    /// Whether the two versions are the same but for their stamps.
    pub identical: Option<bool>,
    /// Why a record was quarantined.
    pub reason: Option<String>,
}

impl From<&Entry> for Finding {
    fn from(entry: &Entry) -> Self {
        let region = |side: &Option<Side>| side.as_ref()?.region.clone();
        Self {
            conflict_id: Some(entry.conflict_id.to_string()),
            kind: Some(entry.kind.to_string()),
            confidence: entry.confidence.as_ref().map(ToString::to_string),
            loser_region: region(&entry.loser),
            winner_region: region(&entry.winner),
            lost_writes: entry.lost_writes,
            differing_attributes: entry.differing_attributes.clone(),
            identical: entry.identical,
            reason: entry.reason.clone(),
        }
    }
}

/// The `ConflictId` of an item of the ledger given as DynamoDB JSON.
pub(crate) fn conflict_id(item: &Value) -> Option<&str> {
    item.get(CONFLICT_ID)?.get("S")?.as_str()
}

/// An entry given as DynamoDB JSON; none for what is not one, such as a part of an entry.
pub(crate) fn entry_from_json(item: &Value) -> Option<Entry> {
    let item = Image::deserialize(item).ok()?;
    Entry::read_alone(item).ok()
}
