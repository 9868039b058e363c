//! The ways between replicas: what is under way on them, and which Regions are cut off.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Region;
use super::lag::Lag;
use super::queue::{Queue, ReplicatedWrite};

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
    pub(super) fn send(&self, from: Region, change: &ReplicatedWrite) -> u64 {
        let mut combined = 0;
        for link in self.links.iter().filter(|link| link.from == from) {
            combined += u64::from(self.send_on(link, change.clone()));
        }
        combined
    }

    /// Sends a change to one other replica; true where it took an earlier one's place.
    pub(super) fn send_on(&self, link: &Link, change: ReplicatedWrite) -> bool {
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

    /// The next change on a link that is due, if neither of its Regions is cut off.
    pub(super) fn pop_due(&self, link: &Link) -> Option<ReplicatedWrite> {
        if self.is_open(link) {
            link.queue().pop_due(Instant::now())
        } else {
            None
        }
    }

    /// Takes note that a change which was popped has been applied or rejected.
    pub(super) fn delivered(&self) {
        if self.pending.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.settled.notify_waiters();
        }
    }

    /// Waits until a change on a link is due.
    pub(super) async fn wait_until_due(&self, link: &Link) {
        loop {
            // A change in between leaves a permit behind, so none is missed.
            let changed = link.changed.notified();
            let due = link.queue().next_due().filter(|_| self.is_open(link));
            match due {
                None => changed.await,
                Some(due) if due > Instant::now() => {
                    tokio::select! {
                        () = tokio::time::sleep_until(due) => {}
                        () = changed => {}
                    }
                }
                Some(_) => return,
            }
        }
    }
}
