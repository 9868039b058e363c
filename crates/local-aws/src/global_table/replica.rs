//! One replica: its gate, and what happens behind it.
//!
//! The gate orders an application's write against a replicated one that arrives. Whoever holds it may look at the
//! item's version and write the item with nothing in between.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use dynoxide::actions::get_records::Record;
use dynoxide::{Database, DynoxideError};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::clock::HybridClock;
use super::event::RecordFormat;
use super::item::{Item, expiry, same_item};
use super::journal::{Journal, JournalEntry};
use super::network::Network;
use super::queue::ReplicatedWrite;
use super::stats::{ReplicaCounters, ReplicaCounts};
use super::store::Store;
use super::versions::Versions;
use super::{Commit, CommitKind, GlobalTableError, ItemKey, Observer, PhysicalClock, Region};
use crate::shard::Shard;
use crate::streams::new_shard_id;

/// What a replica shares with the others.
pub(super) struct ReplicaContext {
    pub(super) clock: Arc<dyn PhysicalClock>,
    pub(super) network: Arc<Network>,
    pub(super) observer: Option<Observer>,
    pub(super) ttl_attribute: String,
}

/// One Region's copy of the table.
pub(super) struct Replica {
    region: Region,
    gate: Mutex<ReplicaState>,
    database: Database,
    form: RecordFormat,
    shard: Shard,
    counters: ReplicaCounters,
    context: Arc<ReplicaContext>,
}

/// What only the holder of the gate may touch.
pub(super) struct ReplicaState {
    store: Store,
    versions: Versions,
    clock: HybridClock,
    journal: Option<Journal>,
}

/// Where the stream records of one drain come from.
enum RecordSource<'a> {
    Application { tag: Option<&'a Arc<str>> },
    TimeToLive,
    Replication(&'a ReplicatedWrite),
}

impl Replica {
    pub(super) fn open(
        region: Region,
        table: &str,
        form: RecordFormat,
        directory: Option<&Path>,
        context: Arc<ReplicaContext>,
    ) -> Result<Self, GlobalTableError> {
        let failed = |source| GlobalTableError::Database { region, source };
        let mut store =
            Store::open(region, table, &context.ttl_attribute, directory).map_err(failed)?;
        let mut versions = Versions::default();
        let mut clock = HybridClock::new(region);
        let mut journal = None;
        if let Some(directory) = directory {
            let (opened, entries) = Journal::open(&directory.join(format!("{region}.versions")))?;
            journal = Some(opened);
            for entry in entries {
                let item = store.get(&entry.key).map_err(failed)?;
                let expiry = item.and_then(|item| expiry(&item, &context.ttl_attribute));
                versions.set(&entry.key, entry.version, expiry);
                clock.observe(entry.version);
                store.resume(store.position().max(entry.position));
            }
        }
        Ok(Self {
            region,
            database: store.database(),
            shard: Shard::new(new_shard_id(), form.arn()),
            gate: Mutex::new(ReplicaState {
                store,
                versions,
                clock,
                journal,
            }),
            form,
            counters: ReplicaCounters::default(),
            context,
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

    pub(super) fn counts(&self) -> ReplicaCounts {
        let waiting = self.context.network.waiting_from(self.region);
        self.counters.snapshot(waiting)
    }

    /// Waits for the gate and takes it.
    pub(super) async fn gate(&self) -> MutexGuard<'_, ReplicaState> {
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
        self.note(&mut state, &RecordSource::Application { tag: tag.as_ref() });
        answer
    }

    /// Applies a version from another Region, if it is later than what is here.
    pub(super) fn apply(&self, state: &mut ReplicaState, change: ReplicatedWrite) {
        self.counters.record_lag(change.written.elapsed());
        state.clock.observe(change.version);
        if !state.versions.is_later(&change.key, change.version) {
            ReplicaCounters::add(&self.counters.rejected, 1);
            return;
        }
        let written = match &change.image {
            Some(image) => state.store.put(Item::clone(image)),
            None => state.store.delete(&change.key),
        };
        if let Err(error) = written {
            return self.failed("a replicated version could not be stored", &error);
        }
        ReplicaCounters::add(&self.counters.applied, 1);
        self.note(state, &RecordSource::Replication(&change));
    }

    /// Deletes the items whose time to live has passed. Gives their number.
    pub(super) async fn sweep(&self) -> Result<usize, DynoxideError> {
        let mut state = self.gate().await;
        let now = self.context.clock.micros(self.region) / 1_000_000;
        let expired = state.versions.expired(now);
        for key in &expired {
            state.store.delete(key)?;
            self.note(&mut state, &RecordSource::TimeToLive);
        }
        Ok(expired.len())
    }

    /// Sends again what may not have arrived before the last stop: each item whose current version was written here.
    /// A replica that has it already refuses it.
    pub(super) async fn resend(&self) -> Result<(), DynoxideError> {
        let mut state = self.gate().await;
        self.note(&mut state, &RecordSource::Application { tag: None });
        let mine: Vec<_> = state
            .versions
            .iter()
            .filter(|(_, known)| known.version.region == self.region)
            .map(|(key, known)| (key.clone(), known.version))
            .collect();
        for (key, version) in mine {
            let change = ReplicatedWrite {
                image: state.store.get(&key)?.map(Arc::new),
                key,
                version,
                written: Instant::now(),
            };
            self.context.network.send(self.region, &change);
        }
        Ok(())
    }

    /// Reads an item.
    pub(super) fn get(
        &self,
        state: &ReplicaState,
        key: &ItemKey,
    ) -> Result<Option<Item>, DynoxideError> {
        state.store.get(key)
    }

    /// The versions of every item that was ever written.
    #[cfg(test)]
    pub(super) async fn versions(
        &self,
    ) -> std::collections::BTreeMap<ItemKey, super::PrivateTimestamp> {
        let state = self.gate().await;
        let versions = state.versions.iter();
        versions
            .map(|(key, known)| (key.clone(), known.version))
            .collect()
    }

    /// Reads what the database's stream has got since the last time, and does for each change what follows from it:
    /// a version, a stream record, the sending to the others.
    fn note(&self, state: &mut ReplicaState, source: &RecordSource<'_>) {
        let records = match state.store.drain() {
            Ok(records) => records,
            Err(error) => return self.failed("the stream could not be read", &error),
        };
        let mut noted = false;
        for record in &records {
            let Some(key) = ItemKey::from_item(&record.dynamodb.keys) else {
                continue;
            };
            let changed = match (&record.dynamodb.old_image, &record.dynamodb.new_image) {
                (Some(old), Some(new)) => !same_item(old, new),
                _ => true,
            };
            if changed {
                self.emit(record, matches!(source, RecordSource::TimeToLive));
            }
            if changed {
                self.commit_local(state, &key, record, source);
            } else if !matches!(source, RecordSource::Replication(_)) {
                ReplicaCounters::add(&self.counters.unchanged, 1);
            }
            noted = true;
        }
        if let RecordSource::Replication(change) = source {
            // Also where no record came of it: a deletion of what is gone, or the same content once more.
            self.commit(state, change, CommitKind::Replicated, None);
            noted = true;
        }
        if noted
            && let Some(journal) = &mut state.journal
            && let Err(error) = journal.flush()
        {
            self.failed("the replicator's file could not be written", &error);
        }
    }

    fn commit_local(
        &self,
        state: &mut ReplicaState,
        key: &ItemKey,
        record: &Record,
        source: &RecordSource<'_>,
    ) {
        let (kind, tag) = match source {
            RecordSource::Application { tag } => {
                ReplicaCounters::add(&self.counters.local_writes, 1);
                (CommitKind::Local, tag.cloned())
            }
            RecordSource::TimeToLive => {
                ReplicaCounters::add(&self.counters.expired, 1);
                (CommitKind::Expired, None)
            }
            // It has a version already.
            RecordSource::Replication(_) => return,
        };
        let version = state.clock.tick(self.context.clock.micros(self.region));
        let change = ReplicatedWrite {
            key: key.clone(),
            version,
            image: record.dynamodb.new_image.clone().map(Arc::new),
            written: Instant::now(),
        };
        self.commit(state, &change, kind, tag);
        let combined = self.context.network.send(self.region, &change);
        ReplicaCounters::add(&self.counters.combined, combined);
    }

    fn commit(
        &self,
        state: &mut ReplicaState,
        change: &ReplicatedWrite,
        kind: CommitKind,
        tag: Option<Arc<str>>,
    ) {
        let image = change.image.as_deref();
        let expiry = image.and_then(|item| expiry(item, &self.context.ttl_attribute));
        let replaced = state.versions.set(&change.key, change.version, expiry);
        let position = state.store.position();
        if let Some(journal) = &mut state.journal {
            journal.append(&JournalEntry {
                key: change.key.clone(),
                version: change.version,
                position,
            });
        }
        if let Some(observer) = &self.context.observer {
            observer(&Commit {
                region: self.region,
                key: change.key.clone(),
                version: change.version,
                replaced,
                kind,
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
        ReplicaCounters::add(&self.counters.failed, 1);
        tracing::error!(region = %self.region, %error, "{what}");
    }
}
