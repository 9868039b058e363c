//! A data point, as CloudWatch keeps it.

use std::collections::BTreeMap;
use std::time::SystemTime;

/// The dimensions of a metric, by name.
pub type Dimensions = BTreeMap<String, String>;

/// One data point of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct DataPoint {
    /// The namespace, such as `LastWriter`.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// The metric's dimensions.
    pub dimensions: Dimensions,
    /// The unit; `None` where none was given.
    pub unit: Option<String>,
    /// When it was measured. CloudWatch takes the time of arrival where none was given, and so does this.
    pub timestamp: SystemTime,
    /// Storage resolution in seconds, 1 or 60, where given.
    pub storage_resolution: Option<u32>,
    /// What was measured.
    pub samples: Samples,
}

/// What a data point holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// Each value with the number of times that it occurred.
    Values(Vec<(f64, f64)>),
    /// A statistic set.
    Statistics {
        /// How many samples.
        count: f64,
        /// Their sum.
        sum: f64,
        /// The smallest.
        minimum: f64,
        /// The largest.
        maximum: f64,
    },
}

impl Samples {
    /// The sum of all samples.
    pub fn sum(&self) -> f64 {
        match self {
            Self::Values(values) => values.iter().map(|(value, count)| value * count).sum(),
            Self::Statistics { sum, .. } => *sum,
        }
    }

    /// The smallest and the largest sample.
    pub(super) fn extremes(&self) -> (f64, f64) {
        match self {
            Self::Values(values) => {
                let values = values.iter().map(|(value, _)| *value);
                let least = values.clone().fold(f64::INFINITY, f64::min);
                (least, values.fold(f64::NEG_INFINITY, f64::max))
            }
            Self::Statistics {
                minimum, maximum, ..
            } => (*minimum, *maximum),
        }
    }

    /// How many samples there are.
    pub fn count(&self) -> f64 {
        match self {
            Self::Values(values) => values.iter().map(|(_, count)| count).sum(),
            Self::Statistics { count, .. } => *count,
        }
    }
}

/// Dimensions from pairs, for queries: `dimensions([("TableName", "app")])`.
pub fn dimensions<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Dimensions {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
