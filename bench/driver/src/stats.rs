//! Median and spread.

use serde::Serialize;

/// Repeated measurements of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Measurement {
    /// The middle one.
    pub(crate) median: f64,
    /// A tenth of them is below.
    pub(crate) low: f64,
    /// A tenth of them is above.
    pub(crate) high: f64,
}

impl Measurement {
    /// Of at least one measurement.
    pub(crate) fn new(mut values: Vec<f64>) -> Self {
        assert!(!values.is_empty(), "nothing was measured");
        values.sort_by(f64::total_cmp);
        let last = values.len() - 1;
        Self {
            median: values[values.len() / 2],
            low: values[last / 10],
            high: values[last - last / 10],
        }
    }

    /// The same in another unit.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            median: self.median * factor,
            low: self.low * factor,
            high: self.high * factor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_the_spread_leaves_a_tenth_out_at_either_end() {
        let measured = Measurement::new((0..=20).rev().map(f64::from).collect());
        assert_eq!(
            (measured.low, measured.median, measured.high),
            (2.0, 10.0, 18.0)
        );
        let one = Measurement::new(vec![3.0]).times(2.0);
        assert_eq!((one.low, one.median, one.high), (6.0, 6.0, 6.0));
    }
}
