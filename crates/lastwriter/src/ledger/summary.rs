//! One line of a list.

use ledger::Image;
use serde::Serialize;
use serde_json::Value;

use crate::report::{Finding, text_of};

/// A ledger entry without its images.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    /// `ItemKey`: the item's key in DynamoDB JSON, or `sha256:` and hex, or `quarantine`.
    pub item_key: String,
    /// The item's key in DynamoDB JSON; none for a quarantined record.
    pub key: Option<Value>,
    /// The table of the item.
    pub table: Option<String>,
    /// `Status`: `open` until an operator changes it.
    pub status: Option<String>,
    /// When it was found, RFC 3339 UTC.
    pub detected_at: Option<String>,
    /// When the loser was written, by its writer's clock, RFC 3339 UTC.
    pub loser_written_at: Option<String>,
    /// When the winner was written, by its writer's clock, RFC 3339 UTC.
    pub winner_written_at: Option<String>,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

impl Summary {
    /// Reads an entry.
    pub fn of(entry: &Image) -> Self {
        let item = serde_json::to_value(entry).unwrap_or_default();
        let text = |name: &str| text_of(&item, name).map(str::to_owned);
        let written_at = |side: &str| {
            let side = item.get(side)?.get("M")?;
            text_of(side, "WrittenAt").map(str::to_owned)
        };
        Self {
            item_key: text("ItemKey").unwrap_or_default(),
            key: item.get("Key").and_then(|key| key.get("M")).cloned(),
            table: text("TableName"),
            status: text("Status"),
            detected_at: text("DetectedAt"),
            loser_written_at: written_at("Loser"),
            winner_written_at: written_at("Winner"),
            finding: Finding::from_item(&item),
        }
    }

    /// The entry's `ConflictId`.
    pub fn conflict_id(&self) -> &str {
        self.finding.conflict_id.as_deref().unwrap_or_default()
    }

    /// The key for people: `PK=USER#1 SK=PROFILE`.
    pub fn key_text(&self) -> String {
        let Some(Value::Object(key)) = &self.key else {
            return self.item_key.clone();
        };
        let part = |(name, value): (&String, &Value)| {
            let value = value.as_object().and_then(|value| value.values().next());
            format!("{name}={}", value.and_then(Value::as_str).unwrap_or("?"))
        };
        key.iter().map(part).collect::<Vec<_>>().join(" ")
    }
}
