//! The world while it runs.

use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use local_aws::global_table::{GlobalTable, Region};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::conflicts;
use super::endpoints::{Endpoints, EndpointsFile};
use super::input::{self, Request, Signals};
use crate::failure::CommandError;
use crate::report::entry_from_json;
use crate::terminal::{self, Layout, printable};
use crate::world::{Lookup, Stack, World, WorldError};

/// How often the functions' logs are read.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// After so many metrics requests they are forgotten, because nobody reads them here.
const MAX_METRICS_REQUESTS: u64 = 10_000;

/// Shows conflicts and obeys, until told to stop.
pub(super) async fn until_stopped(
    mut world: World,
    cut: Option<Region>,
    file: Option<PathBuf>,
    mut signals: Signals,
) -> Result<(), CommandError> {
    let layout = Layout::of_stdout();
    let regions = world.regions();
    let mut usual = cut;
    if let Some(region) = cut {
        world.table.cut(region).await.map_err(WorldError::from)?;
    }
    let endpoints = Endpoints::new(&world)?;
    terminal::print(&endpoints.text(layout))?;
    let steering = match cut {
        Some(region) => format!("{region} is cut off; Enter or SIGUSR1 joins it again."),
        None => "Type a Region's name and Enter to cut it off.".to_owned(),
    };
    terminal::print(&format!("{steering} Ctrl-C ends everything.\n"))?;
    let _file = file
        .map(|path| EndpointsFile::write(path, &endpoints))
        .transpose()?;

    terminal::print("Ready.\n\n")?;

    let mut lines = Some(input::lines());
    let mut ticks = tokio::time::interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let region = tokio::select! {
            request = signals.next() => match request {
                Request::Stop => break,
                Request::Toggle => input::region_of("", usual, &regions),
            },
            line = next(&mut lines) => match line {
                Some(line) => input::region_of(&line, usual, &regions),
                None => {
                    lines = None;
                    continue;
                }
            },
            _ = ticks.tick() => {
                for (region, stack) in world.stacks() {
                    show(region, stack, layout).await?;
                }
                for notice in world.table.take_notices() {
                    terminal::print(&printable(&format!("{notice}\n")))?;
                }
                world.follow_tables()?;
                world.trim();
                continue;
            }
        };
        match region {
            Ok(region) => {
                usual = Some(region);
                toggle(&world.table, region).await?;
            }
            Err(error) => {
                terminal::print(&format!("{}\n", printable(&error.to_string())))?;
            }
        }
    }
    terminal::print("Ending.\n")?;
    world.stop().await;
    Ok(())
}

/// The next line; never, once standard input has ended.
async fn next(lines: &mut Option<mpsc::Receiver<String>>) -> Option<String> {
    match lines {
        Some(lines) => lines.recv().await,
        None => std::future::pending().await,
    }
}

/// Cuts a Region off, or joins it again.
async fn toggle(table: &GlobalTable, region: Region) -> Result<(), CommandError> {
    let text = if table.is_cut(region) {
        table.join(region).map_err(WorldError::from)?;
        format!("{region} is joined again: what waited arrives now.\n")
    } else {
        table.cut(region).await.map_err(WorldError::from)?;
        format!("{region} is cut off.\n")
    };
    Ok(terminal::print(&text)?)
}

/// Prints what one Region's function found and what went wrong in it.
async fn show(region: Region, stack: &Stack, layout: Layout) -> Result<(), CommandError> {
    let log = stack.read_log();
    for problem in log.problems {
        let line = format!("the function in {region}: {problem}\n");
        terminal::print(&printable(&line))?;
    }
    if !log.new_entries.is_empty() {
        let ids = log.new_entries.into_iter().map(|entry| entry.conflict_id);
        let lookup = Lookup::new(&stack.ledger);
        let entries = lookup.entries(ids.collect(), Utc::now()).await;
        for entry in entries
            .map_err(WorldError::from)?
            .iter()
            .filter_map(entry_from_json)
        {
            terminal::print(&conflicts::line(region, &entry, layout))?;
        }
    }
    if stack.cloudwatch.requests() > MAX_METRICS_REQUESTS {
        stack.cloudwatch.clear();
    }
    Ok(())
}
