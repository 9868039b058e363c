//! What a record says about last writer wins: the verdicts of the specification, section 3.

use strum::{IntoStaticStr, VariantNames};

use crate::kind::{Confidence, Kind};

/// What a record says about last writer wins.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Verdict<'a> {
    /// The writer did not stamp: nothing can be said.
    Unstamped,
    /// A foreign version replaced one that it had not seen: a write of this Region was lost.
    Conflict(Conflict<'a>),
    /// A foreign version arrived that had seen all of this Region's writes.
    Replicated(ReplicatedWrite<&'a str>),
    /// A write made in this Region.
    Local,
    /// A PutItem in this Region dropped or raced the stamps.
    LocalOverwrite,
    /// An unstamped write elsewhere won, or an old version was put back.
    StaleOverwrite,
    /// The item was deleted here, and a concurrent update elsewhere brought it back.
    Resurrection,
    /// Time to live removed the item.
    Expired,
    /// An item that was marked as deleted was removed.
    Purged,
    /// An item was removed by DeleteItem. A concurrent local update may have been lost with it; the stream cannot tell.
    HardDelete,
    /// The writer did not stamp, and what the item says of its own speaks for a conflict.
    SuspectedConflict(SuspectedConflict<'a>),
    /// The writer did not stamp, and what the item says of its own does not rule a conflict out.
    PossibleConflict,
    /// Nothing changed. DynamoDB writes no such record; emulators do, and so does a table of version 2017.11.29.
    NoWrite,
}

impl Verdict<'_> {
    /// Every verdict's name.
    pub const NAMES: &'static [&'static str] = Self::VARIANTS;

    /// The name that the specification, the logs and the command line use.
    pub fn name(&self) -> &'static str {
        self.into()
    }
}

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

/// A write of this Region may have been replaced by a version that had not seen it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspectedConflict<'a> {
    /// What the two sides did.
    pub kind: Kind,
    /// The Region whose version won, if the item names it.
    pub winner_region: Option<&'a str>,
}

/// A version that came from another Region, which `R` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicatedWrite<R> {
    /// The Region it came from.
    pub origin: R,
    /// When it was written there, in epoch microseconds. None if it has no time, or only that of the write before it.
    pub written_at: Option<u64>,
    /// Writes of this Region that had been lost and came back inside it.
    pub returned_writes: u64,
}
