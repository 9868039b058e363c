//! `lastwriter demo`: a minute of traffic on a global table on this machine, and whether each lost write was found.

mod compare;
mod comparison;
mod conflict;
mod cut;
mod delay;
mod example;
mod join_result;
mod live;
mod page;
mod put_back;
mod report;
mod run;
mod series;
mod streams;
mod table;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use local_aws::global_table::{GlobalTableConfig, Lag};
use workload::{History, WorkloadOptions};

use crate::bootstrap;
use crate::failure::CommandError;
use crate::settings::Setting;
use crate::signals::StopSignals;
use crate::terminal::{self, Layout};
use crate::world::WorldConfig;
use crate::world::options::{Regions, parse_lag, parse_regions, parse_share};
use cut::CutOption;
use run::Plan;

const AFTER_HELP: &str = "\
Starts a global table with a replica, the built function, a ledger and a CloudWatch in each Region, all on loopback.
Writers in every Region change users, orders, carts and one hot item. The workload knows which write was made on top of
which, so it knows which writes were lost; the functions see the streams alone. At the end the two are compared.

  by stamps     lost, and covered by a conflict in the ledger of the write's own Region
  by the join   lost, and found in the streams of all Regions together, which tell of it without a stamp: what
                `lastwriter audit` does with a table whose writers stamp nothing
  missed        lost, and found by neither
  false alarm   a conflict whose winner had seen all of the loser's writes made in that Region

Examples:
  lastwriter demo
  lastwriter demo --regions 5 --seconds 30 --seed 7
  lastwriter demo --lag 2s:0.9 --cut us-east-1:10:30
  lastwriter demo --unstamped 1                         writers that stamp nothing, as most do: the join finds them
  lastwriter demo --unstamped 1 --borrow                the same writers with a version number: some losses are suspected
  lastwriter demo --unstamped 0.1 --blind-puts 0.05     what lies outside of what stamps can show
  lastwriter demo --json | jq .total
  lastwriter demo --seconds 20 --page                   then look at what was lost in a browser, and put it back

Exit codes: 0 every lost write that the stamps tell of was found and nothing else, 1 not so, or less than 1 % of the
writes were lost, so that the run proves nothing; 2 bad usage. Ctrl-C ends the traffic early and shows what there is.";

/// Options of `lastwriter demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Regions, two to five: names, or how many
    #[arg(long, value_name = "REGIONS", default_value = "3", value_parser = parse_regions)]
    pub regions: Regions,
    /// How long the traffic lasts, in seconds
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: u64,
    /// Writes a second, in all Regions together
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: u32,
    /// How long replication takes: a median, or a median and a spread as in 2s:0.9; 0 is no delay
    #[arg(long, value_name = "LAG", default_value = "800ms", value_parser = parse_lag)]
    pub lag: Lag,
    /// Which Region is cut off, and from which second to which, as in eu-west-1:20:35; or off [default: the second
    /// Region, for a quarter of the time]
    #[arg(long, value_name = "CUT", value_parser = cut::parse)]
    pub cut: Option<CutOption>,
    /// Decides who writes what and when, and the delays
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The share of the writes that carry no stamps
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = parse_share)]
    pub unstamped: f64,
    /// The share of the writes that put an item without having read it
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = parse_share)]
    pub blind_puts: f64,
    /// Every writer keeps a version number and its Region in the item: the functions suspect the losses of unstamped writes by them
    #[arg(long)]
    pub borrow: bool,
    /// At the end put back the lost writes that nobody has to decide about, and compare the items with the truth
    #[arg(long)]
    pub put_back: bool,
    /// At the end serve the ledgers' page, on which lost writes can be put back, until Ctrl-C
    #[arg(long)]
    pub page: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Where the report goes
    #[arg(long, value_name = "PATH", default_value = "target/demo/report.html")]
    pub report: PathBuf,
    /// The built function [default: stream-processor or bootstrap beside this program]
    #[arg(long, value_name = "PATH", env = "LASTWRITER_BOOTSTRAP")]
    pub bootstrap: Option<PathBuf>,
}

/// Runs `lastwriter demo`.
///
/// # Errors
///
/// [`CommandError::BadInput`] for options that cannot be used, [`CommandError::Failed`] if a part does not start, or if
/// the findings are not the truth.
pub async fn command(args: Args) -> Result<(), CommandError> {
    let signals = StopSignals::listen()?;
    let bootstrap = bootstrap::find(args.bootstrap.clone())?;
    let plan = plan(&args, bootstrap)?;
    report::writable(&args.report)?;
    let (prefix, ttl) = (
        plan.workload.stamp_prefix.clone(),
        plan.workload.ttl_attribute.clone(),
    );
    let (run, audited) = run::run(plan, signals).await?;
    let mut audited = audited.map_err(CommandError::failed)?;
    let mut comparison = compare::compare(&run, &mut audited).await?;
    if args.put_back {
        let result = put_back::put_back(&run.world, &run.history, &prefix, &ttl).await?;
        comparison.put_back = Some(result);
    }
    report::write(&args.report, &comparison)?;
    if args.json {
        terminal::print_json(&comparison)?;
    } else {
        let tables = table::render(&comparison, Layout::of_stdout());
        terminal::print(&format!("{tables}\nReport: {}\n", args.report.display()))?;
    }
    if args.page {
        page::serve(&run.world, &prefix, &ttl).await?;
    }
    match comparison.problems() {
        problems if problems.is_empty() => Ok(()),
        problems => Err(CommandError::failed(DemoFailure(problems))),
    }
}

/// A run that is no success, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
struct DemoFailure(Vec<String>);

/// The function's settings for what the workload's items hold beside stamps.
fn borrowed() -> Vec<Setting> {
    let names = [
        ("VERSION_ATTRIBUTE", workload::VERSION_ATTRIBUTE),
        ("ORIGIN_ATTRIBUTE", workload::ORIGIN_ATTRIBUTE),
    ];
    let setting = |(name, value): (&str, &str)| Setting {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    names.map(setting).into()
}

/// What the options ask for.
fn plan(args: &Args, bootstrap: PathBuf) -> Result<Plan, CommandError> {
    let regions = &args.regions.0;
    let cut = cut::planned(args.cut, regions, args.seconds).map_err(CommandError::bad_input)?;
    let workload = WorkloadOptions {
        seed: args.seed,
        length: Duration::from_secs(args.seconds),
        rate: f64::from(args.rate),
        unstamped_share: args.unstamped,
        blind_put_share: args.blind_puts,
        borrow: args.borrow,
        ..WorkloadOptions::default()
    };
    let mut history = History::new(&workload.stamp_prefix);
    if args.put_back {
        history = history.keeping_images();
    }
    let table = GlobalTableConfig {
        lag: args.lag,
        seed: args.seed,
        ttl_attribute: workload.ttl_attribute.clone(),
        ttl_sweep: Some(Duration::from_millis(500)),
        observer: Some(history.observer()),
        ..GlobalTableConfig::new(regions.clone())
    };
    let folder = args.report.parent().map(|folder| folder.join("failed"));
    Ok(Plan {
        world: WorldConfig {
            table,
            bootstrap,
            ledger_ports: Vec::new(),
            settings: if args.borrow { borrowed() } else { Vec::new() },
            failed: folder,
        },
        workload,
        history,
        cut,
    })
}
