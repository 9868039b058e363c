//! An entry as lists show and search it.

use std::cmp::Ordering;
use std::sync::Arc;

use ledger::{ConflictId, EntryKey};

use super::super::Summary;

/// An entry of a list.
#[derive(Debug)]
pub(super) struct Listed {
    /// Which of the Regions has it in its ledger.
    pub(super) ledger: usize,
    /// What stands for it in addresses.
    pub(super) name: String,
    pub(super) summary: Summary,
    /// What a search looks in, in lower case.
    pub(super) haystack: String,
}

impl Listed {
    pub(super) fn new(ledger: usize, name: String, summary: Summary) -> Self {
        let key = summary.key_text();
        let texts = [key.as_str(), &summary.table, summary.conflict_id()].into_iter();
        let attributes = summary.finding.differing_attributes.iter().flatten();
        let texts: Vec<&str> = texts.chain(attributes.map(String::as_str)).collect();
        Self {
            haystack: texts.join("\n").to_lowercase(),
            ledger,
            name,
            summary,
        }
    }

    pub(super) fn key(&self) -> EntryKey {
        key_of(&self.summary)
    }

    pub(super) fn newest_first(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.summary, &other.summary);
        let by_id = || b.conflict_id().cmp(a.conflict_id());
        b.detected_at.cmp(&a.detected_at).then_with(by_id)
    }
}

/// An entry's primary key.
pub(super) fn key_of(summary: &Summary) -> EntryKey {
    EntryKey {
        item_key: summary.item_key.clone(),
        conflict_id: ConflictId::from(summary.conflict_id().to_owned()),
    }
}

/// All entries at one time, newest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    pub(super) entries: Arc<Vec<Arc<Listed>>>,
    /// What could not be read, for people.
    pub(super) problems: Vec<String>,
    /// The Regions that have more entries than are kept.
    pub(super) cut: Vec<String>,
}
