//! The stamps that a process has seen, by table and key.
//!
//! A put that carries no stamps takes them from here: it claims to have seen what its process has really seen, and so keeps
//! the history that most mappers drop. No lock is held across a call.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::Item;
use crate::part::Decimal;
use crate::stamps::Stamps;

/// About 10 MB with the stamps of three Regions.
pub(crate) const DEFAULT_REMEMBER: usize = 10_000;

/// One replica of a table. The same table in another Region is another one: what was seen there may not be here.
pub(crate) struct Table {
    pub(crate) name: String,
    /// The names of its key attributes, sorted; empty where no request has told them yet.
    key_names: RwLock<Arc<[String]>>,
    /// Tells its items from those of others. Forgetting a table is a new number for it: its items are never found again,
    /// and drop out in time.
    number: AtomicU64,
}

impl Table {
    /// Takes the names from a Key that DynamoDB took: it refuses one with too few or too many attributes.
    pub(crate) fn learn_key(&self, key: &Item) {
        let known = self.key_names();
        if known.len() != key.len() || !known.iter().all(|name| key.contains_key(name)) {
            self.learn_key_names(key.keys().cloned());
        }
    }

    pub(crate) fn learn_key_names(&self, names: impl IntoIterator<Item = String>) {
        let mut names: Vec<String> = names.into_iter().collect();
        if names.is_empty() {
            return;
        }
        names.sort_unstable();
        let known = self.key_names.write();
        *known.unwrap_or_else(PoisonError::into_inner) = names.into();
    }

    fn key_names(&self) -> Arc<[String]> {
        let known = self.key_names.read();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What tells an item from others later: its key attributes, or all of it where their names are not known yet.
    pub(crate) fn identity(&self, item: &Item) -> Item {
        let names = self.key_names();
        if names.is_empty() {
            return item.clone();
        }
        let key = names.iter().filter_map(|name| item.get_key_value(name));
        key.map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// What tells this item from all others: a Key, or an item with all its key attributes. `None` where the names of these
    /// are not known, a projection left one out, or DynamoDB will refuse it.
    pub(crate) fn key(&self, content: &Item) -> Option<Vec<u8>> {
        let names = self.key_names();
        if names.is_empty() {
            return None;
        }
        let mut key = self.number.load(Ordering::Relaxed).to_be_bytes().to_vec();
        for name in names.iter() {
            append_value(&mut key, content.get(name)?)?;
        }
        Some(key)
    }
}

/// Adds a key attribute's value in a form that is equal where DynamoDB's keys are: 1 and 1.0 are one key. Its length goes
/// before it, so that two values in a row are told apart.
fn append_value(key: &mut Vec<u8>, value: &AttributeValue) -> Option<()> {
    let mut append = |kind: u8, bytes: &[u8]| {
        key.push(kind);
        key.extend_from_slice(&bytes.len().to_be_bytes());
        key.extend_from_slice(bytes);
    };
    match value {
        AttributeValue::S(text) => append(b'S', text.as_bytes()),
        AttributeValue::B(blob) => append(b'B', blob.as_ref()),
        AttributeValue::N(text) => {
            let number = Decimal::parse(text)?;
            append(b'-', &[u8::from(number.negative)]);
            append(b'E', &number.exponent.to_be_bytes());
            append(b'N', number.digits.as_bytes());
        }
        _ => return None,
    }
    Some(())
}

/// Remembers the stamps of the items that were used last, for any number of threads.
pub(crate) struct Memory {
    capacity: usize,
    items: Mutex<Items>,
    /// Endpoint -> name -> table.
    tables: RwLock<HashMap<String, HashMap<String, Arc<Table>>>>,
    numbers: AtomicU64,
}

#[derive(Default)]
struct Items {
    by_key: HashMap<Arc<[u8]>, Remembered>,
    /// Number of use -> key; each use gives an item a new number, so the first is the one used longest ago.
    by_use: BTreeMap<u64, Arc<[u8]>>,
    uses: u64,
}

struct Remembered {
    stamps: Stamps,
    used: u64,
}

impl Memory {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            items: Mutex::default(),
            tables: RwLock::default(),
            numbers: AtomicU64::new(0),
        }
    }

    /// The table of this name at an endpoint. `keys` are the names of its key attributes, if the settings tell them.
    pub(crate) fn table<'a>(
        &self,
        endpoint: &str,
        name: &str,
        keys: impl FnOnce() -> Option<Vec<&'a String>>,
    ) -> Arc<Table> {
        let known = self.tables.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = known.get(endpoint).and_then(|tables| tables.get(name)) {
            return table.clone();
        }
        drop(known);
        let made = Arc::new(Table {
            name: name.to_owned(),
            key_names: RwLock::new([].into()),
            number: AtomicU64::new(self.next_number()),
        });
        made.learn_key_names(keys().into_iter().flatten().cloned());
        let known = self.tables.write();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        let tables = known.entry(endpoint.to_owned()).or_default();
        tables.entry(name.to_owned()).or_insert(made).clone()
    }

    fn next_number(&self) -> u64 {
        // Only the number itself is shared, so no other memory has to be ordered with it.
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// What is remembered of an item.
    pub(crate) fn find(&self, table: &Table, content: &Item) -> Option<Stamps> {
        let mut found = None;
        self.change_to(table, content, |known| {
            found.clone_from(&known);
            known
        });
        found
    }

    /// Remembers stamps that were seen. Nothing older replaces what is known.
    pub(crate) fn add(&self, table: &Table, content: &Item, seen: Stamps) {
        if !seen.is_empty() {
            self.change_to(table, content, |known| match known {
                Some(known) => Some(known.later(seen)),
                None => Some(seen),
            });
        }
    }

    /// Remembers these stamps and no others: the item is new.
    pub(crate) fn replace(&self, table: &Table, content: &Item, seen: Stamps) {
        self.change_to(table, content, |_| Some(seen));
    }

    /// Changes what is remembered of an item; where nothing is, nothing is known.
    pub(crate) fn change(&self, table: &Table, content: &Item, to: impl FnOnce(Stamps) -> Stamps) {
        self.change_to(table, content, |known| known.map(to));
    }

    pub(crate) fn forget(&self, table: &Table, content: &Item) {
        self.change_to(table, content, |_| None);
    }

    pub(crate) fn forget_table(&self, table: &Table) {
        table.number.store(self.next_number(), Ordering::Relaxed);
    }

    /// Forgets each table of an endpoint whose name is among those.
    pub(crate) fn forget_tables(&self, endpoint: &str, named: impl Fn(&str) -> bool) {
        let known = self.tables.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        for table in known.get(endpoint).into_iter().flat_map(HashMap::values) {
            if named(&table.name) {
                self.forget_table(table);
            }
        }
    }

    fn change_to(
        &self,
        table: &Table,
        content: &Item,
        change: impl FnOnce(Option<Stamps>) -> Option<Stamps>,
    ) {
        if self.capacity == 0 {
            return;
        }
        let Some(key) = table.key(content) else {
            return;
        };
        // What is done under the lock does not panic but for want of memory, so a poisoned one is whole.
        let items = self.items.lock();
        let mut items = items.unwrap_or_else(PoisonError::into_inner);
        let known = items.take(&key);
        if let Some(stamps) = change(known) {
            items.keep(key.into(), stamps, self.capacity);
        }
    }

    /// How many items are remembered, by key and by use.
    #[cfg(test)]
    pub(crate) fn lengths(&self) -> (usize, usize) {
        let items = self.items.lock().unwrap();
        (items.by_key.len(), items.by_use.len())
    }
}

impl Items {
    fn take(&mut self, key: &[u8]) -> Option<Stamps> {
        let known = self.by_key.remove(key)?;
        self.by_use.remove(&known.used);
        Some(known.stamps)
    }

    fn keep(&mut self, key: Arc<[u8]>, stamps: Stamps, capacity: usize) {
        while self.by_key.len() >= capacity
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.by_key.remove(&oldest);
        }
        self.uses += 1;
        let used = self.uses;
        self.by_use.insert(used, key.clone());
        self.by_key.insert(key, Remembered { stamps, used });
    }
}
