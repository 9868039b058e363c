//! The ledger depends on the records alone: not on batches, redelivery, or how items are mixed.

use std::collections::BTreeMap;

use conflict::Landing;
use fastrand::Rng;
use proptest::prelude::*;

use super::strategy::of_any_kind;
use super::{plan, update};
use crate::history::{History, Record};
use crate::judges::{Judge, LastWriter, Opinion};
use crate::plan::Plan;
use crate::stream::{Delivery, Ledger, batches, read, redelivered, shard};
use crate::table;

const REGIONS: usize = 3;
/// As many records as an event source mapping delivers at most, scaled to the size of these streams.
const LARGEST: usize = 7;

fn judged(history: &History, record: &Record, _first: bool) -> Opinion {
    LastWriter::default().opinion(history, record)
}

/// Every Region's ledger, from streams mixed, cut and delivered again by this seed.
fn disturbed(histories: &[History], seed: u64) -> Ledger {
    let mut rng = Rng::with_seed(seed);
    let mut all = Ledger::new();
    for region in 0..REGIONS {
        let batches = batches(&shard(histories, region, &mut rng), LARGEST, &mut rng);
        all.extend(read(histories, &redelivered(&batches, &mut rng), judged));
    }
    all
}

/// The ledger's memory of jumps: by item and record, of one Region's stream.
type Jumps = BTreeMap<Delivery, Landing>;

/// Judges as the function does: what the verdict depends on is what the memory holds then, and not what the history does.
fn remembering(
    jumps: &mut Jumps,
    delivery: Delivery,
    history: &History,
    record: &Record,
) -> Opinion {
    let judge = LastWriter::default();
    let first = Delivery {
        record: 0,
        ..delivery
    };
    let latest = jumps.range(first..delivery).next_back();
    let latest = latest.map(|(_, landing)| *landing);
    let latest = latest.filter(|_| judge.depends_on_jump(history, record));
    if let Some(landing) = judge.jump(history, record) {
        jumps.insert(delivery, landing);
    }
    judge.opinion_after(history, record, latest)
}

/// Every Region's ledger, by what the memory holds, from streams mixed, cut and delivered again by this seed. The first
/// `skipped` batches of each are not read at all.
fn disturbed_memory(histories: &[History], seed: u64, skipped: usize) -> Ledger {
    let mut rng = Rng::with_seed(seed);
    let mut all = Ledger::new();
    for region in 0..REGIONS {
        let batches = batches(&shard(histories, region, &mut rng), LARGEST, &mut rng);
        let from = skipped.min(batches.len());
        let mut jumps = Jumps::new();
        for delivery in redelivered(&batches[from..], &mut rng)
            .into_iter()
            .flatten()
        {
            let history = &histories[delivery.item];
            let record = &history.records[delivery.record];
            let opinion = remembering(&mut jumps, delivery, history, record);
            if opinion.is_conflict() {
                all.entry(delivery).or_insert(opinion);
            }
        }
    }
    all
}

/// Every Region's ledger, item by item, one record at a time.
fn plain(histories: &[History]) -> Ledger {
    let mut all = Ledger::new();
    for (item, history) in histories.iter().enumerate() {
        let batches: Vec<Vec<Delivery>> = (0..history.records.len())
            .map(|record| vec![Delivery { item, record }])
            .collect();
        all.extend(read(histories, &batches, judged));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_answer_depends_on_no_batch_boundary_redelivery_or_mixing_of_items(
        plans in prop::collection::vec(of_any_kind(REGIONS), 1..6),
        seed: u64,
    ) {
        let histories: Vec<History> = plans.iter().map(table::run).collect();
        prop_assert_eq!(disturbed(&histories, seed), plain(&histories));
    }

    #[test]
    fn what_the_ledger_remembers_gives_the_same_answer_however_it_is_delivered(
        plans in prop::collection::vec(of_any_kind(REGIONS), 1..6),
        seed: u64,
    ) {
        let histories: Vec<History> = plans.iter().map(table::run).collect();
        let remembered = disturbed_memory(&histories, seed, 0);
        prop_assert_eq!(keys(&remembered), keys(&plain(&histories)));
    }

    #[test]
    fn a_reader_that_starts_in_the_middle_finds_no_conflict_that_a_whole_one_does_not(
        plans in prop::collection::vec(of_any_kind(REGIONS), 1..6),
        seed: u64,
        skipped in 0usize..6,
    ) {
        let histories: Vec<History> = plans.iter().map(table::run).collect();
        let whole = plain(&histories);
        for delivery in keys(&disturbed_memory(&histories, seed, skipped)) {
            prop_assert!(whole.contains_key(&delivery), "{delivery:?}");
        }
    }

    #[test]
    fn a_shard_keeps_the_order_of_each_item_and_leaves_no_record_out(
        plans in prop::collection::vec(of_any_kind(REGIONS), 1..6),
        seed: u64,
    ) {
        let histories: Vec<History> = plans.iter().map(table::run).collect();
        let shards: Vec<_> = (0..REGIONS)
            .map(|region| shard(&histories, region, &mut Rng::with_seed(seed)))
            .collect();
        let records: usize = histories.iter().map(|history| history.records.len()).sum();
        prop_assert_eq!(shards.iter().map(Vec::len).sum::<usize>(), records);
        for shard in shards {
            for item in 0..histories.len() {
                let of_item = shard.iter().filter(|delivery| delivery.item == item);
                prop_assert!(of_item.is_sorted());
            }
        }
    }
}

fn keys(ledger: &Ledger) -> Vec<Delivery> {
    ledger.keys().copied().collect()
}

/// Each item loses one write in Region 0.
fn items_with_a_conflict(items: u64) -> Vec<History> {
    let one = |item: u64| -> Plan { plan(REGIONS, vec![update(item, 0), update(item + 10, 1)]) };
    (0..items).map(|item| table::run(&one(item))).collect()
}

#[test]
fn a_reader_that_remembers_the_record_before_is_found_out() {
    let histories = items_with_a_conflict(20);
    let remembering = |seed| {
        let mut rng = Rng::with_seed(seed);
        let batches = batches(&shard(&histories, 0, &mut rng), LARGEST, &mut rng);
        let mut conflict_before = false;
        read(&histories, &batches, |history, record, first| {
            let opinion = judged(history, record, first);
            let repeated = conflict_before && !first && opinion.is_conflict();
            conflict_before = opinion.is_conflict();
            // Takes a conflict right after another in the same batch for a repetition.
            if repeated {
                Opinion {
                    certain: None,
                    ..opinion
                }
            } else {
                opinion
            }
        })
    };
    assert_eq!(plain(&histories).len(), 20);
    assert!((0..20).any(|seed| remembering(seed) != remembering(seed + 1)));
}

#[test]
fn redelivery_really_delivers_again() {
    let histories = items_with_a_conflict(20);
    let mut rng = Rng::with_seed(1);
    let once = batches(&shard(&histories, 0, &mut rng), LARGEST, &mut rng);
    let delivered = redelivered(&once, &mut rng);
    let count = |batches: &[Vec<Delivery>]| batches.iter().map(Vec::len).sum::<usize>();
    assert!(once.len() > 3 && count(&delivered) > count(&once));
    assert!(delivered.iter().all(|batch| !batch.is_empty()));
}
