//! One replica: its gate, and what happens behind it.
//!
//! The gate orders an application's write against a replicated one that arrives. Whoever holds it may look at the
//! item's version and write the item with nothing in between.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use dynoxide::actions::get_records::Record;
use dynoxide::{Database, DynoxideError};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::clock::HybridClock;
use super::event::EventForm;
use super::item::{Item, expiry, same_item};
use super::journal::{Entry, Journal};
use super::network::Network;
use super::queue::Change;
use super::stats::{Counters, Counts};
use super::store::Store;
use super::versions::{Known, Versions};
use super::{
    Commit, GlobalTableError, How, ItemKey, Observer, PhysicalClock, PrivateTimestamp, Region,
};
use crate::shard::Shard;

/// What a replica shares with the others.
pub(super) struct Surroundings {
    pub(super) clock: Arc<dyn PhysicalClock>,
    pub(super) network: Arc<Network>,
    pub(super) observer: Option<Observer>,
    pub(super) ttl_attribute: String,
}

/// One Region's copy of the table.
pub(super) struct Replica {
    region: Region,
    gate: Mutex<State>,
    database: Database,
    form: EventForm,
    shard: Shard,
    counters: Counters,
    around: Arc<Surroundings>,
}

/// What only the holder of the gate may touch.
pub(super) struct State {
    store: Store,
    versions: Versions,
    clock: HybridClock,
    journal: Option<Journal>,
}

/// Where the stream records of one drain come from.
enum Source<'a> {
    Application { tag: Option<&'a Arc<str>> },
    TimeToLive,
    Replication(&'a Change),
}

impl Replica {
    pub(super) fn open(
        region: Region,
        table: &str,
        form: EventForm,
        directory: Option<&Path>,
        around: Arc<Surroundings>,
    ) -> Result<Self, GlobalTableError> {
        let failed = |source| GlobalTableError::Database { region, source };
        let mut store =
            Store::open(region, table, &around.ttl_attribute, directory).map_err(failed)?;
        let mut versions = Versions::default();
        let mut clock = HybridClock::new(region);
        let mut journal = None;
        if let Some(directory) = directory {
            let (opened, entries) = Journal::open(&directory.join(format!("{region}.versions")))?;
            journal = Some(opened);
            for entry in entries {
                let item = store.get(&entry.key).map_err(failed)?;
                let expiry = item.and_then(|item| expiry(&item, &around.ttl_attribute));
                versions.set(&entry.key, entry.version, expiry);
                clock.observe(entry.version);
                store.resume(store.position().max(entry.position));
            }
        }
        Ok(Self {
            region,
            database: store.database(),
            shard: Shard::new(shard_id(region), form.arn()),
            gate: Mutex::new(State {
                store,
                versions,
                clock,
                journal,
            }),
            form,
            counters: Counters::default(),
            around,
        })
    }

    pub(super) fn region(&self) -> Region {
        self.region
    }

    pub(super) fn database(&self) -> Database {
        self.database.clone()
    }

    pub(super) fn shard(&self) -> &Shard {
        &self.shard
    }

    pub(super) fn counts(&self) -> Counts {
        let waiting = self.around.network.waiting_from(self.region);
        self.counters.snapshot(waiting)
    }

    /// Waits for the gate and takes it.
    pub(super) async fn gate(&self) -> MutexGuard<'_, State> {
        self.gate.lock().await
    }

    /// Runs an application's write behind the gate, and notes what it changed. `tag` goes to the observer with each
    /// change.
    pub(super) async fn write<T>(
        &self,
        tag: Option<Arc<str>>,
        write: impl Future<Output = T>,
    ) -> T {
        let mut state = self.gate().await;
        let answer = write.await;
        self.note(&mut state, &Source::Application { tag: tag.as_ref() });
        answer
    }

    /// Applies a version from another Region, if it is later than what is here.
    pub(super) fn apply(&self, state: &mut State, change: Change) {
        self.counters.record_lag(change.written.elapsed());
        state.clock.observe(change.version);
        if !state.versions.is_later(&change.key, change.version) {
            Counters::add(&self.counters.rejected, 1);
            return;
        }
        let written = match &change.image {
            Some(image) => state.store.put(Item::clone(image)),
            None => state.store.delete(&change.key),
        };
        if let Err(error) = written {
            return self.failed("a replicated version could not be stored", &error);
        }
        Counters::add(&self.counters.applied, 1);
        self.note(state, &Source::Replication(&change));
    }

    /// Deletes the items whose time to live has passed. Gives their number.
    pub(super) async fn sweep(&self) -> Result<usize, DynoxideError> {
        let mut state = self.gate().await;
        let now = self.around.clock.micros(self.region) / 1_000_000;
        let expired = state.versions.expired(now);
        for key in &expired {
            state.store.delete(key)?;
            self.note(&mut state, &Source::TimeToLive);
        }
        Ok(expired.len())
    }

    /// Sends again what may not have arrived before the last stop: each item whose current version was written here.
    /// A replica that has it already refuses it.
    pub(super) async fn resend(&self) -> Result<(), DynoxideError> {
        let mut state = self.gate().await;
        self.note(&mut state, &Source::Application { tag: None });
        let mine: Vec<_> = state
            .versions
            .iter()
            .filter(|(_, known)| known.version.region == self.region)
            .map(|(key, known)| (key.clone(), known.version))
            .collect();
        for (key, version) in mine {
            let change = Change {
                image: state.store.get(&key)?.map(Arc::new),
                key,
                version,
                written: Instant::now(),
            };
            self.around.network.send(self.region, &change);
        }
        Ok(())
    }

    /// Reads an item.
    pub(super) fn get(&self, state: &State, key: &ItemKey) -> Result<Option<Item>, DynoxideError> {
        state.store.get(key)
    }

    /// The version of an item here; of a deleted one, that of its tombstone.
    pub(super) fn version(&self, state: &State, key: &ItemKey) -> Option<PrivateTimestamp> {
        state.versions.get(key).map(|known| known.version)
    }

    /// Every item.
    pub(super) fn contents(&self, state: &State) -> Result<Vec<Item>, DynoxideError> {
        state.store.scan()
    }

    /// The versions of every item that was ever written.
    pub(super) fn versions(&self, state: &State) -> BTreeMap<ItemKey, PrivateTimestamp> {
        let row = |(key, known): (&ItemKey, &Known)| (key.clone(), known.version);
        state.versions.iter().map(row).collect()
    }

    /// Reads what the database's stream has got since the last time, and does for each change what follows from it:
    /// a version, a stream record, the sending to the others.
    fn note(&self, state: &mut State, source: &Source<'_>) {
        let records = match state.store.drain() {
            Ok(records) => records,
            Err(error) => return self.failed("the stream could not be read", &error),
        };
        let mut noted = false;
        for record in &records {
            let Some(key) = ItemKey::of(&record.dynamodb.keys) else {
                continue;
            };
            let changed = match (&record.dynamodb.old_image, &record.dynamodb.new_image) {
                (Some(old), Some(new)) => !same_item(old, new),
                _ => true,
            };
            if changed {
                self.emit(record, matches!(source, Source::TimeToLive));
            }
            match source {
                Source::Replication(_) => {}
                _ if !changed => Counters::add(&self.counters.unchanged, 1),
                _ => self.commit_local(state, &key, record, source),
            }
            noted = true;
        }
        if let Source::Replication(change) = source {
            // Also where no record came of it: a deletion of what is gone, or the same content once more.
            self.commit(state, change, How::Replicated, None);
            noted = true;
        }
        if noted
            && let Some(journal) = &mut state.journal
            && let Err(error) = journal.flush()
        {
            self.failed("the replicator's file could not be written", &error);
        }
    }

    fn commit_local(&self, state: &mut State, key: &ItemKey, record: &Record, source: &Source<'_>) {
        let (how, tag) = match source {
            Source::Application { tag } => {
                Counters::add(&self.counters.local_writes, 1);
                (How::Local, tag.cloned())
            }
            _ => {
                Counters::add(&self.counters.expired, 1);
                (How::Expired, None)
            }
        };
        let version = state.clock.tick(self.around.clock.micros(self.region));
        let change = Change {
            key: key.clone(),
            version,
            image: record.dynamodb.new_image.clone().map(Arc::new),
            written: Instant::now(),
        };
        self.commit(state, &change, how, tag);
        let combined = self.around.network.send(self.region, &change);
        Counters::add(&self.counters.combined, combined);
    }

    fn commit(&self, state: &mut State, change: &Change, how: How, tag: Option<Arc<str>>) {
        let image = change.image.as_deref();
        let expiry = image.and_then(|item| expiry(item, &self.around.ttl_attribute));
        let replaced = state.versions.set(&change.key, change.version, expiry);
        let position = state.store.position();
        if let Some(journal) = &mut state.journal {
            journal.append(&Entry {
                key: change.key.clone(),
                version: change.version,
                position,
            });
        }
        if let Some(observer) = &self.around.observer {
            observer(&Commit {
                region: self.region,
                key: change.key.clone(),
                version: change.version,
                replaced,
                how,
                image: change.image.clone(),
                tag,
            });
        }
    }

    /// Adds a record to this Region's stream.
    fn emit(&self, record: &Record, expired: bool) {
        match self.form.json(record, expired) {
            Ok(json) => {
                let number = record.dynamodb.sequence_number.clone();
                self.shard.append(number, SystemTime::now(), json);
            }
            Err(error) => self.failed("a stream record could not be written as JSON", &error),
        }
    }

    fn failed(&self, what: &str, error: &dyn std::error::Error) {
        Counters::add(&self.counters.failed, 1);
        tracing::error!(region = %self.region, %error, "{what}");
    }
}

/// A shard id in DynamoDB's form.
fn shard_id(region: Region) -> String {
    let mut number = fastrand::Rng::with_seed(region.name().bytes().map(u64::from).sum());
    format!(
        "shardId-{:020}-{:08x}",
        number.u64(..) / 1_000,
        number.u32(..)
    )
}
