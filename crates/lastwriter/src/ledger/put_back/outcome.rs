//! What became of one entry.

use ledger::{ConflictId, EntryKey, HistoryEvent, ItemKey};
use serde::Serialize;
use serde_dynamo::AttributeValue;

use super::super::change::last_event;
use crate::format::attribute_value;

/// An attribute that was not as it had been read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in super::super) struct ChangedAttribute {
    pub(in super::super) name: String,
    /// As it was read, in DynamoDB JSON.
    pub(in super::super) was: Option<AttributeValue>,
    /// As it is now.
    pub(in super::super) is: Option<AttributeValue>,
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(in super::super) enum Outcome {
    /// The lost write is back, and the entry is `restored`.
    Restored {
        /// What has the lost write's value now.
        attributes: Vec<String>,
        /// What was written for that; the rest was there already.
        written: Vec<String>,
    },
    /// Something of it is back or nothing, and the rest is for somebody to decide: the entry stays open.
    Left {
        /// What was put back.
        written: Vec<String>,
        /// What is to be decided.
        undecided: Vec<String>,
    },
    /// The entry was not open any more.
    Closed {
        /// Its status.
        status: String,
        /// By whom and when, if its history says so.
        by: Option<String>,
        at: Option<String>,
    },
    /// Somebody wrote the item between reading and writing: nothing was put back.
    ChangedMeanwhile {
        /// What is not as it was read.
        changes: Vec<ChangedAttribute>,
    },
    /// There is nothing that could be put back.
    Impossible { message: String },
    /// It failed.
    Failed { message: String },
    /// It was interrupted before its turn.
    NotReached,
}

impl Outcome {
    pub(super) fn closed(status: String, event: Option<&HistoryEvent>) -> Self {
        Self::Closed {
            status,
            by: event.map(|event| event.by.clone()),
            at: event.map(HistoryEvent::at_text),
        }
    }

    pub(super) fn of_entry(entry: Option<&ledger::Entry>) -> Self {
        match entry {
            Some(entry) => Self::closed(entry.status.to_string(), last_event(entry)),
            None => Self::Failed {
                message: "the entry has expired meanwhile".to_owned(),
            },
        }
    }

    /// Whether the lost write is back.
    pub(in super::super) fn is_restored(&self) -> bool {
        match self {
            Self::Restored { .. } => true,
            Self::Closed { status, .. } => status == "restored",
            Self::Left { .. }
            | Self::ChangedMeanwhile { .. }
            | Self::Impossible { .. }
            | Self::Failed { .. }
            | Self::NotReached => false,
        }
    }

    /// A word for the table.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Restored { .. } => "restored",
            Self::Left { .. } => "left open",
            Self::Closed { .. } => "closed before",
            Self::ChangedMeanwhile { .. } => "changed meanwhile",
            Self::Impossible { .. } => "not possible",
            Self::Failed { .. } => "failed",
            Self::NotReached => "not reached",
        }
    }

    /// What happened, for people.
    pub(in super::super) fn describe(&self) -> String {
        match self {
            Self::Restored {
                attributes,
                written,
            } if written.is_empty() && attributes.is_empty() => {
                "nothing of it was missing".to_owned()
            }
            Self::Restored {
                attributes,
                written,
            } if written.is_empty() => {
                format!("already there: {}", attributes.join(", "))
            }
            Self::Restored { written, .. } => format!("put back: {}", written.join(", ")),
            Self::Left { written, undecided } => {
                let left = undecided.join(", ");
                match written.is_empty() {
                    true => format!("nothing was put back; to decide: {left}"),
                    false => format!("put back: {}; to decide: {left}", written.join(", ")),
                }
            }
            Self::Closed { status, by, at } => match (by, at) {
                (Some(by), Some(at)) => format!("{status} by {by} at {at}"),
                _ => status.clone(),
            },
            Self::ChangedMeanwhile { changes } => {
                let value = |value: &Option<AttributeValue>| {
                    value
                        .as_ref()
                        .map_or("(absent)".to_owned(), attribute_value)
                };
                let change = |change: &ChangedAttribute| {
                    let (was, is) = (value(&change.was), value(&change.is));
                    format!("{}: was {was}, is {is}", change.name)
                };
                let changes: Vec<String> = changes.iter().map(change).collect();
                format!("nothing was put back. {}", changes.join("; "))
            }
            Self::Impossible { message } | Self::Failed { message } => message.clone(),
            Self::NotReached => "interrupted; run it again to go on".to_owned(),
        }
    }
}

/// An entry, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in super::super) struct EntryOutcome {
    pub(super) item_key: ItemKey,
    pub(super) conflict_id: ConflictId,
    #[serde(flatten)]
    pub(in super::super) outcome: Outcome,
}

impl EntryOutcome {
    pub(super) fn new(key: &EntryKey, outcome: Outcome) -> Self {
        Self {
            item_key: key.item_key.clone(),
            conflict_id: key.conflict_id.clone(),
            outcome,
        }
    }
}

/// How many entries had which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PutBackCounts {
    /// All entries.
    pub entries: u64,
    /// Those that are restored.
    pub restored: u64,
    /// Those that leave something to decide.
    pub left: u64,
    /// Those that can only be resolved.
    pub impossible: u64,
    /// Those that failed, met a write in between, or were not reached.
    pub failed: u64,
}

impl PutBackCounts {
    pub(super) fn new(outcomes: &[EntryOutcome]) -> Self {
        let mut counts = Self::default();
        for entry in outcomes {
            counts.entries += 1;
            let count = match &entry.outcome {
                Outcome::Left { .. } => &mut counts.left,
                Outcome::Impossible { .. } => &mut counts.impossible,
                outcome if outcome.is_restored() => &mut counts.restored,
                Outcome::Restored { .. }
                | Outcome::Closed { .. }
                | Outcome::ChangedMeanwhile { .. }
                | Outcome::Failed { .. }
                | Outcome::NotReached => &mut counts.failed,
            };
            *count += 1;
        }
        counts
    }
}

impl std::ops::AddAssign for PutBackCounts {
    fn add_assign(&mut self, more: Self) {
        self.entries += more.entries;
        self.restored += more.restored;
        self.left += more.left;
        self.impossible += more.impossible;
        self.failed += more.failed;
    }
}
