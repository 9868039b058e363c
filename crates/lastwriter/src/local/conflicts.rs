//! A line for each conflict, as it is found.

use local_aws::global_table::Region;
use serde_json::Value;

use crate::report::{Finding, text_of};
use crate::terminal::{Layout, printable};

// The terminal's own colours, by the sequences that every terminal knows (ECMA-48, SGR).
const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

/// What happened to which item, from its ledger entry.
pub(super) fn line(region: Region, entry: &Value, layout: Layout) -> String {
    let finding = Finding::from_item(entry);
    let text = |name: &str| text_of(entry, name).unwrap_or_default().to_owned();
    let kind = finding.kind.clone().unwrap_or_default();
    let what = match &finding.winner_region {
        Some(winner) => {
            let lost = match finding.lost_writes {
                Some(count) if count > 1 => format!("{count} writes of {region} lost to {winner}"),
                _ => format!("a write of {region} lost to {winner}"),
            };
            format!(
                "{lost} ({kind}, {})",
                finding.confidence.clone().unwrap_or_default()
            )
        }
        None => format!("{kind} in {region}"),
    };
    let differing = match (&finding.differing_attributes, finding.identical) {
        (_, Some(true)) => "; both versions look the same".to_owned(),
        (Some(names), _) if !names.is_empty() => format!("; differing: {}", names.join(", ")),
        _ => String::new(),
    };
    let detected = text("DetectedAt");
    let time = detected
        .split_once('T')
        .map_or(&*detected, |(_, time)| time);
    let line = printable(&format!("{what}, item {}{differing}", text("ItemKey")));
    let colour = match finding.winner_region {
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
