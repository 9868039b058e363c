//! Bars over time, stacked by name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use maud::{Markup, html};

use super::ClassOf;
use super::axis::{Axis, BELOW, TOP, Timeline, WIDTH, px};
use super::table::{numbers, row};
use crate::format::{decimal, thousands};

const PLOT_HEIGHT: f64 = 170.0;
/// The space between two bars, and between two parts of one.
const GAP: f64 = 1.0;

/// A chart of stacked bars.
pub(crate) struct BarChart<'a> {
    /// What it shows.
    pub(crate) title: &'a str,
    /// One sentence on how to read it.
    pub(crate) note: &'a str,
    /// What the numbers are, for the table.
    pub(crate) unit: &'a str,
    /// Whether they are so many a second, and not so many in each step.
    pub(crate) per_second: bool,
    /// Its identifier in the page.
    pub(crate) id: &'a str,
    /// The numbers, by name.
    pub(crate) lines: &'a BTreeMap<String, Vec<f64>>,
    /// The class that gives a name its colour.
    pub(crate) class: ClassOf<'a>,
}

impl BarChart<'_> {
    /// The chart as a `<figure>`.
    pub(crate) fn figure(&self, time: &Timeline) -> Markup {
        let (title, note) = (format!("{}-t", self.id), format!("{}-n", self.id));
        html! {
            figure {
                figcaption {
                    h3 id=(title) { (self.title) }
                    p id=(note) { (self.note) }
                }
                (self.legend(time))
                (self.plot(time, &format!("{title} {note}")))
                (self.numbers(time))
            }
        }
    }

    fn plot(&self, time: &Timeline, labelled_by: &str) -> Markup {
        let total = |at: usize| self.lines.values().map(|line| line[at]).sum::<f64>();
        let most = (0..time.steps).map(total).fold(1.0, f64::max);
        let bottom = TOP + PLOT_HEIGHT;
        let axis = Axis::linear_to_tick(most, 4.0, (bottom, TOP));
        html! {
            svg viewBox=(format!("0 0 {WIDTH} {}", bottom + BELOW)) role="img" aria-labelledby=(labelled_by) {
                (time.marks(TOP, bottom, true))
                (axis.draw(decimal))
                @for at in 0..time.steps {
                    (self.bar(time, &axis, at))
                    @if total(at) > 0.0 {
                        @let (from, to) = (time.x(at as f64), time.x((at + 1) as f64));
                        rect.hit x=(px(from)) y=(px(TOP)) width=(px(to - from)) height=(px(PLOT_HEIGHT)) {
                            title { (self.hint(time, at)) }
                        }
                    }
                }
                (time.times(bottom))
            }
        }
    }

    /// One bar, from the bottom up.
    fn bar(&self, time: &Timeline, axis: &Axis, at: usize) -> Markup {
        let (from, to) = (time.x(at as f64), time.x((at + 1) as f64));
        let width = (to - from - GAP).max(0.6);
        let mut top = 0.0;
        let parts = self.lines.iter().filter(|(_, line)| line[at] > 0.0);
        let parts = parts.map(|(name, line)| {
            let low = axis.at(top);
            top += line[at];
            (name, low, axis.at(top))
        });
        html! {
            @for (name, low, high) in parts {
                rect class=((self.class)(name)) x=(px(from + GAP / 2.0)) y=(px(high)) width=(px(width))
                    height=(px((low - high - GAP / 2.0).max(0.4))) {}
            }
        }
    }

    /// What a step holds, shown where the pointer rests.
    fn hint(&self, time: &Timeline, at: usize) -> String {
        let mut text = time.span(at);
        for (name, line) in self.lines.iter().filter(|(_, line)| line[at] > 0.0) {
            let _ = write!(text, "\n{name}: {}", decimal(line[at]));
        }
        text
    }

    fn legend(&self, time: &Timeline) -> Markup {
        let weight = if self.per_second { time.step } else { 1.0 };
        html! {
            ul.legend {
                @for (name, line) in self.lines {
                    li {
                        svg.key viewBox="0 0 10 10" aria-hidden="true" {
                            rect class=((self.class)(name)) width="10" height="10" rx="2" {}
                        }
                        (name) " "
                        span { (thousands((line.iter().sum::<f64>() * weight).round() as u64)) }
                    }
                }
            }
        }
    }

    fn numbers(&self, time: &Timeline) -> Markup {
        let headings: Vec<&str> = std::iter::once("from")
            .chain(self.lines.keys().map(String::as_str))
            .collect();
        let rows = (0..time.steps).map(|at| {
            let cells = self.lines.values().map(|line| decimal(line[at]));
            row(None, time.label(at), cells)
        });
        numbers(&format!("{}, {}", self.title, self.unit), &headings, rows)
    }
}
