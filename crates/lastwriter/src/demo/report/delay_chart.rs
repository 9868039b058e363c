//! The propagation delay over time: a panel for each Region, on a logarithmic scale.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::chart::{Axis, LEFT, RIGHT, WIDTH};
use super::html::escape;

const TOP: f64 = 18.0;
const PANEL: f64 = 78.0;
const BETWEEN: f64 = 22.0;
const BELOW: f64 = 22.0;

/// The median and the 99th percentile in milliseconds; `None` without arrivals.
type Line = [Option<(f64, f64)>];
/// Steps with their values.
type Run = Vec<(usize, (f64, f64))>;

/// The chart as a `<figure>`.
pub(super) fn figure(
    lines: &BTreeMap<String, Vec<Option<(f64, f64)>>>,
    axis: &Axis<'_>,
    class: &dyn Fn(&str) -> String,
) -> String {
    let all = || lines.values().flatten().flatten();
    let least = all().map(|(p50, _)| *p50).fold(f64::INFINITY, f64::min);
    let most = all().map(|(_, p99)| *p99).fold(1_000.0, f64::max);
    // Whole powers of ten, at least one apart.
    let low = least.min(most).max(1.0).log10().floor();
    let high = most.log10().ceil().max(low + 1.0);
    let height = TOP + (PANEL + BETWEEN) * lines.len() as f64 - BETWEEN + BELOW;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"delay-t delay-n\">"
    );
    let mut top = TOP;
    for (at, (region, line)) in lines.iter().enumerate() {
        let bottom = top + PANEL;
        let y = |ms: f64| {
            let share = (ms.max(1.0).log10() - low) / (high - low);
            bottom - share.clamp(0.0, 1.0) * PANEL
        };
        axis.draw(&mut svg, top, bottom, at == 0);
        let mut power = low;
        while power <= high {
            let ms = 10_f64.powf(power);
            let at = y(ms);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
                 <text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 3.5,
                time(ms)
            );
            power += 1.0;
        }
        let class = class(region);
        for run in runs(line) {
            draw(&mut svg, &run, axis, &class, y);
        }
        let _ = write!(
            svg,
            "<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            LEFT + 6.0,
            top + 12.0,
            escape(region)
        );
        for (step, value) in line.iter().enumerate() {
            if let Some((p50, p99)) = value {
                let (from, to) = (
                    axis.x(step as f64 * axis.step),
                    axis.x((step + 1) as f64 * axis.step),
                );
                let _ = write!(
                    svg,
                    "<rect class=\"hit\" x=\"{from:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{PANEL}\"><title>{} to {} s, \
                     {}\nmedian {}\n99th percentile {}</title></rect>",
                    to - from,
                    step as f64 * axis.step,
                    (step + 1) as f64 * axis.step,
                    escape(region),
                    time(*p50),
                    time(*p99)
                );
            }
        }
        top = bottom + BETWEEN;
    }
    axis.seconds(&mut svg, top - BETWEEN);
    svg.push_str("</svg>");
    format!(
        "<figure><figcaption><h3 id=\"delay-t\">Propagation delay by the Region of arrival</h3><p id=\"delay-n\">From the \
         write to the function that reads it elsewhere, the wait of stream and batch included. The line is the median, the \
         band reaches to the 99th percentile; the scale is logarithmic.</p></figcaption>{svg}{}</figure>",
        numbers(lines, axis)
    )
}

/// The stretches without a gap, each as the steps and their values. One step without arrivals is no gap: a batch is
/// gathered for a second, so one may fall on either side of a step.
fn runs(line: &Line) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (step, value) in line.iter().enumerate() {
        let Some(value) = *value else { continue };
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|(last, _)| step - last <= 2) => {
                run.push((step, value));
            }
            _ => runs.push(vec![(step, value)]),
        }
    }
    runs
}

fn draw(
    svg: &mut String,
    run: &[(usize, (f64, f64))],
    axis: &Axis<'_>,
    class: &str,
    y: impl Fn(f64) -> f64,
) {
    let middle = |step: usize| axis.x((step as f64 + 0.5) * axis.step);
    let point = |step: usize, ms: f64| format!("{:.1},{:.1}", middle(step), y(ms));
    let p50: Vec<String> = run
        .iter()
        .map(|(step, (p50, _))| point(*step, *p50))
        .collect();
    let p99 = run.iter().rev().map(|(step, (_, p99))| point(*step, *p99));
    let band: Vec<String> = p50.iter().cloned().chain(p99).collect();
    let _ = write!(
        svg,
        "<polygon class=\"{class} band\" points=\"{}\"/><polyline class=\"{class} line\" points=\"{}\"/>",
        band.join(" "),
        p50.join(" ")
    );
    if let [(step, (p50, _))] = run {
        let _ = write!(
            svg,
            "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2\"/>",
            middle(*step),
            y(*p50)
        );
    }
}

fn numbers(lines: &BTreeMap<String, Vec<Option<(f64, f64)>>>, axis: &Axis<'_>) -> String {
    let mut html = String::from(
        "<details><summary>Numbers</summary><div class=\"scroll\"><table><caption>Propagation delay: median and 99th \
         percentile</caption><thead><tr><th scope=\"col\">from</th>",
    );
    for region in lines.keys() {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escape(region));
    }
    html.push_str("</tr></thead><tbody>");
    for at in 0..axis.steps {
        let _ = write!(
            html,
            "<tr><th scope=\"row\">{:.0} s</th>",
            at as f64 * axis.step
        );
        for line in lines.values() {
            let text = match line.get(at).copied().flatten() {
                Some((p50, p99)) => format!("{}, {}", time(p50), time(p99)),
                None => "-".to_owned(),
            };
            let _ = write!(html, "<td>{text}</td>");
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div></details>");
    html
}

/// A time in milliseconds, for people.
fn time(ms: f64) -> String {
    match ms {
        _ if ms >= 9_950.0 => format!("{:.0} s", ms / 1_000.0),
        _ if ms >= 999.5 => format!("{:.1} s", ms / 1_000.0),
        _ => format!("{ms:.0} ms"),
    }
}
