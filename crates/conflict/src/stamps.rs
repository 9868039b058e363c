//! The write stamp: what an item's stamps say.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::number::Decimal;
use crate::stamp_names::StampAttribute;

/// The largest stamp part: the end of the year 9999 in epoch microseconds.
const MAX_PART: u64 = 253_402_300_799_999_999;

/// The most Regions whose pairs an item's stamps hold; what an item has beyond them is not looked at. AWS has fewer
/// Regions: only an item that was made to do harm has so many, and up to 24,000 of them fit into 400 KB.
const MAX_REGIONS: usize = 64;

/// One Region's pair: `lw:n:<region>` and `lw:t:<region>`. Either part may be missing or unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stamp {
    /// How many writes made in that Region this version descends from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Epoch microseconds of the latest of them, by that writer's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub t: Option<u64>,
}

impl Stamp {
    /// A whole pair.
    pub fn new(n: u64, t: u64) -> Self {
        Self {
            n: Some(n),
            t: Some(t),
        }
    }

    /// The count, where a missing one is 0.
    pub fn count(&self) -> u64 {
        self.n.unwrap_or(0)
    }

    /// The time in epoch microseconds, where a missing one is 0.
    pub fn time(&self) -> u64 {
        self.t.unwrap_or(0)
    }
}

/// An item's stamps: a pair per Region that wrote it, and the two marks.
///
/// Region names are borrowed from the record wherever it holds them unescaped, and up to five Regions (as many as a
/// table of ours has) need no allocation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamps<'a> {
    /// Sorted by Region, each Region once, no pair without a part.
    pairs: SmallVec<[(Cow<'a, str>, Stamp); 5]>,
    /// `lw:reset`: epoch microseconds of the write that dropped the item's history.
    pub reset: Option<u64>,
    /// `lw:deleted` is present: the item is marked as deleted.
    pub deleted: bool,
}

impl<'a> Stamps<'a> {
    /// The same pairs with these marks.
    pub fn marked(self, deleted: bool, reset: Option<u64>) -> Self {
        Self {
            deleted,
            reset,
            ..self
        }
    }

    /// The pair for a Region.
    pub fn get(&self, region: &str) -> Option<Stamp> {
        let at = self.position(region).ok()?;
        Some(self.pairs[at].1)
    }

    /// The pairs by Region, in order of name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Stamp)> {
        self.pairs
            .iter()
            .map(|(region, stamp)| (region.as_ref(), *stamp))
    }

    /// Whether no Region has a pair.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// How many Regions have a pair.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether both have the same pairs. The marks are not looked at.
    pub fn same_pairs(&self, other: &Stamps<'_>) -> bool {
        self.iter().eq(other.iter())
    }

    /// The largest time of any Region, in epoch microseconds.
    pub fn latest_time(&self) -> Option<u64> {
        self.pairs.iter().filter_map(|(_, stamp)| stamp.t).max()
    }

    /// Sets one Region's pair. A pair without a part is no pair.
    pub fn set(&mut self, region: impl Into<Cow<'a, str>>, stamp: Stamp) {
        self.change(region.into(), |own| *own = stamp);
    }

    /// Takes in the value of one stamp attribute: the text of its number, or none where it is not of type N. Gives whether
    /// the value is one that a stamp may have.
    pub fn read(&mut self, attribute: StampAttribute<'a>, number: Option<&str>) -> bool {
        let part = number.and_then(integer);
        match attribute {
            StampAttribute::Count(region) => self.change(region, |stamp| stamp.n = part),
            StampAttribute::Time(region) => self.change(region, |stamp| stamp.t = part),
            StampAttribute::Reset => self.reset = part,
            StampAttribute::Deleted => {
                self.deleted = true;
                return true;
            }
        }
        part.is_some()
    }

    /// Changes one Region's pair, which is empty where there was none.
    fn change(&mut self, region: Cow<'a, str>, change: impl FnOnce(&mut Stamp)) {
        let at = self.position(&region);
        let mut stamp = at.map_or_else(|_| Stamp::default(), |at| self.pairs[at].1);
        change(&mut stamp);
        match (at, stamp == Stamp::default()) {
            (Ok(at), false) => self.pairs[at].1 = stamp,
            (Ok(at), true) => drop(self.pairs.remove(at)),
            (Err(at), false) if self.pairs.len() < MAX_REGIONS => {
                self.pairs.insert(at, (region, stamp));
            }
            (Err(_), _) => {}
        }
    }

    fn position(&self, region: &str) -> Result<usize, usize> {
        self.pairs
            .binary_search_by(|(name, _)| name.as_ref().cmp(region))
    }
}

impl<'a, R: Into<Cow<'a, str>>> FromIterator<(R, Stamp)> for Stamps<'a> {
    fn from_iter<I: IntoIterator<Item = (R, Stamp)>>(pairs: I) -> Self {
        let mut stamps = Self::default();
        for (region, stamp) in pairs {
            stamps.set(region, stamp);
        }
        stamps
    }
}

/// A stamp part from the text of a number: an integer from 0 to the end of the year 9999 in epoch microseconds.
pub fn integer(text: &str) -> Option<u64> {
    // Up to 18 digits fit whatever they are; all that is written in another way goes by the number's value.
    let plain = |value: u64, byte: u8| match byte {
        b'0'..=b'9' => Some(value * 10 + u64::from(byte - b'0')),
        _ => None,
    };
    let value = match text.len() {
        1..=18 => text.bytes().try_fold(0, plain),
        _ => None,
    };
    let value = value.or_else(|| Decimal::parse(text)?.to_u64())?;
    (value <= MAX_PART).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp_names::StampNames;

    fn read(attributes: &[(&'static str, Option<&str>)]) -> Stamps<'static> {
        let names = StampNames::default();
        let mut stamps = Stamps::default();
        for (name, value) in attributes {
            if let Some(attribute) = names.parse(*name) {
                stamps.read(attribute, *value);
            }
        }
        stamps
    }

    #[test]
    fn both_parts_of_a_pair_meet_in_either_order() {
        let stamps = read(&[("lw:t:eu-west-1", Some("7")), ("lw:n:eu-west-1", Some("3"))]);
        assert_eq!(stamps.get("eu-west-1"), Some(Stamp::new(3, 7)));
        assert_eq!(stamps.len(), 1);
    }

    #[test]
    fn a_part_that_is_no_integer_in_range_is_none() {
        for odd in [
            Some("-1"),
            Some("1.5"),
            Some("253402300800000000"),
            Some("x"),
            Some(""),
            None,
        ] {
            let stamps = read(&[("lw:n:eu-west-1", odd), ("lw:t:eu-west-1", Some("7"))]);
            assert_eq!(
                stamps.get("eu-west-1"),
                Some(Stamp {
                    n: None,
                    t: Some(7)
                }),
                "{odd:?}"
            );
            assert!(read(&[("lw:n:eu-west-1", odd)]).is_empty(), "{odd:?}");
        }
    }

    #[test]
    fn integers_are_read_by_value() {
        for (text, value) in [
            ("0", Some(0)),
            ("253402300799999999", Some(MAX_PART)),
            ("1.0", Some(1)),
            ("1E3", Some(1000)),
            ("000000000000000000001", Some(1)),
            ("99999999999999999999", None),
        ] {
            assert_eq!(integer(text), value, "{text}");
        }
    }

    #[test]
    fn regions_beyond_the_most_are_not_looked_at() {
        let mut stamps = Stamps::default();
        for number in 0..MAX_REGIONS + 1 {
            stamps.set(format!("a-b-{number}"), Stamp::new(1, 1));
        }
        assert_eq!(stamps.len(), MAX_REGIONS);
        assert_eq!(stamps.get("a-b-64"), None);
        stamps.set("a-b-0", Stamp::new(2, 2));
        assert_eq!(stamps.get("a-b-0"), Some(Stamp::new(2, 2)));
    }

    #[test]
    fn the_latest_time_is_of_any_region() {
        let mut stamps = Stamps::from_iter([
            ("us-east-1", Stamp::new(9, 7)),
            ("eu-west-1", Stamp::new(1, 8)),
        ]);
        assert_eq!(stamps.latest_time(), Some(8));
        for region in ["us-east-1", "eu-west-1"] {
            stamps.set(
                region,
                Stamp {
                    n: Some(1),
                    t: None,
                },
            );
        }
        assert_eq!(stamps.latest_time(), None);
    }

    #[test]
    fn marks_are_no_pairs() {
        let stamps = read(&[("lw:reset", Some("9")), ("lw:deleted", None)]);
        assert_eq!(
            (stamps.reset, stamps.deleted, stamps.is_empty()),
            (Some(9), true, true)
        );
    }

    #[test]
    fn five_regions_need_no_allocation() {
        let mut stamps = Stamps::default();
        for region in [
            "us-east-1",
            "eu-west-1",
            "ap-northeast-1",
            "sa-east-1",
            "af-south-1",
        ] {
            stamps.set(region, Stamp::new(1, 1));
        }
        assert!(!stamps.pairs.spilled());
        assert!(stamps.iter().map(|(region, _)| region).is_sorted());
    }
}
