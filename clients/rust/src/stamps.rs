//! The stamps of one version of an item: a pair for each Region that wrote it, and perhaps a reset.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::Item;
use crate::part::{number, read_part};
use crate::region::is_region_name;

/// How far the clocks of one Region's writers may lie apart, in microseconds: the stream processor's default tolerance.
const CLOCK_TOLERANCE: u64 = 100_000;

/// Which stamp attribute a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Attribute<'a> {
    /// How many of a Region's writes the version descends from.
    Count(&'a str),
    /// The time of the latest of them.
    Time(&'a str),
    /// The time at which a put dropped the history.
    Reset,
}

impl<'a> Attribute<'a> {
    /// `None` for any other attribute. A name without a Region's is none: the stream processor has the same rule.
    pub(crate) fn parse(name: &'a str, prefix: &str) -> Option<Self> {
        let rest = name.strip_prefix(prefix)?.strip_prefix(':')?;
        match rest.split_once(':') {
            None if rest == "reset" => Some(Self::Reset),
            Some(("n", region)) if is_region_name(region) => Some(Self::Count(region)),
            Some(("t", region)) if is_region_name(region) => Some(Self::Time(region)),
            _ => None,
        }
    }

    /// The attribute's name.
    pub(crate) fn name(self, prefix: &str) -> String {
        match self {
            Self::Count(region) => format!("{prefix}:n:{region}"),
            Self::Time(region) => format!("{prefix}:t:{region}"),
            Self::Reset => format!("{prefix}:reset"),
        }
    }
}

/// Whether a name is a stamp attribute's.
pub(crate) fn is_stamp(name: &str, prefix: &str) -> bool {
    Attribute::parse(name, prefix).is_some()
}

/// One Region's stamp. A part that is missing, or no number of a stamp, is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) count: Option<u64>,
    pub(crate) time: Option<u64>,
}

impl Pair {
    /// The pair of the later write of one Region.
    ///
    /// By time where the times are further apart than clocks may be. A count alone would not do: it falls where a Region's
    /// writes were lost, and is used again. Within the tolerance the count tells.
    fn later(self, other: Self) -> Self {
        let (time, other_time) = (self.time.unwrap_or(0), other.time.unwrap_or(0));
        if time.abs_diff(other_time) > CLOCK_TOLERANCE {
            return if other_time > time { other } else { self };
        }
        let rank = |pair: Self| (pair.count.unwrap_or(0), pair.time.unwrap_or(0));
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

/// All stamps of one version of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stamps {
    /// One for each Region, in no order that means something. There are few.
    pub(crate) pairs: Vec<(String, Pair)>,
    pub(crate) reset: Option<u64>,
}

impl Stamps {
    /// The stamps that an item carries.
    pub(crate) fn read(item: &Item, prefix: &str) -> Self {
        let mut stamps = Self::default();
        for (name, value) in item {
            if let Some(attribute) = Attribute::parse(name, prefix) {
                stamps.set(attribute, read_part(Some(value)));
            }
        }
        stamps
    }

    /// Whether there is no stamp at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.reset.is_none()
    }

    /// The stamps with another pair for a Region.
    pub(crate) fn with(mut self, region: &str, pair: Pair) -> Self {
        *self.pair_mut(region) = pair;
        self
    }

    /// What a process has seen that has seen both: of each Region the later pair, and the later reset.
    pub(crate) fn later(mut self, other: Self) -> Self {
        self.reset = self.reset.max(other.reset);
        for (region, pair) in other.pairs {
            let later = match self.pair(&region) {
                Some(own) => own.later(pair),
                None => pair,
            };
            *self.pair_mut(&region) = later;
        }
        self
    }

    /// The attributes that say this.
    pub(crate) fn attributes(&self, prefix: &str) -> Vec<(String, AttributeValue)> {
        let mut attributes = Vec::with_capacity(2 * self.pairs.len() + 1);
        let mut add = |attribute: Attribute<'_>, part: Option<u64>| {
            attributes.extend(part.map(|part| (attribute.name(prefix), number(part))));
        };
        for (region, pair) in &self.pairs {
            add(Attribute::Count(region), pair.count);
            add(Attribute::Time(region), pair.time);
        }
        add(Attribute::Reset, self.reset);
        attributes
    }

    /// The pair of a Region, if it has one.
    pub(crate) fn pair(&self, region: &str) -> Option<Pair> {
        let mut pairs = self.pairs.iter();
        let (_, pair) = pairs.find(|(name, _)| name == region)?;
        Some(*pair)
    }

    /// Notes what one attribute says. What is no number of a stamp says nothing.
    pub(crate) fn set(&mut self, attribute: Attribute<'_>, part: Option<u64>) {
        let Some(part) = part else {
            return;
        };
        match attribute {
            Attribute::Count(region) => self.pair_mut(region).count = Some(part),
            Attribute::Time(region) => self.pair_mut(region).time = Some(part),
            Attribute::Reset => self.reset = Some(part),
        }
    }

    fn pair_mut(&mut self, region: &str) -> &mut Pair {
        let found = self.pairs.iter().position(|(name, _)| name == region);
        let at = found.unwrap_or(self.pairs.len());
        if found.is_none() {
            self.pairs.push((region.to_owned(), Pair::default()));
        }
        &mut self.pairs[at].1
    }
}
