//! A ledger in memory: what runs the function in its own process sees what it wrote.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ledger::{EntryKey, Image, StoredEntry};

use super::{Ledger, LedgerError, PutResult};

/// A ledger that is a map. Like the table, it keeps the first item that is put under a key.
#[derive(Debug, Default)]
pub struct InMemoryLedger {
    items: Mutex<BTreeMap<EntryKey, Image>>,
    writes: Mutex<Vec<StoredEntry>>,
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

    fn put(&self, item: &Image) -> PutResult {
        let mut items = self.items();
        let key = EntryKey::from_item(item).expect("each item of an entry has a key");
        if items.contains_key(&key) {
            return PutResult::Existed;
        }
        items.insert(key, item.clone());
        PutResult::New
    }
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
}
