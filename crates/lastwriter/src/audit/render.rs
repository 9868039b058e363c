//! An audit for a terminal.

use std::fmt::Write as _;

use comfy_table::CellAlignment;
use join::Class;

use super::advice;
use super::example::Example;
use super::outcome::{Outcome, RegionOutcome};
use super::tally::{Loser, LoserList};
use crate::format::{decimal, item_key, thousands};
use crate::terminal::{Layout, printable};

/// Everything that an audit has to say.
pub(super) fn render(outcome: &Outcome, examples: &[Example], layout: Layout) -> String {
    let mut text = read(outcome);
    let _ = writeln!(text, "\n{}\n", printable(&headline(outcome)));
    text.push_str(&regions(outcome, layout));
    text.push_str(&kinds(outcome, layout));
    let losers: [LoserList<'_>; 3] = [
        ("item", &outcome.items, item_key),
        ("attribute that differs", &outcome.attributes, str::to_owned),
        ("hour (UTC)", &outcome.hours, hour),
    ];
    for (what, losers, name) in losers {
        text.push_str(&most(what, losers, name, layout));
    }
    for example in examples {
        let what = class(example.finding.class);
        let _ = write!(text, "\nA {what} in full\n{}", example.render(layout));
    }
    text.push_str("\nHow far to trust it\n");
    for (name, sentence) in advice::TRUST {
        let _ = writeln!(text, "  {name:<9}  {sentence}");
    }
    let _ = writeln!(text, "  {}", advice::UNSEEN);
    let incomplete = advice::incomplete(outcome);
    if !incomplete.is_empty() {
        text.push_str("\nWhat is left out\n");
        for line in incomplete {
            let _ = writeln!(text, "  {}", printable(&line));
        }
    }
    text.push_str("\nWhat to do next\n");
    for step in advice::next_steps(outcome) {
        let _ = writeln!(text, "  {}", printable(&step));
    }
    text
}

fn read(outcome: &Outcome) -> String {
    let names: Vec<&str> = outcome
        .regions
        .iter()
        .map(|region| region.region.as_str())
        .collect();
    let mut text = format!(
        "Table {} in {}: {} stream records",
        printable(&outcome.table),
        names.join(", "),
        thousands(outcome.total.records)
    );
    if let Some(read) = &outcome.read {
        let _ = write!(text, " from {} to {}", read.from, read.to);
    }
    text.push_str(".\n");
    match &outcome.judged {
        Some(judged) if !outcome.whole => {
            let _ = writeln!(
                text,
                "Judged is what was written from {} to {}.",
                judged.from, judged.to
            );
        }
        Some(_) | None => {}
    }
    text
}

/// The answer in a sentence or two. Possible findings are not in it.
pub(super) fn headline(outcome: &Outcome) -> String {
    if let Some(nothing) = advice::nothing_judged(outcome) {
        return nothing;
    }
    let total = &outcome.total;
    let writes = thousands(total.writes.round() as u64);
    let mut text = match total.lost_writes.found() {
        0 => format!("No lost write was found among {writes} writes."),
        1 => format!(
            "1 of {writes} writes was lost: a write of another Region, made without having seen it, won. {} in a million.",
            million(total)
        ),
        lost => format!(
            "{} of {writes} writes were lost: a write of another Region, made without having seen it, won. {} in a million.",
            thousands(lost),
            million(total)
        ),
    };
    match total.stale_puts.found() {
        0 => {}
        1 => text.push_str(" 1 more was overwritten by a put of an earlier read."),
        stale => {
            let _ = write!(
                text,
                " {} more were overwritten by puts of an earlier read.",
                thousands(stale)
            );
        }
    }
    text
}

fn million(region: &RegionOutcome) -> String {
    match region.lost_per_million {
        rate if rate >= 100.0 => thousands(rate.round() as u64),
        rate => decimal(rate),
    }
}

fn regions(outcome: &Outcome, layout: Layout) -> String {
    let headings = [
        "Region",
        "records",
        "writes",
        "lost",
        "in a million",
        "certain",
        "likely",
        "possible",
        "stale puts",
    ];
    let mut table = layout.table(&headings);
    for row in outcome.regions.iter().chain([&outcome.total]) {
        table.add_row(region_cells(row).map(|cell| layout.cell(&cell)));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!(
        "{table}\nlost is certain and likely together; possible ones are not in it, nor stale puts.\n"
    )
}

/// A Region's figures, as tables show them.
pub(super) fn region_cells(row: &RegionOutcome) -> [String; 9] {
    [
        row.region.clone(),
        thousands(row.records),
        thousands(row.writes.round() as u64),
        thousands(row.lost_writes.found()),
        million(row),
        thousands(row.lost_writes.certain),
        thousands(row.lost_writes.likely),
        thousands(row.lost_writes.possible),
        thousands(row.stale_puts.found()),
    ]
}

fn kinds(outcome: &Outcome, layout: Layout) -> String {
    if outcome.kinds.is_empty() {
        return String::new();
    }
    let mut table = layout.table(&["what happened", "kind", "certain", "likely", "possible"]);
    for row in &outcome.kinds {
        let counts = &row.counts;
        let counts = [counts.certain, counts.likely, counts.possible].map(thousands);
        let names = [class(row.class).to_owned(), row.kind.to_owned()];
        let cells = names.iter().chain(&counts);
        table.add_row(cells.map(|cell| layout.cell(cell)));
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("\n{table}\n")
}

fn most(what: &str, losers: &[Loser], name: fn(&str) -> String, layout: Layout) -> String {
    if losers.is_empty() {
        return String::new();
    }
    let mut table = layout.table(&[what, "lost"]);
    for loser in losers {
        let cells = [name(&loser.name), thousands(loser.found)];
        table.add_row(cells.map(|cell| layout.cell(&cell)));
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("\n{table}\n")
}

/// A class for people.
pub(crate) fn class(class: Class) -> &'static str {
    match class {
        Class::LostWrite => "lost write",
        Class::StalePut => "stale put",
    }
}

/// An hour without its minutes: `2026-11-25 14:00`.
pub(super) fn hour(time: &str) -> String {
    time.get(..16).unwrap_or(time).replace('T', " ")
}
