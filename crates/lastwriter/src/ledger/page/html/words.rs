//! What names mean.

use ledger::EntryKind;

/// What a kind means, after "a write of us-east-1 was".
pub(super) fn kind(name: &str) -> &'static str {
    match EntryKind::ALL.iter().find(|kind| kind.name() == name) {
        Some(EntryKind::Overwrite) => "write lost to an overwrite",
        Some(EntryKind::DeleteDelete) => "delete lost to a delete",
        Some(EntryKind::UpdateDelete) => "update lost to a delete",
        Some(EntryKind::DeleteUpdate) => "delete lost to an update",
        Some(EntryKind::InsertInsert) => "creation lost to a creation",
        Some(EntryKind::UpdateUpdate) => "update lost to an update",
        Some(EntryKind::StaleOverwrite) => "lost to an unstamped write or an old version",
        Some(EntryKind::LocalOverwrite) => "lost to a put in the same Region",
        Some(EntryKind::UnstampedSample) => "write without stamps, a sample",
        Some(EntryKind::OddStampSample) => "write with faulty stamps, a sample",
        Some(EntryKind::MalformedRecord) => "record that could not be judged",
        None => "of a newer version of lastwriter",
    }
}
