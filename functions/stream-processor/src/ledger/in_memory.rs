//! A ledger in memory: what runs the function in its own process sees what it wrote.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use conflict::Landing;
use ledger::{EntryKey, Image, JumpPlace, StoredEntry};

use super::{Ledger, LedgerError, PutResult};

/// A ledger that is a map. Like the table, it keeps the first item that is put under a key.
#[derive(Debug, Default)]
pub struct InMemoryLedger {
    items: Mutex<BTreeMap<EntryKey, Image>>,
    writes: Mutex<Vec<StoredEntry>>,
    jumps: Mutex<BTreeMap<EntryKey, Image>>,
}

impl InMemoryLedger {
    /// What it holds.
    pub fn items(&self) -> MutexGuard<'_, BTreeMap<EntryKey, Image>> {
        lock(&self.items)
    }

    /// The entries that were written since the last call, in order, whether or not they were there before.
    pub fn take_writes(&self) -> Vec<StoredEntry> {
        std::mem::take(&mut lock(&self.writes))
    }

    /// The jumps that it remembers, which are no entries.
    pub fn jumps(&self) -> MutexGuard<'_, BTreeMap<EntryKey, Image>> {
        lock(&self.jumps)
    }

    fn put(&self, item: &Image) -> PutResult {
        let mut items = self.items();
        let key = key_of(item);
        if items.contains_key(&key) {
            return PutResult::Existed;
        }
        items.insert(key, item.clone());
        PutResult::New
    }
}

fn key_of(item: &Image) -> EntryKey {
    EntryKey::from_item(item).expect("each item of the ledger has a key")
}

/// What a panic left is whole: each change is one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ledger for &InMemoryLedger {
    async fn write(&self, entry: StoredEntry) -> Result<PutResult, LedgerError> {
        for part in &entry.parts {
            self.put(part);
        }
        let result = self.put(&entry.main);
        lock(&self.writes).push(entry);
        Ok(result)
    }

    async fn remember_jump(&self, jump: Image) -> Result<(), LedgerError> {
        self.jumps().entry(key_of(&jump)).or_insert(jump);
        Ok(())
    }

    async fn latest_jump(&self, before: &JumpPlace) -> Result<Option<Landing>, LedgerError> {
        let Some((first, last)) = before.range_before() else {
            return Ok(None);
        };
        let key = |id: String| EntryKey {
            item_key: before.item_key().clone(),
            conflict_id: id.into(),
        };
        let jumps = self.jumps();
        let mut range = jumps.range(key(first)..=key(last));
        Ok(range
            .next_back()
            .and_then(|(_, item)| ledger::landing(item)))
    }
}
