//! What an item says of its own that stands in for stamps: a version number, a time of change, an origin.
//!
//! Many applications keep such attributes anyway. They say less than stamps: one version number for all Regions, so a loss
//! shows only where the winner's number is not above the loser's. Hence what is found by them is suspected, and counted apart.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::kind::Kind;
use crate::number::Decimal;
use crate::stamp_names::is_region_name;
use crate::verdict::{SuspectedConflict, Verdict};

/// The attributes of version 2017.11.29 of global tables, which DynamoDB itself writes.
/// Source: Amazon DynamoDB Developer Guide, "Legacy global tables", version 2017.11.29.
pub const LEGACY_PREFIX: &str = "aws:rep:";

/// Of these, the one that names the Region of the latest write.
pub const LEGACY_REGION: &str = "aws:rep:updateregion";

/// What one version of an item says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Borrowed<'a> {
    /// The text of its version number.
    pub version: Option<Cow<'a, str>>,
    /// When it was changed, as it stands there: it is compared with another one, and says no more.
    pub updated_at: Option<Cow<'a, str>>,
    /// Where it was changed.
    pub origin: Option<Cow<'a, str>>,
    /// It is marked as deleted.
    pub deleted: bool,
}

/// Judges a MODIFY of the stream of `region` that stamps say nothing of: [`Verdict::SuspectedConflict`],
/// [`Verdict::PossibleConflict`], or none where nothing speaks for a conflict.
///
/// A time that goes back says nothing: the winner is the later one.
pub fn judge_borrowed<'s>(
    old: &Borrowed<'_>,
    new: &'s Borrowed<'_>,
    region: &str,
) -> Option<Verdict<'s>> {
    let (before, after) = (number(&old.version)?, number(&new.version)?);
    let order = after.cmp(&before);
    if order == Ordering::Greater {
        return None;
    }
    let fell = order == Ordering::Less;
    let winner_region = match (origin(old), origin(new)) {
        (Some(from), Some(to)) if from == region && to != region => Some(to),
        (Some(_), Some(_)) => return None,
        (None, _) | (_, None) => None,
    };
    if winner_region.is_none() && !fell {
        match (&old.updated_at, &new.updated_at) {
            (Some(from), Some(to)) if from != to => {}
            (Some(_), Some(_)) => return None,
            // A writer that does not count leaves the number as it is, too.
            (None, _) | (_, None) => return Some(Verdict::PossibleConflict),
        }
    }
    // The item may have been deleted and created again, and then nothing was lost.
    if fell && is_first(&after) {
        return Some(Verdict::PossibleConflict);
    }
    Some(Verdict::SuspectedConflict(SuspectedConflict {
        kind: kind(old, new, &before),
        winner_region,
    }))
}

fn number(text: &Option<Cow<'_, str>>) -> Option<Decimal> {
    text.as_deref().and_then(Decimal::parse)
}

/// An origin that names a Region.
fn origin<'a>(borrowed: &'a Borrowed<'_>) -> Option<&'a str> {
    let origin = borrowed.origin.as_deref()?;
    is_region_name(origin).then_some(origin)
}

/// Whether a version number is what a new item may have.
fn is_first(number: &Decimal) -> bool {
    number.to_u64().is_some_and(|number| number <= 1)
}

fn kind(old: &Borrowed<'_>, new: &Borrowed<'_>, before: &Decimal) -> Kind {
    match (old.deleted, new.deleted) {
        (true, true) => Kind::DeleteDelete,
        (false, true) => Kind::UpdateDelete,
        (true, false) => Kind::DeleteUpdate,
        // The new number is not above the old one, so it is a first one too.
        (false, false) if is_first(before) => Kind::InsertInsert,
        (false, false) => Kind::UpdateUpdate,
    }
}

#[cfg(test)]
mod tests;
