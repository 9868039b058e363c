//! Which write descends from which: learnt from the replicas, so that nothing extra has to be in the items.
//!
//! A write's id is its version's private timestamp. Each version has at most one parent, the version that it was
//! written on top of, so the versions of an item are a forest.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use local_aws::global_table::{
    AttributeValue, Commit, CommitKind, Item, Observer, PrivateTimestamp, Region,
};

use super::item_id::ItemId;

/// A version's id, and with that the id of the write that made it.
pub type WriteId = PrivateTimestamp;

/// One Region's pair in an item's stamps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StampPair {
    /// How many writes of that Region the version descends from.
    pub n: Option<u64>,
    /// When the latest of them was made, in microseconds, by the clock of its writer.
    pub t: Option<u64>,
}

/// The stamps of one version, by Region name.
pub type StampPairs = BTreeMap<String, StampPair>;

/// What sort of write made a version.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum WriteKind {
    /// An UpdateItem with stamps.
    Update,
    /// A PutItem that carries the stamps of what was read, on the condition that it is still there.
    Put,
    /// A stamped update that marks the item as deleted.
    SoftDelete,
    /// A stamped update that takes the mark away again.
    Revive,
    /// An update without stamps.
    Unstamped,
    /// A PutItem that read nothing, and drops the item's history.
    BlindPut,
    /// A deletion by TTL.
    Purge,
    /// A write that is not the workload's.
    Other,
}

impl WriteKind {
    /// The kind's name, which a request carries as its tag.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One version of an item.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) parent: Option<WriteId>,
    pub(super) kind: WriteKind,
    pub(super) deleted: bool,
    pub(super) stamps: StampPairs,
    /// All of the item, where images are kept; `None` where it was deleted.
    pub(super) image: Option<Arc<Item>>,
}

/// All versions of one item, and the order in which each replica had them.
#[derive(Debug, Clone, Default)]
pub(super) struct ItemHistory {
    pub(super) versions: BTreeMap<WriteId, Version>,
    pub(super) held: BTreeMap<Region, Vec<WriteId>>,
    /// The version that each stream record of a Region shows, by its sequence number.
    pub(super) shown: BTreeMap<Region, HashMap<Box<str>, WriteId>>,
}

/// What a workload's writes did, as the replicas tell it. Clones share it.
#[derive(Debug, Clone)]
pub struct History {
    stamps: Arc<StampNames>,
    items: Arc<Mutex<HashMap<ItemId, ItemHistory>>>,
    keeps_images: bool,
}

impl History {
    /// An empty history of items whose stamps have this prefix (`lw` unless configured otherwise).
    pub fn new(stamp_prefix: &str) -> Self {
        Self {
            stamps: Arc::new(StampNames::new(stamp_prefix)),
            items: Arc::default(),
            keeps_images: false,
        }
    }

    /// The same with each version's image, for [`ValueScore`](crate::ValueScore).
    #[must_use]
    pub fn keeping_images(mut self) -> Self {
        self.keeps_images = true;
        self
    }

    /// What the global table has to tell each version to.
    pub fn observer(&self) -> Observer {
        let history = self.clone();
        Arc::new(move |commit: &Commit| history.record(commit))
    }

    /// Takes note of a version that came to be an item's current one in a replica.
    pub fn record(&self, commit: &Commit) {
        let Some(id) = ItemId::from_key(&commit.key) else {
            return;
        };
        let mut items = self.lock();
        let item = items.entry(id).or_default();
        let held = item.held.entry(commit.region).or_default();
        held.push(commit.version);
        if let Some(number) = &commit.sequence_number {
            let shown = item.shown.entry(commit.region).or_default();
            shown.insert(number.as_str().into(), commit.version);
        }
        let kind = match commit.kind {
            CommitKind::Replicated => return,
            CommitKind::Expired => WriteKind::Purge,
            CommitKind::Local => {
                let tag = commit.tag.as_deref();
                tag.and_then(|tag| tag.parse().ok())
                    .unwrap_or(WriteKind::Other)
            }
        };
        let image = commit.image.as_deref();
        let version = Version {
            // A blind put builds on nothing, whatever it replaced.
            parent: commit.replaced.filter(|_| kind != WriteKind::BlindPut),
            kind,
            deleted: image.is_none(),
            stamps: image
                .map(|item| self.stamps.pairs(item))
                .unwrap_or_default(),
            image: commit.image.clone().filter(|_| self.keeps_images),
        };
        item.versions.insert(commit.version, version);
    }

    /// How many writes there were so far, by Region; deletions by TTL are none.
    pub fn writes(&self) -> BTreeMap<Region, u64> {
        let mut writes = BTreeMap::new();
        for item in self.lock().values() {
            for (id, version) in &item.versions {
                if version.kind != WriteKind::Purge {
                    *writes.entry(id.region).or_default() += 1;
                }
            }
        }
        writes
    }

    pub(super) fn items(&self) -> HashMap<ItemId, ItemHistory> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ItemId, ItemHistory>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The names of the stamp attributes.
#[derive(Debug)]
struct StampNames {
    n: String,
    t: String,
}

impl StampNames {
    fn new(prefix: &str) -> Self {
        Self {
            n: format!("{prefix}:n:"),
            t: format!("{prefix}:t:"),
        }
    }

    /// The stamps in an item.
    fn pairs(&self, item: &Item) -> StampPairs {
        let mut stamps = StampPairs::new();
        for (name, value) in item {
            let AttributeValue::N(number) = value else {
                continue;
            };
            let number = number.parse().ok();
            if let Some(region) = name.strip_prefix(&self.n) {
                stamps.entry(region.to_owned()).or_default().n = number;
            } else if let Some(region) = name.strip_prefix(&self.t) {
                stamps.entry(region.to_owned()).or_default().t = number;
            }
        }
        stamps
    }
}
