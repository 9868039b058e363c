//! The comparison for a terminal.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, Color};

use super::comparison::{Comparison, RegionResult};
use super::example;
use crate::format::{milliseconds_or_dash, thousands};
use crate::terminal::Layout;

/// The tables, and what has to be said of them.
pub(super) fn render(comparison: &Comparison, layout: Layout) -> String {
    let mut text = setup(comparison);
    text.push('\n');
    text.push_str(&truth(comparison, layout));
    text.push_str(&outside(comparison, layout));
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
    let headings = [
        "Region",
        "writes",
        "lost",
        "found",
        "missed",
        "false alarms",
        "conflicts",
        "by metrics",
        "delay p50",
        "delay p99",
    ];
    let mut table = layout.table(&headings);
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
        "{table}\nlost is the truth, as the writers know it; found is what the ledgers cover of it. The conflicts in the \
         ledgers\nname {lost_writes} lost writes: a lower bound for each conflict, which counts a write twice that was \
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
        number(row.found),
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
    let mut table = layout.table(&["outside of what stamps promise", "lost", "found anyway"]);
    for row in &comparison.outside {
        table.add_row([
            row.reason.clone(),
            thousands(row.lost),
            thousands(row.found),
        ]);
    }
    if total.false_outside > 0 {
        let reason = "conflicts that were none, for these reasons".to_owned();
        table.add_row([reason, String::new(), thousands(total.false_outside)]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("\n{table}\n")
}

fn verdict(comparison: &Comparison) -> String {
    let total = &comparison.total;
    let mut text = format!(
        "{} of {} writes were lost ({:.1} %), {} of them were found; missed {}, false alarms {}.\n",
        thousands(total.lost),
        thousands(total.writes),
        comparison.lost_share() * 100.0,
        thousands(total.found),
        total.missed,
        total.false_alarms,
    );
    let more = comparison.more_lost();
    if !more.is_empty() {
        let _ = writeln!(text, "{more}");
    }
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
