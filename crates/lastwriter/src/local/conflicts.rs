//! A line for each conflict, as it is found.

use ledger::Entry;
use local_aws::global_table::Region;

use crate::terminal::{Layout, printable};

// The terminal's own colours, by the sequences that every terminal knows (ECMA-48, SGR).
const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

/// What happened to which item, from its ledger entry.
pub(super) fn line(region: Region, entry: &Entry, layout: Layout) -> String {
    let kind = &entry.kind;
    let winner = entry.winner.as_ref().and_then(|side| side.region.as_ref());
    let what = match winner {
        Some(winner) => {
            let lost = match entry.lost_writes {
                Some(count) if count > 1 => format!("{count} writes of {region} lost to {winner}"),
                _ => format!("a write of {region} lost to {winner}"),
            };
            let confidence = entry.confidence.as_ref().map_or("", |name| name.as_str());
            format!("{lost} ({kind}, {confidence})")
        }
        None => format!("{kind} in {region}"),
    };
    let differing = match (&entry.differing_attributes, entry.identical) {
        (_, Some(true)) => "; both versions look the same".to_owned(),
        (Some(names), _) if !names.is_empty() => format!("; differing: {}", names.join(", ")),
        _ => String::new(),
    };
    let detected = entry.detected_at_text();
    let time = detected
        .split_once('T')
        .map_or(&*detected, |(_, time)| time);
    let line = printable(&format!("{what}, item {}{differing}", entry.item_key));
    let colour = match winner {
        Some(_) => RED,
        None => YELLOW,
    };
    let (on, off) = if layout.colours {
        (colour, PLAIN)
    } else {
        ("", "")
    };
    format!("{}  {on}{line}{off}\n", printable(time))
}
