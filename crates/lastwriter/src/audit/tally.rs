//! Findings, counted by what a person asks: which kinds, items, attributes and hours lose most.

use std::collections::{BTreeMap, HashMap};

use join::{Class, Confidence, Finding};
use serde::Serialize;

/// The most rows of a list of items, attributes or hours.
const MOST: usize = 10;

/// Findings by confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// The streams leave no other way.
    pub certain: u64,
    /// Another way would need a coincidence.
    pub likely: u64,
    /// Another way is almost as good.
    pub possible: u64,
}

impl Counts {
    /// What counts: certain and likely ones.
    pub fn found(&self) -> u64 {
        self.certain + self.likely
    }

    pub(super) fn add(&mut self, confidence: Confidence) {
        match confidence {
            Confidence::Certain => self.certain += 1,
            Confidence::Likely => self.likely += 1,
            Confidence::Possible => self.possible += 1,
        }
    }

    pub(super) fn add_all(&mut self, other: Counts) {
        self.certain += other.certain;
        self.likely += other.likely;
        self.possible += other.possible;
    }
}

/// Findings of one kind and class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KindCounts {
    /// `lost_write` or `stale_put`.
    pub class: Class,
    /// What the two sides did, loser first.
    pub kind: &'static str,
    /// How many.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Something that loses writes, and how many; possible ones are not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loser {
    /// An item's key in DynamoDB JSON, an attribute's name, or an hour in RFC 3339.
    pub name: String,
    /// Certain and likely findings.
    pub found: u64,
}

/// A list of these for people: what they are, and how each one's name is shown.
pub(super) type LoserList<'a> = (&'static str, &'a [Loser], fn(&str) -> String);

/// All that is counted while findings come in.
#[derive(Debug, Default)]
pub(super) struct Tally {
    regions: BTreeMap<String, BTreeMap<Class, Counts>>,
    kinds: BTreeMap<(Class, &'static str), Counts>,
    items: HashMap<Box<str>, u64>,
    attributes: HashMap<Box<str>, u64>,
    hours: BTreeMap<u64, u64>,
}

impl Tally {
    pub(super) fn add(&mut self, finding: &Finding) {
        let classes = self.regions.entry(finding.lost_in.clone()).or_default();
        let of_region = classes.entry(finding.class).or_default();
        of_region.add(finding.confidence);
        let kind = (finding.class, finding.kind.name());
        self.kinds.entry(kind).or_default().add(finding.confidence);
        if finding.confidence == Confidence::Possible {
            return;
        }
        *self.items.entry(finding.key.as_str().into()).or_default() += 1;
        for name in &finding.differing_attributes {
            *self.attributes.entry(name.as_str().into()).or_default() += 1;
        }
        *self.hours.entry(finding.second / 3_600).or_default() += 1;
    }

    /// One Region's findings of one class.
    pub(super) fn region(&self, region: &str, class: Class) -> Counts {
        let classes = self.regions.get(region);
        let counts = classes.and_then(|classes| classes.get(&class));
        counts.copied().unwrap_or_default()
    }

    pub(super) fn kinds(&self) -> Vec<KindCounts> {
        let kinds = self.kinds.iter();
        kinds
            .map(|((class, kind), counts)| KindCounts {
                class: *class,
                kind,
                counts: *counts,
            })
            .collect()
    }

    pub(super) fn items(&self) -> Vec<Loser> {
        most(&self.items)
    }

    pub(super) fn attributes(&self) -> Vec<Loser> {
        most(&self.attributes)
    }

    /// The hours that lose most, in the order of time.
    pub(super) fn hours(&self) -> Vec<Loser> {
        let mut hours: Vec<(u64, u64)> = self.hours.iter().map(|(h, n)| (*h, *n)).collect();
        hours.sort_by_key(|(hour, found)| (std::cmp::Reverse(*found), *hour));
        hours.truncate(MOST);
        hours.sort_unstable();
        hours
            .into_iter()
            .map(|(hour, found)| Loser {
                name: super::outcome::time(hour * 3_600),
                found,
            })
            .collect()
    }
}

/// The first of them, most findings first; of equals the first by name.
fn most(counted: &HashMap<Box<str>, u64>) -> Vec<Loser> {
    let mut all: Vec<(&str, u64)> = counted.iter().map(|(name, n)| (&**name, *n)).collect();
    all.sort_by_key(|(name, found)| (std::cmp::Reverse(*found), *name));
    all.truncate(MOST);
    let loser = |(name, found): (&str, u64)| Loser {
        name: name.to_owned(),
        found,
    };
    all.into_iter().map(loser).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::finding;
    use super::*;

    #[test]
    fn possible_findings_are_in_no_list_of_what_loses_most() {
        let mut tally = Tally::default();
        tally.add(&finding("a", 3_600, Confidence::Certain, &["x", "y"]));
        tally.add(&finding("a", 3_700, Confidence::Likely, &["x"]));
        tally.add(&finding("b", 7_200, Confidence::Possible, &["z"]));
        let shown = |losers: Vec<Loser>| -> Vec<(String, u64)> {
            losers.into_iter().map(|l| (l.name, l.found)).collect()
        };
        let expected = |list: &[(&str, u64)]| -> Vec<(String, u64)> {
            list.iter().map(|(n, f)| ((*n).to_owned(), *f)).collect()
        };
        assert_eq!(
            shown(tally.items()),
            expected(&[(r#"{"id":{"S":"a"}}"#, 2)])
        );
        assert_eq!(shown(tally.attributes()), expected(&[("x", 2), ("y", 1)]));
        assert_eq!(
            shown(tally.hours()),
            expected(&[("1970-01-01T01:00:00Z", 2)])
        );
        let counts = tally.region("us-east-1", Class::LostWrite);
        assert_eq!((counts.found(), counts.possible), (2, 1));
    }

    #[test]
    fn only_the_ten_that_lose_most_are_listed() {
        let mut tally = Tally::default();
        for item in 0..30_u64 {
            for _ in 0..=item {
                let key = format!("item {item:02}");
                tally.add(&finding(&key, item * 3_600, Confidence::Certain, &[]));
            }
        }
        let items = tally.items();
        assert_eq!((items.len(), items[0].found, items[9].found), (10, 30, 21));
        let hours = tally.hours();
        assert_eq!((hours.len(), hours[0].found, hours[9].found), (10, 21, 30));
    }
}
