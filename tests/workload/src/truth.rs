//! What really happened: which writes survived, which were lost, and which losses no stamp could show.

use std::collections::HashMap;

use super::history::{History, StampPair, WriteId, WriteKind};
use super::item_id::ItemId;
use super::lineage::Lineage;
use super::out_of_scope::OutOfScope;

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The final item, or the deletion in its place, descends from it.
    Survived,
    /// It does not, and the stamps must have shown that.
    Lost,
    /// It does not, and the stamps cannot show that.
    LostOutOfScope(OutOfScope),
}

/// One write of the workload.
#[derive(Debug, Clone)]
pub struct Write {
    /// Its id. The Region in it is the one in which it was made.
    pub id: WriteId,
    /// The item.
    pub key: ItemId,
    /// What sort of write it was.
    pub kind: WriteKind,
    /// Its own Region's pair in the item as it wrote it.
    pub stamp: StampPair,
    /// What became of it.
    pub fate: Fate,
}

/// The truth about a run.
#[derive(Debug)]
pub struct Truth {
    writes: Vec<Write>,
    pub(super) lineages: HashMap<ItemId, Lineage>,
}

impl Truth {
    /// The truth as the history tells it now. It is the whole truth once the replicas have converged.
    pub fn new(history: &History) -> Self {
        let items = history.items().into_iter();
        let lineages: HashMap<_, _> = items.map(|(key, item)| (key, Lineage::new(item))).collect();
        let mut writes = Vec::new();
        for (key, lineage) in &lineages {
            let Some(last) = lineage.last() else {
                continue;
            };
            for (id, kind, stamps) in lineage.writes() {
                let fate = if lineage.descends(last, id) {
                    Fate::Survived
                } else {
                    lineage
                        .out_of_scope(id)
                        .map_or(Fate::Lost, Fate::LostOutOfScope)
                };
                writes.push(Write {
                    id,
                    key: key.clone(),
                    kind,
                    stamp: stamps.get(id.region.name()).copied().unwrap_or_default(),
                    fate,
                });
            }
        }
        writes.sort_by_key(|write| write.id);
        Self { writes, lineages }
    }

    /// Every write, in the order of their private timestamps.
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The distinct writes that are absent from the final items, those outside of the promise too.
    pub fn lost(&self) -> impl Iterator<Item = &Write> {
        let writes = self.writes.iter();
        writes.filter(|write| write.fate != Fate::Survived)
    }
}
