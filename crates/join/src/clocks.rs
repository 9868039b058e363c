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
///
/// A put of an earlier read has the contents of a write made wherever that read is still the latest version, so its
/// contents name another Region than its seconds do. It does so in either direction alike. Clocks that are off make one
/// Region of a pair come first whichever wrote. So what is the same in both directions is not the clocks'.
#[derive(Debug)]
pub(crate) struct Clocks {
    regions: usize,
    /// By Region of origin, other Region and difference.
    seen: Vec<[u64; BINS]>,
    /// Versions whose origin the contents tell and whose seconds differ.
    compared: u64,
    /// By Region of origin and the one whose second is the smallest all the same: how many of them.
    disagreed: Vec<u64>,
}

impl Clocks {
    pub(crate) fn new(regions: usize) -> Self {
        Self {
            regions,
            seen: vec![[0; BINS]; regions * regions],
            compared: 0,
            disagreed: vec![0; regions * regions],
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
        let count = match bin < FURTHEST as usize {
            true => counts[bin].saturating_sub(self.seen[self.pair(other, origin)][bin]),
            false => counts[bin],
        };
        let share = (count as f64 + WEIGHT * EXPECTED[bin]) / (total as f64 + WEIGHT);
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
        let Some((first, second)) = others.min_by_key(|(_, second)| *second) else {
            return;
        };
        self.compared += u64::from(second != made.1);
        let pair = self.pair(made.0, first);
        self.disagreed[pair] += u64::from(second < made.1);
    }

    /// How likely it is that `other` has a version so many seconds after its Region of origin had it.
    pub(crate) fn arrived(&self, origin: RegionIndex, other: RegionIndex, seconds: u32) -> f64 {
        let counts = &self.seen[self.pair(origin, other)];
        let total: u64 = counts.iter().sum();
        let upto = bin(0, seconds);
        let count: u64 = counts[..=upto].iter().sum();
        let expected: f64 = EXPECTED[..=upto].iter().sum();
        (count as f64 + WEIGHT * expected) / (total as f64 + WEIGHT)
    }

    /// The check of the clocks.
    pub(crate) fn check(&self) -> ClockCheck {
        let pairs = (0..self.regions).flat_map(|one| (0..one).map(move |other| (one, other)));
        let of_clocks = pairs.map(|(one, other)| {
            let there = self.disagreed[one * self.regions + other];
            let back = self.disagreed[other * self.regions + one];
            in_one_direction(there.max(back), there.min(back))
        });
        ClockCheck {
            compared: self.compared,
            disagreed: of_clocks.sum(),
        }
    }
}

/// What there is in one direction above what there is in the other, beyond chance.
fn in_one_direction(there: u64, back: u64) -> u64 {
    let by_chance = 2.0 * ((there + back) as f64).sqrt();
    there.saturating_sub(back).saturating_sub(by_chance as u64)
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
    /// Those whose contents name another Region than the seconds, above as many as do so in the other direction: puts of
    /// an earlier read look like that, too, but in both directions alike.
    pub disagreed: u64,
}

impl ClockCheck {
    /// Whether the clocks of Regions lie too far apart: then the seconds count only for what they proved to be worth.
    pub fn clocks_are_off(&self) -> bool {
        self.compared >= FEW && self.disagreed as f64 > MOST_DISAGREEMENT * self.compared as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::assert_near;

    /// A check of 1,000 versions whose seconds and contents agree, and so many made in 0 and in 1 where they do not.
    fn check(disagreed: [u32; 2]) -> ClockCheck {
        let mut clocks = Clocks::new(2);
        for number in 0..1_000 {
            clocks.learn(
                ((number % 2) as u8, 100),
                [(1 - (number % 2) as u8, 101)].into_iter(),
            );
        }
        for (region, count) in disagreed.into_iter().enumerate() {
            for _ in 0..count {
                clocks.learn((region as u8, 100), [(1 - region as u8, 99)].into_iter());
            }
        }
        clocks.check()
    }

    #[test]
    fn clocks_are_off_where_one_region_comes_first_too_often() {
        assert!(!check([0, 0]).clocks_are_off());
        assert!(check([60, 0]).clocks_are_off());
        assert!(check([0, 60]).clocks_are_off());
        // Puts of an earlier read.
        assert!(!check([60, 60]).clocks_are_off());
        assert!(check([60, 160]).clocks_are_off());
    }

    fn learn(clocks: &mut Clocks, times: u32, made: (RegionIndex, u32), other: (RegionIndex, u32)) {
        for _ in 0..times {
            clocks.learn(made, [other].into_iter());
        }
    }

    #[test]
    fn what_was_seen_counts_beside_what_is_expected() {
        let mut clocks = Clocks::new(2);
        assert_near(clocks.log_likelihood((0, 100), (1, 101)), 0.35_f64.ln());
        assert_near(clocks.arrived(0, 1, 0), 0.450_25);
        learn(&mut clocks, 10, (0, 100), (1, 101));
        assert_near(
            clocks.log_likelihood((0, 100), (1, 101)),
            (17.0_f64 / 30.0).ln(),
        );
        assert_near(clocks.arrived(0, 1, 0), 20.0 * 0.450_25 / 30.0);
        assert_near(clocks.arrived(0, 1, 1), (10.0 + 20.0 * 0.800_25) / 30.0);
    }

    #[test]
    fn what_comes_before_counts_where_it_does_so_in_one_direction() {
        let mut clocks = Clocks::new(2);
        learn(&mut clocks, 5, (0, 100), (1, 99));
        learn(&mut clocks, 2, (1, 100), (0, 99));
        assert_near(
            clocks.log_likelihood((0, 100), (1, 99)),
            (3.002_f64 / 25.0).ln(),
        );
        // In the same second it counts as it is.
        let mut clocks = Clocks::new(2);
        learn(&mut clocks, 3, (0, 100), (1, 100));
        learn(&mut clocks, 2, (1, 100), (0, 100));
        assert_near(
            clocks.log_likelihood((0, 100), (1, 100)),
            (12.0_f64 / 23.0).ln(),
        );
        let mut clocks = Clocks::new(2);
        learn(&mut clocks, 100, (0, 100), (1, 100));
        assert_eq!(clocks.check(), ClockCheck::default());
    }

    #[test]
    fn a_disagreement_is_that_of_its_pair_of_regions() {
        for (one, other) in [(1, 2), (2, 1), (0, 1), (2, 0)] {
            let mut clocks = Clocks::new(3);
            learn(&mut clocks, 100, (one, 100), (other, 99));
            let expected = ClockCheck {
                compared: 100,
                disagreed: 80,
            };
            assert_eq!(clocks.check(), expected, "{one} {other}");
        }
        assert_eq!(in_one_direction(100, 0), 80);
        assert_eq!(in_one_direction(60, 40), 0);
        assert_eq!(in_one_direction(70, 30), 20);
    }

    #[test]
    fn clocks_are_off_above_two_in_a_hundred() {
        let are_off = |compared, disagreed| {
            let check = ClockCheck {
                compared,
                disagreed,
            };
            check.clocks_are_off()
        };
        assert!(!are_off(50, 1));
        assert!(are_off(50, 2));
        assert!(!are_off(49, 49));
    }
}
