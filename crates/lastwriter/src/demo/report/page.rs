//! What the page says, from top to bottom.

use maud::{Markup, html};

use crate::demo::comparison::{Comparison, RegionResult, Suspected};
use crate::demo::conflict::{ConflictEntry, Version};
use crate::demo::{example, table as text};
use crate::format::{milliseconds_or_dash, thousands};
use crate::page::{
    BarChart, CONFLICTS_SCRIPT, Page, QuantileChart, TimeLabels, Timeline, json, row, table,
};

/// The most conflicts that the page's table holds; a browser gets slow beyond.
const MAX_CONFLICTS: usize = 20_000;

/// The whole page.
pub(super) fn render(comparison: &Comparison) -> Result<String, serde_json::Error> {
    let shown = &comparison.conflicts[..comparison.conflicts.len().min(MAX_CONFLICTS)];
    let page = Page {
        title: "lastwriter: lost writes against findings",
        body: html! {
            (header(comparison))
            main {
                (tiles(comparison))
                (regions(comparison))
                @if comparison.series.steps > 0 { (charts(comparison)) }
                @if let Some(conflict) = &comparison.example { (lost_write(conflict)) }
                (conflicts(comparison.conflicts.len(), shown.len()))
            }
            (footer(comparison))
        },
        data: ("conflicts-data", json(shown)?),
        script: CONFLICTS_SCRIPT,
    };
    Ok(page.render())
}

fn header(comparison: &Comparison) -> Markup {
    let setup = &comparison.setup;
    let problems = comparison.problems();
    let (class, sign, problems) = match &problems[..] {
        [] => ("verdict good", "✓", String::new()),
        problems => ("verdict bad", "✗", format!("{}. ", problems.join("; "))),
    };
    html! {
        header {
            p.brand { "lastwriter demo" }
            h1 { "Lost writes against findings" }
            p.setup {
                (format!("{:.0} s of traffic between {} Regions", setup.traffic_seconds, setup.regions.len()))
                @if let Some(cut) = &setup.cut { (format!(", {} cut off for {:.0} s", cut.region, cut.to - cut.from)) }
                ". Replication: " (setup.lag) ". Seed " (setup.seed) ". "
                (setup.started_at.format("%Y-%m-%d %H:%M").to_string()) " UTC."
            }
            p class=(class) {
                span aria-hidden="true" { (sign) } " " (problems) (comparison.headline())
                @if setup.interrupted { " The run was ended early." }
            }
            p.more { (comparison.details().join(" ")) }
            @if comparison.put_back.is_some() { p.more { (comparison.put_back_text()) } }
        }
    }
}

fn tiles(comparison: &Comparison) -> Markup {
    let total = &comparison.total;
    let metrics = &total.metrics;
    let rate = total.writes as f64 / comparison.setup.traffic_seconds.max(0.001);
    let share = format!("{:.1} % of all writes", comparison.lost_share() * 100.0);
    let conflicts = format!("of {} conflicts", thousands(total.ledger_conflicts));
    let p99 = format!("median; p99 {}", milliseconds_or_dash(metrics.delay_p99));
    html! {
        dl.tiles {
            (tile("Writes", thousands(total.writes), format!("{rate:.0} a second")))
            (tile("Lost", thousands(total.lost), share))
            (tile("By stamps", thousands(total.found_by_stamps), "covered by the ledgers"))
            (tile("By the join", thousands(total.found_by_join), "of all streams, without stamps"))
            (tile("Missed", thousands(total.missed), "lost, and found by neither"))
            (tile("False alarms", thousands(total.false_alarms), conflicts))
            (tile("Propagation", milliseconds_or_dash(metrics.delay_p50), p99))
        }
    }
}

fn tile(label: &str, value: String, note: impl AsRef<str>) -> Markup {
    html! {
        div { dt { (label) } dd { (value) } dd.note { (note.as_ref()) } }
    }
}

fn regions(comparison: &Comparison) -> Markup {
    let total = &comparison.total;
    let rows = comparison
        .regions
        .iter()
        .map(|region| region_row(None, region));
    let rows = rows.chain([region_row(Some("total"), total)]);
    let outside = comparison.outside.iter().map(|outside| {
        row(
            None,
            &outside.reason,
            [outside.lost, outside.found_by_stamps, outside.found_by_join].map(thousands),
        )
    });
    let suspected = comparison.suspected.iter().flat_map(Suspected::rows);
    let suspected = suspected.map(|(name, count)| row(None, name, [thousands(count)]));
    let false_outside = (total.false_outside > 0).then(|| {
        let (none, count) = (String::new(), thousands(total.false_outside));
        row(None, text::FALSE_OUTSIDE, [none.clone(), count, none])
    });
    let join = comparison.join.classes.iter();
    let join = join.map(|class| {
        let counts = [class.findings, class.lost].map(thousands);
        row(None, class.name(), counts)
    });
    let items = comparison.join.items.iter();
    let items = items.map(|of| row(None, of.items, [of.lost, of.found].map(thousands)));
    html! {
        section aria-labelledby="regions" {
            h2 #regions { "By Region" }
            (table(Some("numbers"), None, &text::REGIONS, rows))
            @if !comparison.outside.is_empty() || false_outside.is_some() {
                (table(
                    Some("numbers"),
                    None,
                    &text::OUTSIDE,
                    outside.chain(false_outside),
                ))
            }
            @if comparison.suspected.is_some() {
                (table(Some("numbers"), None, &text::SUSPECTED, suspected))
            }
            @if !comparison.join.classes.is_empty() {
                (table(Some("numbers"), None, &text::JOIN, join))
                (table(Some("numbers"), Some("What a value tells decides what the join can tell"), &text::JOIN_ITEMS, items))
            }
        }
    }
}

fn region_row(class: Option<&str>, region: &RegionResult) -> Markup {
    let numbers = [
        region.writes,
        region.lost,
        region.found_by_stamps,
        region.found_by_join,
        region.missed,
        region.false_alarms,
        region.ledger_conflicts,
        region.metrics.conflicts,
    ];
    let delays = [region.metrics.delay_p50, region.metrics.delay_p99];
    let cells = numbers
        .map(thousands)
        .into_iter()
        .chain(delays.map(milliseconds_or_dash));
    row(class, &region.region, cells)
}

fn charts(comparison: &Comparison) -> Markup {
    let series = &comparison.series;
    let setup = &comparison.setup;
    let cut = setup.cut.as_ref();
    let time = Timeline {
        step: series.step,
        steps: series.steps,
        labels: TimeLabels::Elapsed("s"),
        band: cut.map(|cut| (cut.from, cut.to, format!("{} cut off", cut.region))),
        line: Some((setup.traffic_seconds, "traffic ends")),
    };
    let mut sorted: Vec<&String> = setup.regions.iter().collect();
    sorted.sort();
    let region_class = |region: &str| match sorted.iter().position(|name| *name == region) {
        Some(at) => format!("r{at}"),
        None => "other".to_owned(),
    };
    let writes = BarChart {
        title: "Writes",
        note: "Writes a second, by the Region that they were made in.",
        unit: "writes/s",
        per_second: true,
        id: "writes",
        lines: &series.writes,
        class: &region_class,
    };
    let kinds = BarChart {
        title: "Conflicts by kind",
        note: "When they were found. After a cut, the conflicts of the whole cut are found at once.",
        unit: "conflicts",
        per_second: false,
        id: "kinds",
        lines: &series.kinds,
        class: &|kind| format!("k-{kind}"),
    };
    let winners = BarChart {
        title: "Conflicts by the Region that won",
        note: "When they were found.",
        id: "winners",
        lines: &series.winners,
        class: &region_class,
        ..kinds
    };
    let delays = QuantileChart {
        title: "Propagation delay by the Region of arrival",
        note: "From the write to the function that reads it elsewhere, the wait of stream and batch included. The line is \
               the median, the band reaches to the 99th percentile; the scale is logarithmic.",
        caption: "Propagation delay: median and 99th percentile",
        id: "delay",
        panels: &series.delays,
        class: &region_class,
    };
    html! {
        section aria-labelledby="charts" {
            h2 #charts { "Over time" }
            div.charts {
                @for chart in [&writes, &kinds, &winners] { (chart.figure(&time)) }
                (delays.figure(&time))
            }
        }
    }
}

fn lost_write(conflict: &ConflictEntry) -> Markup {
    let (loser, winner) = (&conflict.loser, &conflict.winner);
    let headings = [
        "attribute",
        &format!("lost, {}", loser.region),
        &format!("won, {}", winner.region),
    ];
    let rows = example::attributes(conflict).into_iter().map(|name| {
        let differs = conflict
            .differing_attributes
            .iter()
            .any(|other| other == name);
        let heading = html! { (name) @if differs { " " span.mark { "differs" } } };
        let value = |side: &Version| match side.attributes.get(name) {
            Some(value) => html! { (value) },
            None => html! { span.none { "none" } },
        };
        row(
            differs.then_some("differs"),
            heading,
            [value(loser), value(winner)],
        )
    });
    let time = |side: &Version| html! { time { (side.written_at.as_deref().unwrap_or("an unknown time")) } };
    html! {
        section aria-labelledby="example" {
            h2 #example { "One lost write in full" }
            p {
                "Item " code { (conflict.item[0]) } " / " code { (conflict.item[1]) } ". "
                strong { (loser.region) } " wrote at " (time(loser)) " and lost; "
                strong { (winner.region) } " wrote at " (time(winner)) " without having seen that, and won. "
                "Kind " code { (conflict.kind) } ", " (conflict.confidence) "."
            }
            (table(Some("versions"), None, &headings, rows))
        }
    }
}

/// The frame of the table that the script fills.
fn conflicts(all: usize, shown: usize) -> Markup {
    let headings = [
        "found",
        "item",
        "kind",
        "lost in",
        "won in",
        "lost writes",
        "differing attributes",
    ];
    html! {
        section aria-labelledby="conflicts" {
            h2 #conflicts { "Conflicts" }
            @if shown < all {
                p { "The first " (thousands(shown as u64)) " of " (thousands(all as u64)) " conflicts are here." }
            }
            noscript { p { "The table needs JavaScript. The charts and numbers above do not." } }
            form.filter role="search" hidden {
                label {
                    "Search "
                    input #search type="search" placeholder="item, attribute, value" autocomplete="off";
                }
                label { "Kind " select #kind { option value="" { "all" } } }
                label { "Region " select #region { option value="" { "all" } } }
                output #count aria-live="polite" {}
            }
            div.scroll {
                table #rows hidden {
                    thead {
                        tr {
                            @for heading in headings { th scope="col" { (heading) } }
                            th scope="col" { span.unseen { "both versions" } }
                        }
                    }
                    tbody {}
                }
            }
            p { button #more type="button" hidden { "Show more" } }
        }
    }
}

fn footer(comparison: &Comparison) -> Markup {
    let requests = &comparison.requests;
    html! {
        footer {
            p {
                "The workload sent " (thousands(requests.writes)) " writes and " (thousands(requests.reads)) " reads; "
                (thousands(requests.refused)) " writes were refused by their condition. The ledgers name "
                (thousands(comparison.total.ledger_lost_writes))
                " lost writes: a lower bound for each conflict, which counts a write twice that was lost twice. \
                 Everything was ready after " (format!("{:.1}", comparison.setup.starting_seconds)) " s."
            }
        }
    }
}
