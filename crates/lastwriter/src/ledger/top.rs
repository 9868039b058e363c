//! `lastwriter ledger top`: who and what loses most.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use chrono::Utc;
use serde::Serialize;

use super::list::{Filter, Listing, Selection, list};
use super::{Connection, Summary, connect};
use crate::failure::CommandError;
use crate::format::thousands;
use crate::terminal::{self, Layout, printable};

const AFTER_HELP: &str = "\
Examples:
  lastwriter ledger top --ledger my-ledger --region us-east-1 --hours 168
  lastwriter ledger top --json | jq '.items[0]'

It counts the conflicts of the last hours: by item, by attribute that differs, by the Regions that lost and won, by
the hour in which they were found, by kind, and by what became of them. Every Region has its own ledger.

Exit codes: 0 done (also if there is nothing to count), 1 failed, 2 bad usage.";

/// Options of `lastwriter ledger top`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct TopArgs {
    /// Which ledger to read.
    #[command(flatten)]
    pub connection: Connection,
    /// How many hours to go back
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=9_600))]
    pub hours: u32,
    /// How many of each to show
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A name with how many conflicts it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// What is counted.
    pub name: String,
    /// How many conflicts.
    pub conflicts: u64,
    /// How many of them are open.
    pub open: u64,
}

/// The conflicts of some hours, counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Top {
    /// How many conflicts there are.
    pub conflicts: u64,
    /// How many writes they lost at least.
    pub lost_writes: u64,
    /// How many are restored or dismissed.
    pub resolved: u64,
    /// The share of those, from 0 to 1; none where there is no conflict.
    pub resolved_share: Option<f64>,
    /// When the oldest that is open was found, RFC 3339 UTC.
    pub oldest_open: Option<String>,
    /// By item, most first.
    pub items: Vec<Count>,
    /// By attribute that differs, most first.
    pub attributes: Vec<Count>,
    /// By the Region that lost, and the one that won: `us-east-1 to eu-west-1`.
    pub regions: Vec<Count>,
    /// By the hour in which they were found, the latest first.
    pub hours: Vec<Count>,
    /// By kind, most first.
    pub kinds: Vec<Count>,
    /// By status, most first.
    pub statuses: Vec<Count>,
}

/// Counts one thing.
#[derive(Debug, Default)]
struct Tally(HashMap<String, (u64, u64)>);

impl Tally {
    fn add(&mut self, name: impl Into<String>, is_open: bool) {
        let count = self.0.entry(name.into()).or_default();
        count.0 += 1;
        count.1 += u64::from(is_open);
    }

    fn into_counts(self) -> Vec<Count> {
        let counts = self.0.into_iter();
        counts
            .map(|(name, (conflicts, open))| Count {
                name,
                conflicts,
                open,
            })
            .collect()
    }

    /// The most, and of equally many the first by name.
    fn most(self, limit: usize) -> Vec<Count> {
        let mut counts = self.into_counts();
        counts.sort_by(|a, b| {
            b.conflicts
                .cmp(&a.conflicts)
                .then_with(|| a.name.cmp(&b.name))
        });
        counts.truncate(limit);
        counts
    }

    fn latest(self, limit: usize) -> Vec<Count> {
        let mut counts = self.into_counts();
        counts.sort_by(|a, b| b.name.cmp(&a.name));
        counts.truncate(limit);
        counts
    }
}

/// Counts entries. Samples and quarantined records lost no write, and are left out.
pub fn top<'a>(entries: impl IntoIterator<Item = &'a Summary>, limit: usize) -> Top {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let (mut conflicts, mut lost_writes, mut resolved) = (0, 0, 0);
    let mut oldest_open: Option<&str> = None;
    for entry in entries {
        let finding = &entry.finding;
        let Some(lost) = finding.lost_writes else {
            continue;
        };
        let is_open = entry.status == "open";
        conflicts += 1;
        lost_writes += lost;
        if matches!(entry.status.as_str(), "restored" | "dismissed") {
            resolved += 1;
        }
        if is_open && oldest_open.is_none_or(|oldest| entry.detected_at.as_str() < oldest) {
            oldest_open = Some(&entry.detected_at);
        }
        let mut add = |what, name: &str| tallies.entry(what).or_default().add(name, is_open);
        add("items", &format!("{} {}", entry.table, entry.key_text()));
        for name in finding.differing_attributes.iter().flatten() {
            add("attributes", name);
        }
        let region =
            |region: &Option<String>| region.clone().unwrap_or_else(|| "unknown".to_owned());
        let (loser, winner) = (
            region(&finding.loser_region),
            region(&finding.winner_region),
        );
        add("regions", &format!("{loser} to {winner}"));
        add(
            "hours",
            entry.detected_at.get(..13).unwrap_or(&entry.detected_at),
        );
        add("kinds", finding.kind.as_deref().unwrap_or("unknown"));
        add("statuses", &entry.status);
    }
    let mut take = |what| tallies.remove(what).unwrap_or_default();
    Top {
        conflicts,
        lost_writes,
        resolved,
        resolved_share: (conflicts > 0).then(|| resolved as f64 / conflicts as f64),
        oldest_open: oldest_open.map(str::to_owned),
        items: take("items").most(limit),
        attributes: take("attributes").most(limit),
        regions: take("regions").most(limit),
        hours: take("hours").latest(limit),
        kinds: take("kinds").most(limit),
        statuses: take("statuses").most(limit),
    }
}

pub(super) async fn command(args: TopArgs) -> Result<(), CommandError> {
    let table = connect(&args.connection).await?;
    let selection = Selection::Since {
        hours: args.hours,
        now: Utc::now(),
    };
    let Listing {
        entries,
        unreadable,
    } = list(&table, &selection, &Filter::default(), usize::MAX).await?;
    for error in unreadable {
        eprintln!("lastwriter: {}", printable(&error.to_string()));
    }
    let top = top(&entries, usize::try_from(args.limit).unwrap_or(usize::MAX));
    if args.json {
        return Ok(terminal::print_json(&top)?);
    }
    Ok(terminal::print(&render(
        &top,
        args.hours,
        Layout::of_stdout(),
    ))?)
}

pub(super) fn render(top: &Top, hours: u32, layout: Layout) -> String {
    if top.conflicts == 0 {
        return format!(
            "No conflict in the last {hours} hours. `--hours` looks further back; every Region has its own ledger.\n"
        );
    }
    let share = top.resolved_share.unwrap_or_default() * 100.0;
    let mut text = format!(
        "{} conflicts in the last {hours} hours, {} lost writes at least; {} are resolved ({share:.0} %).\n",
        thousands(top.conflicts),
        thousands(top.lost_writes),
        thousands(top.resolved),
    );
    if let Some(oldest) = &top.oldest_open {
        let _ = writeln!(text, "The oldest open one was found at {oldest}.");
    }
    for (heading, counts) in [
        ("item", &top.items),
        ("differing attribute", &top.attributes),
        ("lost by, to", &top.regions),
        ("hour (UTC)", &top.hours),
        ("kind", &top.kinds),
        ("status", &top.statuses),
    ] {
        let mut table = layout.table(&[heading, "conflicts", "open"]);
        for count in counts {
            table.add_row(vec![
                layout.cell(&count.name),
                layout.cell(&thousands(count.conflicts)),
                layout.cell(&thousands(count.open)),
            ]);
        }
        let _ = write!(text, "\n{table}\n");
    }
    text
}
