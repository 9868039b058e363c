//! What the two sides of a conflict did, and how sure it is.

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::stamps::Stamps;

/// What the two sides of a conflict did, loser first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
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
    pub const ALL: &[Kind] = Kind::VARIANTS;

    /// The name in the ledger, the metrics and the logs.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The first kind that fits a loser and a winner.
    pub(crate) fn from_sides(loser: &Stamps<'_>, winner: &Stamps<'_>) -> Self {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Confidence {
    /// The loser was stamped in full and the winner kept the item's history.
    Certain,
    /// A part of the stamps is missing, or the winner dropped the item's history.
    Probable,
}

impl Confidence {
    /// The name in the ledger and the logs.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_ledger() {
        let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(
            kinds,
            [
                "overwrite",
                "delete_delete",
                "update_delete",
                "delete_update",
                "insert_insert",
                "update_update",
            ]
        );
        let confidences = [Confidence::Certain, Confidence::Probable].map(Confidence::name);
        assert_eq!(confidences, ["certain", "probable"]);
    }
}
