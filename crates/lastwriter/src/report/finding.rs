//! What a ledger entry says, in a line.

use serde::Serialize;
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

impl Finding {
    /// Reads an entry given as DynamoDB JSON.
    pub fn from_item(item: &Value) -> Self {
        let text = |name: &str| text_of(item, name).map(str::to_owned);
        let region = |side: &str| {
            let region = item.get(side)?.get("M")?.get("Region")?.get("S")?;
            region.as_str().map(str::to_owned)
        };
        Self {
            conflict_id: text("ConflictId"),
            kind: text("Kind"),
            confidence: text("Confidence"),
            loser_region: region("Loser"),
            winner_region: region("Winner"),
            lost_writes: number_of(item, "LostWrites"),
            differing_attributes: names_of(item, "DifferingAttributes"),
            identical: item
                .get("Identical")
                .and_then(|value| value.get("BOOL")?.as_bool()),
            reason: text("Reason"),
        }
    }
}

/// Whether a ledger item holds a part of another entry's image.
pub fn is_part(item: &Value) -> bool {
    item.get("Part").is_some()
}

/// An attribute of type S.
pub fn text_of<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item.get(name)?.get("S")?.as_str()
}

fn number_of(item: &Value, name: &str) -> Option<u64> {
    item.get(name)?.get("N")?.as_str()?.parse().ok()
}

fn names_of(item: &Value, name: &str) -> Option<Vec<String>> {
    let names = item.get(name)?.get("L")?.as_array()?;
    let name = |value: &Value| value.get("S").and_then(Value::as_str).map(str::to_owned);
    names.iter().map(name).collect()
}
