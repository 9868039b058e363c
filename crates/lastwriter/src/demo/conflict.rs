//! A conflict as its ledger entry has it, in the form that the report and the comparison need.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use ledger::{Evidence, Side};
use local_aws::global_table::Region;
use serde::Serialize;
use serde_dynamo::AttributeValue;
use serde_json::Value;
use workload::{ItemId, LedgerConflict, StampPair, StampPairs, StreamFinding};

use super::join_result::item;
use crate::audit::{Example, Side as JoinedSide};
use crate::format::attribute_value;
use crate::report::entry_from_json;

/// What found a lost write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FoundBy {
    /// The function, by the stamps of both versions: there is a ledger entry.
    Stamps,
    /// The join of all Regions' streams, and nothing else.
    Join,
}

/// One conflict: a ledger entry, or what the join alone found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ConflictEntry {
    /// What found it.
    pub found_by: FoundBy,
    /// The ledger entry's `ConflictId`; of a finding of the join the Region and the sequence number of the lost write's record.
    pub id: String,
    /// When the function found it.
    pub detected_at: DateTime<Utc>,
    /// Its kind.
    pub kind: String,
    /// `certain` or `probable`; of a finding of the join `certain` or `likely`.
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
    /// Reads a ledger item given as DynamoDB JSON; `None` for entries that are no conflicts, and for parts of images.
    pub(super) fn from_item(item: &Value) -> Option<Self> {
        let entry = entry_from_json(item)?;
        // What rests on the item's own version number is counted apart.
        if entry.evidence.is_some() {
            return None;
        }
        let (loser, winner) = (entry.loser?, entry.winner?);
        winner.region.as_ref()?;
        let key = entry.key?;
        let part = |name: &str| match key.get(name)? {
            AttributeValue::S(text) => Some(text.clone()),
            _ => None,
        };
        Some(Self {
            found_by: FoundBy::Stamps,
            id: entry.conflict_id.to_string(),
            detected_at: entry.detected_at,
            kind: entry.kind.to_string(),
            confidence: entry
                .confidence
                .map(|name| name.to_string())
                .unwrap_or_default(),
            lost_writes: entry.lost_writes.unwrap_or(1),
            identical: entry.identical.unwrap_or(false),
            differing_attributes: entry.differing_attributes.unwrap_or_default(),
            item: [part("PK")?, part("SK")?],
            loser: Version::from_side(loser)?,
            winner: Version::from_side(winner)?,
        })
    }

    /// What the join found; `None` for an item that is not the workload's.
    pub(super) fn from_join(example: Example) -> Option<Self> {
        let Example { finding, lost, won } = example;
        let written_at = DateTime::from_timestamp(i64::try_from(finding.second).ok()?, 0)?;
        Some(Self {
            found_by: FoundBy::Join,
            id: format!("{} {}", finding.lost.region, finding.lost.sequence_number),
            detected_at: written_at,
            kind: finding.kind.name().to_owned(),
            confidence: finding.confidence.to_string(),
            lost_writes: 1,
            identical: finding.differing_attributes.is_empty(),
            item: item(&finding.key)?,
            loser: Version {
                written_at: Some(written_at.to_rfc3339_opts(SecondsFormat::Secs, true)),
                ..Version::joined(&finding.lost_in, lost)
            },
            winner: Version::joined(&finding.won_in, won),
            differing_attributes: finding.differing_attributes,
        })
    }

    /// The stream record that a suspected conflict rests on; `None` for every other item of the ledger.
    pub(super) fn suspected(region: Region, item: &Value) -> Option<StreamFinding> {
        let entry = entry_from_json(item)?;
        if entry.evidence != Some(Evidence::Version.into()) {
            return None;
        }
        let key = entry.key?;
        let part = |name: &str| match key.get(name)? {
            AttributeValue::S(text) => Some(text.as_str()),
            _ => None,
        };
        Some(StreamFinding {
            region,
            key: ItemId::new(part("PK")?, part("SK")?),
            sequence_number: entry.sequence_number?,
        })
    }

    /// What the comparison with the truth needs of it.
    pub(super) fn for_evaluation(&self, region: Region) -> LedgerConflict {
        LedgerConflict {
            region,
            key: ItemId::new(&self.item[0], &self.item[1]),
            loser: self.loser.stamps.clone(),
            winner: self.winner.stamps.clone(),
        }
    }
}

impl Version {
    fn joined(region: &str, side: JoinedSide) -> Self {
        Self {
            region: region.to_owned(),
            attributes: match side {
                JoinedSide::Item(attributes) => attributes,
                JoinedSide::Deleted | JoinedSide::Unknown => BTreeMap::new(),
            },
            ..Self::default()
        }
    }

    fn from_side(side: Side) -> Option<Self> {
        let pairs = side.stamps.iter();
        let pairs = pairs.map(|(region, stamp)| {
            (
                region.clone(),
                StampPair {
                    n: stamp.n,
                    t: stamp.t,
                },
            )
        });
        let attributes = side.image.iter().flatten();
        Some(Self {
            written_at: side.written_at_text(),
            attributes: attributes
                .map(|(name, value)| (name.clone(), attribute_value(value)))
                .collect(),
            stamps: pairs.collect(),
            region: side.region?,
        })
    }
}
