//! The private timestamp: a hybrid logical clock per replica.
//!
//! DynamoDB settles concurrent writes "using a last writer wins approach based on a private timestamp"
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html>). AWS does
//! not say how that timestamp is made. A hybrid logical clock is the plain choice: it follows the wall clock, and
//! a write made on top of a replicated version is always later than that version, whatever the clocks say.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Region;

/// A version's private timestamp: unique, and the whole of what settles a conflict.
///
/// Ordered by time, then by counter, then by Region name, so that two replicas never disagree on a tie.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PrivateTimestamp {
    /// Microseconds since the epoch.
    pub micros: u64,
    /// Tells versions of one microsecond apart.
    pub counter: u32,
    /// The Region where the write was made.
    pub region: Region,
}

impl fmt::Display for PrivateTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}@{}", self.micros, self.counter, self.region)
    }
}

/// The form in which a timestamp is kept on disk.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredTimestamp(u64, u32, String);

impl From<PrivateTimestamp> for StoredTimestamp {
    fn from(at: PrivateTimestamp) -> Self {
        Self(at.micros, at.counter, at.region.name().to_owned())
    }
}

impl TryFrom<StoredTimestamp> for PrivateTimestamp {
    type Error = super::region::NotARegion;

    fn try_from(stored: StoredTimestamp) -> Result<Self, Self::Error> {
        Ok(Self {
            micros: stored.0,
            counter: stored.1,
            region: Region::parse(&stored.2)?,
        })
    }
}

/// Where a replica reads the time. A test passes its own.
pub trait PhysicalClock: Send + Sync + 'static {
    /// Microseconds since the epoch, as the replica in `region` sees them.
    fn micros(&self, region: Region) -> u64;
}

/// The machine's clock, the same for every Region.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl PhysicalClock for SystemClock {
    fn micros(&self, _region: Region) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_micros() as u64)
    }
}

/// One replica's hybrid logical clock.
#[derive(Debug)]
pub(super) struct HybridClock {
    region: Region,
    micros: u64,
    counter: u32,
}

impl HybridClock {
    pub(super) fn new(region: Region) -> Self {
        Self {
            region,
            micros: 0,
            counter: 0,
        }
    }

    /// The timestamp of a write made here now: later than every one given out or seen before.
    pub(super) fn tick(&mut self, now: u64) -> PrivateTimestamp {
        if now > self.micros {
            self.micros = now;
            self.counter = 0;
        } else {
            self.counter += 1;
        }
        PrivateTimestamp {
            micros: self.micros,
            counter: self.counter,
            region: self.region,
        }
    }

    /// Takes note of a timestamp that came from elsewhere.
    pub(super) fn observe(&mut self, seen: PrivateTimestamp) {
        if (seen.micros, seen.counter) > (self.micros, self.counter) {
            self.micros = seen.micros;
            self.counter = seen.counter;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Region {
        Region::parse(name).unwrap()
    }

    #[test]
    fn a_timestamp_is_later_than_the_one_before_even_when_the_clock_stands_still_or_steps_back() {
        let mut clock = HybridClock::new(region("us-east-1"));
        let first = clock.tick(1_000);
        let second = clock.tick(1_000);
        let third = clock.tick(10);
        assert!(first < second && second < third, "{first} {second} {third}");
    }

    #[test]
    fn a_write_made_after_a_replicated_version_is_later_than_it_although_the_clock_is_behind() {
        let mut behind = HybridClock::new(region("us-east-1"));
        let ahead = HybridClock::new(region("eu-west-1")).tick(9_000);
        assert!(behind.tick(5) < ahead);
        behind.observe(ahead);
        assert!(behind.tick(5) > ahead);
    }

    #[test]
    fn equal_times_are_ordered_by_region() {
        let east = HybridClock::new(region("us-east-1")).tick(7);
        let west = HybridClock::new(region("eu-west-1")).tick(7);
        assert!(east > west);
    }
}
