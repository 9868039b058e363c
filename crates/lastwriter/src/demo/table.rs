//! The comparison for a terminal.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, Color, Table};

use super::comparison::{Comparison, RegionResult};
use super::example;
use crate::format::{milliseconds_or_dash, thousands};
use crate::terminal::Layout;

/// Headings of the table of the Regions.
pub(super) const REGIONS: [&str; 11] = [
    "Region",
    "writes",
    "lost",
    "by stamps",
    "by the join",
    "missed",
    "false alarms",
    "conflicts",
    "by metrics",
    "delay p50",
    "delay p99",
];
/// Headings of the table of what stamps do not promise to show.
pub(super) const OUTSIDE: [&str; 4] = [
    "outside of what stamps promise",
    "lost",
    "by stamps anyway",
    "by the join",
];
/// The row in it of conflicts that were none.
pub(super) const FALSE_OUTSIDE: &str = "conflicts that were none, for these reasons";
/// Headings of the table of what the items' own version number spoke for.
pub(super) const SUSPECTED: [&str; 2] = ["by the items' own version number", "count"];
/// Headings of the table of what the join found.
pub(super) const JOIN: [&str; 3] = ["the join of the streams", "findings", "of a lost write"];
/// Headings of the table of what the join found by sort of item.
pub(super) const JOIN_ITEMS: [&str; 3] = ["what the items hold", "lost", "by the join"];

/// The tables, and what has to be said of them.
pub(super) fn render(comparison: &Comparison, layout: Layout) -> String {
    let mut text = setup(comparison);
    text.push('\n');
    text.push_str(&truth(comparison, layout));
    text.push_str(&outside(comparison, layout));
    text.push_str(&suspected(comparison, layout));
    text.push_str(&join(comparison, layout));
    if let Some(conflict) = &comparison.example {
        text.push('\n');
        text.push_str(&example::render(conflict, layout));
    }
    text.push('\n');
    text.push_str(&verdict(comparison));
    text
}

fn setup(comparison: &Comparison) -> String {
    let setup = &comparison.setup;
    let mut text = format!(
        "{:.0} s of traffic between {}, {:.0} writes a second; replication: {}; seed {}",
        setup.traffic_seconds,
        setup.regions.join(", "),
        comparison.total.writes as f64 / setup.traffic_seconds.max(0.001),
        setup.lag,
        setup.seed,
    );
    if let Some(cut) = &setup.cut {
        let _ = write!(
            text,
            "\n{} was cut off from second {:.0} to second {:.0}",
            cut.region, cut.from, cut.to
        );
    }
    if setup.interrupted {
        text.push_str("\nIt was ended early.");
    }
    text + "\n"
}

fn truth(comparison: &Comparison, layout: Layout) -> String {
    let mut table = layout.table(&REGIONS);
    for row in &comparison.regions {
        table.add_row(cells(row, layout));
    }
    let total = cells(&comparison.total, layout);
    table.add_row(total);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let lost_writes = thousands(comparison.total.ledger_lost_writes);
    format!(
        "{table}\nlost is the truth, as the writers know it; by stamps is what the ledgers cover of it, by the join what the \
         streams of\nall Regions together show without a stamp; missed is what neither found. The conflicts in the \
         ledgers name\n{lost_writes} lost writes: a lower bound for each conflict, which counts a write twice that was \
         lost twice.\n"
    )
}

fn cells(row: &RegionResult, layout: Layout) -> Vec<Cell> {
    let number = |value: u64| layout.cell(&thousands(value));
    let bad = |value: u64| match value {
        0 => layout.cell("0"),
        _ => layout.coloured(&thousands(value), Color::Red),
    };
    let delay = |value: Option<f64>| layout.cell(&milliseconds_or_dash(value));
    vec![
        layout.bold(&row.region),
        number(row.writes),
        number(row.lost),
        number(row.found_by_stamps),
        number(row.found_by_join),
        bad(row.missed),
        bad(row.false_alarms),
        number(row.ledger_conflicts),
        number(row.metrics.conflicts),
        delay(row.metrics.delay_p50),
        delay(row.metrics.delay_p99),
    ]
}

/// Rows for what stamps do not promise to show; nothing where there is none of it.
fn outside(comparison: &Comparison, layout: Layout) -> String {
    let total = &comparison.total;
    if comparison.outside.is_empty() && total.false_outside == 0 {
        return String::new();
    }
    let mut table = layout.table(&OUTSIDE);
    for row in &comparison.outside {
        table.add_row([
            row.reason.clone(),
            thousands(row.lost),
            thousands(row.found_by_stamps),
            thousands(row.found_by_join),
        ]);
    }
    if total.false_outside > 0 {
        let (reason, none) = (FALSE_OUTSIDE.to_owned(), String::new());
        let count = thousands(total.false_outside);
        table.add_row([reason, none.clone(), count, none]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("\n{table}\n")
}

/// What the items' own version number spoke for; nothing where the writers keep none.
fn suspected(comparison: &Comparison, layout: Layout) -> String {
    let Some(suspected) = &comparison.suspected else {
        return String::new();
    };
    let mut table = layout.table(&SUSPECTED);
    for (name, count) in suspected.rows() {
        table.add_row([name.to_owned(), thousands(count)]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("\n{table}\n")
}

/// What the join found by class and confidence and by sort of item; nothing where it found nothing.
fn join(comparison: &Comparison, layout: Layout) -> String {
    if comparison.join.classes.is_empty() {
        return String::new();
    }
    let classes = comparison.join.classes.iter();
    let classes = classes.map(|class| (class.name(), class.findings, class.lost));
    let items = comparison.join.items.iter();
    let items = items.map(|items| (items.items.to_owned(), items.lost, items.found));
    format!(
        "\n{}\n\n{}\n",
        counts(&JOIN, classes, layout),
        counts(&JOIN_ITEMS, items, layout)
    )
}

/// A table of names with two counts each.
fn counts(
    headings: &[&str],
    rows: impl Iterator<Item = (String, u64, u64)>,
    layout: Layout,
) -> Table {
    let mut table = layout.table(headings);
    for (name, first, second) in rows {
        table.add_row([name, thousands(first), thousands(second)]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn verdict(comparison: &Comparison) -> String {
    let total = &comparison.total;
    let mut text = format!(
        "{}\n{}\n",
        comparison.headline(),
        comparison.details().join("\n")
    );
    if comparison.put_back.is_some() {
        let _ = writeln!(text, "{}", comparison.put_back_text());
    }
    let metrics = total.metrics.conflicts;
    if metrics != total.ledger_conflicts {
        let _ = writeln!(
            text,
            "The metrics count {metrics} conflicts, the ledgers hold {}: metrics are at least once.",
            total.ledger_conflicts
        );
    }
    if comparison.requests.skipped > 0 {
        let _ = writeln!(
            text,
            "This machine was too slow for the rate: {} pieces of work were left out.",
            comparison.requests.skipped
        );
    }
    text
}
