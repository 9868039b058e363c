//! The versions of one item between two that all Regions show, and the order in which each Region shows them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use smallvec::SmallVec;

use crate::entry::Entry;
use crate::regions::RegionIndex;

/// Sightings of one repeated digest that lie further apart than this are not of one version, in seconds.
const SAME_WRITE: u32 = 10;

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

/// Regions that show the same versions in different orders: something is missing or was paired wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tangled;

/// A version in a chain, before sightings of one version are brought together.
struct Occurrence {
    digest: u64,
    /// None for the version before the first record.
    second: Option<u32>,
    region: RegionIndex,
    place: u32,
    entry: Option<usize>,
}

impl<'e> Segment<'e> {
    /// Brings the sightings of one item together. The entries of each Region are in the order of its stream.
    ///
    /// `base` is the version before, where it is known; a Region without a record holds it still.
    pub(crate) fn new(
        entries: &'e [Entry],
        regions: usize,
        base: Option<u64>,
    ) -> Result<Self, Tangled> {
        let mut gaps = 0;
        let occurrences = occurrences(entries, regions, base, &mut gaps);
        let sorted = |pairing| Self::pair(entries, regions, &occurrences, gaps, pairing).in_order();
        sorted(Pairing::WithinSeconds).or_else(|Tangled| sorted(Pairing::UniqueOnly))
    }

    fn pair(
        entries: &'e [Entry],
        regions: usize,
        occurrences: &[Occurrence],
        gaps: u64,
        pairing: Pairing,
    ) -> Self {
        let mut chains: Vec<Vec<Link>> = vec![Vec::new(); regions];
        for occurrence in occurrences {
            let chain = &mut chains[usize::from(occurrence.region)];
            debug_assert_eq!(chain.len(), occurrence.place as usize);
            chain.push(Link {
                version: 0,
                entry: occurrence.entry,
            });
        }
        let mut by_digest: Vec<&Occurrence> = occurrences.iter().collect();
        by_digest.sort_by_key(|seen| (seen.digest, seen.second, seen.region, seen.place));
        let mut versions: Vec<Version> = Vec::new();
        for group in by_digest.chunk_by(|a, b| a.digest == b.digest) {
            let repeated = stands_twice(group);
            // Versions of this digest that a later sighting may still be one of.
            let mut open = versions.len();
            for seen in group {
                let is_over = |version: &Version| repeated && !pairing.joins(version, seen);
                while versions.get(open).is_some_and(is_over) {
                    open += 1;
                }
                let is_free = |version: &Version| {
                    version
                        .seen
                        .iter()
                        .all(|(region, _)| *region != seen.region)
                };
                let at = versions[open..].iter().position(is_free);
                let at = at.map_or(versions.len(), |at| open + at);
                if at == versions.len() {
                    versions.push(Version {
                        digest: seen.digest,
                        seen: SmallVec::new(),
                        first_second: seen.second,
                        repeated,
                    });
                }
                versions[at].seen.push((seen.region, seen.place));
                chains[usize::from(seen.region)][seen.place as usize].version = at;
            }
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
    fn in_order(mut self) -> Result<Self, Tangled> {
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
            return Err(Tangled);
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

/// How sightings of a digest that stands twice in a chain are brought together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pairing {
    /// The oldest first, within [`SAME_WRITE`].
    WithinSeconds,
    /// Each is a version of its own.
    UniqueOnly,
}

impl Pairing {
    /// Whether a sighting of a repeated digest may be one of this version, by its time.
    fn joins(self, version: &Version, seen: &Occurrence) -> bool {
        match (self, version.first_second, seen.second) {
            (Pairing::UniqueOnly, ..) => false,
            (Pairing::WithinSeconds, None, None) => true,
            (Pairing::WithinSeconds, Some(first), Some(later)) => later - first <= SAME_WRITE,
            (Pairing::WithinSeconds, ..) => false,
        }
    }
}

/// Whether a Region shows a digest twice.
fn stands_twice(group: &[&Occurrence]) -> bool {
    let mut regions = 0u64;
    group.iter().any(|seen| {
        let bit = 1 << seen.region;
        let is_known = regions & bit != 0;
        regions |= bit;
        is_known
    })
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
