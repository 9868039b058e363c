//! What came of a form that was sent.

use maud::{Markup, html};

use super::time_text;
use super::value::{short, text, value};
use crate::ledger::page::state::Notice;
use crate::ledger::put_back::{ChangedAttribute, Outcome};
use crate::page::{row, table};

/// What came of the form that was sent.
pub(super) fn told(notice: &Notice) -> Markup {
    let (class, body) = match notice {
        Notice::Status(text) => ("verdict good", html! { (text) }),
        Notice::Refused(message) => (
            "verdict bad",
            html! { "Nothing was done: " (text(message)) },
        ),
        Notice::ChoicesChanged => (
            "verdict warn",
            html! { "Nothing was written: you have chosen something else than the plan showed. This is the plan with what you chose; look at it, then put back." },
        ),
        Notice::PlanForgotten => (
            "verdict warn",
            html! { "Nothing was written: that plan was made too long ago. This is a new one; look at it, then put back." },
        ),
        Notice::PutBack(outcome) => put_back(outcome),
    };
    html! { div class=(class) role="status" #notice tabindex="-1" { (body) } }
}

fn put_back(outcome: &Outcome) -> (&'static str, Markup) {
    match outcome {
        Outcome::Restored { written, .. } if written.is_empty() => (
            "verdict good",
            html! { "Nothing had to be written: " (short(&outcome.describe())) ". The entry is restored." },
        ),
        Outcome::Restored { written, .. } => (
            "verdict good",
            html! { "Put back: " (short(&written.join(", "))) ". The entry is restored." },
        ),
        Outcome::Left { written, undecided } => (
            "verdict warn",
            html! {
                @if written.is_empty() { "Nothing was put back" } @else { "Put back: " (short(&written.join(", "))) }
                ". Still to decide: " (short(&undecided.join(", "))) ". The entry stays open."
            },
        ),
        Outcome::Closed { status, by, at } => (
            "verdict warn",
            html! {
                "Nothing was written: the entry was not open any more. It is " (status)
                @if let Some(by) = by { ", by " bdi { (by) } }
                @if let Some(at) = at { ", " (time_text(at)) }
                "."
            },
        ),
        Outcome::ChangedMeanwhile { changes } => (
            "verdict bad",
            html! {
                p { "Nothing was written: the item has changed since the plan was shown. The plan below is a new one." }
                (changed(changes))
            },
        ),
        Outcome::Impossible { message } | Outcome::Failed { message } => (
            "verdict bad",
            html! { "Nothing is certain to be written: " (text(message)) },
        ),
        Outcome::NotReached => (
            "verdict bad",
            html! { "Nothing was written: the server was ending." },
        ),
    }
}

fn changed(changes: &[ChangedAttribute]) -> Markup {
    let rows = changes.iter().map(|change| {
        row(
            None,
            short(&change.name),
            [value(change.was.as_ref()), value(change.is.as_ref())],
        )
    });
    table(
        Some("versions"),
        None,
        &["attribute", "when the plan was shown", "now"],
        rows,
    )
}
