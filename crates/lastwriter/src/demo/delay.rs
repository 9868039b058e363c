//! Propagation delays from the metrics that arrived.

use local_aws::cloudwatch::{DataPoint, Samples};

/// The metric that holds them.
const METRIC: &str = "PropagationDelay";

/// Delays in milliseconds, each with how often it was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Delays {
    values: Vec<(f64, f64)>,
}

impl Delays {
    /// The delays in these data points, from all Regions together.
    pub(super) fn from_points<'a>(points: impl IntoIterator<Item = &'a DataPoint>) -> Self {
        let mut delays = Self::default();
        for point in points {
            if point.metric == METRIC && is_sum(point) {
                delays.add(&point.samples);
            }
        }
        delays.values.sort_by(|a, b| a.0.total_cmp(&b.0));
        delays
    }

    fn add(&mut self, samples: &Samples) {
        match samples {
            Samples::Values(values) => self.values.extend(values),
            // The function sends values. Of a statistic set no more than the mean is known.
            Samples::Statistics { count, sum, .. } if *count > 0.0 => {
                self.values.push((sum / count, *count));
            }
            Samples::Statistics { .. } => {}
        }
    }

    /// The delay that this share of all delays does not exceed; `None` without any.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let total: f64 = self.values.iter().map(|(_, count)| count).sum();
        let mut seen = 0.0;
        for (value, count) in &self.values {
            seen += count;
            if seen >= total * share {
                return Some(*value);
            }
        }
        None
    }
}

/// Whether a data point is of the metric's sum, and not of one of its breakdowns, which hold the same samples again.
pub(super) fn is_sum(point: &DataPoint) -> bool {
    point.dimensions.len() == 1 && point.dimensions.contains_key("TableName")
}
