//! The table of the proof, for people and as JSON.

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::campaign::SettingResult;
use crate::truth::Score;

/// One setting's row in the JSON report.
#[derive(Debug, Serialize)]
struct SettingRow {
    setting: &'static str,
    regions: usize,
    inside_the_bar: bool,
    #[serde(flatten)]
    numbers: ScoreRow,
    occurred: Vec<OccurrenceRow>,
    other_judges: Vec<JudgeRow>,
}

#[derive(Debug, Serialize)]
struct ScoreRow {
    writes: u64,
    records: u64,
    lost: u64,
    missed: u64,
    missed_close: u64,
    conflicts: u64,
    certain: u64,
    false_conflicts: u64,
    false_certain: u64,
    false_elsewhere: u64,
    look_ups: u64,
}

#[derive(Debug, Serialize)]
struct OccurrenceRow {
    disturbance: &'static str,
    times: u64,
}

#[derive(Debug, Serialize)]
struct JudgeRow {
    judge: &'static str,
    #[serde(flatten)]
    numbers: ScoreRow,
}

impl From<&Score> for ScoreRow {
    fn from(score: &Score) -> Self {
        Self {
            writes: score.writes,
            records: score.records,
            lost: score.lost,
            missed: score.missed,
            missed_close: score.missed_close,
            conflicts: score.conflicts,
            certain: score.certain,
            false_conflicts: score.false_conflicts,
            false_certain: score.false_certain,
            false_elsewhere: score.false_elsewhere,
            look_ups: score.look_ups,
        }
    }
}

/// The report as JSON.
pub fn json(outcomes: &[SettingResult]) -> serde_json::Result<String> {
    let rows: Vec<SettingRow> = outcomes
        .iter()
        .map(|outcome| SettingRow {
            setting: outcome.setting.trouble.name(),
            regions: outcome.setting.regions,
            inside_the_bar: outcome.setting.trouble.is_inside(),
            numbers: (&outcome.score).into(),
            occurred: occurred(outcome),
            other_judges: outcome
                .others
                .iter()
                .map(|(judge, score)| JudgeRow {
                    judge,
                    numbers: score.into(),
                })
                .collect(),
        })
        .collect();
    serde_json::to_string_pretty(&rows)
}

/// The report as Markdown tables.
pub fn markdown(outcomes: &[SettingResult]) -> String {
    let (inside, outside): (Vec<_>, Vec<_>) = outcomes
        .iter()
        .partition(|outcome| outcome.setting.trouble.is_inside());
    let mut parts = Vec::new();
    if !inside.is_empty() {
        parts.push(format!("Inside the bar\n\n{}", inside_table(&inside)));
        parts.push(format!(
            "Other judges on the same histories, inside the bar\n\n{}",
            others_table(&inside)
        ));
    }
    if !outside.is_empty() {
        parts.push(format!("Outside the bar\n\n{}", outside_table(&outside)));
    }
    parts.push(format!(
        "How often each disturbance occurred\n\n{}",
        occurrences_table(outcomes)
    ));
    parts.join("\n\n")
}

fn inside_table(outcomes: &[&SettingResult]) -> Table {
    let mut table = table(&[
        "disturbance",
        "Regions",
        "writes",
        "lost",
        "conflicts",
        "missed",
        "of them close",
        "false",
        "look-ups",
    ]);
    for outcome in outcomes {
        let score = &outcome.score;
        table.add_row([
            outcome.setting.trouble.name().to_owned(),
            outcome.setting.regions.to_string(),
            grouped(score.writes),
            grouped(score.lost),
            grouped(score.conflicts),
            grouped(score.missed),
            grouped(score.missed_close),
            grouped(score.false_conflicts),
            grouped(score.look_ups),
        ]);
    }
    align(table, 1..9)
}

/// Each judge's misses and false conflicts, by number of Regions, all disturbances together.
fn others_table(outcomes: &[&SettingResult]) -> Table {
    let mut table = table(&[
        "judge",
        "Regions",
        "lost",
        "missed",
        "conflicts",
        "false",
        "of them elsewhere",
    ]);
    let mut totals: Vec<(&'static str, usize, Score)> = Vec::new();
    for outcome in outcomes {
        let tested = std::iter::once(("lastwriter", &outcome.score));
        let others = outcome.others.iter().map(|(judge, score)| (*judge, score));
        for (judge, score) in tested.chain(others) {
            let regions = outcome.setting.regions;
            let known = totals
                .iter_mut()
                .find(|total| (total.0, total.1) == (judge, regions));
            match known {
                Some((_, _, total)) => total.add(score),
                None => totals.push((judge, regions, score.clone())),
            }
        }
    }
    let order = |judge: &str| totals.iter().position(|total| total.0 == judge);
    let mut sorted: Vec<_> = totals.iter().collect();
    sorted.sort_by_key(|(judge, regions, _)| (order(judge), *regions));
    for (judge, regions, score) in sorted {
        table.add_row([
            (*judge).to_owned(),
            regions.to_string(),
            grouped(score.lost),
            grouped(score.missed),
            grouped(score.conflicts),
            grouped(score.false_conflicts),
            grouped(score.false_elsewhere),
        ]);
    }
    align(table, 1..7)
}

fn outside_table(outcomes: &[&SettingResult]) -> Table {
    let mut table = table(&[
        "disturbance",
        "Regions",
        "writes",
        "lost",
        "uncovered",
        "conflicts",
        "false",
        "false and certain",
    ]);
    for outcome in outcomes {
        let score = &outcome.score;
        table.add_row([
            outcome.setting.trouble.name().to_owned(),
            outcome.setting.regions.to_string(),
            grouped(score.writes),
            grouped(score.lost),
            share(score.missed, score.lost),
            grouped(score.conflicts),
            share(score.false_conflicts, score.conflicts),
            grouped(score.false_certain),
        ]);
    }
    align(table, 1..8)
}

/// A row for each disturbance that a setting asked for, a column for each number of Regions.
fn occurrences_table(outcomes: &[SettingResult]) -> Table {
    let mut regions: Vec<usize> = outcomes
        .iter()
        .map(|outcome| outcome.setting.regions)
        .collect();
    regions.sort_unstable();
    regions.dedup();
    let mut rows: Vec<(&str, &str, Vec<String>)> = Vec::new();
    for outcome in outcomes {
        let column = regions
            .iter()
            .position(|count| *count == outcome.setting.regions);
        for OccurrenceRow { disturbance, times } in occurred(outcome) {
            let name = outcome.setting.trouble.name();
            let at = rows
                .iter()
                .position(|row| (row.0, row.1) == (name, disturbance));
            let at = at.unwrap_or_else(|| {
                rows.push((name, disturbance, vec![String::new(); regions.len()]));
                rows.len() - 1
            });
            rows[at].2[column.unwrap_or_default()] = grouped(times);
        }
    }
    let columns: Vec<String> = regions
        .iter()
        .map(|count| format!("{count} Regions"))
        .collect();
    let mut header = vec!["setting", "what occurred"];
    header.extend(columns.iter().map(String::as_str));
    let mut table = table(&header);
    for (setting, disturbance, times) in rows {
        let mut row = vec![setting.to_owned(), disturbance.to_owned()];
        row.extend(times);
        table.add_row(row);
    }
    align(table, 2..header.len())
}

pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(header);
    table
}

pub(crate) fn align(mut table: Table, numbers: std::ops::Range<usize>) -> Table {
    for at in numbers {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn occurred(outcome: &SettingResult) -> Vec<OccurrenceRow> {
    let asked = outcome.setting.trouble.asks_for().iter();
    asked
        .map(|disturbance| OccurrenceRow {
            disturbance: disturbance.name(),
            times: outcome.score.occurrences.get(*disturbance),
        })
        .collect()
}

/// A share with its number: `1.23% (456)`.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "none".to_owned();
    }
    let percent = part as f64 / whole as f64 * 100.0;
    format!("{percent:.3}% ({})", grouped(part))
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_shares_keep_theirs() {
        assert_eq!(
            [grouped(0), grouped(999), grouped(1_000), grouped(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(share(1, 4_000), "0.025% (1)");
        assert_eq!(share(0, 0), "none");
    }
}
