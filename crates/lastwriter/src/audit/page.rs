//! The page of an audit: one HTML file that asks nothing of any network, made of the same parts as the demo's.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use join::{Confidence, Finding};
use maud::{Markup, html};
use serde::Serialize;

use super::advice;
use super::analysis::Audited;
use super::example::{self, Example, Side, sentence};
use super::outcome::{Outcome, time};
use super::render::{class, headline, hour, region_cells};
use super::tally::LoserList;
use crate::failure::CommandError;
use crate::format::{decimal, item_key, thousands};
use crate::page::{BarChart, CONFLICTS_SCRIPT, Page, TimeLabels, Timeline, json, row, table};

/// The most findings that the page's table holds; a browser gets slow beyond.
const MAX_FINDINGS: usize = 5_000;
/// Steps of a chart, about.
const STEPS: f64 = 48.0;

/// A page that cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// The path cannot be used.
    #[error("--report {} cannot be written: {source}", .path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was not written.
    #[error("the page {} cannot be written: {source}", .path.display())]
    Write {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<PageError> for CommandError {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Path { .. } => Self::bad_input(error),
            PageError::Write { .. } => Self::failed(error),
        }
    }
}

/// Makes the page's folder, so that a path that cannot be used is told before a day of streams was read.
pub(super) fn writable(path: &Path) -> Result<(), PageError> {
    let refused = |source| PageError::Path {
        path: path.to_owned(),
        source,
    };
    if path.is_dir() {
        return Err(refused(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            std::fs::create_dir_all(folder).map_err(refused)
        }
        Some(_) | None => Ok(()),
    }
}

/// Writes the page.
pub(super) fn write(path: &Path, audited: &mut Audited) -> Result<(), PageError> {
    let page = render(audited);
    page.and_then(|page| std::fs::write(path, page))
        .map_err(|source| PageError::Write {
            path: path.to_owned(),
            source,
        })
}

/// A finding as the page's script takes it: as the demo's conflicts.
#[derive(Serialize)]
struct Row {
    id: String,
    time: String,
    detected_at: String,
    kind: &'static str,
    confidence: String,
    lost_writes: u64,
    identical: bool,
    differing_attributes: Vec<String>,
    item: [String; 1],
    loser: RowSide,
    winner: RowSide,
}

#[derive(Serialize)]
struct RowSide {
    region: String,
    written_at: Option<String>,
    attributes: BTreeMap<String, String>,
}

impl Row {
    fn new(example: Example) -> Self {
        let Example { finding, lost, won } = example;
        let side = |region: &str, written_at: Option<String>, side: Side| RowSide {
            region: region.to_owned(),
            written_at,
            attributes: match side {
                Side::Item(attributes) => attributes,
                Side::Deleted | Side::Unknown => BTreeMap::new(),
            },
        };
        let written = time(finding.second);
        Self {
            id: format!("{} {}", finding.lost.region, finding.lost.sequence_number),
            time: written.clone(),
            detected_at: written.clone(),
            kind: finding.kind.name(),
            confidence: format!("{}, {}", finding.confidence, class(finding.class)),
            lost_writes: 1,
            identical: finding.differing_attributes.is_empty(),
            item: [item_key(&finding.key)],
            loser: side(&finding.lost_in, Some(written), lost),
            winner: side(&finding.won_in, None, won),
            differing_attributes: finding.differing_attributes,
        }
    }
}

fn render(audited: &mut Audited) -> io::Result<String> {
    let outcome = &audited.outcome;
    let findings = &outcome.findings;
    let mut read = |places: &[usize]| match &mut audited.versions {
        Some(versions) => example::read(findings, places, versions),
        None => Ok(Vec::new()),
    };
    let shown: Vec<usize> = (0..findings.len().min(MAX_FINDINGS)).collect();
    let examples = read(&example::choose(findings, 1))?;
    let rows: Vec<Row> = read(&shown)?.into_iter().map(Row::new).collect();
    let page = Page {
        title: "lastwriter: lost writes",
        body: html! {
            (header(outcome))
            main {
                (tiles(outcome))
                (regions(outcome))
                (charts(outcome))
                @for example in &examples { (in_full(example)) }
                (most(outcome))
                (trust(outcome))
                (list(findings.len(), rows.len()))
            }
        },
        data: ("conflicts-data", json(&rows)?),
        script: CONFLICTS_SCRIPT,
    };
    Ok(page.render())
}

fn header(outcome: &Outcome) -> Markup {
    let names: Vec<&str> = outcome.regions.iter().map(|r| r.region.as_str()).collect();
    let kind = match outcome.found() {
        0 => "verdict good",
        _ => "verdict bad",
    };
    html! {
        header {
            p.brand { "lastwriter audit" }
            h1 { "Lost writes of " (outcome.table) }
            p.setup {
                "In " (names.join(", "))
                @if let Some(read) = &outcome.read { ", from " (read.from) " to " (read.to) }
                "."
            }
            p class=(kind) { (headline(outcome)) }
            @for line in advice::incomplete(outcome) { p.more { (line) } }
        }
    }
}

fn tiles(outcome: &Outcome) -> Markup {
    let total = &outcome.total;
    let lost = total.lost_writes;
    let tile = |label: &str, value: String, note: String| {
        html! { div { dt { (label) } dd { (value) } dd.note { (note) } } }
    };
    html! {
        dl.tiles {
            (tile("Writes", thousands(total.writes.round() as u64), format!("in {} records", thousands(total.records))))
            (tile("Lost", thousands(lost.found()), format!("{} in a million", decimal(total.lost_per_million))))
            (tile("Certain", thousands(lost.certain), "no other way".to_owned()))
            (tile("Likely", thousands(lost.likely), "else a coincidence".to_owned()))
            (tile("Possible", thousands(lost.possible), "not counted as lost".to_owned()))
            (tile("Stale puts", thousands(total.stale_puts.found()), "overwrote a later write".to_owned()))
        }
    }
}

fn regions(outcome: &Outcome) -> Markup {
    let headings = [
        "Region",
        "records",
        "writes",
        "lost",
        "in a million",
        "certain",
        "likely",
        "possible",
        "stale puts",
    ];
    let cells = |class, region| {
        let [name, cells @ ..] = region_cells(region);
        row(class, name, cells)
    };
    let rows = outcome.regions.iter().map(|region| cells(None, region));
    let rows = rows.chain([cells(Some("total"), &outcome.total)]);
    let kinds = outcome.kinds.iter().map(|kind| {
        let counts = [
            kind.counts.certain,
            kind.counts.likely,
            kind.counts.possible,
        ];
        let name = format!("{}, {}", class(kind.class), kind.kind);
        row(None, name, counts.map(thousands))
    });
    html! {
        section aria-labelledby="regions" {
            h2 #regions { "By Region" }
            (table(Some("numbers"), None, &headings, rows))
            @if !outcome.kinds.is_empty() {
                (table(
                    Some("numbers"),
                    Some("What happened, loser before winner"),
                    &["kind", "certain", "likely", "possible"],
                    kinds,
                ))
            }
        }
    }
}

/// Certain and likely findings over time.
fn charts(outcome: &Outcome) -> Markup {
    let counted: Vec<&Finding> = outcome
        .findings
        .iter()
        .filter(|finding| finding.confidence != Confidence::Possible)
        .collect();
    let seconds = counted.iter().map(|finding| finding.second);
    let (Some(first), Some(last)) = (seconds.clone().min(), seconds.max()) else {
        return html! {};
    };
    let (unit, of_unit) = match last - first {
        0..=300 => ("s", 1.0),
        301..=18_000 => ("min", 60.0),
        _ => ("h", 3_600.0),
    };
    let span = (last - first + 1) as f64 / of_unit;
    let step = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|step| span / step <= STEPS)
        .unwrap_or(20.0);
    let steps = (span / step).ceil().max(1.0) as usize;
    let timeline = Timeline {
        step,
        steps,
        labels: TimeLabels::Elapsed(unit),
        band: None,
        line: Some((span, "last one")),
    };
    let lines = |name: &dyn Fn(&Finding) -> String| {
        let mut lines: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for finding in &counted {
            let at = ((finding.second - first) as f64 / of_unit / step) as usize;
            let line = lines
                .entry(name(finding))
                .or_insert_with(|| vec![0.0; steps]);
            line[at.min(steps - 1)] += 1.0;
        }
        lines
    };
    let regions: BTreeSet<&str> = outcome.regions.iter().map(|r| r.region.as_str()).collect();
    let region_class = |name: &str| match regions.iter().position(|region| *region == name) {
        Some(at) if at < 5 => format!("r{at}"),
        Some(_) | None => "other".to_owned(),
    };
    let (by_region, by_kind) = (
        lines(&|finding| finding.lost_in.clone()),
        lines(&|finding| finding.kind.name().to_owned()),
    );
    let note = format!("When they were written, from {} on.", time(first));
    let of_region = BarChart {
        title: "Lost writes by the Region that they were made in",
        note: &note,
        unit: "lost writes",
        per_second: false,
        id: "regions-over-time",
        lines: &by_region,
        class: &region_class,
    };
    let of_kind = BarChart {
        title: "Lost writes by kind",
        id: "kinds",
        lines: &by_kind,
        class: &|kind| format!("k-{kind}"),
        ..of_region
    };
    html! {
        section aria-labelledby="charts" {
            h2 #charts { "Over time" }
            div.charts { (of_region.figure(&timeline)) (of_kind.figure(&timeline)) }
        }
    }
}

fn in_full(example: &Example) -> Markup {
    let finding = &example.finding;
    let headings = [
        "attribute",
        &format!("lost, {}", finding.lost_in),
        &format!("won, {}", finding.won_in),
    ];
    let rows = example.attributes().into_iter().map(|(name, differs)| {
        let heading = html! { (name) @if differs { " " span.mark { "differs" } } };
        row(differs.then_some("differs"), heading, example.values(name))
    });
    html! {
        section {
            h2 { "A " (class(finding.class)) " in full" }
            p {
                "Item " code { (item_key(&finding.key)) } ", " (sentence(finding)) ". Kind "
                code { (finding.kind.name()) } ", " (finding.confidence.name()) "."
            }
            (table(Some("versions"), None, &headings, rows))
        }
    }
}

fn most(outcome: &Outcome) -> Markup {
    let lists: [LoserList<'_>; 3] = [
        ("Item", &outcome.items, item_key),
        ("Attribute that differs", &outcome.attributes, str::to_owned),
        ("Hour (UTC)", &outcome.hours, hour),
    ];
    html! {
        @if outcome.found() > 0 {
            section aria-labelledby="most" {
                h2 #most { "What loses most" }
                @for (what, losers, name) in lists {
                    @if !losers.is_empty() {
                        (table(
                            Some("numbers"),
                            None,
                            &[what, "lost"],
                            losers.iter().map(|loser| row(None, name(&loser.name), [thousands(loser.found)])),
                        ))
                    }
                }
            }
        }
    }
}

fn trust(outcome: &Outcome) -> Markup {
    html! {
        section aria-labelledby="trust" {
            h2 #trust { "How far to trust it" }
            @for (name, sentence) in advice::TRUST { p { strong { (name) } ": " (sentence) } }
            p { (advice::UNSEEN) }
            h2 { "What to do next" }
            @for step in advice::next_steps(outcome) { p { (step) } }
        }
    }
}

/// The frame of the table that the script fills.
fn list(all: usize, shown: usize) -> Markup {
    let headings = [
        "written",
        "item",
        "kind",
        "lost in",
        "won in",
        "lost writes",
        "differing attributes",
    ];
    html! {
        section aria-labelledby="conflicts" {
            h2 #conflicts { "Findings" }
            @if shown < all {
                p { "The first " (thousands(shown as u64)) " of " (thousands(all as u64)) " findings are here; --json gives all." }
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
