//! Jumps: the item's latest change was not a write made here, and the Region's own pair went elsewhere.
//!
//! From three Regions on, two images alone cannot always tell whether a version has seen a write: a count is used again after
//! a loss, and the clocks of one Region may disagree. One thing more settles nearly all of it: where the item's latest jump
//! left the Region's own pair. Has the pair moved since, then the Region has written since, and a version that went
//! on from what was there before the jump cannot have seen that.

use crate::judge::{Change, Tolerance, advanced, latest_foreign_advance, saw};
use crate::stamps::{Stamp, Stamps};

/// Where a jump left the Region's own pair. None where the item then had no pair of that Region, or was gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landing(pub Option<Stamp>);

/// Where a change left the own pair of `region`, if the change is a jump: it is no write made there just now, and the pair is
/// not what it was.
///
/// What dropped or raced stamps within the Region (`local_overwrite`) is a write made there, and no jump.
pub fn jump(change: Change<'_, '_>, region: &str) -> Option<Landing> {
    match change {
        Change::None => None,
        Change::Insert { new } => {
            let own = new.get(region)?;
            let has_foreign = new.len() > 1;
            has_foreign.then_some(Landing(Some(own)))
        }
        Change::Modify { old, new } => {
            let (before, after) = (old.get(region), new.get(region));
            let is_written_here =
                advanced(before, after) && latest_foreign_advance(old, new, region).is_none();
            (before != after && !is_written_here).then_some(Landing(after))
        }
        Change::Remove { old, .. } => old.get(region).map(|_| Landing(None)),
    }
}

/// Whether the verdict on a change depends on the item's latest jump before it: a foreign version arrived whose count for
/// `region` went on, and whose time does not rule out that it saw the Region's latest write.
///
/// With two Regions it never does: what one of them loses to the other, the other has never taken.
pub fn depends_on_jump(change: Change<'_, '_>, region: &str, tolerance: Tolerance) -> bool {
    match change {
        Change::Modify { old, new } => {
            count_went_on(old, new, region)
                && latest_foreign_advance(old, new, region).is_some()
                && saw(old.get(region), new.get(region), tolerance)
        }
        Change::None | Change::Insert { .. } | Change::Remove { .. } => false,
    }
}

/// Whether the Region wrote after the jump that landed here, and the new version goes on from another of its writes.
pub(crate) fn hides_a_write(
    old: &Stamps<'_>,
    new: &Stamps<'_>,
    region: &str,
    latest_jump: Option<Landing>,
) -> bool {
    count_went_on(old, new, region)
        && latest_jump.is_some_and(|Landing(landing)| landing != old.get(region))
}

fn count_went_on(old: &Stamps<'_>, new: &Stamps<'_>, region: &str) -> bool {
    let counts = old.get(region).zip(new.get(region));
    counts.is_some_and(|(old, new)| old.n.is_some() && new.n > old.n)
}

#[cfg(test)]
mod tests;
