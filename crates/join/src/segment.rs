//! The versions of one item between two that all Regions show, and the order in which each Region shows them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use smallvec::SmallVec;

use crate::attributes::Attributes;
use crate::entry::Entry;
use crate::groups::Groups;
use crate::regions::RegionIndex;

/// A version, by its place in [`Segment::versions`].
pub(crate) type VersionIndex = usize;

/// A place in a Region's chain of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) version: VersionIndex,
    /// The record that shows it; none for the version before the first record, and for one that a gap hides.
    pub(crate) entry: Option<usize>,
}

/// A version of the item, or its absence.
#[derive(Debug, Clone, Default)]
pub(crate) struct Version {
    pub(crate) digest: u64,
    /// Where it is seen: Region and place in its chain. Sorted by Region, each Region once.
    pub(crate) seen: SmallVec<[(RegionIndex, u32); 3]>,
    /// The earliest second of its records; none for a version that was there before the first record.
    pub(crate) first_second: Option<u32>,
    /// The digest stands more than once in a chain, so it is not sure which sightings belong together.
    pub(crate) repeated: bool,
}

/// What the streams show of one item, from one version on.
#[derive(Debug)]
pub(crate) struct Segment<'e> {
    pub(crate) entries: &'e [Entry],
    /// The versions in an order in which each comes after all that any Region shows before it.
    pub(crate) versions: Vec<Version>,
    /// By Region: the versions in the order of its stream.
    pub(crate) chains: Vec<Vec<Link>>,
    /// Records whose old image is not the version before.
    pub(crate) gaps: u64,
}

/// Digests that Regions show in different orders: no part of one order. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Circle(Vec<u64>);

/// A version in a chain, before sightings of one version are brought together.
#[derive(Debug)]
pub(crate) struct Occurrence {
    pub(crate) digest: u64,
    /// None for the version before the first record.
    pub(crate) second: Option<u32>,
    pub(crate) region: RegionIndex,
    pub(crate) place: u32,
    pub(crate) entry: Option<usize>,
}

impl<'e> Segment<'e> {
    /// Brings the sightings of one item together. The entries of each Region are in the order of its stream.
    ///
    /// `base` is the version before, where it is known; a Region without a record holds it still.
    pub(crate) fn new(
        entries: &'e [Entry],
        regions: usize,
        base: Option<u64>,
        attributes: &Attributes,
    ) -> Self {
        let mut gaps = 0;
        let occurrences = occurrences(entries, regions, base, &mut gaps);
        let mut twins = HashSet::new();
        let mut apart = Groups::of_equal_digests(&occurrences, &twins);
        let segment = loop {
            match Self::of_groups(entries, regions, &occurrences, &apart, gaps).in_order() {
                Ok(segment) => break segment,
                // Two Regions wrote the same content, each on its own.
                Err(Circle(digests)) => twins.extend(digests),
            }
            apart = Groups::of_equal_digests(&occurrences, &twins);
        };
        if !apart.are_repeated() {
            return segment;
        }
        let paired = apart.paired(&occurrences, &segment, attributes);
        let paired = Self::of_groups(entries, regions, &occurrences, &paired, gaps).in_order();
        paired.unwrap_or(segment)
    }

    fn of_groups(
        entries: &'e [Entry],
        regions: usize,
        occurrences: &[Occurrence],
        groups: &Groups,
        gaps: u64,
    ) -> Self {
        let mut chains: Vec<Vec<Link>> = vec![Vec::new(); regions];
        let mut versions: Vec<Version> = Vec::with_capacity(groups.count);
        versions.resize(groups.count, Version::default());
        for (occurrence, group) in occurrences.iter().zip(&groups.of) {
            let version = &mut versions[*group];
            version.first_second = match version.seen.is_empty() {
                true => occurrence.second,
                false => version.first_second.min(occurrence.second),
            };
            version.digest = occurrence.digest;
            version.repeated = groups.ambiguous[*group];
            version.seen.push((occurrence.region, occurrence.place));
            chains[usize::from(occurrence.region)].push(Link {
                version: *group,
                entry: occurrence.entry,
            });
        }
        for version in &mut versions {
            version.seen.sort_unstable();
        }
        Self {
            entries,
            versions,
            chains,
            gaps,
        }
    }

    /// Puts the versions in order: last writer wins gives each item one order, which every Region shows a part of.
    fn in_order(mut self) -> Result<Self, Circle> {
        let count = self.versions.len();
        let mut before = vec![0u32; count];
        for chain in &self.chains {
            for pair in chain.windows(2) {
                before[pair[1].version] += 1;
            }
        }
        let rank = |index: usize| Reverse((self.versions[index].first_second, index));
        let mut ready: BinaryHeap<_> = (0..count).filter(|at| before[*at] == 0).map(rank).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(Reverse((_, index))) = ready.pop() {
            order.push(index);
            for (region, place) in &self.versions[index].seen {
                let next = self.chains[usize::from(*region)].get(*place as usize + 1);
                if let Some(next) = next {
                    before[next.version] -= 1;
                    if before[next.version] == 0 {
                        ready.push(rank(next.version));
                    }
                }
            }
        }
        if order.len() < count {
            return Err(self.circle(&before));
        }
        let mut place_of = vec![0; count];
        for (place, index) in order.iter().enumerate() {
            place_of[*index] = place;
        }
        for link in self.chains.iter_mut().flatten() {
            link.version = place_of[link.version];
        }
        let mut versions: Vec<Version> = vec![Version::default(); count];
        for (index, version) in std::mem::take(&mut self.versions).into_iter().enumerate() {
            versions[place_of[index]] = version;
        }
        self.versions = versions;
        Ok(self)
    }

    /// The digests of versions that come both before and after each other. `before` says how many of the versions before
    /// each one have no place in the order.
    fn circle(&self, before: &[u32]) -> Circle {
        // What only comes after a circle is taken out from the end.
        let mut after = vec![0u32; self.versions.len()];
        let pairs = || self.chains.iter().flat_map(|chain| chain.windows(2));
        for pair in pairs().filter(|pair| before[pair[1].version] > 0) {
            after[pair[0].version] += 1;
        }
        let is_left = |version: &VersionIndex| before[*version] > 0;
        let mut ends: Vec<VersionIndex> = (0..self.versions.len())
            .filter(|version| is_left(version) && after[*version] == 0)
            .collect();
        while let Some(end) = ends.pop() {
            for (region, place) in &self.versions[end].seen {
                let Some(place) = place.checked_sub(1) else {
                    continue;
                };
                let earlier = self.link(*region, place).version;
                after[earlier] -= 1;
                if after[earlier] == 0 && is_left(&earlier) {
                    ends.push(earlier);
                }
            }
        }
        let versions = 0..self.versions.len();
        Circle(
            versions
                .filter(|version| is_left(version) && after[*version] > 0)
                .filter(|version| self.versions[*version].seen.len() > 1)
                .map(|version| self.versions[version].digest)
                .collect(),
        )
    }

    /// A place in a chain.
    pub(crate) fn link(&self, region: RegionIndex, place: u32) -> Link {
        self.chains[usize::from(region)][place as usize]
    }

    /// The record at a place, with the version before it; none where no record shows the version.
    pub(crate) fn record(
        &self,
        region: RegionIndex,
        place: u32,
    ) -> Option<(&'e Entry, VersionIndex)> {
        let entry = self.link(region, place).entry?;
        let before = self.link(region, place.checked_sub(1)?);
        Some((&self.entries[entry], before.version))
    }

    /// The versions on which the Regions end.
    pub(crate) fn tails(&self) -> impl Iterator<Item = VersionIndex> {
        self.chains
            .iter()
            .filter_map(|chain| Some(chain.last()?.version))
    }

    /// Whether every Region ends on equal content.
    pub(crate) fn is_settled(&self) -> bool {
        let mut digests = self.tails().map(|tail| self.versions[tail].digest);
        let first = digests.next();
        digests.all(|digest| Some(digest) == first)
    }
}

/// The versions in each Region's chain: the one before the first record, and the one after each record. A record that
/// does not follow the one before it adds the version that it replaced.
fn occurrences(
    entries: &[Entry],
    regions: usize,
    base: Option<u64>,
    gaps: &mut u64,
) -> Vec<Occurrence> {
    let known_base = base.or_else(|| entries.first().map(|entry| entry.old));
    let mut occurrences: Vec<Occurrence> = Vec::with_capacity(entries.len() + regions);
    let mut tails: Vec<Option<(u64, u32)>> = vec![None; regions];
    let mut add = |occurrence: Occurrence, tails: &mut Vec<Option<(u64, u32)>>| {
        tails[usize::from(occurrence.region)] = Some((occurrence.digest, occurrence.place));
        occurrences.push(occurrence);
    };
    for (index, entry) in entries.iter().enumerate() {
        let region = entry.region;
        let tail = tails[usize::from(region)];
        let place = match tail {
            Some((digest, place)) if digest == entry.old => place + 1,
            _ => {
                *gaps += u64::from(tail.is_some() || base.is_some_and(|base| base != entry.old));
                let before = Occurrence {
                    digest: entry.old,
                    second: tail.map(|_| entry.second),
                    region,
                    place: tail.map_or(0, |(_, place)| place + 1),
                    entry: None,
                };
                let place = before.place + 1;
                add(before, &mut tails);
                place
            }
        };
        let after = Occurrence {
            digest: entry.new,
            second: Some(entry.second),
            region,
            place,
            entry: Some(index),
        };
        add(after, &mut tails);
    }
    for region in 0..regions {
        if let (None, Some(digest)) = (tails[region], known_base) {
            let held = Occurrence {
                digest,
                second: None,
                region: region as RegionIndex,
                place: 0,
                entry: None,
            };
            add(held, &mut tails);
        }
    }
    occurrences
}
