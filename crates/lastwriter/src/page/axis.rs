//! Axes: which value lies where in a plot, where the ticks are, and how both are drawn.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use maud::{Markup, html};

use crate::format::decimal;

pub(super) const WIDTH: f64 = 640.0;
pub(super) const LEFT: f64 = 50.0;
const RIGHT: f64 = 8.0;
/// The space above a plot, for the labels of what is marked in it.
pub(super) const TOP: f64 = 18.0;
/// The space below a plot, for the labels of its ticks.
pub(super) const BELOW: f64 = 22.0;

/// One direction of a plot.
pub(super) struct Axis {
    /// The values at its two ends, as logarithms on a logarithmic axis.
    values: (f64, f64),
    /// Where these are in the plot.
    ends: (f64, f64),
    logarithmic: bool,
    /// The values of its ticks.
    ticks: Vec<f64>,
}

impl Axis {
    /// From 0 to `most`, with up to `count` ticks after the one at 0.
    fn linear(most: f64, count: f64, ends: (f64, f64)) -> Self {
        let every = nice(most / count);
        // The smallest part of a tick more, so that rounding does not lose the last one.
        let last = (most / every + 1e-9).floor() as u32;
        Self {
            values: (0.0, most),
            ends,
            logarithmic: false,
            ticks: (0..=last).map(|at| f64::from(at) * every).collect(),
        }
    }

    /// As [`linear`](Self::linear), with ticks at round times of day; `first` is the minute of the day at its start.
    fn of_minutes(first: f64, most: f64, count: f64, ends: (f64, f64)) -> Self {
        const ROUND: [f64; 11] = [
            5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 180.0, 240.0, 360.0, 720.0, 1_440.0,
        ];
        let least = most / count;
        let days = (least / 1_440.0).ceil() * 1_440.0;
        let every = ROUND
            .into_iter()
            .find(|round| *round >= least)
            .unwrap_or(days);
        let offset = (every - first % every) % every;
        let last = ((most - offset) / every).floor().max(0.0) as u32;
        Self {
            values: (0.0, most),
            ends,
            logarithmic: false,
            ticks: (0..=last)
                .map(|at| offset + f64::from(at) * every)
                .collect(),
        }
    }

    /// From 0 to the first of about `count` ticks that is no less than `most`.
    pub(super) fn linear_to_tick(most: f64, count: f64, ends: (f64, f64)) -> Self {
        let every = nice(most / count);
        Self::linear((most / every).ceil() * every, (most / every).ceil(), ends)
    }

    /// From one whole power of ten to another, with a tick at each.
    pub(super) fn logarithmic(least: f64, most: f64, ends: (f64, f64)) -> Self {
        let low = least.min(most).max(1.0).log10().floor();
        let high = most.log10().ceil().max(low + 1.0);
        Self {
            values: (low, high),
            ends,
            logarithmic: true,
            ticks: (low as i32..=high as i32)
                .map(|power| 10_f64.powi(power))
                .collect(),
        }
    }

    /// Where a value is. What lies beyond an end is at that end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = if self.logarithmic {
            value.max(1.0).log10()
        } else {
            value
        };
        let share = (value - self.values.0) / (self.values.1 - self.values.0);
        self.ends.0 + share.clamp(0.0, 1.0) * (self.ends.1 - self.ends.0)
    }

    #[cfg(test)]
    pub(super) fn ticks(&self) -> &[f64] {
        &self.ticks
    }

    /// A vertical axis: a line across the plot for each tick, and its label on the left.
    pub(super) fn draw(&self, label: impl Fn(f64) -> String) -> Markup {
        html! {
            @for tick in &self.ticks {
                @let y = self.at(*tick);
                line.grid x1=(px(LEFT)) x2=(px(WIDTH - RIGHT)) y1=(px(y)) y2=(px(y)) {}
                text.tick text-anchor="end" x=(px(LEFT - 6.0)) y=(px(y + 3.5)) { (label(*tick)) }
            }
        }
    }
}

/// The time that all charts of a page share, in steps of equal length, and what is marked in it.
pub(crate) struct Timeline {
    /// How long a step is.
    pub(crate) step: f64,
    /// How many there are.
    pub(crate) steps: usize,
    /// How times are written.
    pub(crate) labels: TimeLabels,
    /// A shaded stretch, from the start, and its label.
    pub(crate) band: Option<(f64, f64, String)>,
    /// A line at a time, from the start, and its label.
    pub(crate) line: Option<(f64, &'static str)>,
}

/// How the times of a timeline are written.
pub(crate) enum TimeLabels {
    /// As the time since the start, in this unit, as in `s`.
    Elapsed(&'static str),
    /// As the time of day in UTC, of a timeline that counts in minutes.
    Clock {
        /// The time at its start.
        start: DateTime<Utc>,
        /// Whether the day is said too.
        with_day: bool,
    },
}

impl TimeLabels {
    /// A time from the start, for people.
    fn text(&self, time: f64) -> String {
        match self {
            Self::Elapsed(unit) => format!("{} {unit}", decimal(time)),
            Self::Clock { start, with_day } => {
                let time = *start + TimeDelta::seconds((time * 60.0).round() as i64);
                let format = if *with_day { "%m-%d %H:%M" } else { "%H:%M" };
                time.format(format).to_string()
            }
        }
    }
}

impl Timeline {
    fn axis(&self) -> Axis {
        let span = self.step * self.steps as f64;
        let ends = (LEFT, WIDTH - RIGHT);
        match &self.labels {
            TimeLabels::Elapsed(_) => Axis::linear(span, 6.0, ends),
            TimeLabels::Clock { start, .. } => {
                let first = f64::from(start.num_seconds_from_midnight()) / 60.0;
                Axis::of_minutes(first, span, 6.0, ends)
            }
        }
    }

    /// When a step begins.
    pub(super) fn start(&self, step: usize) -> f64 {
        step as f64 * self.step
    }

    /// When a step begins, for people.
    pub(super) fn label(&self, step: usize) -> String {
        self.labels.text(self.start(step))
    }

    /// From when to when a step is, for people.
    pub(super) fn span(&self, step: usize) -> String {
        match &self.labels {
            TimeLabels::Elapsed(unit) => format!(
                "{} to {} {unit}",
                decimal(self.start(step)),
                decimal(self.start(step + 1))
            ),
            TimeLabels::Clock { .. } => {
                format!("{} to {} UTC", self.label(step), self.label(step + 1))
            }
        }
    }

    /// Where a time is, in steps from the start.
    pub(super) fn x(&self, steps: f64) -> f64 {
        self.axis().at(steps * self.step)
    }

    /// What is marked, across one plot.
    pub(super) fn marks(&self, top: f64, bottom: f64, labelled: bool) -> Markup {
        let axis = self.axis();
        html! {
            @if let Some((from, to, label)) = &self.band {
                @let (from, to) = (axis.at(*from), axis.at(*to));
                rect.cut x=(px(from)) y=(px(top)) width=(px(to - from)) height=(px(bottom - top)) {}
                @if labelled {
                    text.note x=(px(from + 3.0)) y=(px(top - 5.0)) { (label) }
                }
            }
            @if let Some((time, label)) = self.line {
                @let end = axis.at(time);
                line.end x1=(px(end)) x2=(px(end)) y1=(px(top)) y2=(px(bottom)) {}
                @if labelled {
                    text.note text-anchor="end" x=(px(end)) y=(px(top - 5.0)) { (label) }
                }
            }
        }
    }

    /// The times below a plot.
    pub(super) fn times(&self, bottom: f64) -> Markup {
        let axis = self.axis();
        html! {
            @for tick in &axis.ticks {
                text.tick text-anchor="middle" x=(px(axis.at(*tick))) y=(px(bottom + 15.0)) { (self.labels.text(*tick)) }
            }
        }
    }
}

/// A place or a length in a plot.
pub(super) fn px(value: f64) -> String {
    format!("{value:.1}")
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
