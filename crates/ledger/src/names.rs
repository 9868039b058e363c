//! The names that an entry holds: kind, confidence, status.

use std::fmt;
use std::str::FromStr;

use conflict::Kind;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum EntryKind {
    /// A conflict; see [`Kind::Overwrite`].
    Overwrite,
    /// A conflict; see [`Kind::DeleteDelete`].
    DeleteDelete,
    /// A conflict; see [`Kind::UpdateDelete`].
    UpdateDelete,
    /// A conflict; see [`Kind::DeleteUpdate`].
    DeleteUpdate,
    /// A conflict; see [`Kind::InsertInsert`].
    InsertInsert,
    /// A conflict; see [`Kind::UpdateUpdate`].
    UpdateUpdate,
    /// An unstamped write elsewhere won, or an old version was put back.
    StaleOverwrite,
    /// A PutItem in this Region dropped or raced the stamps.
    LocalOverwrite,
    /// A write without stamps, kept so that its writer can be found.
    UnstampedSample,
    /// A write whose stamps have a fault, kept so that its writer can be found.
    OddStampSample,
    /// A record that could not be judged, as it came.
    MalformedRecord,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: &[EntryKind] = EntryKind::VARIANTS;

    /// The name in the ledger and the logs.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether an operator is to decide what becomes of such an entry. Samples only show where to look.
    pub fn waits_for_an_operator(self) -> bool {
        match self {
            EntryKind::Overwrite
            | EntryKind::DeleteDelete
            | EntryKind::UpdateDelete
            | EntryKind::DeleteUpdate
            | EntryKind::InsertInsert
            | EntryKind::UpdateUpdate
            | EntryKind::StaleOverwrite
            | EntryKind::LocalOverwrite
            | EntryKind::MalformedRecord => true,
            EntryKind::UnstampedSample | EntryKind::OddStampSample => false,
        }
    }
}

impl From<Kind> for EntryKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Overwrite => EntryKind::Overwrite,
            Kind::DeleteDelete => EntryKind::DeleteDelete,
            Kind::UpdateDelete => EntryKind::UpdateDelete,
            Kind::DeleteUpdate => EntryKind::DeleteUpdate,
            Kind::InsertInsert => EntryKind::InsertInsert,
            Kind::UpdateUpdate => EntryKind::UpdateUpdate,
        }
    }
}

/// What an entry rests on where it is not the stamps of both versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Evidence {
    /// The streams of all Regions together, which an audit joined.
    Join,
    /// What the item says of its own: a version number, and a time or an origin where there is one.
    Version,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Nobody has dealt with it.
    Open,
    /// The lost write was put back.
    Restored,
    /// Somebody decided that nothing is to be put back.
    Dismissed,
}

impl Status {
    /// Every status.
    pub const ALL: &[Status] = Status::VARIANTS;

    /// Whether an entry may go from this status to `next`: an open one is restored or dismissed, and either can be
    /// opened again.
    pub fn may_become(self, next: Status) -> bool {
        match self {
            Status::Open => next != Status::Open,
            Status::Restored | Status::Dismissed => next == Status::Open,
        }
    }
}

/// A name in an entry: one that this version knows, or a newer version's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name<T> {
    /// A name that this version knows.
    Known(T),
    /// Any other.
    Unknown(String),
}

impl<T: Copy + Into<&'static str>> Name<T> {
    /// The text in the ledger.
    pub fn as_str(&self) -> &str {
        match self {
            Name::Known(known) => (*known).into(),
            Name::Unknown(text) => text,
        }
    }
}

impl<T> From<T> for Name<T> {
    fn from(known: T) -> Self {
        Name::Known(known)
    }
}

impl<T: Copy + Into<&'static str>> fmt::Display for Name<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<T: Copy + Into<&'static str>> Serialize for Name<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de, T: FromStr> Deserialize<'de> for Name<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(text.parse().map_or(Name::Unknown(text), Name::Known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_conflicts_have_the_names_that_the_judge_gives_them() {
        for kind in Kind::ALL {
            assert_eq!(EntryKind::from(*kind).name(), kind.name());
        }
    }

    #[test]
    fn every_name_is_read_as_it_is_written() {
        for kind in EntryKind::ALL {
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
        let names: Vec<&str> = EntryKind::ALL[6..].iter().map(|kind| kind.name()).collect();
        let expected = [
            "stale_overwrite",
            "local_overwrite",
            "unstamped_sample",
            "odd_stamp_sample",
            "malformed_record",
        ];
        assert_eq!(names, expected);
        let statuses: Vec<Name<Status>> =
            Status::ALL.iter().map(|status| (*status).into()).collect();
        let names: Vec<&str> = statuses.iter().map(Name::as_str).collect();
        assert_eq!(names, ["open", "restored", "dismissed"]);
    }

    #[test]
    fn a_status_changes_from_open_and_back() {
        use Status::{Dismissed, Open, Restored};
        let allowed: Vec<(Status, Status)> = Status::ALL
            .iter()
            .flat_map(|from| Status::ALL.iter().map(|to| (*from, *to)))
            .filter(|(from, to)| from.may_become(*to))
            .collect();
        let expected = [
            (Open, Restored),
            (Open, Dismissed),
            (Restored, Open),
            (Dismissed, Open),
        ];
        assert_eq!(allowed, expected);
    }
}
