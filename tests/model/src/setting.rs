//! The settings of the proof: how many Regions, and what disturbs them.

use strum::IntoEnumIterator;

use crate::disturbance::Disturbance;

/// What disturbs the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::EnumIter)]
pub enum Trouble {
    /// Replication takes 50 ms to 2 s, and nothing else happens.
    Calm,
    /// Replication takes up to a minute.
    Delays,
    /// Replication combines changes.
    Coalescing,
    /// Regions are cut off.
    Partitions,
    /// Writers' clocks within one Region lie up to 50 ms apart.
    Skew,
    /// Writers' clocks in one Region and in another lie up to a minute apart.
    RegionClocks,
    /// Hundreds of writes to one item, milliseconds apart.
    HotItem,
    /// Items are marked as deleted, and revived.
    SoftDeletes,
    /// Attempts are applied twice, up to 30 ms apart.
    AppliedTwice,
    /// All of the above at once.
    Everything,
    /// Puts that read nothing.
    BlindPuts,
    /// Puts of what was read up to two seconds before.
    StalePuts,
    /// Updates that leave the stamps alone.
    UnstampedUpdates,
    /// Puts without stamps.
    UnstampedPuts,
    /// DeleteItem, after which the item is left alone, but for concurrent writes.
    HardDeletes,
    /// Time to live removes items marked as deleted while others write to them.
    Purges,
    /// DeleteItem, after which the item is created again.
    Recreations,
    /// One writer's clock is an hour ahead.
    HourAhead,
    /// Attempts are applied a second time up to five seconds later, with the time of the first.
    LateRetries,
    /// Writers advance another Region's stamps.
    WrongRegion,
    /// Puts that read nothing, of processes that remember the stamps they saw up to two seconds before.
    RememberingPuts,
}

impl Trouble {
    /// Whether the bar covers it. The specification's section on stamps says what lies outside; late retries do,
    /// because their stamps are those of a clock that is off by more than the tolerance.
    pub fn is_inside(self) -> bool {
        match self {
            Trouble::Calm
            | Trouble::Delays
            | Trouble::Coalescing
            | Trouble::Partitions
            | Trouble::Skew
            | Trouble::RegionClocks
            | Trouble::HotItem
            | Trouble::SoftDeletes
            | Trouble::AppliedTwice
            | Trouble::Everything => true,
            Trouble::BlindPuts
            | Trouble::StalePuts
            | Trouble::UnstampedUpdates
            | Trouble::UnstampedPuts
            | Trouble::HardDeletes
            | Trouble::Purges
            | Trouble::Recreations
            | Trouble::HourAhead
            | Trouble::LateRetries
            | Trouble::WrongRegion
            | Trouble::RememberingPuts => false,
        }
    }

    /// The name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Trouble::Calm => "calm",
            Trouble::Delays => "long delays",
            Trouble::Coalescing => "combined changes",
            Trouble::Partitions => "partitions",
            Trouble::Skew => "50 ms clock skew",
            Trouble::RegionClocks => "clocks of Regions a minute apart",
            Trouble::HotItem => "hot item",
            Trouble::SoftDeletes => "soft deletes and revivals",
            Trouble::AppliedTwice => "attempts applied twice",
            Trouble::Everything => "all of these at once",
            Trouble::BlindPuts => "blind puts",
            Trouble::StalePuts => "stale read-modify-write puts",
            Trouble::UnstampedUpdates => "unstamped updates",
            Trouble::UnstampedPuts => "unstamped puts",
            Trouble::HardDeletes => "hard deletes",
            Trouble::Purges => "purges",
            Trouble::Recreations => "re-creation after delete",
            Trouble::HourAhead => "a clock an hour ahead",
            Trouble::LateRetries => "attempts applied again seconds later",
            Trouble::WrongRegion => "stamps of the wrong Region",
            Trouble::RememberingPuts => "puts that remember stamps",
        }
    }

    /// The disturbances that a run with this trouble asks for: each has to occur.
    pub fn asks_for(self) -> &'static [Disturbance] {
        use Disturbance as D;
        match self {
            Trouble::Calm | Trouble::Delays => &[D::Delay],
            Trouble::Coalescing => &[D::Coalescing],
            Trouble::Partitions => &[D::Partition],
            Trouble::Skew => &[D::Skew],
            Trouble::RegionClocks => &[D::RegionClock],
            Trouble::HotItem => &[D::HotItem],
            Trouble::SoftDeletes => &[D::SoftDelete, D::Revival],
            Trouble::AppliedTwice => &[D::AppliedTwice],
            Trouble::Everything => &[
                D::Delay,
                D::Coalescing,
                D::Partition,
                D::Skew,
                D::RegionClock,
                D::HotItem,
                D::SoftDelete,
                D::Revival,
                D::AppliedTwice,
            ],
            Trouble::BlindPuts => &[D::BlindPut],
            Trouble::StalePuts => &[D::StalePut],
            Trouble::UnstampedUpdates => &[D::UnstampedUpdate],
            Trouble::UnstampedPuts => &[D::UnstampedPut],
            Trouble::HardDeletes => &[D::HardDelete],
            Trouble::Purges => &[D::SoftDelete, D::Purge],
            Trouble::Recreations => &[D::HardDelete, D::Recreation],
            Trouble::HourAhead => &[D::HourAhead],
            Trouble::LateRetries => &[D::AppliedTwice],
            Trouble::WrongRegion => &[D::WrongRegion],
            Trouble::RememberingPuts => &[D::RememberingPut],
        }
    }
}

/// A number of Regions and a trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    /// 2 to 5.
    pub regions: usize,
    /// What disturbs the table.
    pub trouble: Trouble,
}

impl Setting {
    /// Every setting of the proof: each trouble with 2, 3, 4 and 5 Regions.
    pub fn all() -> Vec<Setting> {
        Trouble::iter()
            .flat_map(|trouble| (2..=5).map(move |regions| Setting { regions, trouble }))
            .collect()
    }

    /// The name in messages.
    pub fn name(self) -> String {
        format!("{}, {} Regions", self.trouble.name(), self.regions)
    }
}
