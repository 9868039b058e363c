//! One conflict for people: what happened, and the two versions side by side.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use comfy_table::{Cell, Color};
use conflict::{StampNames, values_equal};
use ledger::Image;
use serde_dynamo::AttributeValue;

use super::show::{Conflict, Side};
use crate::format::attribute_value;
use crate::terminal::{Layout, printable};

/// How much of a value is shown, in characters, unless all is asked for.
const MOST: usize = 2_000;

/// Shows a conflict. Values longer than 2,000 characters are cut unless `full`.
pub(super) fn render(
    conflict: &Conflict,
    stamps: &StampNames,
    full: bool,
    layout: Layout,
) -> String {
    let mut text = facts(conflict);
    if let Some(record) = &conflict.record {
        let _ = writeln!(
            text,
            "\nThe record, as it came:\n{}",
            printable(&cut(record.clone(), full))
        );
    }
    if let (Some(loser), Some(winner)) = (&conflict.loser, &conflict.winner) {
        text.push('\n');
        text.push_str(&sides(conflict, (loser, winner), stamps, full, layout));
    }
    text
}

fn facts(conflict: &Conflict) -> String {
    let summary = &conflict.summary;
    let finding = &summary.finding;
    let kept = match conflict.parts {
        0 => conflict.image_kept.to_owned(),
        parts => format!("compressed, in {parts} parts"),
    };
    let differing = finding
        .differing_attributes
        .as_ref()
        .map(|names| names.join(", "));
    let lost = finding.lost_writes.map(|lost| format!("{lost} at least"));
    let lines = [
        ("conflict", finding.conflict_id.clone()),
        ("table", summary.table.clone()),
        ("item", Some(summary.key_text())),
        ("kind", finding.kind.clone()),
        ("confidence", finding.confidence.clone()),
        ("status", summary.status.clone()),
        ("found", summary.detected_at.clone()),
        ("expires", conflict.expires_at.clone()),
        ("lost writes", lost),
        ("differing", differing),
        ("sequence number", conflict.sequence_number.clone()),
        ("losing image", conflict.loser.is_some().then_some(kept)),
        ("reason", finding.reason.clone()),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        if let Some(value) = value {
            let _ = writeln!(text, "{name:<15}  {}", printable(&value));
        }
    }
    if finding.identical == Some(true) {
        text.push_str(
            "The two versions are identical. That is no promise of harmlessness: of two equal changes of a counter, one is lost.\n",
        );
    }
    text
}

fn sides(
    conflict: &Conflict,
    (loser, winner): (&Side, &Side),
    stamps: &StampNames,
    full: bool,
    layout: Layout,
) -> String {
    let (Some(lost), Some(won)) = (&conflict.images.0, &conflict.images.1) else {
        return "The ledger keeps no images (LEDGER_IMAGES): the losing version cannot be shown.\n"
            .to_owned();
    };
    let headings = [
        "".to_owned(),
        "attribute".to_owned(),
        heading("lost", loser),
        heading("won", winner),
    ];
    let mut table = layout.table(&headings.each_ref().map(String::as_str));
    let differing = differing(conflict, lost, won, stamps);
    for name in names(conflict, lost, won, stamps) {
        let differs = differing.contains(name);
        let cell = |image: &Image, colour| match left_out_whole(image) {
            Some(_) => layout.cell("(left out)"),
            None => value_cell(image.get(name), differs, full, colour, layout),
        };
        table.add_row(vec![
            layout.bold(if differs { "≠" } else { "" }),
            if differs {
                layout.bold(name)
            } else {
                layout.cell(name)
            },
            cell(lost, Color::Red),
            cell(won, Color::Green),
        ]);
    }
    format!("{table}\n≠ marks the attributes that differ; keys come first and stamps last.\n")
}

fn heading(what: &str, side: &Side) -> String {
    let region = side.region.as_deref().unwrap_or("Region unknown");
    let written_at = side.written_at.as_deref().unwrap_or("time unknown");
    format!("{what}: {region}\n{written_at}")
}

/// Keys, then the others by name, then stamps.
fn names<'a>(
    conflict: &Conflict,
    lost: &'a Image,
    won: &'a Image,
    stamps: &StampNames,
) -> Vec<&'a str> {
    let won = won.keys().filter(|_| left_out_whole(won).is_none());
    let mut names: Vec<&str> = lost.keys().chain(won).map(String::as_str).collect();
    names.sort_by_key(|name| (!is_key(conflict, name), stamps.contains(name), *name));
    names.dedup();
    names
}

fn is_key(conflict: &Conflict, name: &str) -> bool {
    conflict
        .summary
        .key
        .as_ref()
        .is_some_and(|key| key.get(name).is_some())
}

/// What the entry names, and what is seen to differ: a list that was too long for the entry was cut.
fn differing(
    conflict: &Conflict,
    lost: &Image,
    won: &Image,
    stamps: &StampNames,
) -> BTreeSet<String> {
    let named = conflict
        .summary
        .finding
        .differing_attributes
        .iter()
        .flatten();
    let seen = names(conflict, lost, won, stamps)
        .into_iter()
        .filter(|name| {
            let differs = match (lost.get(*name), won.get(*name)) {
                (Some(lost), Some(won)) => left_out(won).is_none() && !values_equal(lost, won),
                _ => left_out_whole(won).is_none(),
            };
            differs && !is_key(conflict, name) && !stamps.contains(name)
        });
    named.cloned().chain(seen.map(str::to_owned)).collect()
}

fn value_cell(
    value: Option<&AttributeValue>,
    differs: bool,
    full: bool,
    colour: Color,
    layout: Layout,
) -> Cell {
    let text = match value {
        None => "(absent)".to_owned(),
        Some(value) => match left_out(value) {
            Some(bytes) => format!("(left out: {bytes} bytes)"),
            None => cut(attribute_value(value), full),
        },
    };
    if differs {
        layout.coloured(&text, colour)
    } else {
        layout.cell(&text)
    }
}

/// The size of an attribute of the winner that the ledger left out, for want of room.
fn left_out(value: &AttributeValue) -> Option<&str> {
    match value {
        AttributeValue::M(note) => left_out_whole(note),
        _ => None,
    }
}

fn left_out_whole(note: &Image) -> Option<&str> {
    match (note.len(), note.get("Omitted"), note.get("Bytes")) {
        (2, Some(AttributeValue::Bool(true)), Some(AttributeValue::N(bytes))) => Some(bytes),
        _ => None,
    }
}

fn cut(text: String, full: bool) -> String {
    let characters = text.chars().count();
    if full || characters <= MOST {
        return text;
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{start}... ({characters} characters; --full shows all)")
}
