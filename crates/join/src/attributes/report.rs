//! The classes of attributes, for people: what the table has that tells where and on what a write was made.

use serde::Serialize;

use super::{Attributes, COMMON};
use crate::entry::Name;

/// Below this many changes an attribute is not classed.
const FEW: u64 = 20;

/// What an attribute's values say about the version that a write was built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeClass {
    /// A value that two versions share was handed on by one to the other.
    HighEntropy,
    /// Few values, which return: two writes may set the same one.
    LowEntropy,
    /// A whole number that often changes by one.
    Counter,
    /// Too few changes were seen.
    Unclassed,
}

/// What an attribute could serve as, for the function's VERSION_ATTRIBUTE, UPDATED_AT_ATTRIBUTE and ORIGIN_ATTRIBUTE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Candidate {
    /// A whole number that changes in 85 % of the updates, by one in 75 % of its changes.
    Version,
    /// A time about now in 85 % of the updates.
    TimeOfWriting,
    /// A Region's name that changes within items, and names the Region written in wherever that is known.
    Origin,
}

/// What is known of one attribute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttributeReport {
    /// The attribute's name.
    pub name: String,
    /// What its values say.
    pub class: AttributeClass,
    /// What it could serve as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Candidate>,
    /// In how many records of an update it changed.
    pub changes: u64,
}

impl Attributes {
    /// All attributes that ever changed, most changes first.
    pub(crate) fn report(&self) -> Vec<AttributeReport> {
        let mut reports: Vec<AttributeReport> = (0..self.known.len())
            .map(|number| Name(number as u16))
            .filter(|name| self.of(*name).changes > 0)
            .map(|name| AttributeReport {
                name: self.name(name).to_owned(),
                class: self.class(name),
                candidate: self.candidate(name),
                changes: self.of(name).changes,
            })
            .collect();
        reports.sort_by(|a, b| (b.changes, &a.name).cmp(&(a.changes, &b.name)));
        reports
    }

    fn class(&self, name: Name) -> AttributeClass {
        if self.of(name).changes < FEW {
            return AttributeClass::Unclassed;
        }
        match self.by_one_share(name) {
            Some(_) => AttributeClass::Counter,
            None if self.coincidence(name) < COMMON => AttributeClass::HighEntropy,
            None => AttributeClass::LowEntropy,
        }
    }

    fn candidate(&self, name: Name) -> Option<Candidate> {
        let known = self.of(name);
        let in_most_updates = known.changes >= FEW && known.changes * 100 >= self.modifies * 85;
        let of_changes = |part: u64, percent: u64| part * 100 >= known.changes * percent;
        if in_most_updates && of_changes(known.integers, 95) && of_changes(known.by_one, 75) {
            return Some(Candidate::Version);
        }
        if in_most_updates && of_changes(known.times, 95) {
            return Some(Candidate::TimeOfWriting);
        }
        self.wrong_origin_share(name).map(|_| Candidate::Origin)
    }
}
