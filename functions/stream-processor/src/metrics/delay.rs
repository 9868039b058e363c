//! Delays in logarithmic buckets, so that any number of them fits into one datum.

use std::sync::LazyLock;

/// How many buckets there are: embedded metric format takes 100 values a metric, PutMetricData 150.
///
/// Sources: Amazon CloudWatch User Guide, "Specification: Embedded metric format"; API Reference, "MetricDatum".
pub(crate) const BUCKETS: usize = 100;

/// The longest delay that is told apart: 24 hours, a stream's retention.
const MAX_MS: f64 = 24.0 * 60.0 * 60.0 * 1_000.0;

/// The natural logarithm of the ratio between neighbours: equal, and `BUCKETS` of them from 1 ms to 24 h.
static LN_RATIO: LazyLock<f64> = LazyLock::new(|| MAX_MS.ln() / BUCKETS as f64);

/// Counts delays. Each is off by at most a tenth: half of a bucket's width, which is a fifth.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DelayHistogram {
    /// By bucket; none before the first delay.
    counts: Vec<u32>,
}

impl DelayHistogram {
    /// Counts one delay in milliseconds. Below 1 ms, negative ones too, is the first bucket; above 24 h the last.
    pub fn record(&mut self, milliseconds: f64) {
        let bucket = if milliseconds > 1.0 {
            (milliseconds.ln() / *LN_RATIO) as usize
        } else {
            0
        };
        self.counts.resize(BUCKETS, 0);
        self.counts[bucket.min(BUCKETS - 1)] += 1;
    }

    /// Counts what another one counted.
    pub fn add(&mut self, other: &DelayHistogram) {
        self.counts
            .resize(other.counts.len().max(self.counts.len()), 0);
        for (count, other) in self.counts.iter_mut().zip(&other.counts) {
            *count += other;
        }
    }

    /// The buckets that hold something: the delay in milliseconds that stands for each, and how many it holds.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u32)> {
        let counts = self.counts.iter().copied().enumerate();
        counts
            .filter(|(_, count)| *count > 0)
            .map(|(bucket, count)| (representative(bucket), count))
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

/// The geometric middle of a bucket, rounded to a microsecond.
fn representative(bucket: usize) -> f64 {
    let middle = ((bucket as f64 + 0.5) * *LN_RATIO).exp();
    (middle * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value_of(milliseconds: f64) -> f64 {
        let mut histogram = DelayHistogram::default();
        histogram.record(milliseconds);
        let buckets: Vec<_> = histogram.buckets().collect();
        assert_eq!(buckets.len(), 1);
        buckets[0].0
    }

    #[test]
    fn what_is_out_of_range_is_counted_at_the_end() {
        assert_eq!(value_of(-5_000.0), value_of(0.5));
        assert_eq!(value_of(f64::NAN), value_of(0.0));
        assert_eq!(value_of(1e12), value_of(MAX_MS));
        assert!(value_of(-1.0) > 0.0);
    }

    #[test]
    fn a_hundred_buckets_hold_everything() {
        let mut histogram = DelayHistogram::default();
        assert!(histogram.is_empty());
        for step in 0..100_000 {
            histogram.record(f64::from(step) * 900.0);
            histogram.record(f64::from(step) / 50.0);
        }
        assert!(histogram.buckets().count() <= BUCKETS);
        assert_eq!(
            histogram.buckets().map(|(_, count)| count).sum::<u32>(),
            200_000
        );
    }

    proptest! {
        #[test]
        fn a_delay_is_off_by_at_most_a_tenth(delay in 1.0..MAX_MS) {
            let error = (value_of(delay) / delay - 1.0).abs();
            prop_assert!(error <= 0.1, "{delay} became {}", value_of(delay));
        }
    }
}
