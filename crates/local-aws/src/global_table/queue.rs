//! The changes that wait between two replicas, for as long as replication takes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fastrand::Rng;
use tokio::time::Instant;

use super::item::Item;
use super::lag::Lag;
use super::{ItemKey, PrivateTimestamp};

/// One version of an item on its way to another replica.
#[derive(Debug, Clone)]
pub(super) struct ReplicatedWrite {
    pub(super) key: ItemKey,
    pub(super) version: PrivateTimestamp,
    /// The whole item; `None` for a deletion.
    pub(super) image: Option<Arc<Item>>,
    /// When it was written.
    pub(super) written: Instant,
}

/// When a change is due, and its number on this link, which keeps changes of one item in order.
type QueuePosition = (Instant, u64);

/// The changes that wait between two replicas.
///
/// Changes of one item arrive in the order in which they were made. Changes of different items may overtake each
/// other: DynamoDB's order holds per item only.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: BTreeMap<QueuePosition, ReplicatedWrite>,
    /// Each item's last waiting change.
    last: HashMap<ItemKey, QueuePosition>,
    lag: Lag,
    combine: f64,
    rng: Rng,
    pushed: u64,
}

impl Queue {
    /// An empty queue. `combine` is the probability that a change takes the place of one of the same item that still
    /// waits.
    pub(super) fn new(lag: Lag, combine: f64, seed: u64) -> Self {
        Self {
            waiting: BTreeMap::new(),
            last: HashMap::new(),
            lag,
            combine,
            rng: Rng::with_seed(seed),
            pushed: 0,
        }
    }

    /// Puts a change in line. True where it took the place of an earlier change of its item: replication "may combine
    /// multiple changes" (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html>).
    pub(super) fn push(&mut self, change: ReplicatedWrite) -> bool {
        let delay = self.lag.draw(&mut self.rng);
        let combines = self.rng.f64() < self.combine;
        let before = self.last.get(&change.key).copied();
        if combines && let Some(waiting) = before.and_then(|slot| self.waiting.get_mut(&slot)) {
            *waiting = change;
            return true;
        }
        let due = change.written + delay;
        let due = before.map_or(due, |(earlier, _)| due.max(earlier));
        self.pushed += 1;
        let slot = (due, self.pushed);
        self.last.insert(change.key.clone(), slot);
        self.waiting.insert(slot, change);
        false
    }

    /// When the next change is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|((due, _), _)| *due)
    }

    /// The next change, if it is due at `now`.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<ReplicatedWrite> {
        if self.next_due()? > now {
            return None;
        }
        let (slot, change) = self.waiting.pop_first()?;
        if self.last.get(&change.key) == Some(&slot) {
            self.last.remove(&change.key);
        }
        Some(change)
    }

    /// How many changes wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::global_table::Region;

    /// Longer than every delay that is drawn here.
    const FAR: Duration = Duration::from_secs(1_000_000);

    fn change(pk: &str, micros: u64) -> ReplicatedWrite {
        ReplicatedWrite {
            key: ItemKey::new(pk, &Item::new()),
            version: PrivateTimestamp {
                micros,
                counter: 0,
                region: Region::parse("us-east-1").unwrap(),
            },
            image: None,
            written: Instant::now(),
        }
    }

    fn arrivals(queue: &mut Queue) -> Vec<(String, u64)> {
        let far = Instant::now() + FAR;
        std::iter::from_fn(|| queue.pop_due(far))
            .map(|change| (change.key.table().to_owned(), change.version.micros))
            .collect()
    }

    fn long_tailed() -> Lag {
        Lag::LogNormal {
            median: Duration::from_secs(1),
            sigma: 1.0,
        }
    }

    #[test]
    fn changes_of_one_item_arrive_in_order_and_those_of_others_may_overtake_them() {
        let mut queue = Queue::new(long_tailed(), 0.0, 3);
        for n in 0..200 {
            queue.push(change(if n % 2 == 0 { "a" } else { "b" }, n));
        }
        let arrived = arrivals(&mut queue);
        assert_eq!(arrived.len(), 200);
        for pk in ["a", "b"] {
            let of_item: Vec<_> = arrived.iter().filter(|(p, _)| p == pk).collect();
            assert!(of_item.is_sorted_by_key(|(_, n)| *n));
        }
        assert!(!arrived.is_sorted_by_key(|(_, n)| *n), "nothing overtook");
    }

    #[test]
    fn a_combining_queue_sends_only_the_latest_change_of_an_item() {
        let mut queue = Queue::new(Lag::NONE, 1.0, 1);
        let combined: Vec<_> = [
            change("a", 1),
            change("b", 2),
            change("a", 3),
            change("a", 4),
        ]
        .map(|change| queue.push(change))
        .into();
        assert_eq!(combined, [false, false, true, true]);
        assert_eq!(arrivals(&mut queue), [("a".into(), 4), ("b".into(), 2)]);
    }

    #[test]
    fn a_queue_that_combines_sometimes_keeps_the_order_and_the_last_change() {
        let mut queue = Queue::new(long_tailed(), 0.5, 9);
        for n in 0..100 {
            queue.push(change("a", n));
        }
        let arrived = arrivals(&mut queue);
        assert!(
            arrived.len() > 20 && arrived.len() < 80,
            "{}",
            arrived.len()
        );
        assert!(arrived.is_sorted());
        assert_eq!(arrived.last(), Some(&("a".into(), 99)));
    }

    #[test]
    fn nothing_arrives_before_it_is_due() {
        let mut queue = Queue::new(Lag::Fixed(Duration::from_secs(60)), 0.0, 1);
        let sent = change("a", 1);
        let written = sent.written;
        queue.push(sent);
        assert!(queue.pop_due(written + Duration::from_secs(59)).is_none());
        assert!(queue.pop_due(written + Duration::from_secs(60)).is_some());
        assert_eq!(queue.len(), 0);
    }
}
