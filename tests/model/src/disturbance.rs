//! What can happen to a global table, counted by its effect.

use serde::Serialize;
use strum::EnumCount;

/// Something that makes writes collide, or stamps wrong.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::EnumCount, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
pub enum Disturbance {
    /// A replicated version arrived when the replica already held a later one.
    Delay,
    /// A change never arrived, because replication combined it with a later one.
    Coalescing,
    /// A change was held back because a Region was cut off.
    Partition,
    /// A write's stamp lies more than 10 ms before that of the write of the same Region that it follows.
    Skew,
    /// A write's stamp lies before that of a write of another Region that it follows.
    RegionClock,
    /// A write came less than 20 ms after the item's write before it.
    HotItem,
    /// An item was marked as deleted.
    SoftDelete,
    /// A mark was removed.
    Revival,
    /// An attempt was applied twice.
    AppliedTwice,
    /// A PutItem that read nothing replaced an item.
    BlindPut,
    /// A PutItem replaced another version than the one that its writer had read.
    StalePut,
    /// An UpdateItem left the stamps alone.
    UnstampedUpdate,
    /// A PutItem without stamps replaced an item.
    UnstampedPut,
    /// A DeleteItem removed an item.
    HardDelete,
    /// Time to live removed an item that was marked as deleted.
    Purge,
    /// An item was created again where it had been removed.
    Recreation,
    /// A write was stamped by a clock an hour ahead.
    HourAhead,
    /// A write advanced the stamps of another Region.
    WrongRegion,
    /// A PutItem that read nothing, with the stamps that its process remembers, replaced an item.
    RememberingPut,
}

impl Disturbance {
    /// The name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Disturbance::Delay => "late arrivals",
            Disturbance::Coalescing => "combined changes",
            Disturbance::Partition => "held by a partition",
            Disturbance::Skew => "stamps that went back",
            Disturbance::RegionClock => "stamps before another Region's",
            Disturbance::HotItem => "writes within 20 ms",
            Disturbance::SoftDelete => "soft deletes",
            Disturbance::Revival => "revivals",
            Disturbance::AppliedTwice => "applied twice",
            Disturbance::BlindPut => "blind puts",
            Disturbance::StalePut => "stale puts",
            Disturbance::UnstampedUpdate => "unstamped updates",
            Disturbance::UnstampedPut => "unstamped puts",
            Disturbance::HardDelete => "hard deletes",
            Disturbance::Purge => "purges",
            Disturbance::Recreation => "re-creations",
            Disturbance::HourAhead => "an hour ahead",
            Disturbance::WrongRegion => "wrong Region's stamps",
            Disturbance::RememberingPut => "puts that remember",
        }
    }
}

/// How often each disturbance occurred.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Occurrences([u64; Disturbance::COUNT]);

impl Occurrences {
    /// One more.
    pub fn count(&mut self, disturbance: Disturbance) {
        self.0[disturbance as usize] += 1;
    }

    /// How often it occurred.
    pub fn get(&self, disturbance: Disturbance) -> u64 {
        self.0[disturbance as usize]
    }

    /// Adds what another run counted.
    pub fn add(&mut self, other: &Occurrences) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn every_disturbance_has_its_own_count() {
        let mut occurrences = Occurrences::default();
        for (times, disturbance) in Disturbance::iter().enumerate() {
            (0..times).for_each(|_| occurrences.count(disturbance));
        }
        occurrences.add(&occurrences.clone());
        for (times, disturbance) in Disturbance::iter().enumerate() {
            assert_eq!(
                occurrences.get(disturbance),
                2 * times as u64,
                "{disturbance:?}"
            );
        }
    }
}
