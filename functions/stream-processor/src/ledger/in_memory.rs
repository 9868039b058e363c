//! A ledger in memory: what runs the function in its own process sees what it wrote.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;

use ledger::{EntryKey, Image, StoredEntry};

use super::{Ledger, LedgerError, PutResult};

/// A ledger that is a map. Like the table, it keeps the first item that is put under a key.
#[derive(Debug, Default)]
pub struct InMemoryLedger {
    items: RefCell<BTreeMap<EntryKey, Image>>,
    writes: RefCell<Vec<StoredEntry>>,
}

impl InMemoryLedger {
    /// What it holds.
    pub fn items(&self) -> Ref<'_, BTreeMap<EntryKey, Image>> {
        self.items.borrow()
    }

    /// The entries that were written since the last call, in order, whether or not they were there before.
    pub fn take_writes(&self) -> Vec<StoredEntry> {
        self.writes.take()
    }

    fn put(&self, item: &Image) -> PutResult {
        let mut items = self.items.borrow_mut();
        let key = EntryKey::from_item(item).expect("each item of an entry has a key");
        if items.contains_key(&key) {
            return PutResult::Existed;
        }
        items.insert(key, item.clone());
        PutResult::New
    }
}

impl Ledger for &InMemoryLedger {
    async fn write(&self, entry: StoredEntry) -> Result<PutResult, LedgerError> {
        for part in &entry.parts {
            self.put(part);
        }
        let result = self.put(&entry.main);
        self.writes.borrow_mut().push(entry);
        Ok(result)
    }
}
