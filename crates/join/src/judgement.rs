//! Which versions of an item were lost, and to which.

use smallvec::SmallVec;

use crate::entry::NO_ITEM;
use crate::evidence::{self, Experience, Way, Ways};
use crate::finding::{Class, Confidence};
use crate::regions::RegionIndex;
use crate::segment::{Segment, VersionIndex};
use crate::stale;

/// A write is certainly lost if it survived with less than this probability.
const CERTAIN: f64 = 0.001;
/// It is likely lost below this one.
const LIKELY: f64 = 0.01;
/// Of two writes one of which was surely lost both are possible.
const POSSIBLE: f64 = 0.501;

/// A Region may be where a write was made from this probability on.
const MAY_BE: f64 = 0.05;

/// A version that no later one descends from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lost {
    pub(crate) version: VersionIndex,
    pub(crate) confidence: Confidence,
    pub(crate) class: Class,
    /// Where it was made, the most probable Region first.
    pub(crate) regions: SmallVec<[RegionIndex; 2]>,
    /// The first version after it in its Region's chain that does not descend from it.
    pub(crate) won: VersionIndex,
    /// Where that was made.
    pub(crate) won_in: RegionIndex,
}

/// What the streams say of a segment's versions.
#[derive(Debug)]
pub(crate) struct Judgement<'s, 'e> {
    segment: &'s Segment<'e>,
    ways: Vec<Ways>,
}

impl<'s, 'e> Judgement<'s, 'e> {
    pub(crate) fn new(segment: &'s Segment<'e>, known: &Experience) -> Self {
        let versions = 0..segment.versions.len();
        Self {
            segment,
            ways: versions
                .map(|version| evidence::ways(segment, version, known))
                .collect(),
        }
    }

    /// The ways in which a version may have come about; none for one that was there before.
    pub(crate) fn ways(&self, version: VersionIndex) -> &[Way] {
        &self.ways[version]
    }

    /// Whether a version after this one may be built on one before it: a put of an earlier read.
    pub(crate) fn is_bypassed(&self, version: VersionIndex) -> bool {
        self.ways[version + 1..]
            .iter()
            .flatten()
            .any(|way| way.parent < version && way.probability > LIKELY)
    }

    /// The writes that are lost, where Regions end on these versions of equal content: the latest is the one that won.
    pub(crate) fn lost(&self, last: &[VersionIndex]) -> Vec<Lost> {
        let Some(end) = last.iter().max() else {
            return Vec::new();
        };
        let survival = self.survival(*end);
        let candidates =
            (0..*end).filter(|version| survival[*version] < POSSIBLE && !last.contains(version));
        candidates
            .filter_map(|version| self.lost_version(version, survival[version]))
            .collect()
    }

    /// How probable it is of each version that the last one descends from it.
    ///
    /// A version has one parent. So the ways in which one survives exclude each other, and their probabilities add up.
    fn survival(&self, last: VersionIndex) -> Vec<f64> {
        let mut survival = vec![0.0; self.ways.len()];
        survival[last] = 1.0;
        for version in (0..self.ways.len()).rev() {
            let here = survival[version];
            for way in &self.ways[version] {
                survival[way.parent] += here * way.probability;
            }
        }
        survival
    }

    fn lost_version(&self, version: VersionIndex, survival: f64) -> Option<Lost> {
        let ways = &self.ways[version];
        let made = ways.first()?;
        let seen = &self.segment.versions[version];
        let (_, place) = seen
            .seen
            .iter()
            .find(|(region, _)| *region == made.region)?;
        let (entry, _) = self.segment.record(made.region, *place)?;
        // Time to live is nobody's write.
        if entry.by_time_to_live {
            return None;
        }
        let chain = &self.segment.chains[usize::from(made.region)];
        let after = chain[*place as usize + 1..].iter();
        let won = after
            .map(|link| link.version)
            .find(|later| !self.descends(*later, version))?;
        let winner = self.ways[won].first();
        let by_chance = match survival {
            _ if survival < CERTAIN => Confidence::Certain,
            _ if survival < LIKELY => Confidence::Likely,
            _ => Confidence::Possible,
        };
        // Where sightings could have been brought together in another way, so could the versions.
        let mut around = made.parent.min(version)..=won.max(version);
        let most = match around.any(|version| self.segment.versions[version].repeated) {
            true => Confidence::Possible,
            false => Confidence::Certain,
        };
        let is_deleted = self.segment.versions[won].digest == NO_ITEM;
        Some(Lost {
            version,
            confidence: by_chance.max(most),
            class: match winner {
                Some(way) if way.stale && !is_deleted => Class::StalePut,
                _ => Class::LostWrite,
            },
            regions: self.regions(version),
            won,
            won_in: winner.map_or(made.region, |way| way.region),
        })
    }

    /// The Regions in which a version may have been made, the most probable first.
    pub(crate) fn regions(&self, version: VersionIndex) -> SmallVec<[RegionIndex; 2]> {
        let mut regions = SmallVec::new();
        for way in &self.ways[version] {
            let is_first = regions.is_empty();
            if (is_first || way.probability >= MAY_BE) && !regions.contains(&way.region) {
                regions.push(way.region);
            }
        }
        regions
    }

    /// Whether the most probable way leads from a later version back to an earlier one.
    fn descends(&self, later: VersionIndex, earlier: VersionIndex) -> bool {
        let mut version = later;
        while version > earlier {
            match self.ways[version].first() {
                Some(way) => version = way.parent,
                None => return false,
            }
        }
        version == earlier
    }
}

/// Learns from the versions whose origin their contents tell.
pub(crate) fn learn(segment: &Segment<'_>, upto: VersionIndex, known: &mut Experience) {
    for version in 0..=upto {
        let showings = evidence::showings(segment, version);
        if segment.versions[version].repeated || showings.is_empty() {
            continue;
        }
        learn_returns(segment, &showings, known);
        let Some(first) = showings.first() else {
            continue;
        };
        let by_contents = match evidence::stamped_in(&showings) {
            Some(region) => Some(region),
            None if showings.iter().all(|other| other.before == first.before) => None,
            None => told_by_contents(segment, &showings, known),
        };
        let Some(made) =
            by_contents.and_then(|region| showings.iter().find(|showing| showing.region == region))
        else {
            continue;
        };
        let others = showings.iter().filter(|other| other.region != made.region);
        known.clocks.learn(
            (made.region, made.entry.second),
            others
                .clone()
                .map(|other| (other.region, other.entry.second)),
        );
        let rivals: SmallVec<[evidence::Showing<'_>; 4]> = showings
            .iter()
            .filter(|showing| showing.entry.second == made.entry.second)
            .copied()
            .collect();
        if let Some(later) = evidence::later(segment, &rivals) {
            known.on_later.add(later, later.version == made.before);
        }
    }
}

/// The Region that the contents alone name, beyond reasonable doubt.
fn told_by_contents(
    segment: &Segment<'_>,
    showings: &[evidence::Showing<'_>],
    known: &Experience,
) -> Option<RegionIndex> {
    const DECISIVE: f64 = 5.0;
    let likelihoods = showings.iter().map(|showing| {
        let likelihood = evidence::likelihood_by_content(showing, showings, known);
        (likelihood, showing)
    });
    let mut likelihoods: SmallVec<[_; 4]> = likelihoods.collect();
    likelihoods.sort_by(|a, b| b.0.total_cmp(&a.0));
    let ((most, made), rival) = (likelihoods.first()?, likelihoods.get(1));
    let is_decisive = rival.is_none_or(|(other, _)| most - other > DECISIVE);
    // A put of an earlier read looks as if it had been made wherever that is still the latest version.
    let is_put = || stale::parent(segment, made, &known.attributes).is_some();
    (is_decisive && !is_put()).then_some(made.region)
}

/// Where a version was strictly first seen, which of its changes brought back a value of the item.
fn learn_returns(
    segment: &Segment<'_>,
    showings: &[evidence::Showing<'_>],
    known: &mut Experience,
) {
    const BACK: u32 = 4;
    let mut by_second: SmallVec<[_; 4]> = showings.iter().collect();
    by_second.sort_by_key(|showing| showing.entry.second);
    let strict = match by_second.as_slice() {
        [_] => true,
        [first, second, ..] => first.entry.second < second.entry.second,
        [] => false,
    };
    let Some(made) = by_second.first().filter(|_| strict) else {
        return;
    };
    let earlier = || {
        let places = (1..made.place).rev().take(BACK as usize);
        places.map_while(|place| Some(segment.record(made.region, place)?.0))
    };
    // Only where there is something to return to.
    if made.entry.old == NO_ITEM || made.entry.new == NO_ITEM || earlier().next().is_none() {
        return;
    }
    let changes = made.entry.changes.iter().map(|change| {
        let had_it = earlier().any(|entry| {
            entry
                .change(change.name)
                .is_some_and(|earlier| earlier.old == change.new)
        });
        (change, had_it)
    });
    known.attributes.learn_write(changes);
    let put = stale::parent(segment, made, &known.attributes);
    known.stale.add(put.is_some());
    for change in &made.entry.changes {
        if let crate::entry::Shape::Region(named) = change.shape {
            known
                .attributes
                .learn_origin(change.name, named, made.region);
        }
    }
}
