//! What lost writes changed: read from their own records, which stood before the one that shows their loss.

use std::collections::{BTreeMap, BTreeSet};

use conflict::{Stamp, Stamps, values_equal};
use ledger::Entry;
use serde_dynamo::AttributeValue;

use crate::batch::Rules;
use crate::entry::differing_names;
use crate::local_writes::LocalWrites;
use crate::record::{DecodedImage, DecodedRecord, Record};

/// How many lost writes of one conflict are looked at.
const MAX_WRITES: usize = 200;

/// How many bytes of attributes' names an entry may have for this; beyond, it says nothing of it.
const MAX_NAME_BYTES: usize = 16 * 1024;

/// What the lost writes of a conflict changed, as far as their records were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LostWrites {
    /// The names of the attributes, sorted.
    changed: BTreeSet<String>,
    /// Whether every lost write was found, one after the other, from the common ancestor on.
    is_complete: bool,
    /// Those that the winner changed too.
    by_both: BTreeSet<String>,
    /// The numbers among them as they were in the common ancestor; none if that was not found.
    ancestor_numbers: BTreeMap<String, String>,
}

impl LostWrites {
    /// Follows the writes back from the version that was lost, by the pair that each gave the item. None if not even the
    /// last one is found.
    pub(crate) fn trace(
        record: &Record<'_>,
        decoded: &DecodedRecord,
        writes: &LocalWrites<'_>,
        rules: &Rules,
    ) -> Option<Self> {
        let names = &rules.attributes.stamps;
        let pair = |stamps: &Stamps<'_>| stamps.get(&record.region);
        let lost = &record.old.as_ref()?.stamps;
        let ancestor_pair = pair(&record.new.as_ref()?.stamps);
        let mut later = OwnedStamps::new(lost);
        let mut next = pair(lost)?;
        let (mut changed, mut ancestor) = (BTreeSet::new(), None);
        // Whether what came from elsewhere between two lost writes is in the images too.
        let mut is_interrupted = false;
        let mut is_complete = false;
        for _ in 0..MAX_WRITES {
            let Some(found) = find(record, decoded, writes, rules, next) else {
                break;
            };
            let Found {
                write,
                before,
                after,
            } = found;
            is_interrupted |= after != later;
            let differing = differing_names(&write.old, &write.new, &decoded.key, names);
            changed.extend(differing);
            ancestor = Some(write.old);
            let pair = before.pair(&record.region);
            later = before;
            if pair == ancestor_pair {
                is_complete = true;
                break;
            }
            match pair {
                Some(pair) if pair.count() > ancestor_pair.unwrap_or_default().count() => {
                    next = pair;
                }
                Some(_) | None => break,
            }
        }
        let ancestor = ancestor?;
        is_complete &= !is_interrupted;
        let bytes: usize = changed.iter().map(String::len).sum();
        if bytes > MAX_NAME_BYTES {
            return None;
        }
        let by_winner = |name: &&String| !is_equal(name, &ancestor, &decoded.new);
        let by_both = changed.iter().filter(by_winner).cloned().collect();
        let number = |name: &String| match ancestor.attributes.get(name) {
            Some(AttributeValue::N(number)) => Some((name.clone(), number.clone())),
            _ => None,
        };
        let numbers = changed.iter().filter(|_| is_complete).filter_map(number);
        Some(Self {
            ancestor_numbers: numbers.collect(),
            by_both,
            is_complete,
            changed,
        })
    }

    /// Puts it into the conflict's entry. Numbers are contents, and go where images go.
    pub(crate) fn add_to(self, entry: &mut Entry, keeps_contents: bool) {
        entry.changed_attributes = Some(self.changed.into_iter().collect());
        entry.changed_attributes_complete = Some(self.is_complete);
        entry.changed_by_both = Some(self.by_both.into_iter().collect());
        let numbers = self.ancestor_numbers;
        entry.ancestor_numbers = (keeps_contents && !numbers.is_empty()).then_some(numbers);
    }
}

/// A lost write: its images, and the stamps before and after it.
struct Found {
    write: DecodedRecord,
    before: OwnedStamps,
    after: OwnedStamps,
}

/// An item's pairs by Region.
#[derive(Debug, PartialEq, Eq)]
struct OwnedStamps(BTreeMap<String, Stamp>);

impl OwnedStamps {
    fn new(stamps: &Stamps<'_>) -> Self {
        Self(
            stamps
                .iter()
                .map(|(region, stamp)| (region.to_owned(), stamp))
                .collect(),
        )
    }

    fn pair(&self, region: &str) -> Option<Stamp> {
        self.0.get(region).copied()
    }
}

/// The record of the write that gave this item this pair.
fn find(
    conflict: &Record<'_>,
    decoded: &DecodedRecord,
    writes: &LocalWrites<'_>,
    rules: &Rules,
    pair: Stamp,
) -> Option<Found> {
    writes.with_pair(pair).find_map(|raw| {
        let record = Record::read(raw, &rules.attributes).ok()?;
        if record.stream_arn != conflict.stream_arn {
            return None;
        }
        let write = DecodedRecord::read(raw).ok()?;
        let stamps = |image: Option<&crate::record::ImageHeader<'_>>| {
            OwnedStamps::new(&image.map(|image| image.stamps.clone()).unwrap_or_default())
        };
        (write.key == decoded.key).then(|| Found {
            before: stamps(record.old.as_ref()),
            after: stamps(record.new.as_ref()),
            write,
        })
    })
}

fn is_equal(name: &str, left: &DecodedImage, right: &DecodedImage) -> bool {
    let values = (left.attributes.get(name), right.attributes.get(name));
    let decoded = match values {
        (Some(left), Some(right)) => values_equal(left, right),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    decoded && left.undecoded.get(name) == right.undecoded.get(name)
}

#[cfg(test)]
mod tests;
