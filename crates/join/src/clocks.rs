//! What the records' seconds tell: in which Region a version is seen first, and whether the clocks of Regions agree.

use crate::regions::RegionIndex;

/// Differences in seconds that are told apart: from this many before to as many after.
const FURTHEST: i64 = 4;
const BINS: usize = 2 * FURTHEST as usize + 1;

/// How often a version is expected this many seconds after it was made, before anything is known of a pair of Regions:
/// hardly ever before, most often in the same second or the next.
const EXPECTED: [f64; BINS] = [
    0.000_05, 0.000_05, 0.000_05, 0.000_1, 0.45, 0.35, 0.12, 0.04, 0.04,
];

/// How many observations what is expected counts for.
const WEIGHT: f64 = 20.0;

/// Over this share of disagreement the seconds are no evidence.
const MOST_DISAGREEMENT: f64 = 0.02;

/// Fewer comparisons than this prove nothing.
const FEW: u64 = 50;

/// What is known of the clocks so far.
#[derive(Debug)]
pub(crate) struct Clocks {
    regions: usize,
    /// By Region of origin, other Region and difference.
    seen: Vec<[u64; BINS]>,
    /// Versions whose origin the contents tell and whose seconds differ; and those whose seconds say otherwise.
    compared: u64,
    disagreed: u64,
}

impl Clocks {
    pub(crate) fn new(regions: usize) -> Self {
        Self {
            regions,
            seen: vec![[0; BINS]; regions * regions],
            compared: 0,
            disagreed: 0,
        }
    }

    fn pair(&self, origin: RegionIndex, other: RegionIndex) -> usize {
        usize::from(origin) * self.regions + usize::from(other)
    }

    /// The natural logarithm of how likely it is that `other` shows a version this long after its Region of origin.
    pub(crate) fn log_likelihood(
        &self,
        (origin, made): (RegionIndex, u32),
        (other, seen): (RegionIndex, u32),
    ) -> f64 {
        let bin = bin(made, seen);
        let counts = &self.seen[self.pair(origin, other)];
        let total: u64 = counts.iter().sum();
        let share = (counts[bin] as f64 + WEIGHT * EXPECTED[bin]) / (total as f64 + WEIGHT);
        share.ln()
    }

    /// Takes in a version whose origin its contents tell.
    pub(crate) fn learn(
        &mut self,
        made: (RegionIndex, u32),
        others: impl Iterator<Item = (RegionIndex, u32)> + Clone,
    ) {
        for other in others.clone() {
            let pair = self.pair(made.0, other.0);
            self.seen[pair][bin(made.1, other.1)] += 1;
        }
        let first = others.clone().map(|(_, second)| second).min();
        if first.is_some_and(|first| first != made.1) {
            self.compared += 1;
            self.disagreed += u64::from(first.is_some_and(|first| first < made.1));
        }
    }

    /// The check of the clocks.
    pub(crate) fn check(&self) -> ClockCheck {
        ClockCheck {
            compared: self.compared,
            disagreed: self.disagreed,
        }
    }
}

fn bin(made: u32, seen: u32) -> usize {
    let difference = i64::from(seen) - i64::from(made);
    (difference.clamp(-FURTHEST, FURTHEST) + FURTHEST) as usize
}

/// Where both the seconds of a version's records and its contents tell where it was made: how often they disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct ClockCheck {
    /// Versions compared.
    pub compared: u64,
    /// Those whose contents name another Region than the seconds.
    pub disagreed: u64,
}

impl ClockCheck {
    /// Whether the clocks of Regions lie too far apart: then the seconds count only for what they proved to be worth.
    pub fn clocks_are_off(&self) -> bool {
        self.compared >= FEW && self.disagreed as f64 > MOST_DISAGREEMENT * self.compared as f64
    }
}
