//! One conflict: what was lost, what the item is now, and what can be done.

use std::collections::BTreeSet;

use conflict::{StampNames, values_equal};
use ledger::{Image, Side, Status, omitted_bytes, omitted_image_bytes};
use maud::{Markup, html};
use serde_dynamo::AttributeValue;

use super::list::status_mark;
use super::value::{short, text, value};
use super::{Rendered, age, frame, notice, plan, time, time_text, words};
use crate::ledger::Summary;
use crate::ledger::change::{last_event, status};
use crate::ledger::page::entry::{EntryView, ItemNow, Possible};
use crate::ledger::page::shell;
use crate::ledger::page::state::{Notice, PageState};
use crate::ledger::versions;
use crate::page::{row, table};

/// The whole page.
pub(in crate::ledger::page) fn entry(
    state: &PageState,
    view: &EntryView,
    notice: Option<&Notice>,
) -> Rendered {
    let summary = Summary::from(&view.entry);
    let key = summary.key_text();
    let main = html! {
        @if let Some(notice) = notice { (notice::told(notice)) }
        p.setup { a href=(state.root) { "All conflicts" } }
        h1 { (short(&key)) }
        p.setup {
            (short(&view.entry.table_name)) ", found " (time(view.entry.detected_at)) " (" (age(view.entry.detected_at, view.read_at)) ") "
            (status_mark(&summary.status))
        }
        (story(view))
        (plan::section(state, view))
        (resolve(state, view))
        (versions_section(state, view))
        (facts(view, &summary))
        (commands(state, view))
    };
    // The title goes into the browser's history: it says nothing of the item.
    frame(state, "A conflict", &main, None)
}

/// What happened, in a few sentences.
fn story(view: &EntryView) -> Markup {
    let entry = &view.entry;
    let kind = entry.kind.to_string();
    let lost = entry.lost_writes.unwrap_or(1);
    let when = |side: &Side| {
        side.written_at_text()
            .map_or_else(|| html! { "an unknown time" }, |text| time_text(&text))
    };
    let region = |side: &Side| {
        side.region
            .clone()
            .unwrap_or_else(|| "a Region that is not known".to_owned())
    };
    html! {
        p.story {
            @match (&entry.loser, &entry.winner) {
                (Some(loser), Some(winner)) => {
                    strong { (region(loser)) } " wrote at " (when(loser)) " and lost; " strong { (region(winner)) }
                    " wrote at " (when(winner)) ", without having seen that, and won. "
                }
                (Some(loser), None) => { "A write of " strong { (region(loser)) } " at " (when(loser)) " was lost. " }
                (None, _) => {}
            }
            @if lost > 1 { (lost) " writes at least were lost with it. " }
            "Kind: " code { (kind) } " (" (words::kind(&kind)) ")"
            @if let Some(confidence) = &entry.confidence { ", " (confidence.as_str()) }
            "."
        }
        @match status(entry) {
            Some(Status::Open) => {}
            Some(Status::Restored | Status::Dismissed) | None => {
                div.verdict.closed {
                    (entry.status.to_string())
                    @if let Some(event) = last_event(entry) {
                        " by " bdi { (event.by) } ", " (time(event.at))
                        @if let Some(names) = event.attributes.as_ref().filter(|names| !names.is_empty()) { ": " (short(&names.join(", "))) }
                        @if let Some(why) = &event.why { ". Why: " (text(why)) }
                    }
                }
            }
        }
        @if let Some(reason) = &entry.reason { p { "It could not be judged: " (text(reason)) } }
        @if let Some(record) = &entry.record { h2 { "The record, as it came" } div.record { (text(record)) } }
        @if entry.identical == Some(true) {
            p.verdict.warn { "Both versions are identical, which is not necessarily harmless: of two equal changes of a counter, one is lost. The choice sum adds it again." }
        }
        @if entry.images_refused == Some(true) { p { (versions::IMAGES_REFUSED) } }
    }
}

/// Closing the entry, or opening it again.
fn resolve(state: &PageState, view: &EntryView) -> Markup {
    if !state.args.write {
        return html! {};
    }
    let address = state.entry_address(&view.name);
    match status(&view.entry) {
        Some(Status::Open) => html! {
            section aria-labelledby="resolve" {
                h2 #resolve { "Or close it without putting anything back" }
                form.act method="post" action=(format!("{address}/resolve")) {
                    label.grow { "Why " input name="why" type="text" required maxlength="900" autocomplete="off" placeholder="the customer ordered again"; }
                    button type="submit" { "Resolve: write nothing, dismiss the entry" }
                }
            }
        },
        Some(Status::Restored | Status::Dismissed) => html! {
            section aria-labelledby="reopen" {
                h2 #reopen { "Open it again" }
                p.soft { "The item is not touched: a put-back is not undone." }
                form.act method="post" action=(format!("{address}/reopen")) {
                    label.grow { "Why " input name="why" type="text" maxlength="900" autocomplete="off"; }
                    button type="submit" { "Reopen the entry" }
                }
            }
        },
        None => html! {},
    }
}

/// Every attribute of both versions and of the item as it is now.
fn versions_section(state: &PageState, view: &EntryView) -> Markup {
    let entry = &view.entry;
    let (Some(loser), Some(winner)) = (&entry.loser, &entry.winner) else {
        return html! {};
    };
    let (Some(lost), Some(won)) = (&loser.image, &winner.image) else {
        return html! { p.soft { "The ledger keeps no images of this entry (LEDGER_IMAGES), so the versions cannot be shown." } };
    };
    let stamps = StampNames::new(&state.args.stamp_prefix);
    let differing = versions::differing(entry, lost, won, &stamps);
    let empty = Image::new();
    let (now, note) = match &view.item {
        ItemNow::There(item) => (item, None),
        ItemNow::Gone => (&empty, Some("The item is gone.".to_owned())),
        ItemNow::Unreadable(message) => (
            &empty,
            Some(format!("The item could not be read: {message}")),
        ),
        ItemNow::None => (&empty, None),
    };
    let of_now: BTreeSet<&str> = now.keys().map(String::as_str).collect();
    let mut names = versions::names(entry, lost, won, &stamps);
    names.extend(
        of_now
            .iter()
            .filter(|name| !lost.contains_key(**name) && !won.contains_key(**name)),
    );
    names.sort_by_key(|name| {
        (
            stamps.contains(name),
            !differing.contains(*name),
            !versions::is_key(entry, name),
            *name,
        )
    });
    names.dedup();
    let side = |side: &Side, image: &Image, name: &str| match (
        image.get(name),
        side.undecoded.get(name),
    ) {
        _ if omitted_image_bytes(image).is_some() => html! { span.none { "left out" } },
        (Some(value_there), _) => match omitted_bytes(value_there) {
            Some(bytes) => html! { span.none { "left out: " (bytes) " bytes" } },
            None => value(Some(value_there)),
        },
        (None, Some(Some(raw))) => html! { span.none { "not decoded" } " " (text(raw)) },
        (None, Some(None)) => html! { span.none { "not decoded, not kept" } },
        (None, None) => value(None),
    };
    let rows = names.into_iter().map(|name| {
        let differs = differing.contains(name);
        let now_differs =
            matches!(view.item, ItemNow::There(_)) && !same(now.get(name), won.get(name));
        let heading = html! {
            (short(name))
            @if differs { " " span.mark { "differs" } }
            @if now_differs { " " span.mark { "changed since" } }
        };
        let is = match &view.item {
            ItemNow::Unreadable(_) | ItemNow::None => html! { span.none { "not known" } },
            ItemNow::There(_) | ItemNow::Gone => value(now.get(name)),
        };
        row(
            differs.then_some("differs"),
            heading,
            [side(loser, lost, name), side(winner, won, name), is],
        )
    });
    let headings = [
        "attribute",
        &heading("lost", loser),
        &heading("won", winner),
        "now",
    ];
    html! {
        section aria-labelledby="versions" {
            h2 #versions { "Both versions, and the item as it is now" }
            @if let Some(note) = note { p.verdict.warn { (text(&note)) } }
            (table(Some("versions"), None, &headings, rows))
        }
    }
}

fn same(left: Option<&AttributeValue>, right: Option<&AttributeValue>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => omitted_bytes(right).is_some() || values_equal(left, right),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

pub(super) fn heading(what: &str, side: &Side) -> String {
    format!(
        "{what}, {}",
        side.region.as_deref().unwrap_or("Region unknown")
    )
}

fn facts(view: &EntryView, summary: &Summary) -> Markup {
    let entry = &view.entry;
    let changed = versions::changed_by_lost_write(entry);
    let facts = [
        ("Conflict id", Some(summary.conflict_id().to_owned())),
        (
            "The lost write changed",
            changed.or_else(|| {
                entry
                    .loser
                    .as_ref()
                    .map(|_| "not known: the function did not see that write".to_owned())
            }),
        ),
        (
            "Losing image",
            entry.loser.is_some().then(|| view.form.name().to_owned()),
        ),
        ("Sequence number", entry.sequence_number.clone()),
        ("Expires", entry.expires_at_text()),
        ("Not decoded", summary.undecoded_text()),
    ];
    html! {
        section aria-labelledby="facts" {
            h2 #facts { "The entry" }
            dl.facts {
                @for (name, fact) in facts { @if let Some(fact) = fact { div { dt { (name) } dd { (text(&fact)) } } } }
            }
            @if let Some(history) = &entry.history {
                h3 { "History" }
                ol.history { @for event in history { li { (text(&versions::history_line(event))) } } }
            }
        }
    }
}

/// The same on the command line, to be copied.
fn commands(state: &PageState, view: &EntryView) -> Markup {
    let connection = &state.regions.ledgers[view.ledger].connection;
    let mut of_ledger = format!(
        "{} --key {} --ledger {}",
        shell::word(view.entry.conflict_id.as_str()),
        shell::key(&view.entry.item_key),
        shell::word(&connection.ledger)
    );
    let mut also = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            of_ledger.push_str(&format!(" {name} {}", shell::word(value)));
        }
    };
    also("--region", connection.region.as_deref());
    also("--profile", connection.profile.as_deref());
    also("--endpoint-url", connection.endpoint_url.as_deref());
    let loser = view
        .entry
        .loser
        .as_ref()
        .and_then(|loser| loser.region.as_deref());
    let of_item = loser.and_then(|region| state.regions.item_endpoint(region));
    let of_item = of_item.map_or(String::new(), |url| {
        format!(" --item-endpoint-url {}", shell::word(&url))
    });
    let is_open = matches!(view.possible, Possible::Plan(..));
    html! {
        section aria-labelledby="commands" {
            h2 #commands { "On the command line" }
            pre { code {
                "lastwriter ledger show " (of_ledger) "\n"
                @if is_open { "lastwriter ledger put-back " (of_ledger) (of_item) "\n" }
            } }
        }
    }
}
