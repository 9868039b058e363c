//! Where a version was made and on top of what: each way it may have come about, with its probability.

use smallvec::SmallVec;

use crate::attributes::Attributes;
use crate::clocks::Clocks;
use crate::entry::{Entry, Name, Shape};
use crate::ratio::Ratio;
use crate::regions::RegionIndex;
use crate::segment::{Segment, VersionIndex};
use crate::stale;

/// Contents alone never make a finding certain: this is the most that they count for.
const MOST_CONTENT: f64 = 6.5;

/// What has been learned of the table so far.
#[derive(Debug)]
pub(crate) struct Experience {
    pub(crate) attributes: Attributes,
    pub(crate) clocks: Clocks,
    /// Of the versions seen in one second by Regions that held versions of which one came after the other, where
    /// contents tell which was built on: the share that was built on the later one.
    pub(crate) on_later: Ratio,
}

impl Experience {
    pub(crate) fn new(regions: usize) -> Self {
        Self {
            attributes: Attributes::default(),
            clocks: Clocks::new(regions),
            on_later: Ratio::default(),
        }
    }
}

/// One way in which a version may have come about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Way {
    /// Where it was made.
    pub(crate) region: RegionIndex,
    /// What it was built on.
    pub(crate) parent: VersionIndex,
    /// It was built on a version that its Region had already replaced.
    pub(crate) stale: bool,
    pub(crate) probability: f64,
}

/// All ways, the most probable first.
pub(crate) type Ways = SmallVec<[Way; 4]>;

/// A Region's record of the version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Showing<'e> {
    pub(crate) region: RegionIndex,
    pub(crate) place: u32,
    pub(crate) entry: &'e Entry,
    pub(crate) before: VersionIndex,
}

/// The records that show a version; none for one that was there before the first record.
pub(crate) fn showings<'e>(
    segment: &Segment<'e>,
    version: VersionIndex,
) -> SmallVec<[Showing<'e>; 4]> {
    let mut showings = SmallVec::new();
    for (region, place) in &segment.versions[version].seen {
        match segment.record(*region, *place) {
            Some((entry, before)) => showings.push(Showing {
                region: *region,
                place: *place,
                entry,
                before,
            }),
            // Older than the segment, or hidden by a gap.
            None => return SmallVec::new(),
        }
    }
    showings
}

/// The ways in which a version may have come about; none for one that was there before.
pub(crate) fn ways(segment: &Segment<'_>, version: VersionIndex, known: &Experience) -> Ways {
    let showings = showings(segment, version);
    let candidates = candidates(&showings);
    let mut ways: Ways = candidates
        .iter()
        .map(|showing| Way {
            region: showing.region,
            parent: showing.before,
            stale: false,
            probability: likelihood_by_time(showing, &showings, known)
                + prior(segment, showing, &showings, known),
        })
        .collect();
    let contents: SmallVec<[f64; 4]> = candidates
        .iter()
        .map(|showing| likelihood_by_content(showing, &showings, known))
        .collect();
    let best = contents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for (way, content) in ways.iter_mut().zip(&contents) {
        way.probability += (content - best).max(-MOST_CONTENT);
    }
    let mut further = Ways::new();
    for (way, showing) in ways.iter().zip(&candidates) {
        if let Some(found) = stale::parent(segment, showing, &known.attributes) {
            further.push(Way {
                parent: found.parent,
                stale: true,
                probability: way.probability + found.log_odds.clamp(-MOST_CONTENT, MOST_CONTENT),
                ..*way
            });
        }
    }
    ways.extend(further);
    normalise(&mut ways);
    ways
}

/// Turns logarithms into probabilities that add up to 1, the largest first.
fn normalise(ways: &mut Ways) {
    let best = ways
        .iter()
        .map(|way| way.probability)
        .fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for way in ways.iter_mut() {
        way.probability = (way.probability - best).exp();
        sum += way.probability;
    }
    for way in ways.iter_mut() {
        way.probability /= sum;
    }
    ways.sort_by(|a, b| {
        b.probability
            .total_cmp(&a.probability)
            .then(a.region.cmp(&b.region))
    });
}

/// The Regions in which the version may have been made.
fn candidates<'e>(showings: &SmallVec<[Showing<'e>; 4]>) -> SmallVec<[Showing<'e>; 4]> {
    let only = |region: RegionIndex| {
        showings
            .iter()
            .filter(move |showing| showing.region == region)
    };
    // Time to live leaves its mark only where it removed the item.
    if let Some(expired) = showings
        .iter()
        .find(|showing| showing.entry.by_time_to_live)
    {
        return only(expired.region).copied().collect();
    }
    if let Some(origin) = stamped_in(showings) {
        return only(origin).copied().collect();
    }
    showings.clone()
}

/// The Region in which a stamped version was made: the one of its latest stamp, if the write itself brought it.
pub(crate) fn stamped_in(showings: &[Showing<'_>]) -> Option<RegionIndex> {
    let stamp = showings.first()?.entry.stamp?;
    let all_new = showings
        .iter()
        .all(|showing| showing.entry.stamp == Some(stamp));
    let origin = stamp.region?;
    let is_shown = showings.iter().any(|showing| showing.region == origin);
    (all_new && is_shown).then_some(origin)
}

/// How likely the seconds are if the version was made here, as a logarithm.
fn likelihood_by_time(made: &Showing<'_>, showings: &[Showing<'_>], known: &Experience) -> f64 {
    let others = showings.iter().filter(|other| other.region != made.region);
    others
        .map(|other| {
            known.clocks.log_likelihood(
                (made.region, made.entry.second),
                (other.region, other.entry.second),
            )
        })
        .sum()
}

/// How likely the version's contents are if it was made here, as a logarithm that leaves out what is the same wherever
/// it was made.
///
/// Only attributes in which the versions before differ count. If the write set one to the very value that another
/// Region's version before it had, that is a coincidence; that the write left it alone is none.
pub(crate) fn likelihood_by_content(
    made: &Showing<'_>,
    showings: &[Showing<'_>],
    known: &Experience,
) -> f64 {
    let mut names: SmallVec<[Name; 16]> = showings
        .iter()
        .flat_map(|showing| showing.entry.changes.iter().map(|change| change.name))
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut sum = 0.0;
    for name in names {
        let share = known.attributes.change_share(name);
        let is_inherited = showings
            .iter()
            .any(|showing| showing.entry.change(name).is_none());
        let factor = match made.entry.change(name) {
            None => 1.0 - share,
            Some(change) => {
                let step = known.attributes.by_one_share(name).map(|by_one| {
                    if change.step == 1 {
                        by_one
                    } else {
                        (1.0 - by_one) / 4.0
                    }
                });
                let origin = match change.shape {
                    Shape::Region(named) => {
                        known.attributes.wrong_origin_share(name).map(|wrong| {
                            if named == made.region {
                                1.0 - wrong
                            } else {
                                wrong
                            }
                        })
                    }
                    Shape::Opaque | Shape::Integer | Shape::Time => None,
                };
                let value = match (step.or(origin), is_inherited) {
                    (Some(likelihood), true) => likelihood.max(known.attributes.coincidence(name)),
                    (Some(likelihood), false) => likelihood,
                    (None, true) => known.attributes.coincidence(name),
                    (None, false) => 1.0,
                };
                share * value
            }
        };
        sum += factor.max(1e-9).ln();
    }
    sum
}

/// Whether the version before this showing comes after the one before that, or before it, in one of both chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Later,
    Earlier,
    Unknown,
}

pub(crate) fn order(segment: &Segment<'_>, this: &Showing<'_>, that: &Showing<'_>) -> Order {
    let shows_before = |version: VersionIndex, showing: &Showing<'_>| {
        let seen = &segment.versions[version].seen;
        seen.iter()
            .any(|(region, place)| *region == showing.region && *place < showing.place)
    };
    match (
        shows_before(that.before, this),
        shows_before(this.before, that),
    ) {
        (true, false) => Order::Later,
        (false, true) => Order::Earlier,
        _ => Order::Unknown,
    }
}

/// How likely the version was made on the later of two versions, whatever its contents, as a logarithm.
fn prior(
    segment: &Segment<'_>,
    made: &Showing<'_>,
    showings: &[Showing<'_>],
    known: &Experience,
) -> f64 {
    let on_later = known.on_later.share();
    let others = showings
        .iter()
        .filter(|other| other.region != made.region && other.before != made.before);
    others
        .map(|other| match order(segment, made, other) {
            Order::Later => on_later.ln(),
            Order::Earlier => (1.0 - on_later).ln(),
            Order::Unknown => 0.5f64.ln(),
        })
        .sum()
}
