//! The page around the charts.

use std::fmt::Write as _;

use super::chart::{self, Axis, Bars};
use super::delay_chart;
use super::html::{csp_hash, escape, json};
use crate::demo::conflict::{Conflict, Side};
use crate::demo::example;
use crate::demo::outcome::{Outcome, Row};
use crate::demo::table::thousands;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The most conflicts that the page's table holds; a browser gets slow beyond.
const MOST_CONFLICTS: usize = 20_000;

/// The whole page.
pub(super) fn render(outcome: &Outcome) -> Result<String, serde_json::Error> {
    let shown = &outcome.conflicts[..outcome.conflicts.len().min(MOST_CONFLICTS)];
    let data = json(shown)?;
    // Nothing may be loaded from anywhere, and no inline code may run but these two.
    let policy = format!(
        "default-src 'none'; img-src data:; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        csp_hash(STYLE),
        csp_hash(SCRIPT)
    );
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>lastwriter: lost writes against findings</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         {}<main>\n{}{}{}{}{}</main>\n{}\
         <script type=\"application/json\" id=\"conflicts-data\">{data}</script>\n<script>{SCRIPT}</script>\n\
         </body>\n</html>\n",
        header(outcome),
        tiles(outcome),
        regions(outcome),
        charts(outcome),
        outcome.example.as_ref().map(lost_write).unwrap_or_default(),
        table(outcome, shown.len()),
        footer(outcome),
    ))
}

fn header(outcome: &Outcome) -> String {
    let setup = &outcome.setup;
    let cut = setup.cut.as_ref().map_or_else(String::new, |cut| {
        format!(
            ", {} cut off for {:.0} s",
            escape(&cut.region),
            cut.to - cut.from
        )
    });
    let problems = outcome.problems();
    let (class, sign, headline) = if problems.is_empty() {
        let found = thousands(outcome.total.found);
        (
            "good",
            "&#10003;",
            format!("All {found} lost writes were found, and no alarm was false."),
        )
    } else {
        (
            "bad",
            "&#10007;",
            escape(&format!("{}.", problems.join("; "))),
        )
    };
    format!(
        "<header>\n<p class=\"brand\">lastwriter demo</p>\n<h1>Lost writes against findings</h1>\n\
         <p class=\"setup\">{:.0} s of traffic between {} Regions{cut}. Replication: {}. Seed {}. {} UTC.</p>\n\
         <p class=\"verdict {class}\"><span aria-hidden=\"true\">{sign}</span> {headline}{}</p>\n<p class=\"more\">{}</p>\n</header>\n",
        setup.traffic_seconds,
        setup.regions.len(),
        escape(&setup.lag),
        setup.seed,
        setup.started_at.format("%Y-%m-%d %H:%M"),
        if setup.interrupted {
            " The run was ended early."
        } else {
            ""
        },
        escape(&outcome.more_lost()),
    )
}

fn tiles(outcome: &Outcome) -> String {
    let total = &outcome.total;
    let delay =
        |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{:.1} s", ms / 1_000.0));
    let rate = total.writes as f64 / outcome.setup.traffic_seconds.max(0.001);
    let tile = |label: &str, value: String, note: String| {
        format!("<div><dt>{label}</dt><dd>{value}</dd><dd class=\"note\">{note}</dd></div>\n")
    };
    let mut html = String::from("<dl class=\"tiles\">\n");
    html += &tile(
        "Writes",
        thousands(total.writes),
        format!("{rate:.0} a second"),
    );
    html += &tile(
        "Lost",
        thousands(total.lost),
        format!("{:.1} % of all writes", outcome.lost_share() * 100.0),
    );
    html += &tile(
        "Found",
        thousands(total.found),
        "covered by the ledgers".to_owned(),
    );
    html += &tile(
        "Missed",
        thousands(total.missed),
        "lost, and not found".to_owned(),
    );
    html += &tile(
        "False alarms",
        thousands(total.false_alarms),
        format!("of {} conflicts", thousands(total.ledger_conflicts)),
    );
    html += &tile(
        "Propagation",
        delay(total.metrics.delay_p50),
        format!("median; p99 {}", delay(total.metrics.delay_p99)),
    );
    html + "</dl>\n"
}

fn regions(outcome: &Outcome) -> String {
    let mut html = String::from(
        "<section aria-labelledby=\"regions\">\n<h2 id=\"regions\">By Region</h2>\n<div class=\"scroll\"><table \
         class=\"numbers\"><thead><tr><th scope=\"col\">Region</th><th scope=\"col\">writes</th><th scope=\"col\">lost</th>\
         <th scope=\"col\">found</th><th scope=\"col\">missed</th><th scope=\"col\">false alarms</th><th scope=\"col\">\
         conflicts in the ledger</th><th scope=\"col\">by metrics</th><th scope=\"col\">delay p50</th><th scope=\"col\">\
         delay p99</th></tr></thead><tbody>\n",
    );
    for row in outcome.regions.iter().chain([&outcome.total]) {
        html += &region_row(row);
    }
    html += "</tbody></table></div>\n";
    let total = &outcome.total;
    if !outcome.outside.is_empty() || total.false_outside > 0 {
        html += "<div class=\"scroll\"><table class=\"numbers\"><caption>Outside of what stamps promise to show</caption>\
                 <thead><tr><th scope=\"col\">reason</th><th scope=\"col\">lost</th><th scope=\"col\">found anyway</th></tr>\
                 </thead><tbody>\n";
        for row in &outcome.outside {
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
                escape(&row.reason),
                thousands(row.lost),
                thousands(row.found)
            );
        }
        if total.false_outside > 0 {
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\">conflicts that were none, for these reasons</th><td></td><td>{}</td></tr>",
                thousands(total.false_outside)
            );
        }
        html += "</tbody></table></div>\n";
    }
    html + "</section>\n"
}

fn region_row(row: &Row) -> String {
    let delay =
        |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{:.2} s", ms / 1_000.0));
    let numbers = [
        row.writes,
        row.lost,
        row.found,
        row.missed,
        row.false_alarms,
        row.ledger_conflicts,
        row.metrics.conflicts,
    ];
    let class = if row.region == "all" {
        " class=\"total\""
    } else {
        ""
    };
    let mut html = format!("<tr{class}><th scope=\"row\">{}</th>", escape(&row.region));
    for number in numbers {
        let _ = write!(html, "<td>{}</td>", thousands(number));
    }
    let metrics = &row.metrics;
    let _ = writeln!(
        html,
        "<td>{}</td><td>{}</td></tr>",
        delay(metrics.delay_p50),
        delay(metrics.delay_p99)
    );
    html
}

fn charts(outcome: &Outcome) -> String {
    let series = &outcome.series;
    if series.steps == 0 {
        return String::new();
    }
    let axis = Axis {
        step: series.step,
        steps: series.steps,
        setup: &outcome.setup,
    };
    let mut sorted: Vec<&String> = outcome.setup.regions.iter().collect();
    sorted.sort();
    let region_class = |region: &str| match sorted.iter().position(|name| *name == region) {
        Some(at) => format!("r{at}"),
        None => "other".to_owned(),
    };
    let kind_class = |kind: &str| format!("k-{}", escape(kind));
    let bars = |id, title, note, unit, lines, class| {
        let bars = Bars {
            title,
            note,
            unit,
            id,
            lines,
            class,
        };
        chart::figure(&bars, &axis)
    };
    let writes = bars(
        "writes",
        "Writes",
        "Writes a second, by the Region that they were made in.",
        "writes/s",
        &series.writes,
        &region_class as &dyn Fn(&str) -> String,
    );
    let kinds = bars(
        "kinds",
        "Conflicts by kind",
        "When they were found. After a cut, the conflicts of the whole cut are found at once.",
        "conflicts",
        &series.kinds,
        &kind_class,
    );
    let winners = bars(
        "winners",
        "Conflicts by the Region that won",
        "When they were found.",
        "conflicts",
        &series.winners,
        &region_class,
    );
    let delays = delay_chart::figure(&series.delays, &axis, &region_class);
    format!(
        "<section aria-labelledby=\"charts\">\n<h2 id=\"charts\">Over time</h2>\n<div class=\"charts\">\n\
         {writes}\n{kinds}\n{winners}\n{delays}\n</div>\n</section>\n"
    )
}

fn lost_write(conflict: &Conflict) -> String {
    let (loser, winner) = (&conflict.loser, &conflict.winner);
    let at = |side: &Side| escape(side.written_at.as_deref().unwrap_or("an unknown time"));
    let mut html = format!(
        "<section aria-labelledby=\"example\">\n<h2 id=\"example\">One lost write in full</h2>\n\
         <p>Item <code>{}</code> / <code>{}</code>. <strong>{}</strong> wrote at <time>{}</time> and lost; <strong>{}</strong> \
         wrote at <time>{}</time> without having seen that, and won. Kind <code>{}</code>, {}.</p>\n\
         <div class=\"scroll\"><table class=\"versions\"><thead><tr><th scope=\"col\">attribute</th><th scope=\"col\">lost, \
         {}</th><th scope=\"col\">won, {}</th></tr></thead><tbody>\n",
        escape(&conflict.item[0]),
        escape(&conflict.item[1]),
        escape(&loser.region),
        at(loser),
        escape(&winner.region),
        at(winner),
        escape(&conflict.kind),
        escape(&conflict.confidence),
        escape(&loser.region),
        escape(&winner.region),
    );
    for name in example::attributes(conflict) {
        let value = |side: &Side| match side.attributes.get(name) {
            Some(value) => escape(value),
            None => "<span class=\"none\">none</span>".to_owned(),
        };
        let differs = conflict
            .differing_attributes
            .iter()
            .any(|other| other == name);
        let (class, mark) = if differs {
            (" class=\"differs\"", " <span class=\"mark\">differs</span>")
        } else {
            ("", "")
        };
        let _ = writeln!(
            html,
            "<tr{class}><th scope=\"row\">{}{mark}</th><td>{}</td><td>{}</td></tr>",
            escape(name),
            value(loser),
            value(winner)
        );
    }
    html + "</tbody></table></div>\n</section>\n"
}

fn table(outcome: &Outcome, shown: usize) -> String {
    let all = outcome.conflicts.len();
    let note = if shown < all {
        format!(
            "<p>The first {} of {} conflicts are here.</p>\n",
            thousands(shown as u64),
            thousands(all as u64)
        )
    } else {
        String::new()
    };
    format!(
        "<section aria-labelledby=\"conflicts\">\n<h2 id=\"conflicts\">Conflicts</h2>\n{note}\
         <noscript><p>The table needs JavaScript. The charts and numbers above do not.</p></noscript>\n\
         <form class=\"filter\" role=\"search\" hidden>\n<label>Search <input id=\"search\" type=\"search\" \
         placeholder=\"item, attribute, value\" autocomplete=\"off\"></label>\n<label>Kind <select id=\"kind\">\
         <option value=\"\">all</option></select></label>\n<label>Region <select id=\"region\"><option value=\"\">all</option>\
         </select></label>\n<output id=\"count\" aria-live=\"polite\"></output>\n</form>\n\
         <div class=\"scroll\"><table id=\"rows\" hidden><thead><tr><th scope=\"col\">found</th><th scope=\"col\">item</th>\
         <th scope=\"col\">kind</th><th scope=\"col\">lost in</th><th scope=\"col\">won in</th><th scope=\"col\">lost writes</th>\
         <th scope=\"col\">differing attributes</th><th scope=\"col\"><span class=\"unseen\">both versions</span></th></tr>\
         </thead><tbody></tbody></table></div>\n<p><button id=\"more\" type=\"button\" hidden>Show more</button></p>\n\
         </section>\n"
    )
}

fn footer(outcome: &Outcome) -> String {
    let requests = &outcome.requests;
    let total = &outcome.total;
    format!(
        "<footer><p>The workload sent {} writes and {} reads; {} writes were refused by their condition. The ledgers name {} \
         lost writes: a lower bound for each conflict, which counts a write twice that was lost twice. Everything was ready \
         after {:.1} s.</p></footer>\n",
        thousands(requests.writes),
        thousands(requests.reads),
        thousands(requests.refused),
        thousands(total.ledger_lost_writes),
        outcome.setup.starting_seconds
    )
}
