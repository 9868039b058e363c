//! The entry that is due for a record: the record is read once more, now with its images.

use serde_json::value::RawValue;

use crate::batch::{Due, Reason, Rules, catching_panics, epoch_seconds, verdict};
use crate::entry::{self, Finding, Fitted, Terms};
use crate::log::Line;
use crate::record::{Decoded, Record, Unreadable};

/// An entry, ready to be written.
#[derive(Debug)]
pub struct Made {
    /// The entry and its parts.
    pub entry: Fitted,
    /// What the log says of it.
    pub line: Line,
    /// The record is malformed: it was before, or turned out to be when its images were decoded.
    pub malformed: bool,
}

/// Makes the entry that is due for a record of a table.
pub fn entry(due: &Due<'_>, table: &str, rules: &Rules, terms: Terms<'_>) -> Made {
    let raw = due.raw;
    let made = match &due.reason {
        Reason::Verdict => catching_panics(|| found(raw, rules, terms)),
        Reason::Quarantine(why) => Err(Unreadable::Malformed(why.clone())),
    };
    match made {
        Ok((entry, line)) => Made {
            entry,
            line,
            malformed: false,
        },
        Err(unreadable) => {
            let why = match &unreadable {
                Unreadable::Malformed(why) => why,
                Unreadable::Unusable => "it lacks an image that it needs",
            };
            Made {
                entry: entry::quarantine(raw, table, why, terms),
                line: Line::Quarantined(entry::quarantine_id(raw)),
                malformed: true,
            }
        }
    }
}

fn found(raw: &RawValue, rules: &Rules, terms: Terms<'_>) -> Result<(Fitted, Line), Unreadable> {
    let record = Record::read(raw, &rules.attributes).map_err(|unread| unread.why)?;
    let verdict = verdict(&record, rules, epoch_seconds(terms.now))?;
    let finding = match &verdict {
        conflict::Verdict::Conflict(conflict) => Finding::Conflict(conflict),
        conflict::Verdict::StaleOverwrite => Finding::StaleOverwrite,
        conflict::Verdict::LocalOverwrite => Finding::LocalOverwrite,
        _ => Finding::UnstampedSample,
    };
    let line = Line::found(&record, finding);
    Ok((
        entry::build(&record, Decoded::read(raw)?, finding, terms),
        line,
    ))
}
