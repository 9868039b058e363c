//! Counts of what a replica did.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What one replica has done since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ReplicaCounts {
    /// Versions written here by the application, deletions by TTL left out.
    pub local_writes: u64,
    /// Deletions by TTL here.
    pub expired: u64,
    /// Local writes that changed nothing, and so gave neither a version nor a record.
    pub unchanged: u64,
    /// Versions from other Regions that won here.
    pub applied: u64,
    /// Versions from other Regions that lost here, because what was here is later.
    pub rejected: u64,
    /// Changes that took the place of an earlier one of the same item on the way to another Region.
    pub combined: u64,
    /// Versions that could not be stored or read. Zero unless the database fails.
    pub failed: u64,
    /// Changes from here that have not arrived in another Region yet, one for each Region.
    pub waiting: usize,
    /// How long the changes that arrived here took.
    pub lag: LagSummary,
}

/// How long replication took, from the write to its arrival.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LagSummary {
    /// Changes that arrived.
    pub count: u64,
    /// Half of them took less.
    pub p50: Duration,
    /// All but one in a hundred took less.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

/// The counters behind [`ReplicaCounts`].
#[derive(Debug, Default)]
pub(super) struct ReplicaCounters {
    pub(super) local_writes: AtomicU64,
    pub(super) expired: AtomicU64,
    pub(super) unchanged: AtomicU64,
    pub(super) applied: AtomicU64,
    pub(super) rejected: AtomicU64,
    pub(super) combined: AtomicU64,
    pub(super) failed: AtomicU64,
    lag: Mutex<LagHistogram>,
}

impl ReplicaCounters {
    pub(super) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }

    pub(super) fn record_lag(&self, lag: Duration) {
        self.lag
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .record(lag);
    }

    pub(super) fn snapshot(&self, waiting: usize) -> ReplicaCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ReplicaCounts {
            local_writes: read(&self.local_writes),
            expired: read(&self.expired),
            unchanged: read(&self.unchanged),
            applied: read(&self.applied),
            rejected: read(&self.rejected),
            combined: read(&self.combined),
            failed: read(&self.failed),
            waiting,
            lag: self
                .lag
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .summary(),
        }
    }
}

/// Delays in buckets, each 5 % wider than the one before, so that a long run takes no more memory than a short one.
#[derive(Debug, Default)]
struct LagHistogram {
    buckets: Vec<u64>,
    count: u64,
    max: Duration,
}

impl LagHistogram {
    const RATIO: f64 = 1.05;

    fn record(&mut self, lag: Duration) {
        let micros = lag.as_micros() as f64;
        let bucket = micros.max(1.0).log(Self::RATIO) as usize;
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.count += 1;
        self.max = self.max.max(lag);
    }

    fn quantile(&self, share: f64) -> Duration {
        let rank = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank && *count > 0 {
                let micros = Self::RATIO.powf(bucket as f64 + 0.5);
                return Duration::from_micros(micros as u64).min(self.max);
            }
        }
        self.max
    }

    fn summary(&self) -> LagSummary {
        if self.count == 0 {
            return LagSummary::default();
        }
        LagSummary {
            count: self.count,
            p50: self.quantile(0.50),
            p99: self.quantile(0.99),
            max: self.max,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_bucket_of_the_truth() {
        let counters = ReplicaCounters::default();
        for millis in 1..=1_000 {
            counters.record_lag(Duration::from_millis(millis));
        }
        let lag = counters.snapshot(0).lag;
        assert_eq!(lag.count, 1_000);
        assert_eq!(lag.max, Duration::from_secs(1));
        assert!((475..=525).contains(&lag.p50.as_millis()), "{:?}", lag.p50);
        assert!(
            (940..=1_000).contains(&lag.p99.as_millis()),
            "{:?}",
            lag.p99
        );
    }

    #[test]
    fn without_an_arrival_there_is_no_lag() {
        assert_eq!(
            ReplicaCounters::default().snapshot(3).lag,
            LagSummary::default()
        );
    }
}
