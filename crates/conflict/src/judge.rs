//! The rules of the specification, section 3: from the stamps before and after a change to a verdict.

use crate::jump::{self, Landing};
use crate::kind::{Confidence, Kind};
use crate::stamps::{Stamp, Stamps};
use crate::verdict::{Conflict, ReplicatedWrite, Verdict};

/// How far the clocks of one Region's writers may lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    micros: u64,
}

impl Tolerance {
    /// A tolerance in milliseconds.
    pub fn from_millis(millis: u32) -> Self {
        Self {
            micros: u64::from(millis) * 1_000,
        }
    }
}

impl Default for Tolerance {
    /// 100 ms.
    fn default() -> Self {
        Self::from_millis(100)
    }
}

/// The stamps before and after a change, by the name of the stream event.
#[derive(Debug, Clone, Copy)]
pub enum Change<'s, 'd> {
    /// The record says that the item changed, and both its images are equal.
    None,
    /// The replica had no such item.
    Insert {
        /// Stamps of the new image.
        new: &'s Stamps<'d>,
    },
    /// The replica's item was replaced.
    Modify {
        /// Stamps of the old image.
        old: &'s Stamps<'d>,
        /// Stamps of the new image.
        new: &'s Stamps<'d>,
    },
    /// The replica's item was removed.
    Remove {
        /// Stamps of the old image.
        old: &'s Stamps<'d>,
        /// Time to live removed it: the record says so, or the item's expiry time had passed.
        expired: bool,
    },
}

/// Judges one record of the stream of `region` by its images alone.
pub fn judge<'s>(change: Change<'s, '_>, region: &str, tolerance: Tolerance) -> Verdict<'s> {
    judge_after(change, region, tolerance, None)
}

/// Judges one record of the stream of `region` by its images and where the item's latest jump before it landed, as far as
/// that is known. It matters only where [`depends_on_jump`](crate::depends_on_jump) says so.
///
/// What it knows of a jump only adds conflicts: lost memory costs nothing but what the memory would have found.
pub fn judge_after<'s>(
    change: Change<'s, '_>,
    region: &str,
    tolerance: Tolerance,
    latest_jump: Option<Landing>,
) -> Verdict<'s> {
    match change {
        Change::None => Verdict::NoWrite,
        Change::Insert { new } => judge_insert(new, region),
        Change::Modify { old, new } => judge_modify(old, new, region, tolerance, latest_jump),
        Change::Remove { expired: true, .. } => Verdict::Expired,
        Change::Remove { old, .. } if old.deleted => Verdict::Purged,
        Change::Remove { .. } => Verdict::HardDelete,
    }
}

fn judge_insert<'s>(new: &'s Stamps<'_>, region: &str) -> Verdict<'s> {
    if new.is_empty() {
        return Verdict::Unstamped;
    }
    let nothing = Stamps::default();
    let Some((origin, foreign)) = latest_foreign_advance(&nothing, new, region) else {
        return Verdict::Local;
    };
    match new.get(region) {
        None => Verdict::Replicated(ReplicatedWrite {
            origin,
            written_at: foreign.t,
            returned_writes: 0,
        }),
        Some(own) if foreign.time() > own.time() => Verdict::Resurrection,
        Some(_) => Verdict::Local,
    }
}

fn judge_modify<'s>(
    old: &Stamps<'_>,
    new: &'s Stamps<'_>,
    region: &str,
    tolerance: Tolerance,
    latest_jump: Option<Landing>,
) -> Verdict<'s> {
    if new.is_empty() || new.same_pairs(old) {
        return Verdict::Unstamped;
    }
    if let Some((origin, foreign)) = latest_foreign_advance(old, new, region) {
        let images_tell = !saw(old.get(region), new.get(region), tolerance);
        if images_tell || jump::hides_a_write(old, new, region, latest_jump) {
            let conflict = conflict(old, new, region, origin, foreign);
            return Verdict::Conflict(if images_tell {
                conflict
            } else {
                // Puts of what was read long ago and writers that do not stamp can look the same.
                Conflict {
                    confidence: Confidence::Probable,
                    ..conflict
                }
            });
        }
        return Verdict::Replicated(ReplicatedWrite {
            origin,
            // A write that was only counted, as in a transaction whose time another process would not know, left the
            // time of the write before it.
            written_at: foreign
                .t
                .filter(|_| old.get(origin).and_then(|before| before.t) != foreign.t),
            returned_writes: returned_writes(old, new, region),
        });
    }
    if !advanced(old.get(region), new.get(region)) {
        return Verdict::StaleOverwrite;
    }
    let counts = |stamps: &Stamps<'_>| stamps.get(region).unwrap_or_default().count();
    if counts(new) <= counts(old) || dropped_foreign_stamps(old, new, region) {
        return Verdict::LocalOverwrite;
    }
    Verdict::Local
}

/// The conflict between two versions in the stream of `region`, won by `origin` with the pair `winner`.
fn conflict<'s>(
    old: &Stamps<'_>,
    new: &Stamps<'_>,
    region: &str,
    origin: &'s str,
    winner: Stamp,
) -> Conflict<'s> {
    let kind = Kind::from_sides(old, new);
    let lost = old.get(region).unwrap_or_default();
    let kept = new.get(region).unwrap_or_default();
    let whole = lost.n.is_some() && lost.t.is_some();
    Conflict {
        kind,
        confidence: if whole && kind != Kind::Overwrite {
            Confidence::Certain
        } else {
            Confidence::Probable
        },
        winner_region: origin,
        winner_written_at: winner.t,
        loser_written_at: lost.t,
        lost_writes: lost.count().saturating_sub(kept.count()).max(1),
        returned_writes: returned_writes(old, new, region),
    }
}

/// How many of the Region's writes came back that an earlier conflict had lost.
fn returned_writes(old: &Stamps<'_>, new: &Stamps<'_>, region: &str) -> u64 {
    let counts = |stamps: &Stamps<'_>| stamps.get(region).unwrap_or_default().count();
    counts(new).saturating_sub(counts(old))
}

/// Whether a Region's pair advanced from `old` to `new`.
pub(crate) fn advanced(old: Option<Stamp>, new: Option<Stamp>) -> bool {
    match (old, new) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(old), Some(new)) => new.count() > old.count() || new.time() > old.time(),
    }
}

/// Whether a version with the pair `new` had seen the writes that the pair `old` of the same Region stands for.
///
/// A count alone is used again after a loss, and a time alone fails where the clocks of one Region disagree: so the
/// times must agree where the counts do, and may lie back by no more than the tolerance where the count went on.
pub(crate) fn saw(old: Option<Stamp>, new: Option<Stamp>, tolerance: Tolerance) -> bool {
    let Some(old) = old else { return true };
    let Some(new) = new else { return false };
    let count_went_on = match (old.n, new.n) {
        (None, _) => true,
        (Some(_), None) => return false,
        (Some(old), Some(new)) if new < old => return false,
        (Some(old), Some(new)) => new > old,
    };
    match (old.t, new.t) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) if count_went_on => new.saturating_add(tolerance.micros) >= old,
        (Some(old), Some(new)) => new == old,
    }
}

/// The foreign advanced Region with the latest time; on a tie the smaller name.
pub(crate) fn latest_foreign_advance<'s>(
    old: &Stamps<'_>,
    new: &'s Stamps<'_>,
    region: &str,
) -> Option<(&'s str, Stamp)> {
    let mut latest: Option<(&str, Stamp)> = None;
    for (foreign, stamp) in new.iter() {
        if foreign == region || !advanced(old.get(foreign), Some(stamp)) {
            continue;
        }
        // Regions come in order of name, so the first of equal times has the smaller one.
        if latest.is_none_or(|(_, latest)| stamp.time() > latest.time()) {
            latest = Some((foreign, stamp));
        }
    }
    latest
}

/// Whether a foreign Region's pair is missing from `new`, or its count fell.
fn dropped_foreign_stamps(old: &Stamps<'_>, new: &Stamps<'_>, region: &str) -> bool {
    old.iter()
        .filter(|(foreign, _)| *foreign != region)
        .any(|(foreign, old)| new.get(foreign).is_none_or(|new| new.count() < old.count()))
}

#[cfg(test)]
mod tests;
