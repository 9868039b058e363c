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
    /// Values, each with the number of times that it occurred.
    pub fn from_samples(
        namespace: String,
        name: &str,
        unit: Option<String>,
        dimensions: impl IntoIterator<Item = (String, String)>,
        samples: &[(f64, f64)],
    ) -> Self {
        let values = || samples.iter().map(|(value, _)| *value);
        Self {
            namespace,
            name: name.to_owned(),
            unit,
            dimensions: dimensions.into_iter().collect(),
            sum: samples.iter().map(|(value, count)| value * count).sum(),
            count: samples.iter().map(|(_, count)| count).sum(),
            minimum: values().fold(f64::INFINITY, f64::min),
            maximum: values().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

impl From<&DataPoint> for Metric {
    fn from(point: &DataPoint) -> Self {
        let from_samples = |samples: &[(f64, f64)]| {
            Self::from_samples(
                point.namespace.clone(),
                &point.metric,
                point.unit.clone(),
                point.dimensions.clone(),
                samples,
            )
        };
        match &point.samples {
            Samples::Values(values) => from_samples(values),
            Samples::Statistics {
                count,
                sum,
                minimum,
                maximum,
            } => Self {
                sum: *sum,
                count: *count,
                ..from_samples(&[(*minimum, 1.0), (*maximum, 1.0)])
            },
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
