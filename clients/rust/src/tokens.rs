//! The time stamped for each ClientRequestToken, so that a transaction sent again is the same transaction.
//!
//! DynamoDB answers a token that comes back with other parameters with `IdempotentParameterMismatchException`, for ten
//! minutes after the first request with that token is done (API reference of TransactWriteItems).

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::StampError;

const REMEMBERED: Duration = Duration::from_secs(600);
/// About 20 MB. Beyond it the token used longest ago is forgotten early.
const CAPACITY: usize = 100_000;

/// One for the process: a retry may well use another client.
pub(crate) static PROCESS_TOKENS: LazyLock<TokenMemory> =
    LazyLock::new(|| TokenMemory::new(CAPACITY));

/// Remembers what was made for a token until ten minutes after its last use.
#[derive(Debug)]
pub(crate) struct TokenMemory {
    capacity: usize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_token: HashMap<String, Entry>,
    /// Number of use -> token; each use gives a token a new number, so the first is the one used longest ago.
    by_use: BTreeMap<u64, String>,
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    used: Instant,
    number: u64,
    time: u64,
}

impl TokenMemory {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: Mutex::default(),
        }
    }

    /// What was made for this token in this Region, or what `make` gives now.
    ///
    /// # Errors
    ///
    /// What `make` fails with; then nothing is remembered.
    pub(crate) fn recall(
        &self,
        region: &str,
        token: &str,
        now: Instant,
        make: impl FnOnce() -> Result<u64, StampError>,
    ) -> Result<u64, StampError> {
        // A Region's name has no space, so no two pairs give the same text.
        let token = format!("{region} {token}");
        // A panic of the caller's clock leaves the entries whole.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out before others are forgotten, so that a token in use is never the one to go.
        let known = entries.by_token.remove(&token);
        if let Some(known) = &known {
            entries.by_use.remove(&known.number);
        }
        entries.forget(now, self.capacity);
        let time = match known {
            Some(known) if now.saturating_duration_since(known.used) < REMEMBERED => known.time,
            _ => make()?,
        };
        entries.uses += 1;
        let number = entries.uses;
        entries.by_use.insert(number, token.clone());
        entries.by_token.insert(
            token,
            Entry {
                used: now,
                number,
                time,
            },
        );
        Ok(time)
    }
}

impl Entries {
    fn forget(&mut self, now: Instant, capacity: usize) {
        while let Some(oldest) = self.by_use.first_entry() {
            let fresh = self
                .by_token
                .get(oldest.get())
                .is_some_and(|entry| now.saturating_duration_since(entry.used) < REMEMBERED);
            if fresh && self.by_token.len() < capacity {
                return;
            }
            let token = oldest.remove();
            self.by_token.remove(&token);
        }
    }
}
