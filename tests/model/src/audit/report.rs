//! The table of the join's proof, for people and as JSON.

use comfy_table::Table;
use serde::Serialize;

use super::campaign::SettingResult;
use crate::report::{align, grouped, table};

/// One setting's row in the JSON report.
#[derive(Debug, Serialize)]
struct Row {
    setting: String,
    writes: u64,
    lost: u64,
    unrecorded: u64,
    found: u64,
    found_surely: u64,
    recall: f64,
    precision: f64,
    certain: Class,
    likely: Class,
    possible: Class,
    stale_puts: Class,
    unsettled: u64,
    tables: u64,
    tables_with_clocks_off: u64,
}

#[derive(Debug, Serialize)]
struct Class {
    findings: u64,
    false_findings: u64,
}

/// The report as JSON.
pub fn json(outcomes: &[SettingResult]) -> serde_json::Result<String> {
    let rows: Vec<Row> = outcomes
        .iter()
        .map(|SettingResult { setting, score }| {
            let class = |at: usize| Class {
                findings: score.findings[at],
                false_findings: score.false_findings[at],
            };
            Row {
                setting: setting.name(),
                writes: score.writes,
                lost: score.lost,
                unrecorded: score.unrecorded,
                found: score.found,
                found_surely: score.found_surely,
                recall: score.recall(),
                precision: score.precision(),
                certain: class(0),
                likely: class(1),
                possible: class(2),
                stale_puts: Class {
                    findings: score.stale_puts[0],
                    false_findings: score.stale_puts[1],
                },
                unsettled: score.unsettled,
                tables: score.tables,
                tables_with_clocks_off: score.clocks_off,
            }
        })
        .collect();
    serde_json::to_string_pretty(&rows)
}

/// The report as a Markdown table.
pub fn markdown(outcomes: &[SettingResult]) -> String {
    format!("The join\n\n{}", rows(outcomes))
}

fn rows(outcomes: &[SettingResult]) -> Table {
    let mut table = table(&[
        "writers",
        "pace",
        "Regions",
        "circumstances",
        "lost",
        "no record",
        "recall",
        "certain or likely",
        "precision",
        "certain (false)",
        "likely (false)",
        "possible (false)",
        "of them stale puts (false)",
        "clocks suspected",
        "bar",
    ]);
    for SettingResult { setting, score } in outcomes {
        let of = |all, wrong| format!("{} ({})", grouped(all), grouped(wrong));
        let class = |at: usize| of(score.findings[at], score.false_findings[at]);
        let [stale, not_stale] = score.stale_puts;
        let clocks = match score.clocks_off {
            0 => String::new(),
            off => format!("{off} of {}", score.tables),
        };
        let bar = setting.bar().map(|bar| {
            let is_met = score.recall() >= bar.recall && score.precision() >= bar.precision;
            if is_met { "met" } else { "MISSED" }
        });
        table.add_row([
            setting.workload.name().to_owned(),
            setting.pace.name().to_owned(),
            setting.regions.to_string(),
            setting.circumstances(),
            grouped(score.lost),
            grouped(score.unrecorded),
            percent(score.recall()),
            percent(score.recall_of_sure()),
            percent(score.precision()),
            class(0),
            class(1),
            class(2),
            of(stale, not_stale),
            clocks,
            bar.unwrap_or_default().to_owned(),
        ]);
    }
    align(table, 4..14)
}

/// Rounded down, so that what is not all does not look like it.
fn percent(share: f64) -> String {
    format!("{:.2}%", (share * 10_000.0).floor() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_below_all_is_not_shown_as_all() {
        assert_eq!([percent(1.0), percent(0.99999)], ["100.00%", "99.99%"]);
    }
}
