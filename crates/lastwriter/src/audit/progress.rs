//! What is shown while an audit reads: bars on a terminal, now and then a line elsewhere. All of it is on standard error,
//! and none of it holds anything of an item.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::outcome::time;
use super::reader::RegionProgress;
use crate::format::thousands;
use crate::terminal::printable;

/// How far the files have been read.
pub(super) struct Bytes(Option<ProgressBar>);

impl Bytes {
    /// A bar, if standard error is a terminal; `size` is all that is to be read, where that is known.
    pub(super) fn new(size: Option<u64>) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let (bar, template) = match size {
            Some(size) => (
                ProgressBar::new(size),
                "{elapsed:>4} {wide_bar:.cyan} {bytes} of {total_bytes}, {msg}",
            ),
            None => (
                ProgressBar::new_spinner(),
                "{elapsed:>4} {spinner} {bytes}, {msg}",
            ),
        };
        bar.set_style(style(template));
        Self(Some(bar))
    }

    pub(super) fn show(&self, bytes: u64, found: u64) {
        if let Self(Some(bar)) = self {
            bar.set_position(bytes);
            bar.set_message(format!("{} lost writes", thousands(found)));
        }
    }

    /// A line that stays.
    pub(super) fn say(&self, line: &str) {
        match self {
            Self(Some(bar)) => bar.println(printable(line)),
            Self(None) => say(line),
        }
    }

    pub(super) fn finish(&self) {
        if let Self(Some(bar)) = self {
            bar.finish_and_clear();
        }
    }
}

/// The templates are fixed, so they are always read; the default style would do as well.
pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A line on standard error. A reader that has gone away is no reason to end.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(line));
}

/// How often the positions are printed where there is no terminal.
const PRINT_EVERY: Duration = Duration::from_secs(10);

/// How far the streams have been read, each Region's position in time.
pub(super) struct Positions {
    /// From here to there, if it ends.
    from: u64,
    until: Option<u64>,
    screen: Screen,
}

enum Screen {
    Terminal {
        bars: MultiProgress,
        regions: Vec<ProgressBar>,
        total: ProgressBar,
    },
    Plain {
        next: Instant,
    },
}

impl Positions {
    pub(super) fn new(regions: &[String], from: u64, until: Option<u64>) -> Self {
        let screen = match io::stderr().is_terminal() {
            true => terminal(regions, until.map(|until| until.saturating_sub(from))),
            false => Screen::Plain {
                next: Instant::now() + PRINT_EVERY,
            },
        };
        Self {
            from,
            until,
            screen,
        }
    }

    /// Shows how far each Region's stream has been read, and how many lost writes were found so far.
    pub(super) fn show(&mut self, progress: &[RegionProgress], found: u64) {
        let found = format!("{} lost writes found", thousands(found));
        let lines: Vec<(u64, String)> = progress
            .iter()
            .map(|region| {
                let end = self.until.unwrap_or(self.from);
                let position = region.position.unwrap_or(end);
                (position.saturating_sub(self.from), line(region))
            })
            .collect();
        match &mut self.screen {
            Screen::Terminal { regions, total, .. } => {
                for (bar, (position, line)) in regions.iter().zip(lines) {
                    bar.set_position(position);
                    bar.set_message(line);
                }
                total.set_message(found);
            }
            Screen::Plain { next } => {
                if Instant::now() < *next {
                    return;
                }
                *next += PRINT_EVERY;
                for (region, (_, line)) in progress.iter().zip(lines) {
                    say(&format!("{:<15} {line}", region.region));
                }
                say(&found);
            }
        }
    }

    /// A line that stays.
    pub(super) fn say(&self, line: &str) {
        match &self.screen {
            Screen::Terminal { bars, .. } => {
                // The screen may be gone.
                let _ = bars.println(printable(line));
            }
            Screen::Plain { .. } => say(line),
        }
    }

    /// Takes the bars away.
    pub(super) fn finish(self) {
        if let Screen::Terminal { bars, .. } = self.screen {
            // The screen may be gone.
            let _ = bars.clear();
        }
    }
}

fn line(region: &RegionProgress) -> String {
    let position = match region.position {
        None => "all read".to_owned(),
        Some(0) => "finding the first records".to_owned(),
        Some(second) => format!("at {}", time(second)),
    };
    let mut line = format!("{position}, {} records", thousands(region.records));
    if region.throttled > 0 {
        let throttled = thousands(region.throttled);
        line.push_str(&format!(", throttled {throttled} times"));
    }
    line
}

fn terminal(regions: &[String], seconds: Option<u64>) -> Screen {
    let bars = MultiProgress::new();
    let region = |name: &String| {
        let bar = bars.add(match seconds {
            Some(seconds) => ProgressBar::new(seconds),
            None => ProgressBar::new_spinner(),
        });
        bar.set_style(style(match seconds {
            Some(_) => "{prefix:15.bold} {bar:20.cyan} {wide_msg}",
            None => "{prefix:15.bold} {wide_msg}",
        }));
        bar.set_prefix(name.clone());
        bar
    };
    let regions = regions.iter().map(region).collect();
    let total = bars.add(ProgressBar::new_spinner());
    total.set_style(style("{elapsed:15} {wide_msg}"));
    Screen::Terminal {
        bars,
        regions,
        total,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_s_line_says_where_it_is_and_whether_it_is_throttled() {
        let mut region = RegionProgress {
            region: "us-east-1".to_owned(),
            position: Some(1_795_000_000),
            records: 12_345,
            throttled: 0,
        };
        assert_eq!(line(&region), "at 2026-11-18T11:06:40Z, 12,345 records");
        region.throttled = 2;
        region.position = None;
        assert_eq!(line(&region), "all read, 12,345 records, throttled 2 times");
    }
}
