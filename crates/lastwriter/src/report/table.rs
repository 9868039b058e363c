//! A report for people.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, Color};

use super::{EventReport, LedgerTotals, Metric, RecordReport, Report};
use crate::terminal::{Layout, printable};

/// The records, what has to be said of them, the ledger and the metrics.
pub fn render(report: &Report, layout: Layout) -> String {
    let mut text = records(&report.events, layout);
    for event in &report.events {
        notes(event, &mut text);
    }
    text.push('\n');
    text.push_str(&ledger(&report.ledger, layout));
    if !report.metrics.is_empty() {
        text.push_str("\nMetrics\n");
        text.push_str(&metrics(&report.metrics, layout));
    }
    text
}

fn records(events: &[EventReport], layout: Layout) -> String {
    let headings = [
        "event",
        "record",
        "verdict",
        "kind",
        "confidence",
        "loser",
        "winner",
        "differing attributes",
    ];
    let mut table = layout.table(&headings);
    for event in events {
        let mut name = short_name(&event.event);
        for record in &event.records {
            let mut row = vec![layout.cell(std::mem::take(&mut name))];
            row.extend(record_cells(record, layout));
            table.add_row(row);
        }
        if !name.is_empty() {
            let instead = if event.error.is_some() {
                "failed"
            } else {
                "no record"
            };
            table.add_row(vec![
                layout.cell(name),
                layout.cell("-"),
                layout.cell(instead),
            ]);
        }
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{table}\n")
}

/// A file's name without its folder.
fn short_name(event: &str) -> &str {
    event.rsplit('/').next().unwrap_or(event)
}

fn record_cells(record: &RecordReport, layout: Layout) -> Vec<Cell> {
    let finding = &record.finding;
    let or_nothing = |text: &Option<String>| layout.cell(text.as_deref().unwrap_or(""));
    let differing = match (&finding.differing_attributes, finding.identical) {
        (_, Some(true)) => "none: identical".to_owned(),
        (Some(names), _) => names.join(", "),
        (None, _) => String::new(),
    };
    vec![
        layout.cell(&record.record.to_string()),
        verdict_cell(record, layout),
        or_nothing(&finding.kind),
        or_nothing(&finding.confidence),
        or_nothing(&finding.loser_region),
        or_nothing(&finding.winner_region),
        layout.cell(&differing),
    ]
}

fn verdict_cell(record: &RecordReport, layout: Layout) -> Cell {
    let verdict = record.verdict.as_str();
    match (colour(verdict), &record.origin) {
        (Some(colour), _) => layout.coloured(verdict, colour),
        (None, Some(origin)) => layout.cell(&format!("{verdict} from {origin}")),
        (None, None) => layout.cell(verdict),
    }
}

/// What makes a verdict stand out; none for what is as it should be.
fn colour(verdict: &str) -> Option<Color> {
    match verdict {
        "conflict" => Some(Color::Red),
        "malformed" | "unusable" | "unknown" => Some(Color::Magenta),
        "stale_overwrite" | "local_overwrite" | "resurrection" | "hard_delete" | "unstamped"
        | "suspected_conflict" | "possible_conflict" => Some(Color::Yellow),
        _ => None,
    }
}

/// What a table cannot hold: why an invocation failed, what was quarantined, what is to be delivered again.
fn notes(event: &EventReport, text: &mut String) {
    let name = printable(short_name(&event.event));
    let mut note = |line: String| {
        let _ = writeln!(text, "{name}: {}", printable(&line));
    };
    for record in &event.records {
        let at = record.record;
        if let Some(reason) = &record.finding.reason {
            note(format!("record {at} is quarantined: {reason}"));
        }
        match record.ledger.as_deref() {
            Some("existed") => note(format!("record {at} was in the ledger already")),
            Some("failed") => note(format!(
                "the ledger entry of record {at} could not be written"
            )),
            _ => {}
        }
    }
    for item in event.failed_items() {
        note(format!(
            "the function asks for the batch again from sequence number {item} on"
        ));
    }
    if let Some(error) = &event.error {
        note(format!("the invocation failed: {error}"));
    }
}

fn ledger(totals: &LedgerTotals, layout: Layout) -> String {
    if totals.entries == 0 {
        return "The ledger holds no entry.\n".to_owned();
    }
    let mut table = layout.table(&["ledger entries", "count"]);
    for (kind, count) in &totals.by_kind {
        table.add_row(vec![layout.cell(kind), layout.cell(&count.to_string())]);
    }
    if totals.parts > 0 {
        let parts = totals.parts.to_string();
        table.add_row(vec![
            layout.cell("(parts of large images)"),
            layout.cell(&parts),
        ]);
    }
    let total = totals.entries.to_string();
    table.add_row(vec![layout.bold("all entries"), layout.bold(&total)]);
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("Ledger\n{table}\n")
}

fn metrics(metrics: &[Metric], layout: Layout) -> String {
    let mut table = layout.table(&["metric", "dimensions", "value"]);
    for metric in metrics {
        let dimensions = metric.dimensions.iter();
        let dimensions: Vec<String> = dimensions
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        table.add_row(vec![
            layout.cell(&metric.name),
            layout.cell(&dimensions.join(" ")),
            layout.cell(&value(metric)),
        ]);
    }
    if let Some(column) = table.column_mut(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{table}\n")
}

/// A count as its sum; a duration as its range, whose sum says nothing.
fn value(metric: &Metric) -> String {
    match metric.unit.as_deref() {
        Some("Milliseconds") => format!(
            "{} x {:.0} to {:.0} ms",
            metric.count, metric.minimum, metric.maximum
        ),
        _ => metric.sum.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use conflict::Verdict;

    use super::*;

    #[test]
    fn every_verdict_stands_out_or_is_as_it_should_be() {
        let as_it_should_be = ["expired", "local", "no_write", "purged", "replicated"];
        let without_colour = Verdict::NAMES
            .iter()
            .copied()
            .filter(|verdict| colour(verdict).is_none());
        assert_eq!(
            without_colour.collect::<BTreeSet<_>>(),
            as_it_should_be.into()
        );
    }
}
