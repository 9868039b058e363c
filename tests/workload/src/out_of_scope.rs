//! Why the stamps do not promise to show a loss.

/// Why a loss is outside of what the stamps promise to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutOfScope {
    /// A hard delete or a purge was on one side.
    Deleted,
    /// The item was created anew on one side, after a delete.
    Recreated,
    /// A PutItem on one side dropped the item's history.
    BlindPut,
    /// A writer on one side does not stamp.
    Unstamped,
    /// The version that displaces the write has not reached the write's own Region yet.
    NotArrived,
}

impl OutOfScope {
    /// A few words for a table.
    pub fn description(self) -> &'static str {
        match self {
            Self::Deleted => "lost to a hard delete or a purge",
            Self::Recreated => "item created anew after a delete",
            Self::BlindPut => "a PutItem dropped the stamps",
            Self::Unstamped => "a writer does not stamp",
            Self::NotArrived => "not replicated back yet",
        }
    }
}
