//! Which values were lost, attribute by attribute, and what putting them back did.
//!
//! What put values back are the writes that are not the workload's ([`WriteKind::Other`]). A value is lost where a write
//! that gave it to an attribute is no part of the final item, and no later write of the same lost line changed the
//! attribute again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use local_aws::global_table::{AttributeValue, Item};

use super::history::{History, Version, WriteId, WriteKind};
use super::lineage::Lineage;

/// What became of lost values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ValueScore {
    /// How many values were lost.
    pub lost: u64,
    /// How many of them the final items have.
    pub back: u64,
    /// How many values were put back over one that the lost write had not seen: something newer is gone.
    pub newer_gone: u64,
}

impl ValueScore {
    /// Counts in a history that [keeps images](History::keeping_images), once the replicas have converged. Attributes
    /// that `is_ignored` names are left out: stamps, and an expiry that comes and goes with its delete mark.
    pub fn new(history: &History, is_ignored: impl Fn(&str) -> bool) -> Self {
        let mut score = Self::default();
        for item in history.items().into_values() {
            let versions = item.versions.clone();
            let mut lines = Lines {
                lineage: Lineage::new(item),
                versions: &versions,
                changed: HashMap::new(),
            };
            lines.changed = versions
                .keys()
                .map(|id| (*id, lines.changes_of(*id, &is_ignored)))
                .collect();
            lines.count(&mut score);
        }
        score
    }
}

/// The versions of one item.
struct Lines<'a> {
    lineage: Lineage,
    versions: &'a BTreeMap<WriteId, Version>,
    /// The attributes that each write changed.
    changed: HashMap<WriteId, BTreeSet<String>>,
}

impl Lines<'_> {
    fn count(&self, score: &mut ValueScore) {
        let by_workload =
            |(id, version): (&WriteId, &Version)| (version.kind != WriteKind::Other).then_some(*id);
        let workload: Vec<WriteId> = self.versions.iter().filter_map(by_workload).collect();
        let (Some(&survivor), Some((&last, _))) = (workload.last(), self.versions.last_key_value())
        else {
            return;
        };
        let lost: Vec<WriteId> = workload
            .iter()
            .copied()
            .filter(|id| !self.lineage.descends(survivor, *id))
            .collect();
        for write in &lost {
            for name in self.changed.get(write).into_iter().flatten() {
                let is_written_again = lost.iter().any(|later| {
                    later != write
                        && self.lineage.descends(*later, *write)
                        && self.has_changed(*later, name)
                });
                if !is_written_again {
                    score.lost += 1;
                    score.back += u64::from(self.has_value_of(last, *write, name));
                }
            }
        }
        let put_back = self
            .versions
            .iter()
            .filter(|(_, version)| version.kind == WriteKind::Other);
        for (id, version) in put_back {
            for name in self.changed.get(id).into_iter().flatten() {
                let replaced = version
                    .parent
                    .and_then(|parent| self.image(parent)?.get(name));
                // Two lines that each began with an insert: what the other one never had is not newer.
                let never_had = !self.has_ever_had(version.parent, name);
                let source = lost.iter().find(|write| {
                    self.has_changed(**write, name)
                        && self.has_value_of(*id, **write, name)
                        && (never_had || self.has_seen(**write, name, replaced))
                });
                score.newer_gone += u64::from(source.is_none());
            }
        }
    }

    fn image(&self, id: WriteId) -> Option<&Arc<Item>> {
        self.versions.get(&id)?.image.as_ref()
    }

    fn has_value_of(&self, id: WriteId, write: WriteId, name: &str) -> bool {
        let value = |id| self.image(id).and_then(|image| image.get(name));
        value(id) == value(write)
    }

    /// The attributes that differ from the version before.
    fn changes_of(&self, id: WriteId, is_ignored: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let parent = self.versions.get(&id).and_then(|version| version.parent);
        let versions = [Some(id), parent].into_iter().flatten();
        let names = versions
            .filter_map(|id| self.image(id))
            .flat_map(|image| image.keys());
        let names = names.filter(|name| !is_ignored(name)).cloned();
        let differs = |name: &String| match parent {
            Some(parent) => !self.has_value_of(id, parent, name),
            None => true,
        };
        names.filter(differs).collect()
    }

    fn has_changed(&self, id: WriteId, name: &str) -> bool {
        self.changed
            .get(&id)
            .is_some_and(|names| names.contains(name))
    }

    /// Whether a version or one that it was made on, near or far, has the attribute.
    fn has_ever_had(&self, version: Option<WriteId>, name: &str) -> bool {
        let up = |id: &WriteId| self.versions.get(id)?.parent;
        let mut line = std::iter::successors(version, up);
        line.any(|id| self.image(id).is_some_and(|image| image.contains_key(name)))
    }

    /// Whether a write was made on top of a version in which the attribute had this value, near or far.
    fn has_seen(&self, write: WriteId, name: &str, value: Option<&AttributeValue>) -> bool {
        let up = |id: &WriteId| self.versions.get(id)?.parent;
        let mut before = std::iter::successors(up(&write), up);
        let is_first = up(&write).is_none();
        (is_first && value.is_none())
            || before.any(|id| self.image(id).and_then(|image| image.get(name)) == value)
    }
}
