//! A plan: what is to be done with one entry's item.

use conflict::StampNames;
use ledger::{ConflictId, Image, ItemKey, Key, PendingSum};
use serde::{Deserialize, Serialize};
use serde_dynamo::AttributeValue;

use crate::attribute::{Action, AttributePlan};
use crate::rule::Rule;
use crate::write::Expectation;

/// How the item stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// It is there.
    Present,
    /// It is there, marked as deleted.
    MarkedDeleted,
    /// It is not there.
    Gone,
}

/// What is done with the item as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Nothing is written.
    Nothing,
    /// Attributes are put back.
    Update,
    /// The delete mark is taken away, and attributes are put back.
    Revive,
    /// The item is marked as deleted again.
    Delete,
    /// The item is created again.
    Create,
}

impl Step {
    /// What happens, in a few words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Nothing => "nothing is written",
            Self::Update => "attributes are put back",
            Self::Revive => "the item is revived: its delete mark is removed",
            Self::Delete => "the item is marked as deleted again",
            Self::Create => "the item is created again",
        }
    }
}

/// What is to be done with one entry's item, attribute by attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The entry's hash key.
    pub item_key: ItemKey,
    /// The entry's range key.
    pub conflict_id: ConflictId,
    /// The entry's kind.
    pub kind: String,
    /// The item's table.
    pub table: String,
    /// The Region in which it is written.
    pub region: String,
    /// The item's key.
    pub key: Key,
    /// How the item stood when it was read.
    pub item: ItemState,
    /// What is done with it.
    pub step: Step,
    /// Each attribute that the lost write concerns; a delete mark and its time to live come first.
    pub attributes: Vec<AttributePlan>,
    /// What else has to be as it was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchanged: Vec<Expectation>,
}

impl Plan {
    /// Whether there is anything to write.
    pub fn writes(&self) -> bool {
        self.step != Step::Nothing
    }

    /// The names of the attributes that are written.
    pub fn written(&self) -> Vec<String> {
        let written = self
            .attributes
            .iter()
            .filter(|attribute| attribute.is_written());
        written.map(|attribute| attribute.name.clone()).collect()
    }

    /// The names of those that somebody has to decide about.
    pub fn unsettled(&self) -> Vec<String> {
        let unsettled = self
            .attributes
            .iter()
            .filter(|attribute| !attribute.is_settled());
        unsettled.map(|attribute| attribute.name.clone()).collect()
    }

    /// The item as it is once the plan is carried out, but for the time of its stamp, which nobody knows yet.
    pub fn after(&self, item: Option<&Image>, stamps: &StampNames) -> Option<Image> {
        if !self.writes() {
            return item.cloned();
        }
        let mut after = item.cloned().unwrap_or_default();
        after.extend(self.key.clone());
        for attribute in self
            .attributes
            .iter()
            .filter(|attribute| attribute.is_written())
        {
            match attribute.after() {
                Some(value) => after.insert(attribute.name.clone(), value.clone()),
                None => after.remove(&attribute.name),
            };
        }
        after.insert(stamps.time(&self.region), AttributeValue::N("0".to_owned()));
        Some(after)
    }

    /// Whether, once it is carried out, nothing of the lost write is left to decide.
    pub fn settles(&self) -> bool {
        self.attributes.iter().all(AttributePlan::is_settled)
    }

    /// The sums among what is written. Written twice, they would be wrong.
    pub fn sums(&self) -> Vec<PendingSum> {
        let sum = |attribute: &AttributePlan| match (attribute.rule, &attribute.action) {
            (Some(Rule::Sum), Action::Set(AttributeValue::N(after))) => Some(PendingSum {
                name: attribute.name.clone(),
                before: match &attribute.now {
                    Some(AttributeValue::N(before)) => Some(before.clone()),
                    _ => None,
                },
                after: after.clone(),
            }),
            _ => None,
        };
        self.attributes.iter().filter_map(sum).collect()
    }
}
