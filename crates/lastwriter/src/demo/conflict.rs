//! A conflict as its ledger entry has it, in the form that the report and the comparison need.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use local_aws::global_table::{ItemKey, Region};
use serde::{Deserialize, Serialize};
use serde_dynamo::AttributeValue;
use serde_json::Value;
use workload::{LedgerConflict, StampPair, StampPairs};

use crate::format::attribute_value;
use crate::report::{Finding, text_of};

/// The ledger entry of one conflict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ConflictEntry {
    /// The ledger entry's `ConflictId`.
    pub id: String,
    /// When the function found it.
    pub detected_at: DateTime<Utc>,
    /// Its kind.
    pub kind: String,
    /// `certain` or `probable`.
    pub confidence: String,
    /// How many writes were lost by it, at least.
    pub lost_writes: u64,
    /// Whether both versions look the same.
    pub identical: bool,
    /// The names of the attributes that differ.
    pub differing_attributes: Vec<String>,
    /// The item's partition and sort key.
    pub item: [String; 2],
    /// The version that lost.
    pub loser: Version,
    /// The version that won.
    pub winner: Version,
}

/// One of a conflict's two versions.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Version {
    /// Where it was written.
    pub region: String,
    /// When, by its writer's clock, in RFC 3339.
    pub written_at: Option<String>,
    /// Its attributes in a form for people; empty where the ledger does not hold them in the entry itself.
    pub attributes: BTreeMap<String, String>,
    #[serde(skip)]
    stamps: StampPairs,
}

impl ConflictEntry {
    /// Reads a ledger entry; `None` for entries that are no conflicts, and for parts of images.
    pub(super) fn from_item(entry: &Value) -> Option<Self> {
        let finding = Finding::from_item(entry);
        finding.winner_region.as_ref()?;
        let key = entry.get("Key")?.get("M")?;
        let part = |name: &str| Some(key.get(name)?.get("S")?.as_str()?.to_owned());
        let detected = DateTime::parse_from_rfc3339(text_of(entry, "DetectedAt")?).ok()?;
        Some(Self {
            id: finding.conflict_id?,
            detected_at: detected.to_utc(),
            kind: finding.kind?,
            confidence: finding.confidence.unwrap_or_default(),
            lost_writes: finding.lost_writes.unwrap_or(1),
            identical: finding.identical.unwrap_or(false),
            differing_attributes: finding.differing_attributes.unwrap_or_default(),
            item: [part("PK")?, part("SK")?],
            loser: Version::from_side(entry.get("Loser")?)?,
            winner: Version::from_side(entry.get("Winner")?)?,
        })
    }

    /// What the comparison with the truth needs of it.
    pub(super) fn for_evaluation(&self, region: Region) -> LedgerConflict {
        LedgerConflict {
            region,
            key: ItemKey::new(&self.item[0], &self.item[1]),
            loser: self.loser.stamps.clone(),
            winner: self.winner.stamps.clone(),
        }
    }
}

impl Version {
    fn from_side(side: &Value) -> Option<Self> {
        let side = side.get("M")?;
        let image = side.get("Image").and_then(|image| image.get("M"));
        let image = image.and_then(Value::as_object).into_iter().flatten();
        Some(Self {
            region: text_of(side, "Region")?.to_owned(),
            written_at: text_of(side, "WrittenAt").map(str::to_owned),
            attributes: image
                .map(|(name, value)| (name.clone(), shown(value)))
                .collect(),
            stamps: stamps(side.get("Stamps")?.get("M")?),
        })
    }
}

fn stamps(map: &Value) -> StampPairs {
    let pairs = map.as_object().into_iter().flatten();
    let pair = |pair: &Value| {
        let part = |name: &str| pair.get("M")?.get(name)?.get("N")?.as_str()?.parse().ok();
        StampPair {
            n: part("n"),
            t: part("t"),
        }
    };
    pairs
        .map(|(region, stamp)| (region.clone(), pair(stamp)))
        .collect()
}

/// An attribute value in DynamoDB JSON for people; what is none stays as it is.
fn shown(value: &Value) -> String {
    match AttributeValue::deserialize(value) {
        Ok(value) => attribute_value(&value),
        Err(_) => value.to_string(),
    }
}
