//! Puts of an item that was read some time before: their content goes back to a version that was replaced since.

use smallvec::SmallVec;

use crate::attributes::Attributes;
use crate::entry::Name;
use crate::evidence::Showing;
use crate::segment::{Segment, VersionIndex};

/// How many versions a put may have missed.
const FURTHEST: u32 = 64;

/// Below this an earlier version explains the contents no better than chance does.
const LEAST: f64 = 4.6;

/// An earlier version on which a version is surely built.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) parent: VersionIndex,
    /// The logarithm of how much likelier that is than that it was built on the version before it.
    pub(crate) log_odds: f64,
}

/// An attribute in which the version differs from the one that it is compared with.
struct Difference {
    name: Name,
    /// In the version compared with.
    old: u32,
    /// In the version.
    new: u32,
}

/// The earlier version of the Region's chain that explains the contents best, if that is better than the version before.
///
/// Going back, each change that the version undid is no longer a difference, and each that it kept becomes one.
pub(crate) fn parent(
    segment: &Segment<'_>,
    made: &Showing<'_>,
    attributes: &Attributes,
) -> Option<Found> {
    let version = segment.link(made.region, made.place).version;
    if segment.versions[version].repeated || made.entry.new == crate::entry::NO_ITEM {
        return None;
    }
    let mut differences: SmallVec<[Difference; 16]> = made
        .entry
        .changes
        .iter()
        .map(|change| Difference {
            name: change.name,
            old: change.old,
            new: change.new,
        })
        .collect();
    let mut log_odds = 0.0;
    let mut best: Option<Found> = None;
    for place in (1..made.place).rev().take(FURTHEST as usize) {
        let Some((undone, before)) = segment.record(made.region, place) else {
            break;
        };
        if undone.old == crate::entry::NO_ITEM || undone.new == crate::entry::NO_ITEM {
            break;
        }
        for change in &undone.changes {
            let share = attributes.change_share(change.name);
            let coincidence = attributes.coincidence(change.name).max(1e-4);
            let at = differences
                .iter()
                .position(|known| known.name == change.name);
            match at {
                // It set the attribute back: no coincidence, if it was built on the earlier version.
                Some(at) if differences[at].new == change.old => {
                    log_odds += ((1.0 - share) / (share * coincidence)).ln();
                    differences.swap_remove(at);
                }
                Some(at) => differences[at].old = change.old,
                // It has the later value: a coincidence, if it was built on the earlier version.
                None => {
                    log_odds += (share * coincidence / (1.0 - share)).ln();
                    differences.push(Difference {
                        name: change.name,
                        old: change.old,
                        new: change.new,
                    });
                }
            }
        }
        // An exact return is an undo: a put of an earlier read brings something of its own.
        if differences.is_empty() {
            return None;
        }
        let better = best.as_ref().is_none_or(|best| log_odds > best.log_odds);
        if better && log_odds > LEAST {
            best = Some(Found {
                parent: before,
                log_odds,
            });
        }
        if log_odds < -20.0 {
            break;
        }
    }
    best
}
