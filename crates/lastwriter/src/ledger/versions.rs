//! One conflict for people: what happened, and the two versions side by side.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use comfy_table::{Cell, Color};
use conflict::{StampNames, values_equal};
use ledger::{Entry, Image, Side, StorageForm, omitted_bytes, omitted_image_bytes};
use serde_dynamo::AttributeValue;

use super::Summary;
use crate::format::attribute_value;
use crate::terminal::{Layout, printable};

/// How much of a value is shown, in characters, unless all is asked for.
const MAX_SHOWN: usize = 2_000;

/// Shows a conflict. Values longer than 2,000 characters are cut unless `full`.
pub(super) fn render(
    entry: &Entry,
    form: StorageForm,
    stamps: &StampNames,
    full: bool,
    layout: Layout,
) -> String {
    let mut text = facts(entry, form);
    if let Some(record) = &entry.record {
        let _ = writeln!(
            text,
            "\nThe record, as it came:\n{}",
            printable(&cut(record.clone(), full))
        );
    }
    if let (Some(loser), Some(winner)) = (&entry.loser, &entry.winner) {
        text.push('\n');
        text.push_str(&sides(entry, (loser, winner), stamps, full, layout));
    }
    text
}

fn facts(entry: &Entry, form: StorageForm) -> String {
    let summary = Summary::from(entry);
    let kept = match form {
        StorageForm::InParts(parts) => format!("compressed, in {parts} parts"),
        StorageForm::Whole | StorageForm::Compressed | StorageForm::Nowhere => {
            form.name().to_owned()
        }
    };
    let key = summary.key_text();
    let finding = summary.finding;
    let differing = finding.differing_attributes.map(|names| names.join(", "));
    let lost = finding.lost_writes.map(|lost| format!("{lost} at least"));
    let lines = [
        ("conflict", finding.conflict_id),
        ("table", Some(summary.table)),
        ("item", Some(key)),
        ("kind", finding.kind),
        ("confidence", finding.confidence),
        ("status", Some(summary.status)),
        ("found", Some(summary.detected_at)),
        ("expires", entry.expires_at_text()),
        ("lost writes", lost),
        ("differing", differing),
        ("sequence number", entry.sequence_number.clone()),
        ("losing image", entry.loser.is_some().then_some(kept)),
        ("reason", finding.reason),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        if let Some(value) = value {
            let _ = writeln!(text, "{name:<15}  {}", printable(&value));
        }
    }
    if finding.identical == Some(true) {
        text.push_str(
            "The two versions are identical, which is not necessarily harmless: of two equal changes of a counter, one is lost.\n",
        );
    }
    text
}

fn sides(
    entry: &Entry,
    (loser, winner): (&Side, &Side),
    stamps: &StampNames,
    full: bool,
    layout: Layout,
) -> String {
    let (Some(lost), Some(won)) = (&loser.image, &winner.image) else {
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
    let differing = differing(entry, lost, won, stamps);
    for name in names(entry, lost, won, stamps) {
        let differs = differing.contains(name);
        let cell = |image: &Image, colour| match omitted_image_bytes(image) {
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
    let written_at = side.written_at_text();
    let written_at = written_at.as_deref().unwrap_or("time unknown");
    format!("{what}: {region}\n{written_at}")
}

/// Keys, then the others by name, then stamps.
fn names<'a>(entry: &Entry, lost: &'a Image, won: &'a Image, stamps: &StampNames) -> Vec<&'a str> {
    let won = won.keys().filter(|_| omitted_image_bytes(won).is_none());
    let mut names: Vec<&str> = lost.keys().chain(won).map(String::as_str).collect();
    names.sort_by_key(|name| (!is_key(entry, name), stamps.contains(name), *name));
    names.dedup();
    names
}

fn is_key(entry: &Entry, name: &str) -> bool {
    entry.key.as_ref().is_some_and(|key| key.contains_key(name))
}

/// What the entry names, and what is seen to differ: a list that was too long for the entry was cut.
fn differing(entry: &Entry, lost: &Image, won: &Image, stamps: &StampNames) -> BTreeSet<String> {
    let named = entry.differing_attributes.iter().flatten();
    let seen = names(entry, lost, won, stamps).into_iter().filter(|name| {
        let differs = match (lost.get(*name), won.get(*name)) {
            (Some(lost), Some(won)) => omitted_bytes(won).is_none() && !values_equal(lost, won),
            _ => omitted_image_bytes(won).is_none(),
        };
        differs && !is_key(entry, name) && !stamps.contains(name)
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
        Some(value) => match omitted_bytes(value) {
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

fn cut(text: String, full: bool) -> String {
    let characters = text.chars().count();
    if full || characters <= MAX_SHOWN {
        return text;
    }
    let start: String = text.chars().take(MAX_SHOWN).collect();
    format!("{start}... ({characters} characters; --full shows all)")
}
