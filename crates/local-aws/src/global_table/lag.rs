//! How long a replicated write takes, drawn from a distribution.

use std::time::Duration;

use fastrand::Rng;

/// The distribution that replication delays are drawn from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lag {
    /// Every write takes exactly this long. Zero: it goes at once.
    Fixed(Duration),
    /// A log-normal distribution: most writes near the median, and a long tail.
    LogNormal {
        /// Half of the writes are faster.
        median: Duration,
        /// The standard deviation of the delay's logarithm. With 0.5 one write in a hundred takes over three times
        /// the median, and with 1.0 over ten times.
        sigma: f64,
    },
}

impl Default for Lag {
    /// A median of 0.8 s with a long tail: AWS speaks of replication "typically within a second or less"
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html>).
    fn default() -> Self {
        Self::LogNormal {
            median: Duration::from_millis(800),
            sigma: 0.5,
        }
    }
}

impl Lag {
    /// No delay at all.
    pub const NONE: Self = Self::Fixed(Duration::ZERO);

    /// Draws one delay.
    pub(super) fn draw(&self, rng: &mut Rng) -> Duration {
        match *self {
            Self::Fixed(delay) => delay,
            Self::LogNormal { median, sigma } => {
                // Box-Muller. 1 - f64() is above zero, so the logarithm is finite.
                let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
                let normal = radius * (std::f64::consts::TAU * rng.f64()).cos();
                let seconds = median.as_secs_f64() * (sigma * normal).exp();
                Duration::try_from_secs_f64(seconds).unwrap_or(median)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(lag: Lag, seed: u64) -> Vec<Duration> {
        let mut rng = Rng::with_seed(seed);
        let mut drawn: Vec<_> = (0..4_001).map(|_| lag.draw(&mut rng)).collect();
        drawn.sort();
        drawn
    }

    #[test]
    fn half_of_the_delays_are_below_the_median_and_the_tail_is_long() {
        let drawn = sorted(Lag::default(), 1);
        let median = drawn[2_000].as_secs_f64();
        assert!((0.75..0.85).contains(&median), "{median}");
        let p99 = drawn[3_960].as_secs_f64();
        assert!((2.1..3.2).contains(&p99), "{p99}");
    }

    #[test]
    fn the_same_seed_draws_the_same_delays_and_another_seed_draws_others() {
        assert_eq!(sorted(Lag::default(), 7), sorted(Lag::default(), 7));
        assert_ne!(sorted(Lag::default(), 7), sorted(Lag::default(), 8));
    }

    #[test]
    fn a_fixed_delay_is_the_same_every_time() {
        let drawn = sorted(Lag::Fixed(Duration::from_millis(3)), 1);
        assert!(drawn.iter().all(|d| *d == Duration::from_millis(3)));
    }
}
