//! Faults around the function, with the built function at the end of an event source mapping.
//!
//! For each: no lost write is missing from the ledger and none is there twice, the shard is not blocked for good, the
//! log says what happened, and the metrics are right once the shard is drained. Where a batch is delivered again after
//! its metrics went out, the test asserts by how much they are over.

mod clock;
mod cloudwatch;
mod delivery;
mod held_metrics;
mod jumps;
mod ledger;
mod process;
mod volume;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use system_tests::ledger_entry::{is_part, key_of};
use system_tests::metrics::Metrics;
use system_tests::records::{
    conflict, conflict_id, local, lost_note, malformed, replicated, suspected, suspected_id,
};
use system_tests::system::{System, SystemConfig};

/// Lambda's timeout in these tests; the ledger is left 500 ms before.
const TIMEOUT: Duration = Duration::from_secs(2);

fn setup() -> SystemConfig {
    SystemConfig::new()
        .timeout(TIMEOUT)
        .set("AWS_LAMBDA_LOG_LEVEL", "info")
        .set("VERSION_ATTRIBUTE", "version")
}

/// Records in a stream, and what they have to leave.
#[derive(Debug, Default)]
struct RecordPlan {
    records: Vec<Value>,
    /// The numbers of the conflicts.
    conflicts: Vec<usize>,
    /// The numbers of the suspected conflicts.
    suspected: Vec<usize>,
    local: usize,
    replicated: usize,
    malformed: usize,
}

impl RecordPlan {
    /// So many records, every third a conflict, every sixth a suspected one. The first one is none.
    fn mixed(count: usize) -> Self {
        let mut planted = Self::default();
        for _ in 0..count {
            planted.add_any();
        }
        planted
    }

    fn next(&self) -> usize {
        self.records.len()
    }

    fn add_any(&mut self) {
        match self.next() % 3 {
            0 => {
                self.local += 1;
                self.records.push(local(self.next()));
            }
            1 => self.add_conflict(),
            _ if self.next() % 2 == 1 => {
                self.suspected.push(self.next());
                self.records.push(suspected(self.next()));
            }
            _ => {
                self.replicated += 1;
                self.records.push(replicated(self.next()));
            }
        }
    }

    fn add_conflict(&mut self) {
        self.conflicts.push(self.next());
        self.records.push(conflict(self.next()));
    }

    fn add_malformed(&mut self) {
        self.malformed += 1;
        self.records.push(malformed(self.next()));
    }

    /// Every lost write is in the ledger, once and whole, and nothing else is.
    async fn assert_kept_once(&self, system: &System) {
        let items = system.items().await;
        let mut found = BTreeMap::new();
        let mut quarantined = 0;
        for item in items.iter().filter(|item| !is_part(item)) {
            let (item_key, id) = key_of(item);
            if item_key == "quarantine" {
                quarantined += 1;
                continue;
            }
            let note = item["Loser"]["M"]["Image"]["M"]["address"]["S"].as_str();
            let twice = found.insert(id.clone(), note.unwrap_or_default().to_owned());
            assert!(twice.is_none(), "{id} is there twice");
        }
        let expected: BTreeMap<String, String> = self
            .conflicts
            .iter()
            .map(|n| (conflict_id(*n), lost_note(*n)))
            .chain(
                self.suspected
                    .iter()
                    .map(|n| (suspected_id(*n), lost_note(*n))),
            )
            .collect();
        assert_eq!(found, expected);
        assert_eq!(quarantined, self.malformed);
    }

    /// Every record is counted once.
    fn assert_counted_once(&self, metrics: &Metrics) {
        assert_eq!(RecordCounts::new(metrics), self.counted());
    }

    fn counted(&self) -> RecordCounts {
        let conflicts = self.conflicts.len();
        RecordCounts {
            records: self.records.len(),
            conflicts,
            suspected: self.suspected.len(),
            lost_writes: conflicts,
            local: self.local,
            replicated: self.replicated + conflicts,
            quarantined: self.malformed,
        }
    }
}

/// The counts that the planted records move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RecordCounts {
    records: usize,
    conflicts: usize,
    suspected: usize,
    lost_writes: usize,
    local: usize,
    replicated: usize,
    quarantined: usize,
}

impl RecordCounts {
    fn new(metrics: &Metrics) -> Self {
        Self {
            records: metrics.count("Records"),
            conflicts: metrics.count("Conflicts"),
            suspected: metrics.count("SuspectedConflicts"),
            lost_writes: metrics.count("LostWrites"),
            local: metrics.count("LocalWrites"),
            replicated: metrics.count("ReplicatedWrites"),
            quarantined: metrics.count("QuarantinedRecords"),
        }
    }
}

#[tokio::test]
async fn the_assertions_bite() {
    let mut planted = RecordPlan::mixed(6);
    planted.add_malformed();
    let system = setup().start().await;
    let payload = |planted: &RecordPlan| system_tests::records::event(planted.records.clone());
    system.answer(payload(&planted)).await;
    planted.assert_kept_once(&system).await;
    planted.assert_counted_once(&system.metrics());

    // One conflict more than the ledger has, and than was counted.
    planted.add_conflict();
    let kept = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(
        planted.assert_kept_once(&system),
    ));
    assert!(kept.await.is_err());
    assert_ne!(RecordCounts::new(&system.metrics()), planted.counted());
    // Counted twice.
    system.answer(payload(&planted)).await;
    planted.assert_kept_once(&system).await;
    assert_ne!(RecordCounts::new(&system.metrics()), planted.counted());
}
