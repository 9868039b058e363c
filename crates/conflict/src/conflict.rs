//! A conflict: what was lost, to whom, and how sure that is.

use crate::stamps::{Stamp, Stamps};
use crate::verdict::returned_writes;

/// A write of this Region was replaced by a version that had not seen it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict<'a> {
    /// What the two sides did.
    pub kind: Kind,
    /// How sure it is that a write was lost.
    pub confidence: Confidence,
    /// The Region whose version won.
    pub winner_region: &'a str,
    /// When the winner was written, in epoch microseconds by its writer's clock.
    pub winner_written_at: Option<u64>,
    /// When the loser was written, in epoch microseconds by its writer's clock.
    pub loser_written_at: Option<u64>,
    /// How many writes of this Region are missing from the winner: a lower bound, at least 1.
    ///
    /// From three Regions on a write can be lost, return inside a later winner and be lost again, so the sum over
    /// conflicts is not a count of distinct writes.
    pub lost_writes: u64,
    /// How many writes of this Region came back that an earlier conflict had lost.
    pub returned_writes: u64,
}

impl<'a> Conflict<'a> {
    /// The conflict between two versions in the stream of `region`, won by `origin` with the pair `winner`.
    pub(crate) fn between(
        old: &Stamps<'_>,
        new: &Stamps<'_>,
        region: &str,
        origin: &'a str,
        winner: Stamp,
    ) -> Self {
        let kind = Kind::of(old, new);
        let lost = old.get(region).unwrap_or_default();
        let kept = new.get(region).unwrap_or_default();
        let whole = lost.n.is_some() && lost.t.is_some();
        Self {
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
}

/// What the two sides of a conflict did, loser first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The winner dropped the item's history, so it may have seen the loser and not say so.
    Overwrite,
    /// Both marked the item as deleted.
    DeleteDelete,
    /// An update was lost to a delete.
    UpdateDelete,
    /// A delete was lost to an update.
    DeleteUpdate,
    /// Both created the item.
    InsertInsert,
    /// Both changed the item.
    UpdateUpdate,
}

impl Kind {
    /// Every kind, in the order in which the first that fits is taken.
    pub const ALL: [Kind; 6] = [
        Kind::Overwrite,
        Kind::DeleteDelete,
        Kind::UpdateDelete,
        Kind::DeleteUpdate,
        Kind::InsertInsert,
        Kind::UpdateUpdate,
    ];

    /// The name in the ledger, the metrics and the logs.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Overwrite => "overwrite",
            Kind::DeleteDelete => "delete_delete",
            Kind::UpdateDelete => "update_delete",
            Kind::DeleteUpdate => "delete_update",
            Kind::InsertInsert => "insert_insert",
            Kind::UpdateUpdate => "update_update",
        }
    }

    /// The first kind that fits a loser and a winner.
    fn of(loser: &Stamps<'_>, winner: &Stamps<'_>) -> Self {
        if dropped_history(loser, winner) {
            return Kind::Overwrite;
        }
        match (loser.deleted, winner.deleted) {
            (true, true) => Kind::DeleteDelete,
            (false, true) => Kind::UpdateDelete,
            (true, false) => Kind::DeleteUpdate,
            (false, false) if loser.iter().all(|(region, _)| winner.get(region).is_none()) => {
                Kind::InsertInsert
            }
            (false, false) => Kind::UpdateUpdate,
        }
    }
}

/// Whether the winner started the item's history anew: a PutItem that did not carry the stamps.
fn dropped_history(loser: &Stamps<'_>, winner: &Stamps<'_>) -> bool {
    let reset = winner.reset.is_some() && winner.reset != loser.reset;
    let mut pairs = winner.iter();
    let first_write_over_older = match (pairs.next(), pairs.next()) {
        (Some((region, only)), None) => only.n == Some(1) && loser.get(region).is_some(),
        _ => false,
    };
    reset || first_write_over_older
}

/// How sure a conflict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// The loser was stamped in full and the winner kept the item's history.
    Certain,
    /// A part of the stamps is missing, or the winner dropped the item's history.
    Probable,
}

impl Confidence {
    /// The name in the ledger and the logs.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Probable => "probable",
        }
    }
}
