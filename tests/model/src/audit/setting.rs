//! The settings in which the join is proved.

use fastrand::Rng;

use super::history::{Plan, Write};
use super::item::{Action, FIELDS};
use crate::plan::{MAX_REGIONS, Partition};

const MS: u64 = 1_000;
const SECOND: u64 = 1_000 * MS;

/// Writes to one item.
const WRITES: std::ops::Range<usize> = 10..50;

/// What the writers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Workload {
    /// Updates of 1 to 3 of 8 attributes.
    Updates,
    /// Every update sets the same attribute.
    SameAttribute,
    /// Puts of what was read up to 30 ms before, 1 to 3 attributes changed.
    Puts,
    /// Puts of what was read up to 2 s before, in among updates.
    LatePuts,
    /// A counter goes up by one.
    Counters,
    /// A status goes round.
    Statuses,
    /// A flag goes on and off, updates in between.
    Flags,
    /// Updates that also add one to a version number, conditionally.
    Locking,
    /// Updates, deletes and creations.
    Deletes,
    /// Updates, and writes that set an item back.
    Undo,
    /// Updates, and writes of values that others write, too.
    Identical,
}

impl Workload {
    /// All of them.
    pub const ALL: [Workload; 11] = [
        Workload::Updates,
        Workload::SameAttribute,
        Workload::Puts,
        Workload::LatePuts,
        Workload::Counters,
        Workload::Statuses,
        Workload::Flags,
        Workload::Locking,
        Workload::Deletes,
        Workload::Undo,
        Workload::Identical,
    ];

    /// The name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Workload::Updates => "updates",
            Workload::SameAttribute => "same attribute",
            Workload::Puts => "read-modify-write puts",
            Workload::LatePuts => "late puts",
            Workload::Counters => "counters",
            Workload::Statuses => "status machines",
            Workload::Flags => "flags",
            Workload::Locking => "optimistic locking",
            Workload::Deletes => "deletes and re-creation",
            Workload::Undo => "undo",
            Workload::Identical => "identical writes",
        }
    }

    fn action(self, rng: &mut Rng) -> Action {
        let fields = fields(rng);
        match self {
            Workload::Updates => Action::Update(fields),
            Workload::SameAttribute => Action::Update(1),
            Workload::Puts => Action::Put(fields, rng.u64(5 * MS..30 * MS)),
            Workload::LatePuts => match rng.u8(..10) {
                0..2 => Action::Put(fields, rng.u64(30 * MS..2 * SECOND)),
                _ => Action::Update(fields),
            },
            Workload::Counters => Action::Count,
            Workload::Statuses => Action::Status,
            Workload::Flags => match rng.bool() {
                true => Action::Flag(rng.bool()),
                false => Action::Update(fields),
            },
            Workload::Locking => Action::Lock(fields),
            Workload::Deletes => match rng.u8(..10) {
                0..2 => Action::Delete,
                _ => Action::Update(fields),
            },
            Workload::Undo => match rng.u8(..10) {
                0..2 => Action::Undo,
                _ => Action::Update(fields),
            },
            Workload::Identical => match rng.u8(..10) {
                0..3 => Action::Identical(rng.u64(..3)),
                _ => Action::Update(fields),
            },
        }
    }
}

/// 1 to 3 of the fields.
fn fields(rng: &mut Rng) -> u8 {
    let mut fields = 0;
    for _ in 0..rng.u8(1..=3) {
        fields |= 1 << rng.usize(..FIELDS);
    }
    fields
}

/// How often one item is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pace {
    /// Every 5 s on average.
    Sparse,
    /// Every half second on average: most writes meet another one.
    Busy,
}

impl Pace {
    /// The name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Pace::Sparse => "sparse",
            Pace::Busy => "busy",
        }
    }

    fn mean(self) -> f64 {
        match self {
            Pace::Sparse => 5.0,
            Pace::Busy => 0.5,
        }
    }
}

/// What the table is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// What the writers do.
    pub workload: Workload,
    /// How often.
    pub pace: Pace,
    /// 2 to 5.
    pub regions: usize,
    /// The share of changes that replication combines with those before them that are still under way, in percent.
    pub combined: u8,
    /// How far apart the clocks of Regions are, in milliseconds.
    pub clocks: u64,
    /// Regions are cut off for up to 10 s.
    pub partitions: bool,
}

/// What has to be reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// The share of lost writes that is found, with any confidence.
    pub recall: f64,
    /// The share of certain and likely findings that is true.
    pub precision: f64,
}

impl Setting {
    /// Every setting of the proof.
    pub fn all() -> Vec<Setting> {
        let calm = |workload, pace, regions| Setting {
            workload,
            pace,
            regions,
            combined: 0,
            clocks: 10,
            partitions: false,
        };
        let paces = [Pace::Sparse, Pace::Busy];
        let mut settings = Vec::new();
        for workload in Workload::ALL {
            for pace in paces {
                for regions in [2, 3, 5] {
                    settings.push(calm(workload, pace, regions));
                }
            }
        }
        for pace in paces {
            for regions in [2, 3, 5] {
                let updates = calm(Workload::Updates, pace, regions);
                for combined in [20, 50] {
                    settings.push(Setting {
                        combined,
                        ..updates
                    });
                }
                settings.push(Setting {
                    partitions: true,
                    ..updates
                });
                for clocks in [300, 1_500] {
                    settings.push(Setting { clocks, ..updates });
                }
            }
        }
        settings
    }

    /// The bar, where there is one.
    pub fn bar(&self) -> Option<Bar> {
        if self.clocks > 10 || self.partitions {
            return None;
        }
        match (self.workload, self.combined) {
            (Workload::Updates, 0) => Some(Bar {
                recall: 0.99,
                precision: 0.998,
            }),
            (Workload::Updates, 50) => Some(Bar {
                recall: 0.98,
                precision: 0.995,
            }),
            (Workload::Puts, 0) => Some(Bar {
                recall: 0.98,
                precision: 0.98,
            }),
            _ => None,
        }
    }

    /// What else is special about it.
    pub fn circumstances(&self) -> String {
        let mut parts = Vec::new();
        if self.combined > 0 {
            parts.push(format!("{} % combined", self.combined));
        }
        if self.partitions {
            parts.push("partitions".to_owned());
        }
        if self.clocks != 10 {
            parts.push(format!("clocks {} ms apart", self.clocks));
        }
        parts.join(", ")
    }

    /// The name in messages, such as `join: updates, busy, 3 Regions, 50 % combined`.
    pub fn name(&self) -> String {
        let circumstances = self.circumstances();
        let comma = if circumstances.is_empty() { "" } else { ", " };
        format!(
            "join: {}, {}, {} Regions{comma}{circumstances}",
            self.workload.name(),
            self.pace.name(),
            self.regions
        )
    }

    /// The clocks of the Regions, for a whole table.
    pub fn region_clocks(&self, rng: &mut Rng) -> [i64; MAX_REGIONS] {
        let half = (self.clocks * MS / 2) as i64;
        // The two furthest apart are as far apart as the setting says.
        let mut clocks = std::array::from_fn(|_| rng.i64(-half..=half));
        clocks[0] = -half;
        clocks[1] = half;
        rng.shuffle(&mut clocks[..self.regions]);
        clocks
    }

    /// A plan for one item.
    pub fn plan(&self, clocks: [i64; MAX_REGIONS], rng: &mut Rng) -> Plan {
        let mut at = SECOND + rng.u64(..60 * SECOND);
        let mut writes = Vec::new();
        for _ in 0..rng.usize(WRITES) {
            // Writes come at random: gaps are exponential.
            at += (-(1.0 - rng.f64()).ln() * self.pace.mean() * SECOND as f64) as u64 + MS;
            writes.push(Write {
                at,
                region: rng.usize(..self.regions),
                action: self.workload.action(rng),
                lags: std::array::from_fn(|_| rng.u64(300 * MS..2 * SECOND)),
                combined: rng.u8(..100) < self.combined,
            });
        }
        let mut partitions = Vec::new();
        if self.partitions {
            let from = rng.u64(..at);
            partitions.push(Partition {
                region: rng.usize(..self.regions),
                from,
                until: from + rng.u64(SECOND..10 * SECOND),
            });
        }
        Plan {
            regions: self.regions,
            clocks,
            writes,
            partitions,
            seed: rng.u64(..),
        }
    }
}
