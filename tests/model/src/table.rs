//! The global table: replicas that settle writes by last writer wins, and the streams that tell of it.
//!
//! Each replica applies the writes made in its Region at once and sends each to every other Region. A version that
//! arrives replaces the replica's own if its private time is later. The private time is a hybrid clock: the replica's
//! clock, but always later than the version that the write replaces, so that a local write is never lost to the very
//! version that it was built on. Removed items leave a version without an item behind, so that late arrivals lose
//! to them.

mod notes;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::ancestry::Ancestry;
use crate::disturbance::{Disturbance, Occurrences};
use crate::history::{AppliedWrite, History, Item, Record, START, StampPair, Version};
use crate::plan::{MAX_REGIONS, Plan, Region, Write, WriteAction};

/// Carries out a plan.
pub fn run(plan: &Plan) -> History {
    let mut table = Table::new(plan);
    while let Some(Reverse((at, _, event))) = table.events.pop() {
        match event {
            ScheduledEvent::Read { write } => {
                table.reads[write] = table.replicas[plan.writes[write].region];
            }
            ScheduledEvent::Apply { write, again } => table.apply(at, write, again),
            ScheduledEvent::Arrive { version, region } => table.arrive(at, version, region),
        }
    }
    table.history()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ScheduledEvent {
    Read { write: usize },
    Apply { write: usize, again: bool },
    Arrive { version: usize, region: Region },
}

struct Table<'p> {
    plan: &'p Plan,
    /// By time, then in the order in which they were scheduled.
    events: BinaryHeap<Reverse<(u64, usize, ScheduledEvent)>>,
    scheduled: usize,
    /// The version that each Region's replica holds.
    replicas: [Option<usize>; MAX_REGIONS],
    /// What each writer read before it put.
    reads: Vec<Option<usize>>,
    /// Versions sent from one Region to another before this one were combined into it.
    combined_into: [[usize; MAX_REGIONS]; MAX_REGIONS],
    last_write_at: Option<u64>,
    history: History,
}

/// What a write makes of the item.
struct Effect {
    item: Option<Item>,
    /// The version that it descends from.
    parent: Option<usize>,
}

impl<'p> Table<'p> {
    fn new(plan: &'p Plan) -> Self {
        let attempts = plan
            .writes
            .iter()
            .map(|write| 1 + usize::from(write.again.is_some()));
        let ancestry = Ancestry::for_writes(attempts.sum());
        let mut table = Self {
            plan,
            events: BinaryHeap::with_capacity(plan.writes.len() * 2),
            scheduled: 0,
            replicas: [None; MAX_REGIONS],
            reads: vec![None; plan.writes.len()],
            combined_into: [[0; MAX_REGIONS]; MAX_REGIONS],
            last_write_at: None,
            history: History {
                plan: plan.clone(),
                versions: Vec::with_capacity(plan.writes.len()),
                made_in: std::array::from_fn(|_| ancestry.none()),
                ancestry,
                records: Vec::with_capacity(plan.writes.len() * plan.regions),
                applied: Vec::with_capacity(plan.writes.len()),
                last: None,
                occurrences: Occurrences::default(),
            },
        };
        for (number, write) in plan.writes.iter().enumerate() {
            if let WriteAction::StalePut(before) | WriteAction::RememberingPut(before) =
                write.action
            {
                table.schedule(
                    write.at.saturating_sub(before),
                    ScheduledEvent::Read { write: number },
                );
            }
            let applied_at = write.at + write.flight;
            table.schedule(
                applied_at,
                ScheduledEvent::Apply {
                    write: number,
                    again: false,
                },
            );
            if let Some(later) = write.again {
                table.schedule(
                    applied_at + later,
                    ScheduledEvent::Apply {
                        write: number,
                        again: true,
                    },
                );
            }
        }
        table
    }

    fn schedule(&mut self, at: u64, event: ScheduledEvent) {
        self.scheduled += 1;
        self.events.push(Reverse((at, self.scheduled, event)));
    }

    fn count(&mut self, disturbance: Disturbance) {
        self.history.occurrences.count(disturbance);
    }

    fn apply(&mut self, at: u64, number: usize, again: bool) {
        let write = &self.plan.writes[number];
        let region = write.region;
        let current = self.replicas[region];
        let held = current.and_then(|version| self.history.versions[version].item);
        let Some(effect) = self.effect(number, held.as_ref()) else {
            return;
        };
        self.note(at, write, again, current, held.as_ref(), &effect);

        let clock = (START as i64 + at as i64 + self.plan.private_clocks[region]) as u64;
        let private_time = match current {
            Some(version) => clock.max(self.history.versions[version].private_time + 1),
            None => clock,
        };
        let is_somebodys = write.action != WriteAction::Purge;
        let applied = is_somebodys.then_some(self.history.applied.len());
        if let Some(applied) = applied {
            self.history.applied.push(AppliedWrite {
                write: number,
                region,
                at,
            });
            self.history.made_in[region].insert(applied);
        }
        let version = self.history.versions.len();
        self.history.ancestry.add(effect.parent, applied);
        self.history.versions.push(Version {
            private_time,
            origin: region,
            write: number,
            applied,
            item: effect.item,
        });
        self.replace(at, region, version, write.action == WriteAction::Purge);
        self.send(at, version, write);
    }

    /// What the write does to the item that the replica holds; none if its condition fails or it changes nothing.
    fn effect(&self, number: usize, held: Option<&Item>) -> Option<Effect> {
        let write = &self.plan.writes[number];
        let current = self.replicas[write.region];
        let update = |base: Item| {
            let mut item = stamped(base, write);
            item.number = base.number + 1;
            item
        };
        let put_without_history = || Item {
            reset: Some(time(write)),
            ..update(Item::default())
        };
        let read = self.reads[number];
        let read_item = read.and_then(|version| self.history.versions[version].item);
        let (item, parent) = match write.action {
            WriteAction::Update => (Some(update(held.copied().unwrap_or_default())), current),
            WriteAction::SoftDelete => {
                let item = update(*held?);
                (
                    Some(Item {
                        deleted: true,
                        ..item
                    }),
                    current,
                )
            }
            WriteAction::Revive => {
                let item = update(*held?);
                (
                    Some(Item {
                        deleted: false,
                        ..item
                    }),
                    current,
                )
            }
            WriteAction::BlindPut => (Some(put_without_history()), current),
            WriteAction::RememberingPut(_) => {
                let item = read_item.map_or_else(put_without_history, update);
                (Some(item), current)
            }
            WriteAction::StalePut(_) => {
                if read_item.is_none() && held.is_some() {
                    return None;
                }
                (Some(update(read_item.unwrap_or_default())), read)
            }
            WriteAction::UnstampedUpdate => (Some(held.copied().unwrap_or_default()), current),
            WriteAction::UnstampedPut => (Some(Item::default()), current),
            WriteAction::HardDelete => {
                held?;
                (None, current)
            }
            WriteAction::Purge => {
                held.filter(|item| item.deleted)?;
                (None, current)
            }
        };
        Some(Effect { item, parent })
    }

    fn send(&mut self, at: u64, version: usize, write: &Write) {
        let from = write.region;
        for to in (0..self.plan.regions).filter(|to| *to != from) {
            if write.combined {
                self.combined_into[from][to] = version;
            }
            let (arrives, held) = self.plan.arrival(from, to, at, write.lags[to]);
            if held {
                self.count(Disturbance::Partition);
            }
            self.schedule(
                arrives,
                ScheduledEvent::Arrive {
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
        if version < self.combined_into[self.history.versions[version].origin][region] {
            return self.count(Disturbance::Coalescing);
        }
        match self.replicas[region] {
            Some(current) if rank(current) > rank(version) => self.count(Disturbance::Delay),
            _ => self.replace(at, region, version, false),
        }
    }

    /// Makes a version the replica's own. The stream tells of it, unless there was no item and is none.
    fn replace(&mut self, at: u64, region: Region, version: usize, by_time_to_live: bool) {
        let before = self.replicas[region].replace(version);
        let record = Record {
            at,
            region,
            before,
            after: version,
            by_time_to_live,
        };
        if self.history.before(&record).is_some() || self.history.after(&record).is_some() {
            self.history.records.push(record);
        }
    }

    fn history(mut self) -> History {
        self.history.last = self.replicas[0];
        let replicas = &self.replicas[..self.plan.regions];
        assert!(
            replicas.iter().all(|held| *held == self.history.last),
            "the model is wrong: its replicas did not converge: {replicas:?}\n{}",
            self.history
        );
        self.history
    }
}

/// The item with the writer's pair advanced, as the specification, section 2, tells writers to.
fn stamped(mut item: Item, write: &Write) -> Item {
    let pair = &mut item.pairs[write.stamps_of.unwrap_or(write.region)];
    *pair = Some(StampPair {
        n: pair.map_or(0, |pair| pair.n) + 1,
        t: time(write),
    });
    item
}

/// The time that the writer's clock shows, in epoch microseconds.
fn time(write: &Write) -> u64 {
    (START as i64 + write.at as i64 + write.clock) as u64
}
