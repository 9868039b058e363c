//! A finding: a write that did not survive, and the version that took its place.

use std::fmt;

use conflict::Kind;
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use serde_json::value::RawValue;

/// A write that no later version descends from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The table's name.
    pub table: String,
    /// The item's key in DynamoDB JSON, attribute names sorted, no spaces.
    pub key: String,
    /// The Region in which the lost write was made.
    pub lost_in: String,
    /// The Region in which the version that replaced it was made.
    pub won_in: String,
    /// The Regions in which the lost write may have been made, where its streams leave that open; `lost_in` is one of
    /// them. Empty where it is known.
    pub lost_in_one_of: Vec<String>,
    /// How sure it is that the write was lost.
    pub confidence: Confidence,
    /// What the two sides did, loser first.
    pub kind: Kind,
    /// How it was lost.
    pub class: Class,
    /// The record of the lost write in the stream of `lost_in`.
    pub lost: RecordReference,
    /// The record in the stream of `lost_in` of the first version after it that does not descend from it.
    pub won: RecordReference,
    /// The epoch second of the lost write's record.
    pub second: u64,
    /// The writer of the lost write stamped it: the function's judge covers it, too.
    pub stamped: bool,
    /// The top-level attributes in which the two versions differ, sorted; keys and stamps left out.
    pub differing_attributes: Vec<String>,
}

/// A stream record, named so that its image can be shown: its NewImage is the version, and a REMOVE is a delete.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct RecordReference {
    /// The Region whose stream has the record.
    pub region: String,
    /// `SequenceNumber`.
    pub sequence_number: String,
    /// `eventID`, if the record has one.
    pub event_id: Option<String>,
}

/// How sure it is that a write was lost, surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The streams leave no other way.
    Certain,
    /// Another way would need a coincidence: a value or a version number that came out right by chance.
    Likely,
    /// Another way is almost as good.
    Possible,
}

impl Confidence {
    /// Every confidence, surest first.
    pub const ALL: [Confidence; 3] = [
        Confidence::Certain,
        Confidence::Likely,
        Confidence::Possible,
    ];

    /// The name in the output.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Possible => "possible",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a write was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Last writer wins dropped it: the winner was made in another Region, before the write arrived there.
    LostWrite,
    /// A put of an item that was read before the write overwrote it. That happens within one Region, too.
    StalePut,
}

impl Class {
    /// The name in the output.
    pub fn name(self) -> &'static str {
        match self {
            Class::LostWrite => "lost_write",
            Class::StalePut => "stale_put",
        }
    }
}

/// The object that `lastwriter audit --json` prints for each finding.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let key = RawValue::from_string(self.key.clone()).map_err(serde::ser::Error::custom)?;
        let mut object = serializer.serialize_struct("Finding", 13)?;
        object.serialize_field("table", &self.table)?;
        object.serialize_field("key", &key)?;
        object.serialize_field("lost_in", &self.lost_in)?;
        if self.lost_in_one_of.is_empty() {
            object.skip_field("lost_in_one_of")?;
        } else {
            object.serialize_field("lost_in_one_of", &self.lost_in_one_of)?;
        }
        object.serialize_field("won_in", &self.won_in)?;
        object.serialize_field("confidence", &self.confidence)?;
        object.serialize_field("kind", self.kind.name())?;
        object.serialize_field("class", &self.class)?;
        object.serialize_field("second", &self.second)?;
        object.serialize_field("stamped", &self.stamped)?;
        object.serialize_field("lost", &self.lost)?;
        object.serialize_field("won", &self.won)?;
        object.serialize_field("differing_attributes", &self.differing_attributes)?;
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        for confidence in Confidence::ALL {
            assert_eq!(serde_json::json!(confidence), confidence.name());
            assert_eq!(confidence.to_string(), confidence.name());
        }
        for class in [Class::LostWrite, Class::StalePut] {
            assert_eq!(serde_json::json!(class), class.name());
        }
    }
}
