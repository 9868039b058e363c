//! The stamps of one version of an item: a pair for each Region that wrote it, and perhaps a reset.

use crate::region::is_region_name;

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

/// All stamps of one version of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stamps {
    /// One for each Region, in no order that means something. There are few.
    pub(crate) pairs: Vec<(String, Pair)>,
    pub(crate) reset: Option<u64>,
}

impl Stamps {
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
