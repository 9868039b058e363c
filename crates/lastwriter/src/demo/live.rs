//! What is shown while a demo runs: a bar and a line for each Region, on standard error.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use local_aws::global_table::Region;
use tokio::time::MissedTickBehavior;

use super::streams::StreamAudit;
use crate::function_log::FunctionLog;
use crate::terminal::printable;
use crate::world::World;

/// How often the counts are read.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// How often they are printed where there is no terminal.
const PRINT_INTERVAL: Duration = Duration::from_secs(5);

/// The running counts, and how they are shown.
pub(super) struct Live {
    began: Instant,
    length: Duration,
    entries: BTreeMap<Region, EntryCounts>,
    screen: Screen,
}

/// The entries that one Region's function has written so far.
#[derive(Debug, Clone, Copy, Default)]
struct EntryCounts {
    conflicts: u64,
    others: u64,
}

enum Screen {
    Terminal {
        bars: MultiProgress,
        time: ProgressBar,
        regions: BTreeMap<Region, ProgressBar>,
    },
    Plain {
        next: Instant,
    },
}

impl Live {
    pub(super) fn new(world: &World, length: Duration, starting: Duration) -> Self {
        let regions = world.regions();
        let live = Self {
            began: Instant::now(),
            length,
            entries: regions
                .iter()
                .map(|r| (*r, EntryCounts::default()))
                .collect(),
            screen: if io::stderr().is_terminal() {
                terminal(&regions, length)
            } else {
                Screen::Plain {
                    next: Instant::now() + PRINT_INTERVAL,
                }
            },
        };
        let names: Vec<&str> = regions.iter().map(|region| region.name()).collect();
        live.say(&format!(
            "{} is replicated between {}; ready after {:.2} s.",
            world.table.table_name(),
            names.join(", "),
            starting.as_secs_f64()
        ));
        live
    }

    /// A line that stays.
    pub(super) fn say(&self, line: &str) {
        let line = printable(line);
        // A reader that has gone away is no reason to end.
        let _ = match &self.screen {
            Screen::Terminal { bars, .. } => bars.println(line),
            Screen::Plain { .. } => writeln!(io::stderr().lock(), "{line}"),
        };
    }

    /// Reads and shows the counts, and reads the streams, for ever.
    pub(super) async fn watch(&mut self, world: &World, streams: &mut StreamAudit) -> Infallible {
        let mut ticks = tokio::time::interval(POLL_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            for (region, stack) in world.stacks() {
                self.add(region, &stack.read_log());
            }
            streams.read();
            world.trim();
            self.show(world);
        }
    }

    fn add(&mut self, region: Region, log: &FunctionLog) {
        for problem in &log.problems {
            self.say(&format!("the function in {region}: {problem}"));
        }
        let counts = self.entries.entry(region).or_default();
        for entry in &log.new_entries {
            if entry.is_conflict() {
                counts.conflicts += 1;
            } else {
                counts.others += 1;
            }
        }
    }

    fn show(&mut self, world: &World) {
        let elapsed = self.began.elapsed();
        let lines: Vec<(Region, String)> = world
            .stacks()
            .map(|(region, stack)| {
                let entries = self.entries.get(&region).copied().unwrap_or_default();
                (region, line(world, region, stack.backlog(), entries))
            })
            .collect();
        match &mut self.screen {
            Screen::Terminal { time, regions, .. } => {
                let millis = elapsed.min(self.length).as_millis();
                time.set_position(u64::try_from(millis).unwrap_or(u64::MAX));
                for (region, line) in lines {
                    if let Some(bar) = regions.get(&region) {
                        bar.set_message(line);
                    }
                }
            }
            Screen::Plain { next } => {
                if Instant::now() < *next {
                    return;
                }
                *next += PRINT_INTERVAL;
                let seconds = elapsed.as_secs();
                for (region, line) in lines {
                    self.say(&format!("{seconds:>4} s  {region:<15} {line}"));
                }
            }
        }
    }

    /// Says that the traffic is over.
    pub(super) fn settling(&self) {
        let line = "The traffic is over; waiting for what is under way.";
        match &self.screen {
            Screen::Terminal { time, .. } => time.set_message("settling"),
            Screen::Plain { .. } => self.say(line),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        if let Screen::Terminal { bars, .. } = self.screen {
            // The screen may be gone.
            let _ = bars.clear();
        }
    }
}

fn terminal(regions: &[Region], length: Duration) -> Screen {
    let bars = MultiProgress::new();
    let style = |template: &str| {
        // The templates are fixed, so they are always read; the default style would do as well.
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
    };
    let millis = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let time = bars.add(ProgressBar::new(millis));
    time.set_style(style("{elapsed:>4} {wide_bar:.cyan} {percent:>3} % {msg}"));
    let regions = regions.iter().map(|region| {
        let bar = bars.add(ProgressBar::new_spinner());
        bar.set_style(style("{prefix:15.bold} {wide_msg}"));
        bar.set_prefix(region.name());
        (*region, bar)
    });
    Screen::Terminal {
        regions: regions.collect(),
        time,
        bars,
    }
}

/// The counts of one Region, short enough for 80 columns behind its name.
fn line(world: &World, region: Region, backlog: u64, entries: EntryCounts) -> String {
    let counts = world.table.counts(region).unwrap_or_default();
    let way = if world.table.is_cut(region) {
        "cut off"
    } else {
        "on the way"
    };
    let mut line = format!(
        "{:>6} writes {:>5} conflicts {:>5} {way:<10} {:>5} unread",
        counts.local_writes, entries.conflicts, counts.waiting, backlog,
    );
    if entries.others > 0 {
        line.push_str(&format!(" {:>4} others", entries.others));
    }
    line
}
