//! The ways between replicas: what is under way on them, and which Regions are cut off.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Region;
use super::lag::Lag;
use super::queue::{Change, Queue};
use super::replica::Replica;

/// How many changes a link applies before others may pass the receiver's gate.
const MOST_AT_ONCE: usize = 8;

/// The way from one replica to one other.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) from: Region,
    pub(super) to: Region,
    queue: Mutex<Queue>,
    /// Told when the queue or the cut changed.
    changed: Notify,
}

impl Link {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All links of a global table.
#[derive(Debug)]
pub(super) struct Network {
    links: Vec<Arc<Link>>,
    cut: Mutex<BTreeSet<Region>>,
    /// Changes that were sent and neither applied nor refused yet.
    pending: AtomicUsize,
    settled: Notify,
}

impl Network {
    pub(super) fn new(regions: &[Region], lag: Lag, combine: f64, seed: u64) -> Self {
        let mut seeds = fastrand::Rng::with_seed(seed);
        let mut links = Vec::new();
        for &from in regions {
            for &to in regions.iter().filter(|to| **to != from) {
                links.push(Arc::new(Link {
                    from,
                    to,
                    queue: Mutex::new(Queue::new(lag, combine, seeds.u64(..))),
                    changed: Notify::new(),
                }));
            }
        }
        Self {
            links,
            cut: Mutex::default(),
            pending: AtomicUsize::new(0),
            settled: Notify::new(),
        }
    }

    pub(super) fn links(&self) -> &[Arc<Link>] {
        &self.links
    }

    /// Sends a change to every other replica. Gives the number of links on which it took an earlier one's place.
    pub(super) fn send(&self, from: Region, change: &Change) -> u64 {
        let mut combined = 0;
        for link in self.links.iter().filter(|link| link.from == from) {
            combined += u64::from(self.send_on(link, change.clone()));
        }
        combined
    }

    /// Sends a change to one other replica; true where it took an earlier one's place.
    pub(super) fn send_on(&self, link: &Link, change: Change) -> bool {
        let mut queue = link.queue();
        let combined = queue.push(change);
        if !combined {
            // Under the queue's lock, so that it is counted before it can be taken out.
            self.pending.fetch_add(1, Ordering::SeqCst);
        }
        drop(queue);
        link.changed.notify_one();
        combined
    }

    /// Cuts a Region off or joins it again, for all changes that are not yet being applied.
    pub(super) fn set_cut(&self, region: Region, cut: bool) {
        {
            let mut regions = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
            if cut {
                regions.insert(region);
            } else {
                regions.remove(&region);
            }
        }
        for link in &self.links {
            link.changed.notify_one();
        }
    }

    pub(super) fn is_cut(&self, region: Region) -> bool {
        self.cut
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&region)
    }

    fn is_open(&self, link: &Link) -> bool {
        !self.is_cut(link.from) && !self.is_cut(link.to)
    }

    pub(super) fn set_lag(&self, lag: Lag) {
        for link in &self.links {
            link.queue().set_lag(lag);
        }
    }

    /// How many changes from `region` wait for the other replicas.
    pub(super) fn waiting_from(&self, region: Region) -> usize {
        let mine = self.links.iter().filter(|link| link.from == region);
        mine.map(|link| link.queue().len()).sum()
    }

    /// Waits until no change is under way.
    pub(super) async fn settled(&self) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if self.pending.load(Ordering::SeqCst) == 0 {
                return;
            }
            settled.await;
        }
    }

    /// Carries changes over one link, for ever.
    pub(super) async fn carry(&self, link: &Link, to: &Replica) {
        loop {
            // A change in between leaves a permit behind, so none is missed.
            let changed = link.changed.notified();
            if !self.is_open(link) {
                changed.await;
                continue;
            }
            let next = link.queue().next_due();
            match next {
                None => changed.await,
                Some(due) if due > Instant::now() => {
                    tokio::select! {
                        () = tokio::time::sleep_until(due) => {}
                        () = changed => {}
                    }
                }
                Some(_) => self.deliver(link, to).await,
            }
        }
    }

    /// Applies the changes that are due, a few at a time, so that the application's writes get their turn. A change
    /// leaves the queue only behind the receiver's gate: once a Region is cut off and the gates have been passed,
    /// nothing more arrives.
    async fn deliver(&self, link: &Link, to: &Replica) {
        let mut state = to.gate().await;
        for _ in 0..MOST_AT_ONCE {
            if !self.is_open(link) {
                return;
            }
            let due = link.queue().pop_due(Instant::now());
            let Some(change) = due else {
                return;
            };
            to.apply(&mut state, change);
            if self.pending.fetch_sub(1, Ordering::SeqCst) == 1 {
                self.settled.notify_waiters();
            }
        }
    }
}
