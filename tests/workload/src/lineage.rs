//! Questions about one item's forest of versions.

use local_aws::global_table::Region;
use std::collections::{BTreeMap, HashMap};

use super::history::{ItemHistory, StampPairs, WriteId, WriteKind};
use super::out_of_scope::OutOfScope;

/// An item's versions, so numbered that "descends from" is a comparison of two numbers.
#[derive(Debug)]
pub(super) struct Lineage {
    item: ItemHistory,
    /// For each version the numbers at which a walk through the forest came to it and left it.
    walk: HashMap<WriteId, (usize, usize)>,
    by_stamps: HashMap<StampPairs, Vec<WriteId>>,
    last: Option<WriteId>,
}

impl Lineage {
    pub(super) fn new(item: ItemHistory) -> Self {
        let mut children: BTreeMap<Option<WriteId>, Vec<WriteId>> = BTreeMap::new();
        let mut by_stamps: HashMap<StampPairs, Vec<WriteId>> = HashMap::new();
        for (id, version) in &item.versions {
            // A parent that nobody was told of counts as none.
            let parent = version
                .parent
                .filter(|parent| item.versions.contains_key(parent));
            children.entry(parent).or_default().push(*id);
            let versions = by_stamps.entry(version.stamps.clone()).or_default();
            versions.push(*id);
        }
        let last = item.held.values().flatten().copied().max();
        Self {
            walk: number(&children),
            item,
            by_stamps,
            last,
        }
    }

    /// The item's latest version of all: the one that every replica ends with.
    pub(super) fn last(&self) -> Option<WriteId> {
        self.last
    }

    /// Whether a version is one that was written: deletions by TTL are no writes.
    pub(super) fn is_write(&self, id: WriteId) -> bool {
        let version = self.item.versions.get(&id);
        version.is_some_and(|version| version.kind != WriteKind::Purge)
    }

    /// Every write, with what sort it is.
    pub(super) fn writes(&self) -> impl Iterator<Item = (WriteId, WriteKind, &StampPairs)> {
        let versions = self.item.versions.iter();
        versions
            .filter(|(id, _)| self.is_write(**id))
            .map(|(id, version)| (*id, version.kind, &version.stamps))
    }

    /// Whether `later` is `earlier` or descends from it.
    pub(super) fn descends(&self, later: WriteId, earlier: WriteId) -> bool {
        match (self.walk.get(&later), self.walk.get(&earlier)) {
            (Some(later), Some(earlier)) => earlier.0 <= later.0 && later.1 <= earlier.1,
            _ => false,
        }
    }

    /// The versions that `of` is or descends from, and `other` does not.
    pub(super) fn only_in(&self, of: WriteId, other: WriteId) -> Vec<WriteId> {
        let up = |id: &WriteId| self.item.versions.get(id)?.parent;
        std::iter::successors(Some(of), up)
            .take_while(|id| self.item.versions.contains_key(id) && !self.descends(other, *id))
            .collect()
    }

    /// The version that a stream record of a Region shows.
    pub(super) fn shown_by(&self, region: Region, sequence_number: &str) -> Option<WriteId> {
        self.item.shown.get(&region)?.get(sequence_number).copied()
    }

    /// The version that a replica held before this one; none for the first.
    pub(super) fn held_before(&self, region: Region, id: WriteId) -> Option<WriteId> {
        let held = self.item.held.get(&region)?;
        let at = held.iter().position(|held| *held == id)?;
        held.get(at.checked_sub(1)?).copied()
    }

    /// The versions that have these stamps: one, where every writer stamps.
    pub(super) fn with_stamps(&self, stamps: &StampPairs) -> &[WriteId] {
        self.by_stamps.get(stamps).map_or(&[], Vec::as_slice)
    }

    /// Why a lost write's loss could not have been seen by its stamps; `None` where it could.
    ///
    /// What counts is the moment at which its own Region first went from a version that descends from it to one that
    /// does not: the writes that only one of these two descends from are what the stamps of the two tell apart.
    pub(super) fn out_of_scope(&self, write: WriteId) -> Option<OutOfScope> {
        let held = self.item.held.get(&write.region)?;
        let from = held.iter().position(|id| *id == write)?;
        let without = |pair: &&[WriteId]| !self.descends(pair[1], write);
        let Some(pair) = held[from..].windows(2).find(without) else {
            return Some(OutOfScope::NotArrived);
        };
        self.out_of_scope_between(pair[0], pair[1])
    }

    /// Why the stamps of two versions do not tell which of them descends from what.
    pub(super) fn out_of_scope_between(
        &self,
        loser: WriteId,
        winner: WriteId,
    ) -> Option<OutOfScope> {
        let mut ways = self.only_in(loser, winner);
        ways.extend(self.only_in(winner, loser));
        ways.into_iter()
            .filter_map(|id| self.version_out_of_scope(id))
            .min()
    }

    /// Why a version's stamps, or those of a version built on it, do not tell what it descends from.
    fn version_out_of_scope(&self, id: WriteId) -> Option<OutOfScope> {
        let version = self.item.versions.get(&id)?;
        let on_tombstone = version
            .parent
            .and_then(|parent| self.item.versions.get(&parent))
            .is_some_and(|parent| parent.deleted);
        if version.deleted {
            return Some(OutOfScope::Deleted);
        }
        match version.kind {
            WriteKind::BlindPut => Some(OutOfScope::BlindPut),
            WriteKind::Unstamped | WriteKind::Other => Some(OutOfScope::Unstamped),
            WriteKind::Update
            | WriteKind::Put
            | WriteKind::SoftDelete
            | WriteKind::Revive
            | WriteKind::Purge => on_tombstone.then_some(OutOfScope::Recreated),
        }
    }

    /// Whether a replica in this Region ever held the version.
    pub(super) fn was_held(&self, region: Region, id: WriteId) -> bool {
        let held = self.item.held.get(&region);
        held.is_some_and(|held| held.contains(&id))
    }
}

/// Walks through the forest and numbers each version on the way in and on the way out.
fn number(children: &BTreeMap<Option<WriteId>, Vec<WriteId>>) -> HashMap<WriteId, (usize, usize)> {
    enum Step {
        In(WriteId),
        Out(WriteId),
    }
    let of = |parent| children.get(&parent).into_iter().flatten().copied();
    let mut walk = HashMap::new();
    // A stack of its own: a hot item's lineage is thousands of versions deep.
    let mut steps: Vec<_> = of(None).map(Step::In).collect();
    let mut at = 0;
    while let Some(step) = steps.pop() {
        at += 1;
        match step {
            Step::In(id) => {
                walk.insert(id, (at, at));
                steps.push(Step::Out(id));
                steps.extend(of(Some(id)).map(Step::In));
            }
            Step::Out(id) => {
                if let Some(numbers) = walk.get_mut(&id) {
                    numbers.1 = at;
                }
            }
        }
    }
    walk
}
