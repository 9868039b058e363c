//! Which sightings are of one version.
//!
//! Equal digests are one version, unless a digest stands twice in a chain: a flag that goes on and off, an item that is
//! deleted, created and deleted again. Then order and time decide: every Region shows a part of one order, so a Region
//! that has shown a later version shows no earlier one.

use std::collections::{HashMap, HashSet};

use smallvec::SmallVec;

use crate::attributes::Attributes;
use crate::regions::RegionIndex;
use crate::segment::{Occurrence, Segment, VersionIndex};

/// Sightings of a repeated digest are of one version within this many seconds.
const LONGEST: u32 = 60;

/// Within this many seconds two versions of one digest may be taken for each other.
const CLOSE: u32 = 10;

/// Which version each sighting is of.
#[derive(Debug)]
pub(crate) struct Groups {
    /// By sighting.
    pub(crate) of: Vec<VersionIndex>,
    pub(crate) count: usize,
    /// By version: its sightings could have been brought together in another way.
    pub(crate) ambiguous: Vec<bool>,
    /// By sighting: its digest stands twice in a chain.
    repeated: Vec<bool>,
}

/// Sightings of a repeated digest that are taken for one version.
#[derive(Debug)]
struct Group {
    version: VersionIndex,
    first: Option<u32>,
    regions: u64,
    /// The version on which all Regions end.
    is_last: bool,
    is_far: bool,
    members: SmallVec<[Member; 3]>,
}

/// A sighting in a group.
#[derive(Debug, Clone, Copy)]
struct Member {
    region: RegionIndex,
    second: Option<u32>,
    /// Places in the order of the other versions between which it stands.
    after: i64,
    before: i64,
}

impl Groups {
    /// Brings together what has the same digest. A digest that stands twice in a chain is left apart, and so are `twins`:
    /// those of which it is known that two Regions wrote them, each on its own.
    pub(crate) fn of_equal_digests(occurrences: &[Occurrence], twins: &HashSet<u64>) -> Self {
        let mut sorted: Vec<usize> = (0..occurrences.len()).collect();
        let seen = |at: usize| &occurrences[at];
        sorted.sort_by_key(|at| (seen(*at).digest, seen(*at).second, seen(*at).region, *at));
        let mut groups = Self {
            of: vec![0; occurrences.len()],
            count: 0,
            ambiguous: Vec::new(),
            repeated: vec![false; occurrences.len()],
        };
        for equal in sorted.chunk_by(|a, b| seen(*a).digest == seen(*b).digest) {
            let repeated = twins.contains(&seen(equal[0]).digest)
                || stands_twice(equal.iter().map(|at| seen(*at).region));
            for (number, at) in equal.iter().enumerate() {
                if repeated || number == 0 {
                    groups.count += 1;
                    groups.ambiguous.push(repeated);
                }
                groups.of[*at] = groups.count - 1;
                groups.repeated[*at] = repeated;
            }
        }
        groups
    }

    /// Whether a digest stands twice in a chain.
    pub(crate) fn are_repeated(&self) -> bool {
        self.repeated.contains(&true)
    }

    /// Brings sightings of repeated digests together, too. `segment` is what they are without that.
    pub(crate) fn paired(
        &self,
        occurrences: &[Occurrence],
        segment: &Segment<'_>,
        attributes: &Attributes,
    ) -> Self {
        let tells: Vec<bool> = (0..segment.versions.len())
            .map(|version| is_telling(segment, version, attributes))
            .collect();
        let mut sorted: Vec<usize> = (0..occurrences.len()).collect();
        sorted.sort_by_key(|at| {
            let seen = &occurrences[*at];
            (seen.second, seen.region, seen.place)
        });
        let is_settled = segment.is_settled();
        let is_tail = |seen: &Occurrence| {
            let chain = &segment.chains[usize::from(seen.region)];
            is_settled && seen.second.is_some() && seen.place as usize + 1 == chain.len()
        };
        let mut of = self.of.clone();
        let mut by_digest: HashMap<u64, Vec<Group>> = HashMap::new();
        let mut first_of: HashMap<VersionIndex, Option<u32>> = HashMap::new();
        // By Region: when the latest version that it has shown was first seen anywhere.
        let mut shown: Vec<Option<u32>> = vec![None; segment.chains.len()];
        for at in sorted {
            let seen = &occurrences[at];
            let shown = &mut shown[usize::from(seen.region)];
            if !self.repeated[at] {
                let first = *first_of.entry(of[at]).or_insert(seen.second);
                *shown = first.max(*shown);
                continue;
            }
            let groups = by_digest.entry(seen.digest).or_default();
            let found = match is_tail(seen) {
                true => groups.iter_mut().find(|group| group.is_last),
                false => groups.iter_mut().find(|group| group.takes(seen, *shown)),
            };
            let group = match found {
                Some(group) => {
                    group.is_far |= is_further(group.first, seen.second, CLOSE);
                    group
                }
                None => {
                    groups.push(Group {
                        version: of[at],
                        first: seen.second,
                        regions: 0,
                        is_last: is_tail(seen),
                        is_far: false,
                        members: SmallVec::new(),
                    });
                    let last = groups.len() - 1;
                    &mut groups[last]
                }
            };
            let (after, before) = between(seen, segment, &tells);
            group.members.push(Member {
                region: seen.region,
                second: seen.second,
                after,
                before,
            });
            group.regions |= 1 << seen.region;
            of[at] = group.version;
            *shown = group.first.max(*shown);
        }
        let mut ambiguous = vec![false; self.count];
        for groups in by_digest.values() {
            mark_ambiguous(groups, &mut ambiguous);
        }
        renumbered(of, &ambiguous, &self.repeated)
    }
}

impl Group {
    /// Whether a sighting may be of this version, in a Region whose latest version was first seen at `shown`.
    fn takes(&self, seen: &Occurrence, shown: Option<u32>) -> bool {
        !self.is_last
            && self.regions >> seen.region & 1 == 0
            && self.first >= shown
            && self.first.is_some() == seen.second.is_some()
            && !is_further(self.first, seen.second, LONGEST)
    }

    fn last(&self) -> Option<u32> {
        self.members.iter().filter_map(|member| member.second).max()
    }

    /// Whether it could have a sighting that was taken for one of another version.
    fn could_have(&self, other: &Member) -> bool {
        let is_close = |member: &Member| match (member.second, other.second) {
            (Some(second), Some(other)) => second.abs_diff(other) <= CLOSE,
            _ => false,
        };
        self.regions >> other.region & 1 == 0
            && self.members.iter().any(is_close)
            && self
                .members
                .iter()
                .all(|member| member.after < other.before && other.after < member.before)
    }
}

fn is_further(first: Option<u32>, second: Option<u32>, most: u32) -> bool {
    match (first, second) {
        (Some(first), Some(second)) => second.abs_diff(first) > most,
        _ => false,
    }
}

/// Marks versions of one digest of which one could have had a sighting of the other.
fn mark_ambiguous(groups: &[Group], ambiguous: &mut [bool]) {
    for (at, group) in groups.iter().enumerate() {
        ambiguous[group.version] |= group.is_far;
        for other in &groups[at + 1..] {
            if is_further(group.last(), other.first, CLOSE) {
                break;
            }
            let is_open = other.members.iter().any(|member| group.could_have(member))
                || group.members.iter().any(|member| other.could_have(member));
            ambiguous[group.version] |= is_open;
            ambiguous[other.version] |= is_open;
        }
    }
}

/// Whether equal contents tell that two sightings are of one version: a write brought a value that others do not have.
fn is_telling(segment: &Segment<'_>, version: VersionIndex, attributes: &Attributes) -> bool {
    let seen = &segment.versions[version].seen;
    let mut records = seen
        .iter()
        .filter_map(|(region, place)| segment.record(*region, *place))
        .peekable();
    let is_shown = records.peek().is_some();
    !is_shown
        || records.any(|(entry, _)| {
            let mut changes = entry.changes.iter();
            changes.any(|change| attributes.is_telling(change))
        })
}

/// The same with the versions numbered without holes.
fn renumbered(mut of: Vec<VersionIndex>, ambiguous: &[bool], repeated: &[bool]) -> Groups {
    let mut numbers = vec![usize::MAX; ambiguous.len()];
    let mut kept = Vec::new();
    for version in &mut of {
        if numbers[*version] == usize::MAX {
            numbers[*version] = kept.len();
            kept.push(ambiguous[*version]);
        }
        *version = numbers[*version];
    }
    Groups {
        of,
        count: kept.len(),
        ambiguous: kept,
        repeated: repeated.to_vec(),
    }
}

/// The places in the order of versions between which a sighting stands: those of the nearest versions before and after it
/// in its chain that other Regions surely show as well.
fn between(seen: &Occurrence, segment: &Segment<'_>, tells: &[bool]) -> (i64, i64) {
    // What was there before the first record comes before everything that a record shows.
    if seen.second.is_none() {
        return (-1, 0);
    }
    let chain = &segment.chains[usize::from(seen.region)];
    let is_shared =
        |version: &VersionIndex| segment.versions[*version].seen.len() > 1 && tells[*version];
    let (earlier, later) = chain.split_at(seen.place as usize);
    let versions = |link: &crate::segment::Link| link.version;
    let after = earlier.iter().rev().map(versions).find(is_shared);
    let before = later[1..].iter().map(versions).find(is_shared);
    (
        after.map_or(0, |version| version as i64),
        before.unwrap_or(segment.versions.len()) as i64,
    )
}

fn stands_twice(mut regions: impl Iterator<Item = RegionIndex>) -> bool {
    let mut known = 0u64;
    regions.any(|region| {
        let bit = 1 << region;
        let is_known = known & bit != 0;
        known |= bit;
        is_known
    })
}
