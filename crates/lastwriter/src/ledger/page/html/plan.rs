//! The plan of a put-back, and the form that carries it out as it is shown.

use maud::{Markup, html};
use put_back::{
    Action, AttributePlan, ChangedByLostWrite, ItemState, LeftBecause, Plan, Rule, State, Step,
};
use serde_dynamo::AttributeValue;

use super::entry::heading;
use super::time;
use super::value::{short, text, value};
use crate::ledger::page::entry::{EntryView, Possible};
use crate::ledger::page::state::{Choice, PageState};

/// The section about putting back.
pub(super) fn section(state: &PageState, view: &EntryView) -> Markup {
    let body = match &view.possible {
        Possible::Closed => return html! {},
        Possible::Nothing(message) => {
            html! { p.verdict.warn { "Nothing can be put back: " (text(&without_flags(message))) } }
        }
        Possible::Plan(id, plan) => form(state, view, id, plan),
    };
    html! {
        section aria-labelledby="put-back" {
            h2 #put-back { "What was lost, and what a put-back does" }
            (body)
        }
    }
}

/// Messages name options of the command; in the page there are fields.
fn without_flags(message: &str) -> String {
    message
        .replace("`lastwriter ledger resolve`", "Resolving")
        .replace(
            ", put it back with --rule NAME=sum; else",
            ", put it back on the command line with --rule NAME=sum; else",
        )
}

fn form(state: &PageState, view: &EntryView, id: &str, plan: &Plan) -> Markup {
    let mut numbered: Vec<(usize, &AttributePlan)> = plan.attributes.iter().enumerate().collect();
    // What is written comes first, then what is to decide; the numbers are the form's.
    numbered.sort_by_key(|(_, attribute)| (!attribute.is_written(), attribute.is_settled()));
    let entry = &view.entry;
    let side = |what: &str, side: &Option<ledger::Side>| {
        side.as_ref()
            .map_or_else(|| what.to_owned(), |side| heading(what, side))
    };
    let has_unknown = numbered.iter().any(|(_, attribute)| {
        attribute.action == Action::Leave(LeftBecause::UnknownWhoChangedIt)
            || view.choices.untouched
    });
    let is_deleted = plan
        .attributes
        .iter()
        .any(|attribute| attribute.action == Action::Leave(LeftBecause::ItemDeleted));
    html! {
        form method="post" action=(state.entry_address(&view.name)) {
            input type="hidden" name="plan" value=(id);
            div.scroll {
                table.versions.plan {
                    thead { tr {
                        th scope="col" { "attribute" }
                        th scope="col" { (side("lost", &entry.loser)) }
                        th scope="col" { (side("won", &entry.winner)) }
                        th scope="col" { "now" }
                        th scope="col" { "put-back makes it" }
                        th scope="col" { "your choice" }
                    } }
                    tbody { @for (number, attribute) in numbered { (attribute_row(view, number, attribute)) } }
                }
            }
            p.sentence { (sentence(plan)) }
            @if is_deleted || view.choices.recreate {
                label.option {
                    input type="checkbox" name="recreate" checked[view.choices.recreate];
                    @match plan.item {
                        ItemState::Gone => " Create the item again: it is gone",
                        ItemState::MarkedDeleted | ItemState::Present => " Bring the item back: it was deleted since",
                    }
                }
            }
            @if has_unknown {
                label.option {
                    input type="checkbox" name="untouched" checked[view.choices.untouched];
                    " Put back also what may be the winner's own change"
                }
            }
            (buttons(state, plan.writes() || plan.settles(), &label(plan)))
            p.soft { "The item was read " (time(view.read_at)) ". What has changed until the button is pressed is refused and shown." }
        }
    }
}

fn buttons(state: &PageState, can_act: bool, label: &str) -> Markup {
    html! {
        div.act {
            // First, so that Enter in a field shows and writes nothing.
            button.primary[!can_act] type="submit" name="do" value="show" { "Show the plan with these choices" }
            @if state.args.write {
                label.grow { "Why (for the history) " input name="why" type="text" maxlength="900" autocomplete="off"; }
                button.primary type="submit" name="do" value="put-back" disabled[!can_act] { (label) }
            } @else {
                span.soft { "Read-only: nothing can be put back from here." }
            }
        }
    }
}

/// What the button does, in a few words.
fn label(plan: &Plan) -> String {
    let written = plan.written();
    match (plan.step, &written[..]) {
        (Step::Nothing, _) if plan.settles() => "Mark as restored: nothing is missing".to_owned(),
        (Step::Nothing, _) => "Nothing to put back yet: decide first".to_owned(),
        (Step::Delete, _) => "Delete the item again".to_owned(),
        (Step::Create, _) => format!("Create the item again in {}", plan.region),
        (Step::Revive, _) => "Revive the item".to_owned(),
        (Step::Update, [one]) if one.chars().count() <= 40 => {
            format!("Put back {}", crate::terminal::printable(one))
        }
        (Step::Update, written) => format!("Put back {} attributes", written.len()),
    }
}

/// What is written where, and what is left.
fn sentence(plan: &Plan) -> Markup {
    let (written, unsettled) = (plan.written(), plan.unsettled());
    let does = match plan.step {
        Step::Nothing => "Nothing is written to the item.",
        Step::Update => "One write",
        Step::Revive => "One write takes the delete mark away and",
        Step::Delete => "One write marks the item as deleted again and",
        Step::Create => "One write creates the item again and",
    };
    html! {
        (does)
        @if plan.writes() {
            " sets " @for (at, name) in written.iter().enumerate() { @if at > 0 { ", " } strong { (short(name)) } }
            " in " (plan.region) "; every other attribute stays as it is. "
        } @else { " " }
        @if unsettled.is_empty() { "The entry becomes restored." }
        @else { "The entry stays open; to decide: " strong { (short(&unsettled.join(", "))) } "." }
    }
}

fn attribute_row(view: &EntryView, number: usize, attribute: &AttributePlan) -> Markup {
    let becomes = match &attribute.action {
        Action::Set(new) => html! { strong { (value(Some(new))) } },
        Action::Remove => html! { strong { "removed" } },
        Action::Leave(because) => html! { span.soft { "left: " (left(*because)) } },
    };
    let class = match (attribute.is_written(), attribute.is_settled()) {
        (true, _) => "written",
        (false, false) => "undecided",
        (false, true) => "settled",
    };
    html! {
        tr class=(class) {
            th scope="row" { (short(&attribute.name)) br; span.mark { (standing(attribute)) } }
            td { (value(attribute.lost.as_ref())) }
            td { (value(attribute.won.as_ref())) }
            td { (value(attribute.now.as_ref())) }
            td { (becomes) }
            td { (choice(view, number, attribute)) }
        }
    }
}

/// How an attribute stands, in a few words.
fn standing(attribute: &AttributePlan) -> String {
    let state = match attribute.state {
        State::Untouched => "still the winner's",
        State::AlreadyThere => "already as lost",
        State::ChangedSince => "changed since",
    };
    let by = match attribute.changed {
        ChangedByLostWrite::Yes => "changed by the lost write",
        ChangedByLostWrite::AndByWinner => "changed by both",
        ChangedByLostWrite::No => "not changed by the lost write",
        ChangedByLostWrite::Unknown => "who changed it is not known",
    };
    format!("{by}; {state}")
}

/// Why an attribute is left, where a choice can be made beside it.
fn left(because: LeftBecause) -> String {
    match because {
        LeftBecause::OnlyWinnerHasIt => "only the winner has it".to_owned(),
        LeftBecause::ChangedSince => "somebody wrote it since; choose".to_owned(),
        LeftBecause::WinnerChangedItToo => "the winner changed it too, later; choose".to_owned(),
        LeftBecause::UnknownWhoChangedIt => "it may be the winner's own change; choose".to_owned(),
        LeftBecause::ItemDeleted => "the item was deleted since".to_owned(),
        LeftBecause::SumMayHaveTakenEffect => {
            "a sum was begun and may have taken effect; choose".to_owned()
        }
        LeftBecause::Kept => "as you chose".to_owned(),
        LeftBecause::AlreadyThere
        | LeftBecause::NotOfTheLostWrite
        | LeftBecause::NotNamed
        | LeftBecause::RuleDoesNotFit(_)
        | LeftBecause::Undecodable => because.reason(),
    }
}

fn choice(view: &EntryView, number: usize, attribute: &AttributePlan) -> Markup {
    let chosen = view.choices.of(&attribute.name);
    let can_add = view.entry.ancestor_numbers.is_some();
    let lost_value = match attribute.lost {
        Some(_) => "the lost value",
        None => "the lost value: none, so remove it",
    };
    let mut rules = vec![
        (Choice::LostValue, lost_value),
        (Choice::Rule(Rule::Keep), "leave it, decided"),
    ];
    if attribute.won.is_some() && attribute.state == State::AlreadyThere {
        rules.push((Choice::Rule(Rule::Won), "the winner's value"));
    }
    let values = || attribute.lost.iter().chain(&attribute.now);
    if values().any(is_set) {
        rules.push((Choice::Rule(Rule::Union), "union: what either holds"));
        rules.push((
            Choice::Rule(Rule::Intersection),
            "intersection: what both hold",
        ));
    }
    if values().any(|value| matches!(value, AttributeValue::N(_) | AttributeValue::S(_))) {
        rules.push((Choice::Rule(Rule::Max), "max: the larger of lost and now"));
        rules.push((Choice::Rule(Rule::Min), "min: the smaller of lost and now"));
    }
    if can_add && values().any(|value| matches!(value, AttributeValue::N(_))) {
        rules.push((
            Choice::Rule(Rule::Sum),
            "sum: add what the lost write added",
        ));
    }
    html! {
        select name=(format!("choice-{number}")) aria-label=(format!("What becomes of {}", crate::terminal::printable(&attribute.name))) autocomplete="off" {
            option value="" selected[chosen.is_none()] { "as the plan says" }
            @for (rule, what) in rules { option value=(choice_name(rule)) selected[chosen == Some(rule)] { (what) } }
        }
    }
}

fn is_set(value: &AttributeValue) -> bool {
    matches!(
        value,
        AttributeValue::Ss(_) | AttributeValue::Ns(_) | AttributeValue::Bs(_)
    )
}

/// A choice as the form sends it.
fn choice_name(choice: Choice) -> &'static str {
    match choice {
        Choice::LostValue => "lost-value",
        Choice::Rule(rule) => rule.name(),
    }
}

/// The choice that a form sends.
pub(in crate::ledger::page) fn choice_of(name: &str) -> Option<Choice> {
    match name {
        "lost-value" => Some(Choice::LostValue),
        name => name.parse().ok().map(Choice::Rule),
    }
}
