//! Where a version was made and on top of what: each way it may have come about, with its probability.

use smallvec::SmallVec;

use crate::attributes::Attributes;
use crate::clocks::Clocks;
use crate::entry::{Entry, NO_ITEM, Name, Shape};
use crate::ratio::Ratio;
use crate::regions::RegionIndex;
use crate::segment::{Segment, VersionIndex};
use crate::stale;

/// Contents alone never make a finding certain: this is the most that they count for.
const MOST_CONTENT: f64 = 6.5;

/// How likely it is that a second Region deletes the item while the first one's delete is under way, as a logarithm.
const LOG_TWIN_DELETE: f64 = -3.5;

/// What has been learned of the table so far.
#[derive(Debug)]
pub(crate) struct Experience {
    pub(crate) attributes: Attributes,
    pub(crate) clocks: Clocks,
    pub(crate) on_later: OnLater,
    /// Puts of an earlier read, of the writes where one could be told.
    pub(crate) stale: Ratio,
}

impl Experience {
    pub(crate) fn new(regions: usize) -> Self {
        Self {
            attributes: Attributes::default(),
            clocks: Clocks::new(regions),
            on_later: OnLater::default(),
            stale: Ratio::starting_at(1.0, 100.0),
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
    let later = later(segment, &candidates);
    let mut times: SmallVec<[f64; 4]> = candidates
        .iter()
        .map(|showing| likelihood_by_time(showing, &showings, known))
        .collect();
    // Two Regions may both delete an item: the records look as if one delete had reached the other Region.
    let twins = candidates
        .iter()
        .any(|showing| showing.entry.new == NO_ITEM);
    let best = best_of(&times);
    let is_strict = times
        .iter()
        .filter(|time| **time > best + LOG_TWIN_DELETE)
        .count()
        < 2;
    if twins {
        times
            .iter_mut()
            .for_each(|time| *time = time.max(best + LOG_TWIN_DELETE));
    }
    let later = later.filter(|_| !(twins && is_strict));
    let mut ways: Ways = candidates
        .iter()
        .zip(&times)
        .map(|(showing, time)| Way {
            region: showing.region,
            parent: showing.before,
            stale: false,
            probability: time + prior(showing, later, known),
        })
        .collect();
    let log_stale = known.stale.share().ln();
    let mut contents: SmallVec<[f64; 8]> = candidates
        .iter()
        .map(|showing| likelihood_by_content(showing, &showings, known))
        .collect();
    for (at, showing) in candidates.iter().enumerate() {
        if let Some(found) = stale::parent(segment, showing, &known.attributes) {
            contents.push(contents[at] + found.log_odds);
            ways.push(Way {
                parent: found.parent,
                stale: true,
                probability: ways[at].probability + log_stale,
                ..ways[at]
            });
        }
    }
    for (at, showing) in candidates.iter().enumerate() {
        for (parent, arrived) in unseen_returns(segment, showing, version, known) {
            contents.push(contents[at]);
            ways.push(Way {
                parent,
                probability: ways[at].probability + arrived.ln(),
                ..ways[at]
            });
            ways[at].probability += (1.0 - arrived).ln();
        }
    }
    let best = best_of(&contents);
    let needs_stale = best_of(&contents[..candidates.len()]) < best - MOST_CONTENT;
    let least = -MOST_CONTENT + if needs_stale { log_stale } else { 0.0 };
    for (way, content) in ways.iter_mut().zip(&contents) {
        way.probability += (content - best).max(least);
    }
    normalise(&mut ways);
    ways
}

/// Later versions equal to the one that a Region held when the version was made: to arrive there they left no record,
/// since nothing changed. The latest first, each with the probability that it had arrived if no later one had.
///
/// So it is where an item is deleted twice and created in between, or set back to what it was.
fn unseen_returns(
    segment: &Segment<'_>,
    made: &Showing<'_>,
    version: VersionIndex,
    known: &Experience,
) -> SmallVec<[(VersionIndex, f64); 2]> {
    let digest = segment.versions[made.before].digest;
    let between = (made.before + 1..version).rev();
    let equal = between.filter(|later| segment.versions[*later].digest == digest);
    equal
        .filter_map(|later| {
            let showings = showings(segment, later);
            if showings.iter().any(|shown| shown.region == made.region) {
                return None;
            }
            let first = showings.iter().min_by_key(|shown| shown.entry.second)?;
            let age = made.entry.second.checked_sub(first.entry.second)?;
            let arrived = known.clocks.arrived(first.region, made.region, age);
            Some((later, arrived.clamp(0.01, 0.99)))
        })
        .collect()
}

fn best_of(logarithms: &[f64]) -> f64 {
    logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max)
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

/// Whether one of the versions that the Regions held before was the later one, and how long it had been there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Later {
    pub(crate) version: VersionIndex,
    /// A Region shows it after one of the others: not only the clocks say that it is later.
    chained: bool,
    /// Seconds from its first record to the first one of the version in question.
    age: u32,
}

/// The latest of the versions that the Regions held before; none if they held the same, or if the order is not known.
pub(crate) fn later(segment: &Segment<'_>, showings: &[Showing<'_>]) -> Option<Later> {
    let latest = showings.iter().map(|showing| showing.before).max()?;
    let second = |version: VersionIndex| segment.versions[version].first_second;
    let others = || showings.iter().filter(|showing| showing.before != latest);
    others().next()?;
    let comes_after = |earlier: VersionIndex| {
        segment.versions[latest].seen.iter().any(|(region, place)| {
            let seen = &segment.versions[earlier].seen;
            seen.iter()
                .any(|(other, before)| other == region && before < place)
        })
    };
    let chained = others().all(|other| comes_after(other.before));
    if !chained
        && others()
            .any(|other| !comes_after(other.before) && second(other.before) >= second(latest))
    {
        return None;
    }
    let first = showings.iter().map(|showing| showing.entry.second).min()?;
    Some(Later {
        version: latest,
        chained,
        age: first.saturating_sub(second(latest).unwrap_or(0)),
    })
}

/// Of the versions seen in one second by Regions that held different ones before, where contents tell which was built
/// on: the share that was built on the later one. By whether the order is known from a chain, and by the later one's age.
#[derive(Debug)]
pub(crate) struct OnLater([[Ratio; 3]; 2]);

impl Default for OnLater {
    /// A little below a half: a version that has not arrived yet is a little more probable than one that overtook it.
    fn default() -> Self {
        Self([[Ratio::starting_at(1.8, 4.0); 3]; 2])
    }
}

impl OnLater {
    fn at(later: Later) -> (usize, usize) {
        (usize::from(later.chained), later.age.min(2) as usize)
    }

    pub(crate) fn add(&mut self, later: Later, on_later: bool) {
        let (chained, age) = Self::at(later);
        self.0[chained][age].add(on_later);
    }

    fn share(&self, later: Later) -> f64 {
        let (chained, age) = Self::at(later);
        // Without a vote of the contents a finding is never more than possible.
        self.0[chained][age].share().clamp(0.02, 0.98)
    }
}

/// How likely the version was made on this one of several, whatever its contents, as a logarithm.
fn prior(made: &Showing<'_>, later: Option<Later>, known: &Experience) -> f64 {
    match later {
        None => 0.0,
        Some(later) if later.version == made.before => known.on_later.share(later).ln(),
        Some(later) => (1.0 - known.on_later.share(later)).ln(),
    }
}
