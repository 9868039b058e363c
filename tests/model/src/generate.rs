//! Random plans for a setting.

use std::ops::Range;

use fastrand::Rng;

use crate::plan::{MAX_REGIONS, Partition, Plan, Region, Write, WriteAction};
use crate::setting::{Setting, Trouble};

const MS: u64 = 1_000;
const SECOND: u64 = 1_000 * MS;
const HOUR: i64 = 3_600_000_000;

/// How long before a put its process saw the item.
const SINCE_READ: Range<u64> = 10 * MS..2 * SECOND;

/// How a setting's plans are drawn. Probabilities are out of 1, times in microseconds.
struct Recipe {
    regions: usize,
    /// Writes to the item.
    writes: Range<usize>,
    /// From one write to the item to the next, any Region.
    gap: Range<u64>,
    /// How long replication takes.
    lag: Range<u64>,
    /// How far writers' clocks within one Region lie apart.
    skew: u64,
    /// How far the clocks of one Region and another lie apart.
    region_skew: u64,
    combined: f64,
    /// That a plan has partitions.
    partitions: f64,
    soft_deletes: f64,
    again: f64,
    outside: Option<Trouble>,
}

/// A plan for one item of a table in this setting.
pub fn plan(setting: Setting, rng: &mut Rng) -> Plan {
    let recipe = Recipe::new(setting);
    let writes = rng.usize(recipe.writes.clone());
    let mut plan = Plan {
        regions: recipe.regions,
        // Replicas' own clocks are close, but never the same.
        private_clocks: std::array::from_fn(|_| rng.i64(-5_000..=5_000)),
        writes: Vec::with_capacity(writes),
        partitions: Vec::new(),
    };
    let region_clocks: [i64; MAX_REGIONS] =
        std::array::from_fn(|_| spread(recipe.region_skew, rng));
    let ahead = rng.usize(..recipe.regions);
    let mut at = 100 * MS;
    let mut marked = false;
    for number in 0..writes {
        at += between(&recipe.gap, rng);
        let left = writes - number;
        let mut write = recipe.write(at, rng);
        write.clock += region_clocks[write.region];
        if rng.f64() < recipe.soft_deletes {
            write.action = if marked {
                WriteAction::Revive
            } else {
                WriteAction::SoftDelete
            };
            marked = !marked;
        }
        recipe.trouble(&mut write, ahead, left, rng);
        plan.writes.push(write);
    }
    if rng.f64() < recipe.partitions {
        for _ in 0..rng.usize(1..=2) {
            let from = rng.u64(..at);
            plan.partitions.push(Partition {
                region: rng.usize(..recipe.regions),
                from,
                until: from + between(&(SECOND..60 * SECOND), rng),
            });
        }
    }
    plan
}

impl Recipe {
    fn new(setting: Setting) -> Self {
        let calm = Recipe {
            regions: setting.regions,
            writes: 2..48,
            gap: MS..4 * SECOND,
            lag: 50 * MS..2 * SECOND,
            skew: 0,
            region_skew: 0,
            combined: 0.0,
            partitions: 0.0,
            soft_deletes: 0.0,
            again: 0.0,
            outside: None,
        };
        let long = 50 * MS..60 * SECOND;
        match setting.trouble {
            Trouble::Calm => calm,
            Trouble::Delays => Recipe { lag: long, ..calm },
            Trouble::Coalescing => Recipe {
                combined: 0.5,
                ..calm
            },
            Trouble::Partitions => Recipe {
                partitions: 1.0,
                ..calm
            },
            Trouble::Skew => Recipe {
                skew: 50 * MS,
                ..calm
            },
            Trouble::RegionClocks => Recipe {
                skew: 50 * MS,
                region_skew: 60 * SECOND,
                ..calm
            },
            Trouble::HotItem => Recipe {
                writes: 200..400,
                gap: MS / 10..40 * MS,
                ..calm
            },
            Trouble::SoftDeletes => Recipe {
                soft_deletes: 0.3,
                ..calm
            },
            Trouble::AppliedTwice => Recipe { again: 0.1, ..calm },
            Trouble::Everything => Recipe {
                writes: 2..120,
                gap: MS / 10..4 * SECOND,
                lag: long,
                skew: 50 * MS,
                region_skew: 60 * SECOND,
                combined: 0.2,
                partitions: 0.3,
                soft_deletes: 0.1,
                again: 0.03,
                ..calm
            },
            outside => Recipe {
                skew: 50 * MS,
                outside: Some(outside),
                ..calm
            },
        }
    }

    /// A stamped update.
    fn write(&self, at: u64, rng: &mut Rng) -> Write {
        Write {
            at,
            region: rng.usize(..self.regions),
            action: WriteAction::Update,
            clock: spread(self.skew, rng),
            stamps_of: None,
            flight: rng.u64(MS..10 * MS),
            again: (rng.f64() < self.again).then(|| rng.u64(5 * MS..30 * MS)),
            lags: std::array::from_fn(|to| {
                if to < self.regions {
                    between(&self.lag, rng)
                } else {
                    0
                }
            }),
            combined: rng.f64() < self.combined,
        }
    }

    /// Makes the write one of those that the specification, section 2, puts outside the bar, now and then.
    fn trouble(&self, write: &mut Write, ahead: Region, left: usize, rng: &mut Rng) {
        let Some(trouble) = self.outside else { return };
        let hit = rng.f64() < 0.1;
        match trouble {
            Trouble::BlindPuts if hit => write.action = WriteAction::BlindPut,
            Trouble::StalePuts if hit => {
                write.action = WriteAction::StalePut(between(&SINCE_READ, rng));
            }
            Trouble::RememberingPuts if hit => {
                write.action = WriteAction::RememberingPut(between(&SINCE_READ, rng));
            }
            Trouble::UnstampedUpdates if hit => write.action = WriteAction::UnstampedUpdate,
            Trouble::UnstampedPuts if hit => write.action = WriteAction::UnstampedPut,
            // The last write is the delete; those just before it may be concurrent to it.
            Trouble::HardDeletes if left == 1 => write.action = WriteAction::HardDelete,
            Trouble::Recreations if hit => write.action = WriteAction::HardDelete,
            Trouble::Purges => match rng.u8(..10) {
                0 | 1 => write.action = WriteAction::SoftDelete,
                2 => write.action = WriteAction::Revive,
                3 => write.action = WriteAction::Purge,
                _ => {}
            },
            // One writer of the Region, out of three.
            Trouble::HourAhead if write.region == ahead && rng.u8(..3) == 0 => {
                write.clock += HOUR;
            }
            Trouble::LateRetries if hit => {
                write.again = Some(between(&(200 * MS..5 * SECOND), rng));
            }
            Trouble::WrongRegion if hit => {
                write.stamps_of = Some((write.region + 1) % self.regions);
            }
            // Either this write was spared, or the recipe is all that there is to the trouble.
            Trouble::BlindPuts
            | Trouble::StalePuts
            | Trouble::UnstampedUpdates
            | Trouble::UnstampedPuts
            | Trouble::HardDeletes
            | Trouble::Recreations
            | Trouble::HourAhead
            | Trouble::LateRetries
            | Trouble::WrongRegion
            | Trouble::RememberingPuts
            | Trouble::Calm
            | Trouble::Delays
            | Trouble::Coalescing
            | Trouble::Partitions
            | Trouble::Skew
            | Trouble::RegionClocks
            | Trouble::HotItem
            | Trouble::SoftDeletes
            | Trouble::AppliedTwice
            | Trouble::Everything => {}
        }
    }
}

/// A time from a range, short ones as likely as long ones: every power of two has the same share.
fn between(range: &Range<u64>, rng: &mut Rng) -> u64 {
    let (low, high) = ((range.start as f64).ln(), (range.end as f64).ln());
    (low + rng.f64() * (high - low)).exp() as u64
}

/// How far a clock is off, where no two are further apart than `width`.
fn spread(width: u64, rng: &mut Rng) -> i64 {
    let half = (width / 2) as i64;
    rng.i64(-half..=half)
}
