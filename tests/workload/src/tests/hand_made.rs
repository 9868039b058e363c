//! Histories made by hand.

use std::sync::Arc;

use crate::*;
use local_aws::global_table::{
    AttributeValue, Commit, CommitKind, Item, ItemKey, PrivateTimestamp, Region,
};

pub(super) const EAST: &str = "us-east-1";
pub(super) const WEST: &str = "us-west-2";
pub(super) const EU: &str = "eu-west-1";

pub(super) fn region(name: &str) -> Region {
    Region::parse(name).unwrap()
}

/// A version's id: made at this time in this Region.
pub(super) fn at(micros: u64, name: &str) -> WriteId {
    PrivateTimestamp {
        micros,
        counter: 0,
        region: region(name),
    }
}

pub(super) fn key() -> ItemId {
    ItemId::new("USER#1", "PROFILE")
}

/// The item's key, as a replica knows it.
fn item_key() -> ItemKey {
    let ItemId { pk, sk } = key();
    let attributes = [("PK", pk), ("SK", sk)];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), AttributeValue::S(value)));
    ItemKey::new("App", &attributes.into())
}

/// Stamps from triples of Region, n and t.
pub(super) fn stamps(pairs: &[(&str, u64, u64)]) -> StampPairs {
    pairs
        .iter()
        .map(|(region, n, t)| {
            let stamp = StampPair {
                n: Some(*n),
                t: Some(*t),
            };
            ((*region).to_owned(), stamp)
        })
        .collect()
}

/// A history in the making, of one item.
pub(super) struct HistoryBuilder {
    pub(super) history: History,
    images: std::collections::BTreeMap<WriteId, Option<Arc<Item>>>,
    held: std::collections::BTreeMap<Region, WriteId>,
    /// How many records each Region's stream has.
    records: std::collections::BTreeMap<Region, u64>,
}

impl HistoryBuilder {
    pub(super) fn new() -> Self {
        Self {
            history: History::new("lw"),
            images: Default::default(),
            held: Default::default(),
            records: Default::default(),
        }
    }

    /// A local write on top of what its Region holds, which leaves the item with these stamps.
    pub(super) fn write(&mut self, id: WriteId, kind: WriteKind, pairs: &[(&str, u64, u64)]) {
        let mut item = Item::new();
        for (region, n, t) in pairs {
            for (part, value) in [("n", n), ("t", t)] {
                let number = AttributeValue::N(value.to_string());
                item.insert(format!("lw:{part}:{region}"), number);
            }
        }
        self.images.insert(id, Some(Arc::new(item)));
        self.commit(id.region, id, CommitKind::Local, Some(kind));
    }

    pub(super) fn update(&mut self, id: WriteId, pairs: &[(&str, u64, u64)]) {
        self.write(id, WriteKind::Update, pairs);
    }

    /// A deletion by TTL.
    pub(super) fn purge(&mut self, id: WriteId) {
        self.images.insert(id, None);
        self.commit(id.region, id, CommitKind::Expired, None);
    }

    /// A version arrives in a Region and wins there.
    pub(super) fn arrive(&mut self, at: &str, id: WriteId) {
        self.commit(region(at), id, CommitKind::Replicated, None);
    }

    fn commit(&mut self, region: Region, id: WriteId, kind: CommitKind, write: Option<WriteKind>) {
        let record = self.records.entry(region).or_default();
        *record += 1;
        self.history.record(&Commit {
            region,
            key: item_key(),
            version: id,
            replaced: self.held.insert(region, id),
            kind,
            image: self.images[&id].clone(),
            tag: write.map(|write| Arc::from(write.name())),
            sequence_number: Some(record.to_string()),
        });
    }

    pub(super) fn truth(&self) -> Truth {
        Truth::new(&self.history)
    }
}

pub(super) fn conflict(
    name: &str,
    loser: &[(&str, u64, u64)],
    winner: &[(&str, u64, u64)],
) -> LedgerConflict {
    LedgerConflict {
        region: region(name),
        key: key(),
        loser: stamps(loser),
        winner: stamps(winner),
    }
}

/// Two Regions write the same item at once: East's two writes lose against West's one.
pub(super) fn a_plain_loss() -> HistoryBuilder {
    let mut maker = HistoryBuilder::new();
    maker.update(at(1, EAST), &[(EAST, 1, 1)]);
    maker.arrive(WEST, at(1, EAST));
    maker.update(at(2, EAST), &[(EAST, 2, 2)]);
    maker.update(at(3, EAST), &[(EAST, 3, 3)]);
    maker.update(at(4, WEST), &[(EAST, 1, 1), (WEST, 1, 4)]);
    maker.arrive(EAST, at(4, WEST));
    maker
}

/// Whether every lost write that the stamps can show was found, and nothing else.
pub(super) fn is_exact(evaluation: &Evaluation) -> bool {
    evaluation.missed_by_stamps.is_empty() && evaluation.false_alarms.is_empty()
}

/// The share of the writes that were lost, from 0 to 1.
pub(super) fn lost_share(truth: &Truth) -> f64 {
    truth.lost().count() as f64 / truth.writes().len() as f64
}
