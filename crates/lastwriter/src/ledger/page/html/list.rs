//! The list of conflicts, with filters, totals and charts.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use ledger::{EntryKind, Status};
use maud::{Markup, html};

use super::value::short;
use super::{LIVE_SCRIPT, Rendered, age, charts, frame, time, words};
use crate::format::thousands;
use crate::ledger::Summary;
use crate::ledger::page::listed::Listed;
use crate::ledger::page::query::{ANY, Query, ROWS, Search};
use crate::ledger::page::state::PageState;
use crate::ledger::top::{Count, top};
use crate::page::{row, table};

/// How many of the items and attributes that lose most are named.
const MOST: usize = 5;

/// What a list shows.
pub(in crate::ledger::page) struct ListView {
    pub(in crate::ledger::page) query: Query,
    pub(in crate::ledger::page) search: Option<Arc<Search>>,
    /// The entries that fit, whatever their status.
    pub(in crate::ledger::page) all: Vec<Arc<Listed>>,
    /// Those of them with the status that is shown.
    pub(in crate::ledger::page) shown: Vec<Arc<Listed>>,
    /// How many hours the charts go back.
    pub(in crate::ledger::page) hours: u32,
    pub(in crate::ledger::page) problems: Vec<String>,
    pub(in crate::ledger::page) cut: Vec<String>,
    pub(in crate::ledger::page) now: DateTime<Utc>,
}

impl ListView {
    fn pages(&self) -> usize {
        self.shown.len().div_ceil(ROWS).max(1)
    }

    /// The page that is shown: the last one, where a list got shorter.
    fn page(&self) -> usize {
        self.query.page().min(self.pages())
    }

    /// The entries of the page that is shown.
    pub(in crate::ledger::page) fn rows(&self) -> &[Arc<Listed>] {
        let from = (self.page() - 1) * ROWS;
        &self.shown[from..(from + ROWS).min(self.shown.len())]
    }
}

/// The whole page.
pub(in crate::ledger::page) fn list(state: &PageState, view: &ListView) -> Rendered {
    let main = html! {
        h1 { "Lost writes" }
        p.setup { (state.regions.names().join(", ")) ", the last " (view.hours) @if view.hours == 1 { " hour" } @else { " hours" } }
        (filters(state, view))
        div.follow hidden {
            label { input #follow type="checkbox" checked autocomplete="off"; " Look for new ones every " (state.args.refresh) " s" }
            span #said role="status" {}
        }
        (live(state, view))
    };
    frame(state, "Lost writes", &main, Some(LIVE_SCRIPT))
}

/// What is read anew while the page is seen. `data-version` tells whether anything is new.
pub(in crate::ledger::page) fn live(state: &PageState, view: &ListView) -> Markup {
    let body = html! {
        @for problem in &view.problems { p.verdict.bad role="alert" { (super::value::text(problem)) } }
        @if !view.cut.is_empty() {
            p.verdict.warn {
                "The newest " (thousands(u64::from(state.args.limit))) " of " (view.cut.join(", "))
                " are here; --limit keeps more, --hours fewer."
            }
        }
        (totals(view))
        (charts::charts(&view.all, &state.regions.names(), view.hours, view.now))
        (rows(state, view))
        (most(view))
    };
    let mut hasher = DefaultHasher::new();
    body.0.hash(&mut hasher);
    let source = format!(
        "{}live{}",
        state.root,
        view.query.address(view.query.page())
    );
    html! {
        div #live data-source=(source) data-seconds=(state.args.refresh) data-entries=(view.all.len())
            data-version=(format!("{:016x}", hasher.finish())) { (body) }
    }
}

fn filters(state: &PageState, view: &ListView) -> Markup {
    let query = &view.query;
    let statuses = Status::ALL.iter().map(|status| <&str>::from(*status));
    let hours = [1, 3, 6, 24, 72, 168]
        .into_iter()
        .filter(|hours| *hours < state.args.hours);
    let region = query.region.as_deref().unwrap_or_default();
    html! {
        form.filter role="search" method="post" action=(format!("{}list", state.root)) {
            label { "Status " select name="status" {
                @for status in statuses { option value=(status) selected[query.status() == Some(status)] { (status) } }
                option value=(ANY) selected[query.status().is_none()] { "all" }
            } }
            label { "Kind " select name="kind" {
                option value="" { "all" }
                @for kind in EntryKind::ALL.iter().map(|kind| kind.name()) {
                    option value=(kind) selected[query.kind() == Some(kind)] { (kind) }
                }
            } }
            label { "Region " select name="region" {
                option value="" { "all" }
                @for name in state.regions.names() { option value=(name) selected[region == name] { (name) } }
            } }
            label { "Last " select name="hours" {
                @for choice in hours {
                    option value=(choice) selected[query.hours() == Some(choice)] { (choice) " h" }
                }
                option value="" selected[query.hours().is_none()] { (state.args.hours) " h" }
            } }
            label.grow { "Key " input name="text" type="search" maxlength="4096" autocomplete="off" spellcheck="false"
                placeholder="PK=USER#1 SK=PROFILE, or a part of a key, id or attribute"
                value=(view.search.as_ref().map_or("", |search| search.text.as_str())); }
            button type="submit" { "Show" }
            @if *query != Query::default() { a href=(state.root) { "Reset" } }
        }
    }
}

fn totals(view: &ListView) -> Markup {
    let counted = top(view.all.iter().map(|listed| &listed.summary), MOST);
    let of = |status: &str| {
        view.all
            .iter()
            .filter(|listed| listed.summary.status == status)
            .count() as u64
    };
    let oldest = counted
        .oldest_open
        .as_ref()
        .and_then(|oldest| oldest.parse::<DateTime<Utc>>().ok());
    let share = counted.resolved_share.map_or(String::new(), |share| {
        format!("{:.0} % dealt with", share * 100.0)
    });
    let tiles = [
        (
            "Open",
            of("open"),
            oldest.map_or(String::new(), |oldest| {
                format!("the oldest {}", age(oldest, view.now))
            }),
        ),
        ("Conflicts", counted.conflicts, share),
        ("Lost writes", counted.lost_writes, "at least".to_owned()),
        ("Restored", of("restored"), "put back".to_owned()),
        (
            "Dismissed",
            of("dismissed"),
            "resolved with a reason".to_owned(),
        ),
    ];
    html! {
        dl.tiles {
            @for (label, number, note) in tiles {
                div { dt { (label) } dd { (thousands(number)) } dd.note { (note) } }
            }
        }
    }
}

fn rows(state: &PageState, view: &ListView) -> Markup {
    let headings = [
        "Found",
        "Item",
        "Attributes that differ",
        "Kind",
        "Lost in, to",
        "Status",
    ];
    html! {
        section aria-labelledby="conflicts" {
            h2 #conflicts { "Conflicts" }
            @if view.shown.is_empty() {
                p.empty { (nothing(view)) }
            } @else {
                (pager(view))
                (table(Some("list"), None, &headings, view.rows().iter().map(|listed| row_of(state, view, listed))))
                (pager(view))
            }
        }
    }
}

/// What is said where there is nothing to list.
fn nothing(view: &ListView) -> &'static str {
    match (view.all.is_empty(), view.query.status()) {
        (false, Some("open")) => "Nothing is open: all that fits is restored or dismissed.",
        (false, _) => "Nothing has this status. Choose the status all to see the others.",
        (true, _) if view.search.is_some() => {
            "Nothing was found. A whole key needs every key attribute with the name and type that the table has: NAME=VALUE, \
             NAME:N=NUMBER, NAME:B=BASE64."
        }
        (true, _) => "No entry.",
    }
}

fn row_of(state: &PageState, view: &ListView, listed: &Listed) -> Markup {
    let Summary {
        detected_at,
        status,
        table,
        finding,
        ..
    } = &listed.summary;
    let found = detected_at.parse::<DateTime<Utc>>();
    let differing = match (
        &finding.reason,
        finding.identical,
        &finding.differing_attributes,
    ) {
        (Some(reason), _, _) => reason.clone(),
        (None, Some(true), _) => "none: identical".to_owned(),
        (None, _, Some(names)) => names.join(", "),
        (None, _, None) => String::new(),
    };
    let region = |region: &Option<String>| region.clone().unwrap_or_else(|| "?".to_owned());
    let kind = finding.kind.as_deref().unwrap_or_default();
    html! {
        tr #(format!("e-{}", listed.name)) {
            td.when {
                @match found {
                    Ok(found) => { (time(found)) br; span.soft { (age(found, view.now)) } }
                    Err(_) => (detected_at)
                }
            }
            th.item scope="row" {
                a id=(format!("a-{}", listed.name)) href=(state.entry_address(&listed.name)) { (short(&listed.summary.key_text())) }
                br; span.soft { (short(table)) }
            }
            td.item { (short(&differing)) }
            td { (kind) br; span.soft { (words::kind(kind)) } }
            td { (region(&finding.loser_region)) br; span.soft { "to " (region(&finding.winner_region)) } }
            td { (status_mark(status)) }
        }
    }
}

/// A status with a colour, if it is known.
pub(super) fn status_mark(status: &str) -> Markup {
    let class = match status {
        "open" | "restored" | "dismissed" => format!("status {status}"),
        _ => "status".to_owned(),
    };
    html! { span class=(class) { (status) } }
}

fn pager(view: &ListView) -> Markup {
    let (page, pages) = (view.page(), view.pages());
    let from = (page - 1) * ROWS;
    let step = |to: usize, word: &str| {
        let there = (1..=pages).contains(&to) && to != page;
        html! { @if there { a href=(view.query.address(to)) { (word) } } @else { span.soft { (word) } } }
    };
    html! {
        nav.pager aria-label="Pages of the list" {
            span { (thousands(from as u64 + 1)) " to " (thousands((from + view.rows().len()) as u64)) " of " (thousands(view.shown.len() as u64)) }
            @if pages > 1 {
                (step(1, "Newest")) " " (step(page - 1, "Newer")) " " (step(page + 1, "Older")) " " (step(pages, "Oldest"))
            }
        }
    }
}

/// What loses most.
fn most(view: &ListView) -> Markup {
    let counted = top(view.all.iter().map(|listed| &listed.summary), MOST);
    let counts = |heading: &str, counts: &[Count]| {
        let rows = counts.iter().map(|count| {
            row(
                None,
                short(&count.name),
                [thousands(count.conflicts), thousands(count.open)],
            )
        });
        table(Some("numbers"), None, &[heading, "conflicts", "open"], rows)
    };
    html! {
        @if counted.conflicts > 0 {
            section aria-labelledby="most" {
                h2 #most { "What loses most" }
                div.halves {
                    (counts("item", &counted.items))
                    (counts("attribute that differs", &counted.attributes))
                }
            }
        }
    }
}
