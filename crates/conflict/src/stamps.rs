//! The write stamp: which attributes carry it, and what an item's stamps say.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::number::Decimal;

/// The largest stamp part: the end of the year 9999 in epoch microseconds.
const MAX_PART: u64 = 253_402_300_799_999_999;

/// The most Regions whose pairs an item's stamps hold; what an item has beyond them is not looked at. AWS has fewer
/// Regions: only an item that was made to do harm has so many, and up to 24,000 of them fit into 400 KB.
const MOST_REGIONS: usize = 64;

/// The longest Region name that a stamp may carry, in bytes. AWS's longest is well below.
pub const MAX_REGION_LENGTH: usize = 32;

/// One Region's pair: `lw:n:<region>` and `lw:t:<region>`. Either part may be missing or unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// How many writes made in that Region this version descends from.
    pub n: Option<u64>,
    /// Epoch microseconds of the latest of them, by that writer's clock.
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

    /// Takes in the value of one stamp attribute: the text of its number, or none where it is not of type N.
    pub fn read(&mut self, attribute: StampAttribute<'a>, number: Option<&str>) {
        let part = number.and_then(integer);
        match attribute {
            StampAttribute::Count(region) => self.change(region, |stamp| stamp.n = part),
            StampAttribute::Time(region) => self.change(region, |stamp| stamp.t = part),
            StampAttribute::Reset => self.reset = part,
            StampAttribute::Deleted => self.deleted = true,
        }
    }

    /// Changes one Region's pair, which is empty where there was none.
    fn change(&mut self, region: Cow<'a, str>, change: impl FnOnce(&mut Stamp)) {
        let at = self.position(&region);
        let mut stamp = at.map_or_else(|_| Stamp::default(), |at| self.pairs[at].1);
        change(&mut stamp);
        match (at, stamp == Stamp::default()) {
            (Ok(at), false) => self.pairs[at].1 = stamp,
            (Ok(at), true) => drop(self.pairs.remove(at)),
            (Err(at), false) if self.pairs.len() < MOST_REGIONS => {
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

/// An attribute that belongs to the stamps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StampAttribute<'a> {
    /// `lw:n:<region>`
    Count(Cow<'a, str>),
    /// `lw:t:<region>`
    Time(Cow<'a, str>),
    /// `lw:reset`
    Reset,
    /// `lw:deleted`
    Deleted,
}

/// Tells stamp attributes from an application's own, by their prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampNames {
    /// The prefix and its colon.
    start: String,
}

impl StampNames {
    /// Names that start with `prefix` and a colon.
    pub fn new(prefix: &str) -> Self {
        Self {
            start: format!("{prefix}:"),
        }
    }

    /// Which stamp attribute a name is, if it is one.
    ///
    /// What follows `n:` or `t:` must be shaped like a Region ([`is_region_name`]): it becomes a metric dimension, where
    /// no other part of an item may ever end up.
    pub fn parse<'a>(&self, name: impl Into<Cow<'a, str>>) -> Option<StampAttribute<'a>> {
        let name = name.into();
        // Each attribute of each image comes by here, and most differ in the first byte.
        if name.as_bytes().first() != self.start.as_bytes().first() {
            return None;
        }
        let rest = name.strip_prefix(self.start.as_str())?;
        match rest {
            "reset" => return Some(StampAttribute::Reset),
            "deleted" => return Some(StampAttribute::Deleted),
            _ => {}
        }
        let is_count = match rest.as_bytes() {
            [b'n', b':', ..] => true,
            [b't', b':', ..] => false,
            _ => return None,
        };
        let from = self.start.len() + 2;
        if !is_region_name(&name[from..]) {
            return None;
        }
        let region = match name {
            Cow::Borrowed(name) => Cow::Borrowed(&name[from..]),
            Cow::Owned(name) => Cow::Owned(name[from..].to_owned()),
        };
        Some(match is_count {
            true => StampAttribute::Count(region),
            false => StampAttribute::Time(region),
        })
    }

    /// Whether a name is a stamp attribute.
    pub fn contains(&self, name: &str) -> bool {
        self.parse(name).is_some()
    }
}

impl Default for StampNames {
    fn default() -> Self {
        Self::new("lw")
    }
}

/// Whether a name is shaped like a Region's, as in `us-east-1` or `us-gov-west-1`: words of lowercase letters, at least
/// two, and a number, joined by hyphens, up to [`MAX_REGION_LENGTH`].
pub fn is_region_name(name: &str) -> bool {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    let words = &name.as_bytes()[..name.len() - digits];
    // Each word ends with a hyphen.
    let (mut ended, mut last) = (0, b'-');
    for byte in words {
        match byte {
            b'a'..=b'z' => {}
            b'-' if last != b'-' => ended += 1,
            _ => return false,
        }
        last = *byte;
    }
    name.len() <= MAX_REGION_LENGTH && digits > 0 && ended >= 2 && last == b'-'
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
    fn only_region_shaped_names_are_stamps() {
        let names = StampNames::default();
        for odd in [
            "lw:n:",
            "lw:n:Ada Lovelace",
            "lw:n:EU-WEST-1",
            "lw:x:eu-west-1",
            "lwn:eu-west-1",
            "lw:é",
            "lw:n",
            "lw:resets",
            "lw:n:customer-4711",
            "lw:n:eu-west",
            "lw:n:eu--1",
            "lw:n:-west-1",
            "lw:n:1-west-1",
            "lw:n:a-name-that-is-longer-than-any-region-1",
        ] {
            assert_eq!(names.parse(odd), None, "{odd}");
        }
        assert_eq!(names.parse("lw:reset"), Some(StampAttribute::Reset));
        assert_eq!(names.parse("lw:deleted"), Some(StampAttribute::Deleted));
    }

    #[test]
    fn regions_of_every_partition_are_stamps() {
        for region in [
            "us-east-1",
            "us-gov-west-1",
            "us-isob-east-1",
            "cn-northwest-1",
            "eusc-de-east-1",
            "mx-central-12",
        ] {
            assert!(is_region_name(region), "{region}");
        }
    }

    #[test]
    fn a_region_name_is_words_and_a_number_joined_by_hyphens() {
        let by_parts = |name: &str| {
            let parts: Vec<&str> = name.split('-').collect();
            let is =
                |part: &str, letter: char| !part.is_empty() && part.chars().all(|c| c == letter);
            let [words @ .., number] = parts.as_slice() else {
                return false;
            };
            words.len() >= 2 && words.iter().all(|word| is(word, 'a')) && is(number, '1')
        };
        let mut names = vec![String::new()];
        for _ in 0..8 {
            for name in std::mem::take(&mut names) {
                assert_eq!(is_region_name(&name), by_parts(&name), "{name}");
                names.extend(["a", "1", "-"].map(|next| name.clone() + next));
            }
        }
    }

    #[test]
    fn regions_beyond_the_most_are_not_looked_at() {
        let mut stamps = Stamps::default();
        for number in 0..MOST_REGIONS + 1 {
            stamps.set(format!("a-b-{number}"), Stamp::new(1, 1));
        }
        assert_eq!(stamps.len(), MOST_REGIONS);
        assert_eq!(stamps.get("a-b-64"), None);
        stamps.set("a-b-0", Stamp::new(2, 2));
        assert_eq!(stamps.get("a-b-0"), Some(Stamp::new(2, 2)));
    }

    #[test]
    fn the_prefix_is_configurable() {
        let names = StampNames::new("meta:stamp");
        assert_eq!(
            names.parse("meta:stamp:n:eu-west-1"),
            Some(StampAttribute::Count("eu-west-1".into()))
        );
        assert!(!names.contains("lw:n:eu-west-1"));
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
