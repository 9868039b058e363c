//! What the page says. Functions from data to markup, and nothing else.

mod charts;
mod entry;
mod list;
mod notice;
pub(super) mod plan;
mod value;
mod words;

use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};

use super::state::PageState;
use crate::page::ServedPage;

pub(super) use entry::entry;
pub(super) use list::{ListView, list, live};

const STYLE: &str = include_str!("../page.css");

/// Reads the list anew while it is seen.
const LIVE_SCRIPT: &str = include_str!("../live.js");

/// A page and its Content-Security-Policy.
pub(super) type Rendered = (String, String);

/// The frame of every page.
fn frame(state: &PageState, title: &str, main: &Markup, script: Option<&str>) -> Rendered {
    let operator = state
        .regions
        .ledgers
        .iter()
        .find_map(|ledger| ledger.operator.as_ref());
    let body = html! {
        a.skip href="#main" { "To the content" }
        header.top {
            p.brand { a href=(state.root) { "lastwriter" } span.soft { " ledger " (state.ledger_name()) } }
            p.mode {
                @match operator {
                    Some(operator) => { strong.writes { "May write" } span.soft { " as " bdi { (operator.by) } } }
                    None => { strong { "Read-only" } span.soft { "; start it with --write to put back" } }
                }
            }
        }
        main #main { (main) }
        footer {
            p { "Times are UTC. Whoever has this page's address can do what you can: do not pass it on." }
        }
    };
    let page = ServedPage {
        title: &format!("{title} · lastwriter"),
        body,
        style: STYLE,
        script,
    };
    page.render()
}

/// A page that says why there is no other.
pub(super) fn problem(state: &PageState, title: &str, message: &str) -> Rendered {
    let main = html! {
        h1 { (title) }
        p.verdict.bad { (value::text(message)) }
        p { a href=(state.root) { "All conflicts" } }
    };
    frame(state, title, &main, None)
}

/// A time for people, and for machines.
fn time(time: DateTime<Utc>) -> Markup {
    let exact = time.to_rfc3339_opts(SecondsFormat::Millis, true);
    html! { time datetime=(exact) title=(exact) { (time.format("%Y-%m-%d %H:%M:%S").to_string()) } }
}

/// A time as the ledger writes it, with what decides who won.
fn time_text(text: &str) -> Markup {
    match text.parse::<DateTime<Utc>>() {
        Ok(parsed) => {
            html! { time datetime=(text) title=(text) { (parsed.format("%Y-%m-%d %H:%M:%S%.3f").to_string()) } }
        }
        Err(_) => html! { bdi { (text) } },
    }
}

/// How long ago it was.
fn age(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let minutes = (now - then).num_minutes();
    match minutes {
        ..1 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..2_880 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1_440),
    }
}

impl PageState {
    fn ledger_name(&self) -> &str {
        self.regions
            .ledgers
            .first()
            .map_or("", |ledger| ledger.connection.ledger.as_str())
    }

    /// The address of an entry.
    fn entry_address(&self, name: &str) -> String {
        format!("{}entry/{name}", self.root)
    }
}
