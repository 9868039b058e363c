//! Custom metrics: their names, units and dimensions, and the data of one invocation.

mod cloudwatch;
mod delay;
mod emf;
mod held;
mod interval;
mod sink;
mod tally;

use chrono::{DateTime, Utc};
use strum::{IntoStaticStr, VariantArray};

pub use delay::DelayHistogram;
pub use interval::MetricsInterval;
pub use sink::{Metrics, MetricsPublisher};
pub use tally::Tally;

/// A metric that the function emits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, VariantArray)]
pub enum Metric {
    /// All records, malformed and unusable ones too.
    Records,
    /// Writes made in this Region.
    LocalWrites,
    /// Versions that came from other Regions, the winners of conflicts among them.
    ReplicatedWrites,
    /// From a foreign write to the invocation that saw it arrive, in milliseconds.
    PropagationDelay,
    /// Conflicts.
    Conflicts,
    /// Writes lost in conflicts: a lower bound for each.
    LostWrites,
    /// Writes that had been lost and came back.
    ReturnedWrites,
    /// Writes without a stamp.
    UnstampedWrites,
    /// An unstamped write elsewhere won, or an old version was put back.
    StaleOverwrites,
    /// A PutItem in this Region dropped or raced the stamps.
    LocalOverwrites,
    /// Items deleted here that a concurrent update elsewhere brought back.
    Resurrections,
    /// Items removed by DeleteItem.
    HardDeletes,
    /// Items removed by time to live.
    Expirations,
    /// Items removed that were marked as deleted.
    Purges,
    /// Unstamped writes that overwrote one of another Region, by what the item says of its own.
    SuspectedConflicts,
    /// Unstamped writes that may have done so.
    PossibleConflicts,
    /// Records that could not be judged and went to the ledger as they came.
    QuarantinedRecords,
    /// Records without the images they need.
    UnusableRecords,
    /// Records whose ledger write failed.
    BatchItemFailures,
    /// Writes with a stamp in the wrong unit or type, or in the future.
    OddStamps,
}

impl Metric {
    /// Every metric.
    pub const ALL: &[Metric] = Metric::VARIANTS;

    /// The metric's name.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// CloudWatch's name of the unit.
    pub fn unit(self) -> &'static str {
        match self {
            Metric::PropagationDelay => "Milliseconds",
            Metric::Records
            | Metric::LocalWrites
            | Metric::ReplicatedWrites
            | Metric::Conflicts
            | Metric::LostWrites
            | Metric::ReturnedWrites
            | Metric::UnstampedWrites
            | Metric::StaleOverwrites
            | Metric::LocalOverwrites
            | Metric::Resurrections
            | Metric::HardDeletes
            | Metric::Expirations
            | Metric::Purges
            | Metric::SuspectedConflicts
            | Metric::PossibleConflicts
            | Metric::QuarantinedRecords
            | Metric::UnusableRecords
            | Metric::BatchItemFailures
            | Metric::OddStamps => "Count",
        }
    }

    /// The dimensions it has beside `TableName`, one at a time: what the tests hold the tally to.
    #[cfg(test)]
    pub(crate) fn further_dimensions(self) -> &'static [Dimension] {
        match self {
            Metric::ReplicatedWrites | Metric::PropagationDelay => &[Dimension::OriginRegion],
            Metric::Conflicts => &[Dimension::Kind, Dimension::WinnerRegion],
            Metric::Records
            | Metric::LocalWrites
            | Metric::LostWrites
            | Metric::ReturnedWrites
            | Metric::UnstampedWrites
            | Metric::StaleOverwrites
            | Metric::LocalOverwrites
            | Metric::Resurrections
            | Metric::HardDeletes
            | Metric::Expirations
            | Metric::Purges
            | Metric::SuspectedConflicts
            | Metric::PossibleConflicts
            | Metric::QuarantinedRecords
            | Metric::UnusableRecords
            | Metric::BatchItemFailures
            | Metric::OddStamps => &[],
        }
    }

    /// Whether it is worth a request of its own: what tells of a lost write, or of a record that was not judged.
    ///
    /// What is no news is a denominator, or a rate over minutes, and none the worse for some seconds' wait.
    pub fn is_news(self) -> bool {
        match self {
            Metric::Conflicts
            | Metric::LostWrites
            | Metric::StaleOverwrites
            | Metric::SuspectedConflicts
            | Metric::QuarantinedRecords
            | Metric::UnusableRecords
            | Metric::BatchItemFailures => true,
            Metric::Records
            | Metric::LocalWrites
            | Metric::ReplicatedWrites
            | Metric::PropagationDelay
            | Metric::ReturnedWrites
            | Metric::UnstampedWrites
            | Metric::LocalOverwrites
            | Metric::Resurrections
            | Metric::HardDeletes
            | Metric::Expirations
            | Metric::Purges
            | Metric::PossibleConflicts
            | Metric::OddStamps => false,
        }
    }

    /// Whether it is sent with every batch, also when zero, so that an alarm on it never lacks data.
    pub(crate) fn is_always_sent(self) -> bool {
        match self {
            Metric::Records | Metric::ReplicatedWrites | Metric::Conflicts | Metric::LostWrites => {
                true
            }
            Metric::LocalWrites
            | Metric::PropagationDelay
            | Metric::ReturnedWrites
            | Metric::UnstampedWrites
            | Metric::StaleOverwrites
            | Metric::LocalOverwrites
            | Metric::Resurrections
            | Metric::HardDeletes
            | Metric::Expirations
            | Metric::Purges
            | Metric::SuspectedConflicts
            | Metric::PossibleConflicts
            | Metric::QuarantinedRecords
            | Metric::UnusableRecords
            | Metric::BatchItemFailures
            | Metric::OddStamps => false,
        }
    }
}

/// The dimension that every datum has.
pub const TABLE_NAME: &str = "TableName";

/// A dimension beside `TableName`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr)]
pub enum Dimension {
    /// The Region that a version came from.
    OriginRegion,
    /// The kind of a conflict.
    Kind,
    /// The Region whose version won.
    WinnerRegion,
}

impl Dimension {
    /// The dimension's name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One datum: a metric of one table, with at most one further dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum<'a> {
    /// The metric.
    pub metric: Metric,
    /// The table.
    pub table: &'a str,
    /// The further dimension and its value.
    pub dimension: Option<(Dimension, &'a str)>,
    /// When it was counted or measured.
    pub at: DateTime<Utc>,
    /// What was counted or measured.
    pub value: Value<'a>,
}

impl Datum<'_> {
    /// Whether it must not wait.
    fn is_news(&self) -> bool {
        self.metric.is_news() && self.value != Value::Count(0)
    }
}

/// The value of a datum.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// A count.
    Count(u64),
    /// A distribution, as values with counts: see [`DelayHistogram`].
    Delays(&'a DelayHistogram),
}

#[cfg(test)]
mod tests;
