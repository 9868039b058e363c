//! Metrics, added up.

use std::collections::BTreeMap;

use local_aws::cloudwatch::{DataPoint, Samples};
use serde::Serialize;

/// All samples of one metric with one set of dimensions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    /// The namespace.
    pub namespace: String,
    /// The metric's name.
    pub name: String,
    /// The unit.
    pub unit: Option<String>,
    /// The dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// The sum of all samples.
    pub sum: f64,
    /// How many samples there are.
    pub count: f64,
    /// The smallest sample.
    pub minimum: f64,
    /// The largest sample.
    pub maximum: f64,
}

impl Metric {
    /// A data point's samples.
    pub fn of(point: &DataPoint) -> Self {
        let (minimum, maximum) = match &point.samples {
            Samples::Values(values) => values.iter().fold(
                (f64::INFINITY, f64::NEG_INFINITY),
                |(least, most), (value, _)| (least.min(*value), most.max(*value)),
            ),
            Samples::Statistics {
                minimum, maximum, ..
            } => (*minimum, *maximum),
        };
        Self {
            namespace: point.namespace.clone(),
            name: point.metric.clone(),
            unit: point.unit.clone(),
            dimensions: point.dimensions.clone(),
            sum: point.samples.sum(),
            count: point.samples.count(),
            minimum,
            maximum,
        }
    }
}

/// Adds up metrics of the same name, dimensions and namespace, in that order.
pub fn add_up(metrics: impl IntoIterator<Item = Metric>) -> Vec<Metric> {
    let mut sums: BTreeMap<_, Metric> = BTreeMap::new();
    for metric in metrics {
        let key = (
            metric.name.clone(),
            metric.dimensions.clone(),
            metric.namespace.clone(),
        );
        match sums.get_mut(&key) {
            None => {
                sums.insert(key, metric);
            }
            Some(sum) => {
                sum.sum += metric.sum;
                sum.count += metric.count;
                sum.minimum = sum.minimum.min(metric.minimum);
                sum.maximum = sum.maximum.max(metric.maximum);
            }
        }
    }
    sums.into_values().collect()
}
