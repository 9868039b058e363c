//! What really happened: which writes survived, which were lost, and which losses no stamp could show.

use std::collections::{BTreeMap, HashMap};

use super::history::{History, Kind, Stamp, WriteId};
use super::lineage::Lineage;
use crate::replica::{ItemKey, Region};

/// Why a loss is outside of what the stamps promise to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outside {
    /// A hard delete or a purge was on one side.
    Deleted,
    /// The item was created anew on one side, after a delete.
    Recreated,
    /// A PutItem on one side dropped the item's history.
    BlindPut,
    /// A writer on one side does not stamp.
    Unstamped,
    /// The version that displaces the write has not reached the write's own Region yet.
    NotArrived,
}

impl Outside {
    /// All of them, in the order in which they are looked for.
    pub const ALL: [Self; 5] = [
        Self::Deleted,
        Self::Recreated,
        Self::BlindPut,
        Self::Unstamped,
        Self::NotArrived,
    ];

    /// A few words for a table.
    pub fn words(self) -> &'static str {
        match self {
            Self::Deleted => "lost to a hard delete or a purge",
            Self::Recreated => "item created anew after a delete",
            Self::BlindPut => "a PutItem dropped the stamps",
            Self::Unstamped => "a writer does not stamp",
            Self::NotArrived => "not replicated back yet",
        }
    }
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The final item, or the deletion in its place, descends from it.
    Survived,
    /// It does not, and the stamps must have shown that.
    Lost,
    /// It does not, and the stamps cannot show that.
    LostOutside(Outside),
}

/// One write of the workload.
#[derive(Debug, Clone)]
pub struct Write {
    /// Its id. The Region in it is the one in which it was made.
    pub id: WriteId,
    /// The item.
    pub key: ItemKey,
    /// What sort of write it was.
    pub kind: Kind,
    /// Its own Region's pair in the item as it wrote it.
    pub stamp: Stamp,
    /// What became of it.
    pub fate: Fate,
}

/// The truth about a run.
#[derive(Debug)]
pub struct Truth {
    writes: Vec<Write>,
    pub(super) lineages: HashMap<ItemKey, Lineage>,
}

impl Truth {
    /// The truth as the history tells it now. It is the whole truth once the replicas have converged.
    pub fn of(history: &History) -> Self {
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
                    lineage.outside(id).map_or(Fate::Lost, Fate::LostOutside)
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

    /// The share of the writes that were lost, from 0 to 1.
    pub fn lost_share(&self) -> f64 {
        self.lost().count() as f64 / self.writes.len().max(1) as f64
    }

    /// How many writes each Region made.
    pub fn writes_by_region(&self) -> BTreeMap<Region, u64> {
        let mut counts = BTreeMap::new();
        for write in &self.writes {
            *counts.entry(write.id.region).or_default() += 1;
        }
        counts
    }
}
