//! Metrics added up, so that two ways of sending them can be compared.

use std::collections::BTreeMap;
use std::fmt;

use local_aws::cloudwatch::DataPoint;

/// What one line of a graph is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricKey {
    /// The namespace.
    pub namespace: String,
    /// The metric's name.
    pub name: String,
    /// The unit; empty where none was given.
    pub unit: String,
    /// The dimensions.
    pub dimensions: BTreeMap<String, String>,
}

impl fmt::Display for MetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{} ({}) {:?}",
            self.namespace, self.name, self.unit, self.dimensions
        )
    }
}

/// All samples of a series.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MetricTotal {
    /// Their sum.
    pub sum: f64,
    /// How many there are.
    pub samples: f64,
}

/// Metrics by series.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics(pub BTreeMap<MetricKey, MetricTotal>);

impl Metrics {
    /// Adds data points up.
    pub fn new(points: &[DataPoint]) -> Self {
        let mut metrics = Self::default();
        for point in points {
            let series = MetricKey {
                namespace: point.namespace.clone(),
                name: point.metric.clone(),
                unit: point.unit.clone().unwrap_or_default(),
                dimensions: point.dimensions.clone(),
            };
            let total = metrics.0.entry(series).or_default();
            total.sum += point.samples.sum();
            total.samples += point.samples.count();
        }
        metrics
    }

    /// The sum of a metric over all tables, further dimensions left out. A metric that was never sent counts as 0.
    pub fn count(&self, name: &str) -> usize {
        let of_tables = self.0.iter().filter(|(series, _)| {
            series.name == name && series.dimensions.keys().eq(["TableName"])
        });
        of_tables.map(|(_, total)| total.sum).sum::<f64>() as usize
    }

    /// The sum of a metric with one further dimension, over all tables.
    pub fn count_by(&self, name: &str, dimension: &str, value: &str) -> usize {
        let having = self.0.iter().filter(|(series, _)| {
            series.name == name
                && series
                    .dimensions
                    .get(dimension)
                    .is_some_and(|found| found == value)
        });
        having.map(|(_, total)| total.sum).sum::<f64>() as usize
    }

    /// How many samples a metric has over all tables, further dimensions left out.
    pub fn samples(&self, name: &str) -> usize {
        let of_tables = self.0.iter().filter(|(series, _)| {
            series.name == name && series.dimensions.keys().eq(["TableName"])
        });
        of_tables.map(|(_, total)| total.samples).sum::<f64>() as usize
    }
}
