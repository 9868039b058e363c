//! One conflict for people: what happened, and the two versions side by side.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use comfy_table::Color;
use conflict::{StampNames, values_equal};
use ledger::{Entry, HistoryEvent, Image, Side, StorageForm, omitted_bytes, omitted_image_bytes};
use serde_dynamo::AttributeValue;

use super::Summary;
use crate::format::attribute_value;
use crate::terminal::{Layout, printable};

/// How much of a value is shown, in characters, unless all is asked for.
const MAX_SHOWN: usize = 2_000;

/// What is said in place of what the ledger does not have.
pub(super) const IMAGES_REFUSED: &str = "\
    DynamoDB refused what came with the record, so the ledger has no image of it, no key and no attribute's name: what is known of \
    the item is its ItemKey. The stream has the record for 24 hours, under its sequence number.";

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
    if entry.images_refused == Some(true) {
        let _ = writeln!(text, "\n{IMAGES_REFUSED}");
    } else if let (Some(loser), Some(winner)) = (&entry.loser, &entry.winner) {
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
    let kept = match summary.images_refused {
        true => "refused by DynamoDB".to_owned(),
        false => kept,
    };
    let key = summary.key_text();
    let undecoded = summary.undecoded_text();
    let finding = summary.finding;
    let differing = finding.differing_attributes.map(|names| names.join(", "));
    let lost = finding.lost_writes.map(|lost| format!("{lost} at least"));
    let lines = [
        ("conflict", finding.conflict_id),
        ("table", Some(summary.table)),
        ("item", Some(key)),
        ("kind", finding.kind),
        ("confidence", finding.confidence),
        ("evidence", summary.evidence),
        ("status", Some(summary.status)),
        ("found", Some(summary.detected_at)),
        ("expires", entry.expires_at_text()),
        ("lost writes", lost),
        ("changed by it", changed_by_lost_write(entry)),
        ("differing", differing),
        ("not decoded", undecoded),
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
    for event in entry.history.iter().flatten() {
        let _ = writeln!(
            text,
            "{:<15}  {}",
            "history",
            printable(&history_line(event))
        );
    }
    if finding.identical == Some(true) {
        text.push_str(
            "The two versions are identical, which is not necessarily harmless: of two equal changes of a counter, one is lost.\n",
        );
    }
    text
}

/// What the lost write changed, as far as the function saw it.
pub(super) fn changed_by_lost_write(entry: &Entry) -> Option<String> {
    let names = entry.changed_attributes.as_ref()?;
    let both = entry.changed_by_both.iter().flatten();
    let both: Vec<&str> = both.map(String::as_str).collect();
    let mut text = names.join(", ");
    if !both.is_empty() {
        let _ = write!(text, " (the winner changed too: {})", both.join(", "));
    }
    if entry.changed_attributes_complete != Some(true) {
        text.push_str(" (and maybe others)");
    }
    Some(text)
}

/// What an operator did, in a line.
pub(super) fn history_line(event: &HistoryEvent) -> String {
    let mut text = format!("{} by {} at {}", event.action, event.by, event.at_text());
    if let Some(names) = event.attributes.as_ref().filter(|names| !names.is_empty()) {
        let _ = write!(text, ": {}", names.join(", "));
    }
    if let Some(region) = &event.region {
        let _ = write!(text, " in {region}");
    }
    if let Some(why) = &event.why {
        let _ = write!(text, ": {why}");
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
        let cell = |side: &Side, image: &Image, colour| match omitted_image_bytes(image) {
            Some(_) => layout.cell("(left out)"),
            None => {
                let text = value_text(image.get(name), side.undecoded.get(name), full);
                match differs {
                    true => layout.coloured(&text, colour),
                    false => layout.cell(&text),
                }
            }
        };
        table.add_row(vec![
            layout.bold(if differs { "≠" } else { "" }),
            if differs {
                layout.bold(name)
            } else {
                layout.cell(name)
            },
            cell(loser, lost, Color::Red),
            cell(winner, won, Color::Green),
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

/// Keys, then the others by name, then stamps. What cannot be decoded is in no image, and among them all the same.
pub(super) fn names<'a>(
    entry: &'a Entry,
    lost: &'a Image,
    won: &'a Image,
    stamps: &StampNames,
) -> Vec<&'a str> {
    let won = won.keys().filter(|_| omitted_image_bytes(won).is_none());
    let names = lost.keys().chain(won).chain(undecoded(entry));
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.sort_by_key(|name| (!is_key(entry, name), stamps.contains(name), *name));
    names.dedup();
    names
}

fn undecoded(entry: &Entry) -> impl Iterator<Item = &String> {
    let sides = entry.loser.iter().chain(&entry.winner);
    sides.flat_map(|side| side.undecoded.keys())
}

pub(super) fn is_key(entry: &Entry, name: &str) -> bool {
    entry.key.as_ref().is_some_and(|key| key.contains_key(name))
}

/// What the entry names, and what is seen to differ: a list that was too long for the entry was cut.
pub(super) fn differing(
    entry: &Entry,
    lost: &Image,
    won: &Image,
    stamps: &StampNames,
) -> BTreeSet<String> {
    let named = entry.differing_attributes.iter().flatten();
    let seen = names(entry, lost, won, stamps).into_iter().filter(|name| {
        let differs = match (lost.get(*name), won.get(*name)) {
            (Some(lost), Some(won)) => omitted_bytes(won).is_none() && !values_equal(lost, won),
            _ => omitted_image_bytes(won).is_none(),
        };
        // Of what cannot be decoded the entry knows more than is seen.
        let is_decoded = !undecoded(entry).any(|undecoded| undecoded == name);
        differs && is_decoded && !is_key(entry, name) && !stamps.contains(name)
    });
    named.cloned().chain(seen.map(str::to_owned)).collect()
}

fn value_text(
    value: Option<&AttributeValue>,
    undecoded: Option<&Option<String>>,
    full: bool,
) -> String {
    match (value, undecoded) {
        (Some(value), _) => match omitted_bytes(value) {
            Some(bytes) => format!("(left out: {bytes} bytes)"),
            None => cut(attribute_value(value), full),
        },
        (None, Some(Some(text))) => format!("(not decoded) {}", cut(text.clone(), full)),
        (None, Some(None)) => "(not decoded, not kept)".to_owned(),
        (None, None) => "(absent)".to_owned(),
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
