//! Items that a client-side encryption library has signed.
//!
//! It signs an item as it was given it, before the client can stamp it, and its reader takes a stamp for tampering.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::Item;
use crate::error::StampError;

/// What to do with items that a client-side encryption library has signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encrypted {
    /// Do not stamp them, nor updates of their tables.
    #[default]
    Refuse,
    /// Stamp them, since the library is told that stamps are neither encrypted nor signed.
    Stamp,
}

/// What the libraries leave in an item: the material descriptions.
const MARKS: [(&str, &str); 2] = [
    ("aws_dbe_head", "the AWS Database Encryption SDK"),
    ("*amzn-ddb-map-desc*", "the DynamoDB Encryption Client"),
];

/// The library that signed an item, if one did.
fn signer(item: &Item) -> Option<&'static str> {
    let mut marks = MARKS.iter();
    let found = marks.find(|(mark, _)| item.contains_key(*mark));
    found.map(|(_, library)| *library)
}

/// The tables in which a signed item was seen, by name: all replicas of a table have the same items.
#[derive(Default)]
pub(crate) struct SignedTables {
    tables: RwLock<HashMap<String, &'static str>>,
    /// Whether there is any, so that nothing is looked up where none is.
    any: AtomicBool,
}

impl SignedTables {
    /// Takes note of a table whose items are signed, from one that was read.
    pub(crate) fn notice(&self, table: &str, item: &Item) {
        if let Some(library) = signer(item) {
            self.add(table, library);
        }
    }

    /// Fails for a write to a signed item, or to one of a table that has such. An update shows no item.
    ///
    /// # Errors
    ///
    /// [`StampError::Encrypted`].
    pub(crate) fn refuse(&self, table: &str, item: Option<&Item>) -> Result<(), StampError> {
        let library = item.and_then(signer);
        if let Some(library) = library {
            self.add(table, library);
        }
        match library.or_else(|| self.find(table)) {
            Some(library) => Err(StampError::Encrypted {
                table: table.to_owned(),
                library,
            }),
            None => Ok(()),
        }
    }

    fn find(&self, table: &str) -> Option<&'static str> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        tables.get(table).copied()
    }

    fn add(&self, table: &str, library: &'static str) {
        if self.find(table).is_none() {
            let tables = self.tables.write();
            let mut tables = tables.unwrap_or_else(PoisonError::into_inner);
            tables.insert(table.to_owned(), library);
            self.any.store(true, Ordering::Release);
        }
    }
}
