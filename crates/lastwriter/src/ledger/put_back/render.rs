//! Plans and outcomes for people.

use std::fmt::Write as _;

use comfy_table::Color;
use put_back::{Action, AttributePlan, ChangedByLostWrite, ItemState, Plan, State};
use serde_dynamo::AttributeValue;

use super::outcome::{EntryOutcome, Outcome};
use crate::format::attribute_value;
use crate::terminal::{Layout, printable};

/// How much of a value is shown, in characters.
const MAX_SHOWN: usize = 300;

/// From so many entries on, a list has a line for each and no attribute's value.
const SHOWN_WHOLE: usize = 5;

/// What was planned, and what cannot be planned.
pub(super) fn plans(plans: &[Plan], done: &[EntryOutcome], layout: Layout) -> String {
    let mut text = String::new();
    if plans.len() <= SHOWN_WHOLE {
        for plan in plans {
            text.push_str(&whole(plan, layout));
            text.push('\n');
        }
    } else {
        text.push_str(&overview(plans, layout));
    }
    if !done.is_empty() {
        text.push_str(&outcomes(done, layout));
    }
    let writes = plans.iter().filter(|plan| plan.writes()).count();
    let unsettled = plans.iter().filter(|plan| !plan.settles()).count();
    let _ = writeln!(
        text,
        "Entries: {}. Items to write: {writes}. Entries that leave something to decide: {unsettled}.",
        plans.len() + done.len()
    );
    text
}

fn key_text(plan: &Plan) -> String {
    let part = |(name, value): (&String, &AttributeValue)| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => format!("{name}={text}"),
        other => format!("{name}={}", attribute_value(other)),
    };
    plan.key.iter().map(part).collect::<Vec<_>>().join(" ")
}

/// A plan, attribute by attribute.
fn whole(plan: &Plan, layout: Layout) -> String {
    let item = match plan.item {
        ItemState::Present => "is there",
        ItemState::MarkedDeleted => "is marked as deleted",
        ItemState::Gone => "is gone",
    };
    let mut text = String::new();
    for (name, value) in [
        ("conflict", plan.conflict_id.to_string()),
        (
            "item",
            format!(
                "{} of {} in {}: it {item}",
                key_text(plan),
                plan.table,
                plan.region
            ),
        ),
        ("kind", plan.kind.clone()),
        ("plan", plan.step.describe().to_owned()),
    ] {
        let _ = writeln!(text, "{name:<10}{}", printable(&value));
    }
    let mut table = layout.table(&["attribute", "lost", "won", "now", "becomes"]);
    for attribute in &plan.attributes {
        let becomes = becomes(attribute);
        let becomes = match attribute.is_written() {
            true => layout.coloured(&becomes, Color::Green),
            false => layout.cell(&becomes),
        };
        let name = format!("{}\n{}", attribute.name, standing(attribute));
        let row = [
            layout.cell(&name),
            layout.cell(&value(attribute.lost.as_ref())),
            layout.cell(&value(attribute.won.as_ref())),
            layout.cell(&value(attribute.now.as_ref())),
        ];
        table.add_row(row.into_iter().chain([becomes]).collect::<Vec<_>>());
    }
    let _ = writeln!(text, "{table}");
    text
}

/// How an attribute stands, in a few words.
fn standing(attribute: &AttributePlan) -> String {
    let state = match attribute.state {
        State::Untouched => "untouched",
        State::AlreadyThere => "already there",
        State::ChangedSince => "changed since",
    };
    let by = match attribute.changed {
        ChangedByLostWrite::Yes => ", changed by the lost write",
        ChangedByLostWrite::AndByWinner => ", changed by both",
        ChangedByLostWrite::No => ", not changed by the lost write",
        ChangedByLostWrite::Unknown => "",
    };
    let rule = attribute
        .rule
        .map_or(String::new(), |rule| format!(", rule {}", rule.name()));
    format!("({state}{by}{rule})")
}

fn becomes(attribute: &AttributePlan) -> String {
    match &attribute.action {
        Action::Set(new) => value(Some(new)),
        Action::Remove => "(removed)".to_owned(),
        Action::Leave(because) => format!("left: {}", because.reason()),
    }
}

fn value(value: Option<&AttributeValue>) -> String {
    let text = value.map_or("(absent)".to_owned(), attribute_value);
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

/// A line for each plan.
fn overview(plans: &[Plan], layout: Layout) -> String {
    let mut table = layout.table(&["conflict and item", "kind", "puts back", "left to decide"]);
    for plan in plans {
        table.add_row(vec![
            layout.cell(&format!("{}\n{}", plan.conflict_id, key_text(plan))),
            layout.cell(&plan.kind),
            layout.cell(&plan.written().join(", ")),
            layout.cell(&plan.unsettled().join(", ")),
        ]);
    }
    format!("{table}\n")
}

/// What became of each entry, and how many of each.
pub(super) fn outcomes(outcomes: &[EntryOutcome], layout: Layout) -> String {
    let mut table = layout.table(&["conflict and item", "outcome", ""]);
    for entry in outcomes {
        let word = entry.outcome.word();
        let word = match &entry.outcome {
            outcome if outcome.is_restored() => layout.coloured(word, Color::Green),
            Outcome::Failed { .. } | Outcome::ChangedMeanwhile { .. } => {
                layout.coloured(word, Color::Red)
            }
            Outcome::Restored { .. }
            | Outcome::Left { .. }
            | Outcome::Closed { .. }
            | Outcome::Impossible { .. }
            | Outcome::NotReached => layout.cell(word),
        };
        table.add_row(vec![
            layout.cell(&format!("{}\n{}", entry.conflict_id, entry.item_key)),
            word,
            layout.cell(&entry.outcome.describe()),
        ]);
    }
    format!("{table}\n")
}

/// How many of each outcome, in one line.
pub(super) fn totals(outcomes: &[EntryOutcome]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for entry in outcomes {
        let word = entry.outcome.word();
        match counts.iter_mut().find(|(other, _)| *other == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let counts = counts.iter().map(|(word, count)| format!("{count} {word}"));
    format!("{}.\n", counts.collect::<Vec<_>>().join(", "))
}
