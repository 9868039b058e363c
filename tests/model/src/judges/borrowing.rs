//! The judge of writers that do not stamp, by what the item says of its own.

use conflict::{Borrowed, Verdict, judge_borrowed};

use super::{Judge, Opinion};
use crate::history::{History, Item, Record};
use crate::plan::REGION_NAMES;

/// What the application keeps beside its version number, which every write increments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Borrowing {
    /// Nothing.
    VersionAlone,
    /// The time of the latest write.
    Time,
    /// The Region of the latest write.
    Origin,
}

impl Borrowing {
    fn borrowed(self, history: &History, version: usize, item: &Item) -> Borrowed<'static> {
        let version = &history.versions[version];
        let time = (self == Borrowing::Time).then(|| version.private_time.to_string().into());
        let origin = (self == Borrowing::Origin).then(|| REGION_NAMES[version.origin].into());
        Borrowed {
            version: Some(item.number.to_string().into()),
            updated_at: time,
            origin,
            deleted: item.deleted,
        }
    }
}

impl Judge for Borrowing {
    fn name(&self) -> &'static str {
        match self {
            Borrowing::VersionAlone => "borrowed version",
            Borrowing::Time => "borrowed version and time",
            Borrowing::Origin => "borrowed version and origin",
        }
    }

    fn opinion(&self, history: &History, record: &Record) -> Opinion {
        const UNSTAMPED: usize = 0;
        let images = record.before.and_then(|before| {
            let old = history.before(record)?;
            let new = history.after(record)?;
            Some((
                self.borrowed(history, before, old),
                self.borrowed(history, record.after, new),
            ))
        });
        let verdict = images
            .as_ref()
            .and_then(|(old, new)| judge_borrowed(old, new, REGION_NAMES[record.region]));
        match verdict {
            Some(Verdict::SuspectedConflict(_)) => Opinion::conflict(false),
            _ => Opinion::no_conflict(UNSTAMPED),
        }
    }
}
