//! What is wrong with the outcome of a campaign.

use crate::campaign::SettingResult;
use crate::judges::LastWriter;
use crate::truth::{self, AnnotatedHistory, Score};
use crate::{shrink, table};

/// What is wrong with the outcome, each with the smallest history that shows it: disturbances that were asked for and
/// did not occur; inside the bar, false conflicts and missed writes.
///
/// Of a million lost writes, `allow_close` may be missed by close reuse of a count.
pub fn list(outcomes: &[SettingResult], allow_close: f64) -> Vec<String> {
    let mut complaints = Vec::new();
    for outcome in outcomes {
        let name = outcome.setting.name();
        for absent in outcome.absent() {
            complaints.push(format!("{name}: asked for {absent}, and none occurred"));
        }
    }
    let inside = || {
        outcomes
            .iter()
            .filter(|outcome| outcome.setting.trouble.is_inside())
    };
    complaints.extend(example(inside(), "false conflicts", |score| {
        score.false_conflicts > 0
    }));
    complaints.extend(example(inside(), "missed writes", |score| {
        score.missed > score.missed_close
    }));
    let close: u64 = inside().map(|outcome| outcome.score.missed_close).sum();
    let lost: u64 = inside().map(|outcome| outcome.score.lost).sum();
    let rate = close as f64 / lost.max(1) as f64 * 1e6;
    if rate > allow_close {
        complaints.push(format!(
            "inside the bar, {close} of {lost} lost writes were missed by close reuse of a count: {rate:.2} of a million"
        ));
        complaints.extend(example(inside(), "close reuse", |score| {
            score.missed_close > 0
        }));
    }
    complaints
}

/// The settings that fail in this way, and the smallest history of the first that kept one.
fn example<'a>(
    outcomes: impl Iterator<Item = &'a SettingResult>,
    what: &str,
    fails: impl Fn(&Score) -> bool,
) -> Option<String> {
    let failing: Vec<&SettingResult> = outcomes.filter(|outcome| fails(&outcome.score)).collect();
    let names: Vec<String> = failing
        .iter()
        .map(|outcome| outcome.setting.name())
        .collect();
    if names.is_empty() {
        return None;
    }
    let judge = LastWriter::default();
    let shows = |plan: &_| fails(&truth::score(&table::run(plan), &judge));
    let plan = failing
        .iter()
        .filter_map(|outcome| outcome.counterexample.as_ref())
        .find(|plan| shows(plan));
    let example = plan.map_or_else(String::new, |plan| {
        let history = table::run(&shrink::shrink(plan, shows));
        format!(
            "\nThe smallest history that shows it:\n{}",
            AnnotatedHistory {
                history: &history,
                judge: &judge
            }
        )
    });
    Some(format!("{what} in: {}{example}", names.join("; ")))
}
