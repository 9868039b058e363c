//! One replica: its gate, and what happens behind it.
//!
//! The gate orders an application's write against a replicated one that arrives. Whoever holds it may look at the
//! item's version and write the item with nothing in between.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::SystemTime;

use dynoxide::actions::get_records::Record;
use dynoxide::{Database, DynoxideError};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::clock::HybridClock;
use super::event::arn_prefix;
use super::item::{Item, same_item};
use super::journal::{Journal, JournalEntry};
use super::network::Network;
use super::queue::ReplicatedWrite;
use super::replica_table::{GatedTable, ReplicaTable};
use super::stats::{ReplicaCounters, ReplicaCounts};
use super::versions::Versions;
use super::{Commit, CommitKind, ItemKey, Observer, PhysicalClock, Region};
use crate::streams::StreamViewType;

/// What a replica shares with the others.
pub(super) struct ReplicaContext {
    pub(super) clock: Arc<dyn PhysicalClock>,
    pub(super) network: Arc<Network>,
    pub(super) observer: Option<Observer>,
}

/// One Region's copy of every table.
pub(super) struct Replica {
    pub(super) region: Region,
    pub(super) account: String,
    pub(super) view_type: StreamViewType,
    pub(super) gate: Mutex<ReplicaState>,
    pub(super) database: Database,
    pub(super) tables: RwLock<BTreeMap<String, Arc<ReplicaTable>>>,
    pub(super) counters: ReplicaCounters,
    pub(super) context: Arc<ReplicaContext>,
}

/// What only the holder of the gate may touch.
pub(super) struct ReplicaState {
    pub(super) tables: BTreeMap<String, GatedTable>,
    pub(super) versions: Versions,
    pub(super) clock: HybridClock,
    pub(super) journal: Option<Journal>,
}

/// Where the stream records of one drain come from.
enum RecordSource<'a> {
    Application { tag: Option<&'a Arc<str>> },
    TimeToLive,
    Replication(&'a ReplicatedWrite),
}

impl Replica {
    pub(super) fn region(&self) -> Region {
        self.region
    }

    pub(super) fn arn_prefix(&self) -> String {
        arn_prefix(self.region, &self.account)
    }

    pub(super) fn view_type(&self) -> StreamViewType {
        self.view_type
    }

    pub(super) fn database(&self) -> Database {
        self.database.clone()
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
        let Some(table) = state.tables.get(change.key.table()) else {
            // It was deleted meanwhile.
            ReplicaCounters::add(&self.counters.rejected, 1);
            return;
        };
        let written = match &change.image {
            Some(image) => table.store.put(Item::clone(image)),
            None => table.store.delete(&change.key),
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
            if let Some(table) = state.tables.get(key.table()) {
                table.store.delete(key)?;
            }
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
                image: get(&state, &key)?.map(Arc::new),
                key,
                version,
                written: Instant::now(),
            };
            self.context.network.send(self.region, &change);
        }
        Ok(())
    }

    /// The versions of every item that was ever written.
    #[cfg(test)]
    pub(super) async fn versions(&self) -> BTreeMap<ItemKey, super::PrivateTimestamp> {
        let state = self.gate().await;
        let versions = state.versions.iter();
        versions
            .map(|(key, known)| (key.clone(), known.version))
            .collect()
    }

    /// Reads what the database's stream has got since the last time, and does for each change what follows from it:
    /// a version, a stream record, the sending to the others.
    fn note(&self, state: &mut ReplicaState, source: &RecordSource<'_>) {
        let mut noted = false;
        let mut shown = None;
        for (name, record) in self.drain(state) {
            let key = ItemKey::new(name, &record.dynamodb.keys);
            let changed = match (&record.dynamodb.old_image, &record.dynamodb.new_image) {
                (Some(old), Some(new)) => !same_item(old, new),
                _ => true,
            };
            if changed {
                self.emit(
                    state,
                    &key,
                    &record,
                    matches!(source, RecordSource::TimeToLive),
                );
                self.commit_local(state, &key, &record, source);
                shown = Some(record.dynamodb.sequence_number);
            } else if !matches!(source, RecordSource::Replication(_)) {
                ReplicaCounters::add(&self.counters.unchanged, 1);
            }
            noted = true;
        }
        if let RecordSource::Replication(change) = source {
            // Also where no record came of it: a deletion of what is gone, or the same content once more.
            self.commit(state, change, CommitKind::Replicated, None, shown);
            noted = true;
        }
        if noted
            && let Some(journal) = &mut state.journal
            && let Err(error) = journal.flush()
        {
            self.failed("the replicator's file could not be written", &error);
        }
    }

    /// The records that the streams of all tables have got since the last time, each with its table's name.
    fn drain(&self, state: &mut ReplicaState) -> Vec<(String, Record)> {
        let mut drained = Vec::new();
        for (name, table) in &mut state.tables {
            match table.store.drain() {
                Ok(records) => {
                    drained.extend(records.into_iter().map(|record| (name.clone(), record)))
                }
                Err(error) => self.failed("the stream could not be read", &error),
            }
        }
        drained
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
        let shown = Some(record.dynamodb.sequence_number.clone());
        self.commit(state, &change, kind, tag, shown);
        let combined = self.context.network.send(self.region, &change);
        ReplicaCounters::add(&self.counters.combined, combined);
    }

    fn commit(
        &self,
        state: &mut ReplicaState,
        change: &ReplicatedWrite,
        kind: CommitKind,
        tag: Option<Arc<str>>,
        sequence_number: Option<String>,
    ) {
        let image = change.image.as_deref();
        let Some(table) = state.tables.get(change.key.table()) else {
            return;
        };
        let position = table.store.position();
        let expiry = table.expiry(image);
        let replaced = state.versions.set(&change.key, change.version, expiry);
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
                sequence_number,
            });
        }
    }

    /// Adds a record to the table's stream in this Region.
    fn emit(&self, state: &ReplicaState, key: &ItemKey, record: &Record, expired: bool) {
        let Some(GatedTable { table, .. }) = state.tables.get(key.table()) else {
            return;
        };
        match table.format.json(record, expired) {
            Ok(json) => {
                let number = record.dynamodb.sequence_number.clone();
                table.log.append(number, SystemTime::now(), json);
            }
            Err(error) => self.failed("a stream record could not be written as JSON", &error),
        }
    }

    fn failed(&self, what: &str, error: &dyn std::error::Error) {
        ReplicaCounters::add(&self.counters.failed, 1);
        tracing::error!(region = %self.region, %error, "{what}");
    }
}

fn get(state: &ReplicaState, key: &ItemKey) -> Result<Option<Item>, DynoxideError> {
    match state.tables.get(key.table()) {
        Some(table) => table.store.get(key),
        None => Ok(None),
    }
}
