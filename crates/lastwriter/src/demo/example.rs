//! One lost write in full, chosen so that it explains itself.

use std::fmt::Write as _;

use super::conflict::ConflictEntry;
use crate::terminal::{Layout, printable};

/// The conflict that tells most: certain, a plain update against another, with both versions at hand.
pub(super) fn choose(conflicts: &[ConflictEntry]) -> Option<&ConflictEntry> {
    conflicts.iter().max_by_key(|conflict| {
        let both = !conflict.loser.attributes.is_empty() && !conflict.winner.attributes.is_empty();
        let few = conflict.differing_attributes.len() <= 3;
        (
            both && !conflict.differing_attributes.is_empty(),
            conflict.kind == "update_update",
            conflict.confidence == "certain",
            // Two attributes: what the loser had changed, and what the winner had.
            conflict.differing_attributes.len() == 2,
            few,
            conflict.lost_writes == 1,
            // Of several the first, so that the choice does not hang on the order of equals.
            std::cmp::Reverse(conflict.detected_at),
        )
    })
}

/// Who wrote what where, who won, and what differs.
pub(super) fn render(conflict: &ConflictEntry, layout: Layout) -> String {
    let (loser, winner) = (&conflict.loser, &conflict.winner);
    let at = |time: &Option<String>| time.clone().unwrap_or_else(|| "an unknown time".to_owned());
    let mut text = String::from("One lost write in full\n");
    let mut line = |label: &str, value: String| {
        let _ = writeln!(text, "  {label:<6} {}", printable(&value));
    };
    line("item", conflict.item.join(" / "));
    let writes = match conflict.lost_writes {
        1 => "1 write".to_owned(),
        count => format!("{count} writes"),
    };
    let lost = format!(
        "written in {} at {} ({writes})",
        loser.region,
        at(&loser.written_at)
    );
    line("lost", lost);
    let won = format!(
        "written in {} at {}, without having seen it",
        winner.region,
        at(&winner.written_at)
    );
    line("won", won);
    line(
        "kind",
        format!("{}, {}", conflict.kind, conflict.confidence),
    );
    let headings = [
        "attribute".to_owned(),
        format!("lost ({})", loser.region),
        format!("won ({})", winner.region),
        String::new(),
    ];
    let mut table = layout.table(&headings.each_ref().map(String::as_str));
    for name in attributes(conflict) {
        let value = |side: &super::conflict::Version| {
            side.attributes
                .get(name)
                .cloned()
                .unwrap_or_else(|| "-".to_owned())
        };
        let differs = conflict
            .differing_attributes
            .iter()
            .any(|other| other == name);
        let mark = if differs { "differs" } else { "" };
        let cells = [
            name.to_owned(),
            value(loser),
            value(winner),
            mark.to_owned(),
        ];
        table.add_row(cells.map(|cell| {
            if differs {
                layout.bold(&cell)
            } else {
                layout.cell(&cell)
            }
        }));
    }
    let _ = writeln!(text, "{table}");
    text
}

/// The names of the attributes of both versions, each once: first those that differ.
pub(super) fn attributes(conflict: &ConflictEntry) -> Vec<&str> {
    let differs = |name: &&String| conflict.differing_attributes.contains(name);
    let mut names: Vec<&String> = conflict
        .loser
        .attributes
        .keys()
        .chain(conflict.winner.attributes.keys())
        .collect();
    names.sort();
    names.dedup();
    let (first, rest): (Vec<&String>, Vec<&String>) = names.into_iter().partition(differs);
    first.into_iter().chain(rest).map(String::as_str).collect()
}
