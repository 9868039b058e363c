//! Judges to measure the one under test against: negative controls that have to fail, and a rule that reads more.

use super::{Judge, LastWriter, Opinion};
use crate::history::{History, Item, Record};
use crate::plan::Region;

/// Negative control: compares counts and looks at no time.
#[derive(Debug, Clone, Copy)]
pub struct CountsOnly;

/// Negative control: compares times and looks at no count.
#[derive(Debug, Clone, Copy)]
pub struct TimesOnly;

/// Negative control: one version number per item, which every write increments. It is told for free which Region
/// wrote the new version.
#[derive(Debug, Clone, Copy)]
pub struct OneNumber;

impl Judge for CountsOnly {
    fn name(&self) -> &'static str {
        "counts only"
    }

    fn opinion(&self, history: &History, record: &Record) -> Opinion {
        by_one_part(history, record, |item, region| {
            item.pairs[region].map_or(0, |pair| pair.n)
        })
    }
}

impl Judge for TimesOnly {
    fn name(&self) -> &'static str {
        "times only"
    }

    fn opinion(&self, history: &History, record: &Record) -> Opinion {
        by_one_part(history, record, |item, region| {
            item.pairs[region].map_or(0, |pair| pair.t)
        })
    }
}

impl Judge for OneNumber {
    fn name(&self) -> &'static str {
        "one version number"
    }

    fn opinion(&self, history: &History, record: &Record) -> Opinion {
        let foreign = history.versions[record.after].origin != record.region;
        match (history.before(record), history.after(record)) {
            (Some(old), Some(new)) if foreign && new.number <= old.number => {
                Opinion::conflict(true)
            }
            _ if foreign => Opinion::no_conflict(2),
            _ => Opinion::no_conflict(3),
        }
    }
}

/// A version vector of one part of the stamps: a conflict where a foreign part went up and the Region's own went down.
fn by_one_part(history: &History, record: &Record, part: impl Fn(&Item, Region) -> u64) -> Opinion {
    let (Some(old), Some(new)) = (history.before(record), history.after(record)) else {
        return Opinion::no_conflict(3);
    };
    let foreign_went_up = (0..history.plan.regions)
        .filter(|region| *region != record.region)
        .any(|region| part(new, region) > part(old, region));
    if !foreign_went_up {
        return Opinion::no_conflict(3);
    }
    if part(new, record.region) < part(old, record.region) {
        Opinion::conflict(true)
    } else {
        Opinion::no_conflict(2)
    }
}

/// `conflict::judge`, and beyond it a reading of the other Regions' pairs where the tolerance leaves a doubt.
///
/// A count is used again after a loss, and where that happens within the tolerance, the time does not tell the two
/// writes apart. But a version that descends from this Region's latest write descends from all that came before it.
/// So where the count went on and the time went on by no more than the tolerance, this judge also asks that the new
/// version saw each foreign pair of the old one that is not later than this Region's own. That needs clocks of
/// different Regions that agree.
#[derive(Debug, Clone, Copy, Default)]
pub struct CloserReading;

impl Judge for CloserReading {
    fn name(&self) -> &'static str {
        "closer reading"
    }

    fn opinion(&self, history: &History, record: &Record) -> Opinion {
        /// Microseconds: the default of CLOCK_TOLERANCE_MS.
        const TOLERANCE: u64 = 100_000;
        const REPLICATED: usize = 2;
        let opinion = LastWriter::default().opinion(history, record);
        let (Some(old), Some(new)) = (history.before(record), history.after(record)) else {
            return opinion;
        };
        let (Some(own), Some(kept)) = (old.pairs[record.region], new.pairs[record.region]) else {
            return opinion;
        };
        if opinion.verdict != REPLICATED || kept.n <= own.n || kept.t > own.t + TOLERANCE {
            return opinion;
        }
        let unseen = (0..history.plan.regions)
            .filter(|region| *region != record.region)
            .filter_map(|region| Some((old.pairs[region]?, new.pairs[region])))
            .filter(|(foreign, _)| foreign.t <= own.t)
            .any(|(foreign, kept)| match kept {
                None => true,
                Some(kept) if kept.n == foreign.n => kept.t != foreign.t,
                Some(kept) => kept.n < foreign.n || kept.t + TOLERANCE < foreign.t,
            });
        if unseen {
            Opinion::conflict(true)
        } else {
            opinion
        }
    }
}
