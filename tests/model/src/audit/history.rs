//! One item of a global table from its first version to the one that all Regions end on.
//!
//! Last writer wins as in [`crate::table`], on items with contents: a private time decides, later than that of the version
//! that a write replaces.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fastrand::Rng;

use super::item::{Action, Item};
use crate::ancestry::Ancestry;
use crate::history::START;
use crate::plan::{MAX_REGIONS, Partition, Region};

/// Everything that happens to one item, in microseconds from the start.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many Regions the table has.
    pub regions: usize,
    /// How far each Region's clocks are off: that of last writer wins, and that of the stream.
    pub clocks: [i64; MAX_REGIONS],
    /// The writes.
    pub writes: Vec<Write>,
    /// When a Region is cut off from all others.
    pub partitions: Vec<Partition>,
    /// Where the values of fields come from.
    pub seed: u64,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Write {
    /// When it takes effect.
    pub at: u64,
    /// Where.
    pub region: Region,
    /// What it does.
    pub action: Action,
    /// How long replication to each Region takes.
    pub lags: [u64; MAX_REGIONS],
    /// Replication combines this change with those of this item that are still under way from the same Region.
    pub combined: bool,
}

/// A version, or the item's absence.
#[derive(Debug, Clone)]
pub struct Version {
    private_time: u64,
    origin: Region,
    /// The item.
    pub item: Option<Item>,
    /// What made it; none for the first.
    pub action: Option<Action>,
}

impl Version {
    /// The Region in which it was made.
    pub fn origin(&self) -> Region {
        self.origin
    }
}

/// A stream record.
#[derive(Debug, Clone)]
pub struct Record {
    /// When the replica changed, in microseconds from the start: the order of each stream.
    pub at: u64,
    /// The second that the record carries.
    pub second: u64,
    /// Whose stream it is in.
    pub region: Region,
    /// The version before.
    pub before: Option<usize>,
    /// The version after. The first one is nobody's write.
    pub after: usize,
}

/// What a plan led to.
#[derive(Debug)]
pub struct History {
    /// Every version; the first is there from the start.
    pub versions: Vec<Version>,
    /// What they descend from: a version's own number stands for its write.
    pub ancestry: Ancestry,
    /// All streams.
    pub records: Vec<Record>,
    /// The version that all Regions end on.
    pub last: usize,
}

impl History {
    /// The writes that took effect.
    pub fn writes(&self) -> std::ops::Range<usize> {
        1..self.versions.len()
    }

    /// Whether the streams would be the same, had this write survived in place of another: one within 10 s with the same
    /// content did. No stream tells which of two equal writes was lost.
    pub fn has_twin(&self, write: usize) -> bool {
        let (mine, survivors) = (&self.versions[write], self.ancestry.writes(self.last));
        self.writes().any(|other| {
            let twin = &self.versions[other];
            other != write
                && survivors.contains(other)
                && twin.item == mine.item
                && twin.private_time.abs_diff(mine.private_time) < 10_000_000
        })
    }

    /// Whether a write did not survive.
    pub fn is_lost(&self, write: usize) -> bool {
        write > 0 && !self.ancestry.writes(self.last).contains(write)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Read { write: usize },
    Apply { write: usize },
    Arrive { version: usize, region: Region },
}

/// Carries out a plan.
pub fn run(plan: &Plan) -> History {
    let mut fresh = Rng::with_seed(plan.seed);
    let first = Version {
        private_time: 0,
        origin: 0,
        item: Some(Item::new(&mut fresh)),
        action: None,
    };
    let mut ancestry = Ancestry::for_writes(plan.writes.len() + 1);
    ancestry.add(None, None);
    let mut table = Table {
        plan,
        fresh,
        events: BinaryHeap::new(),
        scheduled: 0,
        replicas: [0; MAX_REGIONS],
        before: [0; MAX_REGIONS],
        reads: vec![0; plan.writes.len()],
        combined_into: [[0; MAX_REGIONS]; MAX_REGIONS],
        history: History {
            versions: vec![first],
            ancestry,
            records: Vec::new(),
            last: 0,
        },
    };
    for (number, write) in plan.writes.iter().enumerate() {
        if let Action::Put(_, before) = write.action {
            table.schedule(
                write.at.saturating_sub(before),
                Event::Read { write: number },
            );
        }
        table.schedule(write.at, Event::Apply { write: number });
    }
    while let Some(Reverse((at, _, event))) = table.events.pop() {
        match event {
            Event::Read { write } => {
                table.reads[write] = table.replicas[plan.writes[write].region];
            }
            Event::Apply { write } => table.apply(at, write),
            Event::Arrive { version, region } => table.arrive(at, version, region),
        }
    }
    let mut history = table.history;
    history.last = table.replicas[0];
    let replicas = &table.replicas[..plan.regions];
    assert!(
        replicas.iter().all(|held| *held == history.last),
        "the model is wrong: its replicas did not converge: {replicas:?}"
    );
    history
}

struct Table<'p> {
    plan: &'p Plan,
    fresh: Rng,
    events: BinaryHeap<Reverse<(u64, usize, Event)>>,
    scheduled: usize,
    /// The version that each Region's replica holds, and the one that it held before.
    replicas: [usize; MAX_REGIONS],
    before: [usize; MAX_REGIONS],
    reads: Vec<usize>,
    combined_into: [[usize; MAX_REGIONS]; MAX_REGIONS],
    history: History,
}

impl Table<'_> {
    fn schedule(&mut self, at: u64, event: Event) {
        self.scheduled += 1;
        self.events.push(Reverse((at, self.scheduled, event)));
    }

    fn apply(&mut self, at: u64, number: usize) {
        let write = &self.plan.writes[number];
        let region = write.region;
        let current = self.replicas[region];
        let item = |version: usize| self.history.versions[version].item;
        let held = item(current);
        let after = Item::after(
            write.action,
            held,
            item(self.reads[number]),
            item(self.before[region]),
            &mut self.fresh,
        );
        // What changes nothing is no write.
        if after == held {
            return;
        }
        let parent = match write.action {
            Action::Put(..) => self.reads[number],
            _ => current,
        };
        let clock = (START as i64 + at as i64 + self.plan.clocks[region]) as u64;
        let version = self.history.versions.len();
        self.history.ancestry.add(Some(parent), Some(version));
        self.history.versions.push(Version {
            private_time: clock.max(self.history.versions[current].private_time + 1),
            origin: region,
            item: after,
            action: Some(write.action),
        });
        self.replace(at, region, version);
        for to in (0..self.plan.regions).filter(|to| *to != region) {
            if write.combined {
                self.combined_into[region][to] = version;
            }
            let arrives = arrival(&self.plan.partitions, region, to, at, write.lags[to]);
            self.schedule(
                arrives,
                Event::Arrive {
                    version,
                    region: to,
                },
            );
        }
    }

    fn arrive(&mut self, at: u64, version: usize, region: Region) {
        let rank = |version: usize| {
            let version = &self.history.versions[version];
            (version.private_time, version.origin)
        };
        let current = self.replicas[region];
        let is_combined =
            version < self.combined_into[self.history.versions[version].origin][region];
        if !is_combined && rank(current) < rank(version) {
            self.replace(at, region, version);
        }
    }

    /// Makes a version the replica's own. The stream tells of it unless nothing changed.
    fn replace(&mut self, at: u64, region: Region, version: usize) {
        let current = std::mem::replace(&mut self.replicas[region], version);
        let versions = &self.history.versions;
        if versions[current].item == versions[version].item {
            return;
        }
        self.before[region] = current;
        let clock = START as i64 + at as i64 + self.plan.clocks[region];
        self.history.records.push(Record {
            at,
            second: clock as u64 / 1_000_000,
            region,
            before: Some(current),
            after: version,
        });
    }
}

/// When a change arrives; partitions hold it back.
fn arrival(partitions: &[Partition], from: Region, to: Region, sent: u64, lag: u64) -> u64 {
    let mut at = sent + lag;
    while let Some(cut) = partitions
        .iter()
        .find(|cut| (cut.region == from || cut.region == to) && (cut.from..cut.until).contains(&at))
    {
        at = cut.until + lag / 8;
    }
    at
}
