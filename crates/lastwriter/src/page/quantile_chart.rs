//! The median and the 99th percentile of times: a panel for each name, on a logarithmic scale.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::ClassOf;
use super::axis::{Axis, BELOW, LEFT, TOP, Timeline, WIDTH, px};
use super::table::{numbers, row};
use crate::format::milliseconds;

const PANEL_HEIGHT: f64 = 78.0;
const BETWEEN: f64 = 22.0;

/// The median and the 99th percentile in milliseconds.
pub(crate) type Quantiles = (f64, f64);
/// Steps with their values.
type Stretch = Vec<(usize, Quantiles)>;

/// A chart of quantiles.
pub(crate) struct QuantileChart<'a> {
    /// What it shows.
    pub(crate) title: &'a str,
    /// How to read it.
    pub(crate) note: &'a str,
    /// What the numbers are, for the table.
    pub(crate) caption: &'a str,
    /// Its identifier in the page.
    pub(crate) id: &'a str,
    /// A panel for each name; `None` in a step without a value.
    pub(crate) panels: &'a BTreeMap<String, Vec<Option<Quantiles>>>,
    /// The class that gives a name its colour.
    pub(crate) class: ClassOf<'a>,
}

impl QuantileChart<'_> {
    /// The chart as a `<figure>`.
    pub(crate) fn figure(&self, time: &Timeline) -> Markup {
        let (title, note) = (format!("{}-t", self.id), format!("{}-n", self.id));
        let bottom = TOP + (PANEL_HEIGHT + BETWEEN) * self.panels.len() as f64 - BETWEEN;
        html! {
            figure {
                figcaption {
                    h3 id=(title) { (self.title) }
                    p id=(note) { (self.note) }
                }
                svg viewBox=(format!("0 0 {WIDTH} {}", bottom + BELOW)) role="img"
                    aria-labelledby=(format!("{title} {note}")) {
                    @for (at, name) in self.panels.keys().enumerate() {
                        (self.panel(time, at, name))
                    }
                    (time.times(bottom))
                }
                (self.numbers(time))
            }
        }
    }

    fn panel(&self, time: &Timeline, at: usize, name: &str) -> Markup {
        let top = TOP + (PANEL_HEIGHT + BETWEEN) * at as f64;
        let bottom = top + PANEL_HEIGHT;
        // All panels share a scale.
        let all = || self.panels.values().flatten().flatten();
        let least = all().map(|(p50, _)| *p50).fold(f64::INFINITY, f64::min);
        let most = all().map(|(_, p99)| *p99).fold(1_000.0, f64::max);
        let axis = Axis::logarithmic(least, most, (bottom, top));
        let line = &self.panels[name];
        html! {
            (time.marks(top, bottom, at == 0))
            (axis.draw(milliseconds))
            @for stretch in stretches(line) {
                (draw(&stretch, time, &axis, &(self.class)(name)))
            }
            text.name x=(px(LEFT + 6.0)) y=(px(top + 12.0)) { (name) }
            @for (step, value) in line.iter().enumerate() {
                @if let Some((p50, p99)) = value {
                    @let (from, to) = (time.x(step as f64), time.x((step + 1) as f64));
                    rect.hit x=(px(from)) y=(px(top)) width=(px(to - from)) height=(px(PANEL_HEIGHT)) {
                        title {
                            (format!("{} to {} s, {name}\n", time.start(step), time.start(step + 1)))
                            (format!("median {}\n99th percentile {}", milliseconds(*p50), milliseconds(*p99)))
                        }
                    }
                }
            }
        }
    }

    fn numbers(&self, time: &Timeline) -> Markup {
        let headings: Vec<&str> = std::iter::once("from")
            .chain(self.panels.keys().map(String::as_str))
            .collect();
        let rows = (0..time.steps).map(|at| {
            let cells = self
                .panels
                .values()
                .map(|line| match line.get(at).copied().flatten() {
                    Some((p50, p99)) => format!("{}, {}", milliseconds(p50), milliseconds(p99)),
                    None => "-".to_owned(),
                });
            row(None, time.label(at), cells)
        });
        numbers(self.caption, &headings, rows)
    }
}

/// The stretches without a gap. One step without a value is no gap: a batch is gathered for a second, so one may fall
/// on either side of a step.
fn stretches(line: &[Option<Quantiles>]) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (step, value) in line.iter().enumerate() {
        let Some(value) = *value else { continue };
        match stretches.last_mut() {
            Some(stretch) if stretch.last().is_some_and(|(last, _)| step - last <= 2) => {
                stretch.push((step, value));
            }
            _ => stretches.push(vec![(step, value)]),
        }
    }
    stretches
}

/// A line for the median, and a band from there to the 99th percentile.
fn draw(stretch: &[(usize, Quantiles)], time: &Timeline, axis: &Axis, class: &str) -> Markup {
    let point = |step: usize, ms: f64| (time.x(step as f64 + 0.5), axis.at(ms));
    let joined = |points: &mut dyn Iterator<Item = (f64, f64)>| {
        points
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let p50 = || stretch.iter().map(|(step, (p50, _))| point(*step, *p50));
    let p99 = stretch
        .iter()
        .rev()
        .map(|(step, (_, p99))| point(*step, *p99));
    html! {
        polygon class=(format!("{class} band")) points=(joined(&mut p50().chain(p99))) {}
        polyline class=(format!("{class} line")) points=(joined(&mut p50())) {}
        // A single point has no line.
        @if let [(step, (p50, _))] = stretch {
            @let (x, y) = point(*step, *p50);
            circle class=(class) cx=(px(x)) cy=(px(y)) r="2" {}
        }
    }
}
