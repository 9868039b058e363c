//! A reader of shards: it gets the records of many items in batches, some of them more than once.
//!
//! What is to be shown with it: the ledger does not depend on where a batch ends, on how often a record is delivered,
//! or on how the records of different items are mixed. Order holds per item only.

use std::collections::BTreeMap;
use std::iter;

use fastrand::Rng;

use crate::history::{History, Record};
use crate::judges::Opinion;
use crate::plan::Region;

/// A record on its way to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivery {
    /// Which of the histories: an item each.
    pub item: usize,
    /// Which of that history's records.
    pub record: usize,
}

/// What the reader keeps of conflicts: one entry a record, however often it came.
pub type Ledger = BTreeMap<Delivery, Opinion>;

/// The stream of one Region: each item's records in their order, the items mixed by chance.
pub fn shard(histories: &[History], region: Region, rng: &mut Rng) -> Vec<Delivery> {
    let mut waiting: Vec<iter::Peekable<_>> = histories
        .iter()
        .enumerate()
        .map(|(item, history)| {
            let records = history.records.iter().enumerate();
            records
                .filter(move |(_, record)| record.region == region)
                .map(move |(record, _)| Delivery { item, record })
                .peekable()
        })
        .collect();
    let mut shard = Vec::new();
    loop {
        waiting.retain_mut(|item| item.peek().is_some());
        if waiting.is_empty() {
            return shard;
        }
        let item = rng.usize(..waiting.len());
        shard.extend(waiting[item].next());
    }
}

/// Cuts a stream into batches of up to `largest` records.
pub fn batches(shard: &[Delivery], largest: usize, rng: &mut Rng) -> Vec<Vec<Delivery>> {
    let mut rest = shard;
    let mut batches = Vec::new();
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(rng.usize(1..=largest).min(rest.len()));
        batches.push(batch.to_vec());
        rest = after;
    }
    batches
}

/// Delivers some batches again, from any record on, as Lambda does after a failure.
pub fn redelivered(batches: &[Vec<Delivery>], rng: &mut Rng) -> Vec<Vec<Delivery>> {
    let mut delivered = Vec::new();
    for batch in batches {
        delivered.push(batch.clone());
        while rng.bool() {
            delivered.push(batch[rng.usize(..batch.len())..].to_vec());
        }
    }
    delivered
}

/// Reads batches and keeps the conflicts. The judge is also told whether the record is the first of its batch.
pub fn read(
    histories: &[History],
    batches: &[Vec<Delivery>],
    mut judge: impl FnMut(&History, &Record, bool) -> Opinion,
) -> Ledger {
    let mut ledger = Ledger::new();
    for batch in batches {
        for (position, delivery) in batch.iter().enumerate() {
            let history = &histories[delivery.item];
            let record = &history.records[delivery.record];
            let opinion = judge(history, record, position == 0);
            if opinion.is_conflict() {
                ledger.entry(*delivery).or_insert(opinion);
            }
        }
    }
    ledger
}
