//! Bars over time, stacked by name, as SVG.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::html::escape;
use crate::demo::outcome::Setup;

pub(super) const WIDTH: f64 = 640.0;
pub(super) const LEFT: f64 = 50.0;
pub(super) const RIGHT: f64 = 8.0;
const TOP: f64 = 18.0;
const PLOT_HEIGHT: f64 = 170.0;
const BELOW: f64 = 34.0;
/// The space between two bars, and between two parts of one.
const GAP: f64 = 1.0;

/// A chart's data.
pub(super) struct Bars<'a> {
    /// What it shows.
    pub(super) title: &'a str,
    /// One sentence on how to read it.
    pub(super) note: &'a str,
    /// What the numbers are, for the table.
    pub(super) unit: &'a str,
    /// Its identifier in the page.
    pub(super) id: &'a str,
    /// The numbers, by name.
    pub(super) lines: &'a BTreeMap<String, Vec<f64>>,
    /// The class that gives a name its colour.
    pub(super) class: &'a dyn Fn(&str) -> String,
}

/// What all charts share.
pub(super) struct Axis<'a> {
    pub(super) step: f64,
    pub(super) steps: usize,
    pub(super) setup: &'a Setup,
}

impl Axis<'_> {
    /// Where a time is, in seconds from the start.
    pub(super) fn x(&self, seconds: f64) -> f64 {
        let span = self.step * self.steps as f64;
        LEFT + seconds.clamp(0.0, span) / span * (WIDTH - LEFT - RIGHT)
    }

    /// The band of the cut, the end of the traffic, and the seconds below.
    pub(super) fn draw(&self, svg: &mut String, top: f64, bottom: f64, labelled: bool) {
        if let Some(cut) = &self.setup.cut {
            let (from, to) = (self.x(cut.from), self.x(cut.to));
            let _ = write!(
                svg,
                "<rect class=\"cut\" x=\"{from:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                to - from,
                bottom - top
            );
            if labelled {
                let _ = write!(
                    svg,
                    "<text class=\"note\" x=\"{:.1}\" y=\"{:.1}\">{} cut off</text>",
                    from + 3.0,
                    top - 5.0,
                    escape(&cut.region)
                );
            }
        }
        let end = self.x(self.setup.traffic_seconds);
        let _ = write!(
            svg,
            "<line class=\"end\" x1=\"{end:.1}\" x2=\"{end:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>"
        );
        if labelled {
            let _ = write!(
                svg,
                "<text class=\"note\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">traffic ends</text>",
                end.min(WIDTH - RIGHT),
                top - 5.0
            );
        }
    }

    /// The seconds below a plot.
    pub(super) fn seconds(&self, svg: &mut String, bottom: f64) {
        let span = self.step * self.steps as f64;
        let every = nice(span / 6.0);
        let mut at = 0.0;
        while at <= span + 1e-9 {
            let x = self.x(at);
            let _ = write!(
                svg,
                "<text class=\"tick\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{at:.0} s</text>",
                bottom + 15.0
            );
            at += every;
        }
    }
}

/// The chart as a `<figure>`.
pub(super) fn figure(bars: &Bars<'_>, axis: &Axis<'_>) -> String {
    let names: Vec<&String> = bars.lines.keys().collect();
    let totals: Vec<f64> = (0..axis.steps)
        .map(|at| bars.lines.values().map(|line| line[at]).sum())
        .collect();
    let most = totals.iter().copied().fold(1.0, f64::max);
    let every = nice(most / 4.0);
    let top_value = (most / every).ceil() * every;
    let bottom = TOP + PLOT_HEIGHT;
    let y = |value: f64| bottom - value / top_value * PLOT_HEIGHT;
    let height = bottom + BELOW - 12.0;

    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-n\">",
        id = bars.id
    );
    axis.draw(&mut svg, TOP, bottom, true);
    let mut value = 0.0;
    while value <= top_value + 1e-9 {
        let at = y(value);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 3.5,
            short(value)
        );
        value += every;
    }
    let width = (axis.x(axis.step) - axis.x(0.0) - GAP).max(0.6);
    for (at, total) in totals.iter().enumerate() {
        let x = axis.x(at as f64 * axis.step) + GAP / 2.0;
        let mut below = 0.0;
        for name in &names {
            let value = bars.lines[*name][at];
            if value > 0.0 {
                let (low, high) = (y(below), y(below + value));
                let _ = write!(
                    svg,
                    "<rect class=\"{}\" x=\"{x:.1}\" y=\"{high:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/>",
                    (bars.class)(name),
                    (low - high - GAP / 2.0).max(0.4)
                );
                below += value;
            }
        }
        if *total > 0.0 {
            let _ = write!(
                svg,
                "<rect class=\"hit\" x=\"{:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{PLOT_HEIGHT}\"><title>{}</title></rect>",
                x - GAP / 2.0,
                width + GAP,
                escape(&hint(bars, &names, at, axis.step))
            );
        }
    }
    axis.seconds(&mut svg, bottom);
    svg.push_str("</svg>");
    let legend: String = names
        .iter()
        .map(|name| {
            let sum: f64 = bars.lines[*name].iter().sum();
            let sum = if bars.unit == "writes/s" { sum * axis.step } else { sum };
            format!(
                "<li><svg class=\"key\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"{}\" width=\"10\" \
                 height=\"10\" rx=\"2\"/></svg>{} <span>{}</span></li>",
                (bars.class)(name),
                escape(name),
                crate::demo::table::thousands(sum.round() as u64)
            )
        })
        .collect();
    format!(
        "<figure><figcaption><h3 id=\"{id}-t\">{}</h3><p id=\"{id}-n\">{}</p></figcaption>\
         <ul class=\"legend\">{legend}</ul>{svg}{}</figure>",
        escape(bars.title),
        escape(bars.note),
        numbers(bars, axis),
        id = bars.id
    )
}

/// What a step holds, shown where the pointer rests.
fn hint(bars: &Bars<'_>, names: &[&String], at: usize, step: f64) -> String {
    let from = at as f64 * step;
    let mut text = format!("{from:.0} to {:.0} s", from + step);
    for name in names {
        let value = bars.lines[*name][at];
        if value > 0.0 {
            let _ = write!(text, "\n{name}: {}", short(value));
        }
    }
    text
}

/// The same numbers as a table, for who does not see the chart.
fn numbers(bars: &Bars<'_>, axis: &Axis<'_>) -> String {
    let mut html = format!(
        "<details><summary>Numbers</summary><div class=\"scroll\"><table><caption>{}, {}</caption><thead><tr><th \
         scope=\"col\">from</th>",
        escape(bars.title),
        escape(bars.unit)
    );
    for name in bars.lines.keys() {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escape(name));
    }
    html.push_str("</tr></thead><tbody>");
    for at in 0..axis.steps {
        let _ = write!(
            html,
            "<tr><th scope=\"row\">{:.0} s</th>",
            at as f64 * axis.step
        );
        for line in bars.lines.values() {
            let _ = write!(html, "<td>{}</td>", short(line[at]));
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div></details>");
    html
}

/// A distance between ticks: 1, 2 or 5 times a power of ten, no less than `least` and than 1.
pub(super) fn nice(least: f64) -> f64 {
    let least = least.max(1.0);
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps
        .into_iter()
        .find(|step| *step >= least - 1e-9)
        .unwrap_or(least)
}

/// A number with at most one decimal.
fn short(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    if rounded.fract() == 0.0 {
        format!("{rounded:.0}")
    } else {
        format!("{rounded:.1}")
    }
}
