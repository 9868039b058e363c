//! The conflicts of all Regions in memory: read once, then only what is new and what is being looked at.
//!
//! Everything that a page shows of a list comes from here, so that ten thousand entries and several open pages cost the
//! ledgers no more than one page does.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures::future::join_all;
use ledger::{EntryKey, ItemKey};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, watch};

use super::super::list::{Filter, Listing, Selection, buckets, hours_back, list};
use super::super::{LedgerReadError, Summary};
use super::listed::{Listed, Snapshot, key_of};
use super::memory::{hex, random_name};
use super::regions::{RegionLedger, Regions};

/// How many hours of the index are asked for what is new: a function's clock may differ, and its write may take a while.
const NEW_HOURS: u32 = 1;

/// The most entries of one item that are looked up beyond the hours that are kept.
const MOST_OF_ITEM: usize = 1_000;

/// How long a page waits for a Region that does not answer. What that Region has comes with a later look.
const PATIENCE: Duration = Duration::from_secs(2);

/// The same at the start, when a Region's hours are all read.
const FIRST_PATIENCE: Duration = Duration::from_secs(30);

/// How many entries can be opened from an address, the newest seen.
const MOST_NAMED: usize = 200_000;

/// No Region could be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NothingRead(String);

/// What is in memory of one Region.
#[derive(Debug, Default)]
struct RegionEntries {
    entries: BTreeMap<EntryKey, Arc<Listed>>,
    is_read: bool,
    is_being_read: bool,
    /// When it was last read or tried.
    tried_at: Option<Instant>,
    is_cut: bool,
    problem: Option<String>,
    unreadable: usize,
}

#[derive(Debug, Default)]
struct State {
    regions: Vec<RegionEntries>,
    snapshot: Snapshot,
    named: HashMap<String, (usize, EntryKey)>,
    order: VecDeque<String>,
}

/// The conflicts of all Regions.
#[derive(Debug)]
pub(super) struct Catalog {
    regions: Arc<Regions>,
    hours: u32,
    limit: usize,
    refresh: Duration,
    /// With it nobody can tell an item's key from the name that stands for it.
    secret: String,
    state: Mutex<State>,
    /// Counts the reads that ended.
    ended: watch::Sender<u64>,
}

impl Catalog {
    pub(super) fn new(regions: Arc<Regions>, hours: u32, limit: usize, refresh: Duration) -> Self {
        let kept = regions
            .ledgers
            .iter()
            .map(|_| RegionEntries::default())
            .collect();
        Self {
            regions,
            hours,
            limit,
            refresh,
            secret: random_name(),
            ended: watch::Sender::new(0),
            state: Mutex::new(State {
                regions: kept,
                ..State::default()
            }),
        }
    }

    /// Reads all Regions for the first time.
    ///
    /// # Errors
    ///
    /// The first Region's problem, if none could be read. One that cannot be read is told in the page while others can.
    pub(super) async fn open(self: &Arc<Self>) -> Result<(), NothingRead> {
        self.read_what_is_due(FIRST_PATIENCE).await;
        let state = self.state.lock().await;
        let problem = state
            .regions
            .iter()
            .find_map(|region| region.problem.clone());
        match problem {
            Some(problem) if state.regions.iter().all(|region| !region.is_read) => {
                Err(NothingRead(problem))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// All entries; what is new is looked for if that was not done just now.
    pub(super) async fn snapshot(self: &Arc<Self>) -> Snapshot {
        self.read_what_is_due(PATIENCE).await;
        self.state.lock().await.snapshot.clone()
    }

    /// Reads what was not read just now, each Region by itself, so that one that does not answer holds up no other.
    async fn read_what_is_due(self: &Arc<Self>, patience: Duration) {
        // A little less than the page's interval, so that a page that asks on time gets what is new.
        let recent = self.refresh.mul_f64(0.8);
        let mut ended = self.ended.subscribe();
        let mut state = self.state.lock().await;
        for (at, region) in state.regions.iter_mut().enumerate() {
            let is_due = region.tried_at.is_none_or(|at| at.elapsed() >= recent);
            if is_due && !region.is_being_read {
                region.is_being_read = true;
                tokio::spawn(Arc::clone(self).read_region(at));
            }
        }
        drop(state);
        let all_read = async {
            while self
                .state
                .lock()
                .await
                .regions
                .iter()
                .any(|region| region.is_being_read)
            {
                // The sender lives as long as the catalog.
                let _ = ended.changed().await;
            }
        };
        let _ = tokio::time::timeout(patience, all_read).await;
    }

    async fn read_region(self: Arc<Self>, at: usize) {
        let ledger = &self.regions.ledgers[at];
        let is_first = !self.state.lock().await.regions[at].is_read;
        let answer = match is_first {
            true => self.read_all(ledger).await,
            false => self.read_new(at, ledger).await,
        };
        let oldest = Utc::now() - TimeDelta::hours(i64::from(self.hours));
        let mut state = self.state.lock().await;
        let problem = answer.as_ref().err().map(ToString::to_string);
        if let Ok(listing) = answer {
            if is_first {
                let region = &mut state.regions[at];
                region.is_read = true;
                region.is_cut = listing.entries.len() == self.limit;
                region.unreadable = listing.unreadable.len();
            }
            for summary in listing.entries {
                let listed = self.listed(&mut state, at, summary);
                state.regions[at].entries.insert(listed.key(), listed);
            }
        }
        let region = &mut state.regions[at];
        region.problem = problem;
        region.forget(oldest, self.limit);
        region.is_being_read = false;
        region.tried_at = Some(Instant::now());
        self.rebuild(&mut state);
        drop(state);
        self.ended.send_modify(|ended| *ended += 1);
    }

    /// Reads entries that are looked at again: somebody else may have dealt with them.
    pub(super) async fn reread(&self, rows: &[Arc<Listed>]) {
        let reads = self
            .regions
            .ledgers
            .iter()
            .enumerate()
            .map(|(at, ledger)| async move {
                let of_ledger = rows.iter().filter(|row| row.ledger == at);
                let keys: Vec<EntryKey> = of_ledger.map(|row| row.key()).collect();
                match keys.is_empty() {
                    true => Ok(Vec::new()),
                    false => ledger.table.entries(&keys).await,
                }
            });
        let answers = join_all(reads).await;
        let mut state = self.state.lock().await;
        let mut changed = false;
        for (at, answer) in answers.into_iter().enumerate() {
            // What was read before stays; that the Region does not answer is told by the next look for what is new.
            let mut listing = Listing::default();
            listing.add(answer.unwrap_or_default(), |_| true);
            for summary in listing.entries {
                changed |= self.replace(&mut state, at, summary);
            }
        }
        if changed {
            self.rebuild(&mut state);
        }
    }

    /// Takes what was read of one entry.
    pub(super) async fn note(&self, ledger: usize, summary: Summary) {
        let mut state = self.state.lock().await;
        if self.replace(&mut state, ledger, summary) {
            self.rebuild(&mut state);
        }
    }

    /// The entries of one item in all ledgers, as far back as they go, newest first.
    pub(super) async fn of_item(&self, item: &ItemKey) -> Vec<Arc<Listed>> {
        let selection = Selection::Item(item.clone());
        let filter = Filter::default();
        let reads = self
            .regions
            .ledgers
            .iter()
            .map(|ledger| list(&ledger.table, &selection, &filter, MOST_OF_ITEM));
        let answers = join_all(reads).await;
        let mut state = self.state.lock().await;
        let mut found = Vec::new();
        for (at, answer) in answers.into_iter().enumerate() {
            for summary in answer.unwrap_or_default().entries {
                found.push(self.listed(&mut state, at, summary));
            }
        }
        found.sort_by(|a, b| a.newest_first(b));
        found
    }

    /// The entry that a name in an address stands for.
    pub(super) async fn named(&self, name: &str) -> Option<(usize, EntryKey)> {
        self.state.lock().await.named.get(name).cloned()
    }

    async fn read_all(&self, ledger: &RegionLedger) -> Result<Listing, LedgerReadError> {
        let selection = Selection::Since {
            hours: self.hours,
            now: Utc::now(),
        };
        list(&ledger.table, &selection, &Filter::default(), self.limit).await
    }

    async fn read_new(&self, at: usize, ledger: &RegionLedger) -> Result<Listing, LedgerReadError> {
        let hours = hours_back(Utc::now(), NEW_HOURS.min(self.hours));
        let mut keys = ledger.table.in_buckets(buckets(&hours), None).await?;
        let known = self.state.lock().await;
        keys.retain(|key| !known.regions[at].entries.contains_key(key));
        drop(known);
        let mut listing = Listing::default();
        listing.add(ledger.table.entries(&keys).await?, |_| true);
        Ok(listing)
    }

    fn listed(&self, state: &mut State, ledger: usize, summary: Summary) -> Arc<Listed> {
        let name = self.name(ledger, &summary);
        let key = key_of(&summary);
        if state.named.insert(name.clone(), (ledger, key)).is_none() {
            state.order.push_back(name.clone());
            if state.order.len() > MOST_NAMED
                && let Some(oldest) = state.order.pop_front()
            {
                state.named.remove(&oldest);
            }
        }
        Arc::new(Listed::new(ledger, name, summary))
    }

    /// Replaces what is kept of an entry. True if it is kept, and was otherwise.
    fn replace(&self, state: &mut State, at: usize, summary: Summary) -> bool {
        let key = key_of(&summary);
        let before = state.regions[at].entries.get(&key);
        if before.is_none_or(|before| before.summary == summary) {
            return false;
        }
        let listed = self.listed(state, at, summary);
        state.regions[at].entries.insert(key, listed);
        true
    }

    fn name(&self, ledger: usize, summary: &Summary) -> String {
        let mut sha = Sha256::new();
        let region = &self.regions.ledgers[ledger].region;
        for part in [
            &self.secret,
            region,
            summary.item_key.as_str(),
            summary.conflict_id(),
        ] {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
        hex(&sha.finalize()[..16])
    }

    fn rebuild(&self, state: &mut State) {
        let mut entries: Vec<Arc<Listed>> = state
            .regions
            .iter()
            .flat_map(|region| region.entries.values().cloned())
            .collect();
        entries.sort_by(|a, b| a.newest_first(b));
        let regions = || state.regions.iter().zip(&self.regions.ledgers);
        let mut problems: Vec<String> = Vec::new();
        for (kept, ledger) in regions() {
            if !kept.is_read && kept.problem.is_none() {
                problems.push(format!("{}: it is still being read", ledger.region));
            }
            if let Some(problem) = &kept.problem {
                problems.push(format!("{}: {problem}", ledger.region));
            }
            if kept.unreadable > 0 {
                problems.push(format!(
                    "{}: {} entries cannot be read",
                    ledger.region, kept.unreadable
                ));
            }
        }
        let cut = regions()
            .filter(|(kept, _)| kept.is_cut)
            .map(|(_, ledger)| ledger.region.clone());
        state.snapshot = Snapshot {
            entries: Arc::new(entries),
            problems,
            cut: cut.collect(),
        };
    }
}

impl RegionEntries {
    /// Forgets what is too old, or too much.
    fn forget(&mut self, oldest: DateTime<Utc>, limit: usize) {
        let oldest = oldest.to_rfc3339_opts(SecondsFormat::Millis, true);
        self.entries
            .retain(|_, listed| listed.summary.detected_at >= oldest);
        if self.entries.len() > limit {
            let mut times: Vec<String> = self
                .entries
                .values()
                .map(|listed| listed.summary.detected_at.clone())
                .collect();
            times.sort_unstable_by(|a, b| b.cmp(a));
            let last = &times[limit - 1];
            self.entries
                .retain(|_, listed| listed.summary.detected_at >= *last);
            self.is_cut = true;
        }
    }
}
