//! What to make of an audit: how far each class can be trusted, what no stream shows, what to do next.

use join::{AttributeReport, Candidate};

use super::outcome::Outcome;
use crate::format::thousands;

/// Which findings to trust, a sentence each.
pub(super) const TRUST: [(&str, &str); 4] = [
    (
        "certain",
        "the streams leave no other way in which it could have happened.",
    ),
    (
        "likely",
        "another way would need a coincidence: a value or a version number that came out right by chance.",
    ),
    (
        "possible",
        "another way is almost as good. Not counted as lost: look at the item before you act.",
    ),
    (
        "stale put",
        "a put of an item that was read before the write overwrote it. That happens within one Region, too; a condition on \
         the put prevents it.",
    ),
];

/// What an audit cannot see.
pub(super) const UNSEEN: &str = "No stream shows two equal writes that were made at once in two Regions, such as ADD 1 twice or \
    the same flag: they leave one version, and one of the two is lost all the same.";

/// What the figures leave out, a line each; empty if they are whole.
pub(super) fn incomplete(outcome: &Outcome) -> Vec<String> {
    let incomplete = &outcome.incomplete;
    let mut lines = Vec::new();
    let mut line = |is: bool, text: String| {
        if is {
            lines.push(text);
        }
    };
    let counted = |count: u64, one: &str, several: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{} {several}", thousands(count)),
    };
    line(
        outcome.interrupted,
        "It was ended early: this is what had been read by then.".to_owned(),
    );
    line(
        !outcome.whole,
        format!(
            "The first and the last {} s are not judged: a write that began before or arrived after would be seen in part. Left out \
             were {}, of these seconds and of items on which the Regions did not agree.",
            outcome.window_seconds,
            counted(incomplete.not_judged, "record", "records"),
        ),
    );
    line(
        incomplete.unsettled > 0,
        format!(
            "The Regions did not agree on {} within {} s: replication took longer (--window), or a record is missing. Nothing \
             is said of them.",
            counted(incomplete.unsettled, "item", "items"),
            outcome.window_seconds,
        ),
    );
    line(
        incomplete.missing > 0,
        format!(
            "{} missing: a record's old image was not the version before it. Writes next to such a gap may be missed.",
            counted(incomplete.missing, "record is", "records are"),
        ),
    );
    line(
        incomplete.unreadable > 0,
        format!(
            "{} no stream record and were left out.",
            counted(incomplete.unreadable, "record was", "records were")
        ),
    );
    line(
        incomplete.other_tables > 0,
        format!(
            "{} of other tables and were left out.",
            counted(incomplete.other_tables, "record was", "records were")
        ),
    );
    for gap in &incomplete.gaps {
        lines.push(format!("There is a gap: {gap}."));
    }
    if outcome.clocks.off {
        lines.push(format!(
            "The clocks of the Regions disagree: of {} writes whose contents tell where they were made, the seconds of {} say \
             otherwise. Seconds counted only for what they proved to be worth.",
            thousands(outcome.clocks.check.compared),
            thousands(outcome.clocks.check.disagreed),
        ));
    }
    lines
}

/// What keeps anything from being judged at all, and what to do; none where something was judged.
pub(super) fn nothing_judged(outcome: &Outcome) -> Option<String> {
    if outcome.total.writes > 0.0 || outcome.judged.is_some() {
        return None;
    }
    let Some(read) = outcome.read.as_ref() else {
        return Some("There was no stream record to read, so nothing was judged.".to_owned());
    };
    Some(format!(
        "Nothing was judged: the records are from {} to {}, and the first and the last {} s are not judged. Read more, or give \
         a smaller --window (it has to exceed the longest time that a write takes to every Region), or --whole if the streams \
         begin with the table and all Regions hold the same now.",
        read.from, read.to, outcome.window_seconds
    ))
}

/// What to do next.
pub(super) fn next_steps(outcome: &Outcome) -> Vec<String> {
    let mut steps = Vec::new();
    for report in &outcome.attribute_classes {
        steps.extend(proposal(report));
    }
    let regions: Vec<&str> = outcome
        .regions
        .iter()
        .map(|region| region.region.as_str())
        .collect();
    steps.push(format!(
        "To have each lost write found as it happens, kept whole and on a dashboard: stamp the writes (one line: \
         clients/README.md), then `make attach ENV=prod TABLE={} REGIONS={}`.",
        outcome.table,
        regions.join(",")
    ));
    if outcome.found() > 0 {
        steps.push(
            "To lose fewer: write each item in one Region only, or let the attributes above be written by one writer."
                .to_owned(),
        );
    }
    steps
}

/// What an attribute of the table could serve as.
fn proposal(report: &AttributeReport) -> Option<String> {
    let name = &report.name;
    Some(match report.candidate? {
        Candidate::Version => format!(
            "`{name}` counts the item's versions: a whole number that goes up by one with the updates. It was used here, and a \
             condition on it in each write prevents stale puts."
        ),
        Candidate::TimeOfWriting => format!("`{name}` holds the time of writing."),
        Candidate::Origin => {
            format!(
                "`{name}` names the Region that wrote: it was used here to tell where a write was made."
            )
        }
    })
}
