//! Plans that proptest draws and cuts down: few writes, close together, so that they collide.

use proptest::prelude::*;

use super::MS;
use crate::plan::{MAX_REGIONS, Partition, Plan, Write, WriteAction};

/// Plans inside the bar, for a number of Regions.
pub(super) fn inside_the_bar(regions: usize) -> impl Strategy<Value = Plan> {
    plans(
        regions,
        prop_oneof![
            8 => Just(WriteAction::Update),
            1 => Just(WriteAction::SoftDelete),
            1 => Just(WriteAction::Revive),
        ],
    )
}

/// Plans with writers of every kind.
pub(super) fn of_any_kind(regions: usize) -> impl Strategy<Value = Plan> {
    plans(
        regions,
        prop_oneof![
            8 => Just(WriteAction::Update),
            1 => Just(WriteAction::SoftDelete),
            1 => Just(WriteAction::Revive),
            1 => Just(WriteAction::BlindPut),
            1 => (0..900u64).prop_map(|before| WriteAction::RememberingPut(before * MS)),
            1 => (0..900u64).prop_map(|before| WriteAction::StalePut(before * MS)),
            1 => Just(WriteAction::UnstampedUpdate),
            1 => Just(WriteAction::UnstampedPut),
            1 => Just(WriteAction::HardDelete),
            1 => Just(WriteAction::Purge),
        ],
    )
}

fn plans(
    regions: usize,
    action: impl Strategy<Value = WriteAction> + Clone,
) -> impl Strategy<Value = Plan> {
    let write = (
        0..400 * MS,
        0..regions,
        action,
        -25..=25i64,
        MS..10 * MS,
        prop::option::weighted(0.1, 5 * MS..30 * MS),
        prop::array::uniform5(20 * MS..1_500 * MS),
        prop::bool::weighted(0.1),
    );
    let partition = (0..regions, 0..2_000 * MS, MS..3_000 * MS);
    let partitions = prop_oneof![
        2 => Just(Vec::new()),
        1 => prop::collection::vec(partition, 1..3),
    ];
    let clocks = prop::array::uniform5(-5..=5i64);
    let region_clocks = prop::array::uniform5(prop_oneof![Just(0), -60_000..=60_000i64]);
    let writes = prop::collection::vec(write, 0..24);
    (writes, partitions, clocks, region_clocks).prop_map(
        move |(writes, partitions, clocks, region_clocks)| {
            let mut at = 100 * MS;
            let writes = writes.into_iter().map(
                |(gap, region, action, clock, flight, again, lags, combined)| {
                    at += gap;
                    Write {
                        at,
                        region,
                        action,
                        clock: (clock + region_clocks[region]) * MS as i64,
                        stamps_of: None,
                        flight,
                        again,
                        lags,
                        combined,
                    }
                },
            );
            let mut private_clocks = [0; MAX_REGIONS];
            for (mine, drawn) in private_clocks.iter_mut().zip(clocks) {
                *mine = drawn * MS as i64;
            }
            Plan {
                regions,
                private_clocks,
                writes: writes.collect(),
                partitions: partitions
                    .into_iter()
                    .map(|(region, from, length)| Partition {
                        region,
                        from,
                        until: from + length,
                    })
                    .collect(),
            }
        },
    )
}
