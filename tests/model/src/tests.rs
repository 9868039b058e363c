//! The tests of the model, and the small slice of the proof that `cargo test` runs.

mod controls;
mod exactness;
mod joined;
mod limits;
mod replication;
mod slice;
mod strategy;
mod streams;
mod writers;

use crate::plan::{MAX_REGIONS, Plan, Region, Write, WriteAction};

const MS: u64 = 1_000;

/// A table of this many Regions, with private clocks that agree.
fn plan(regions: usize, writes: Vec<Write>) -> Plan {
    Plan {
        regions,
        private_clocks: [0; MAX_REGIONS],
        writes,
        partitions: Vec::new(),
    }
}

/// A stamped update, sent at `at` milliseconds, applied 1 ms later and replicated within 100 ms.
fn update(at: u64, region: Region) -> Write {
    Write {
        at: at * MS,
        region,
        action: WriteAction::Update,
        clock: 0,
        stamps_of: None,
        flight: MS,
        again: None,
        lags: [100 * MS; MAX_REGIONS],
        combined: false,
    }
}

fn with(write: Write, action: WriteAction) -> Write {
    Write { action, ..write }
}

/// The same write, which reaches this Region after so many milliseconds.
fn reaching(mut write: Write, region: Region, lag: u64) -> Write {
    write.lags[region] = lag * MS;
    write
}
