//! `prove`: a million writes of each setting, and which lost writes the judge missed.

use std::io::Write as _;
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use global_table_model::campaign::{Campaign, SettingResult};
use global_table_model::setting::Setting;
use global_table_model::{complaints, report};
use indicatif::{ProgressBar, ProgressStyle};

/// Runs the judge on random histories of a modelled global table, and compares with what the model knows.
///
/// Ends with 1 if the bar is missed inside the bar (a lost write without a conflict, or a false conflict), or if a
/// disturbance that was asked for did not occur.
#[derive(Parser)]
#[command(name = "prove")]
struct Options {
    /// Writes for each setting
    #[arg(long, default_value_t = 1_000_000)]
    writes: u64,
    /// Seed: the same one gives the same histories, on any number of threads
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    /// Run only the settings whose name contains this, such as "hot item" or "3 Regions"
    #[arg(long)]
    only: Option<String>,
    /// How many of a million lost writes may be missed by close reuse of a count (see docs/exactness.md)
    #[arg(long, default_value_t = 0.0)]
    allow_close: f64,
    /// Threads
    #[arg(long, default_value_t = thread::available_parallelism().map_or(1, usize::from))]
    threads: usize,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let wanted = |setting: &Setting| {
        options
            .only
            .as_ref()
            .is_none_or(|part| setting.name().contains(part))
    };
    let settings: Vec<Setting> = Setting::all().into_iter().filter(wanted).collect();
    anyhow::ensure!(
        !settings.is_empty(),
        "no setting's name contains {:?}: run prove --writes 1 to see them all",
        options.only.unwrap_or_default()
    );
    let campaign = Campaign {
        settings,
        writes: options.writes,
        seed: options.seed,
        threads: options.threads,
    };
    let outcomes = run(&campaign)?;
    let mut out = std::io::stdout().lock();
    if options.json {
        writeln!(out, "{}", report::json(&outcomes)?)?;
    } else {
        writeln!(out, "{}", report::markdown(&outcomes))?;
    }
    let complaints = complaints::list(&outcomes, options.allow_close);
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    Ok(if complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run(campaign: &Campaign) -> anyhow::Result<Vec<SettingResult>> {
    let total = campaign.settings.len() as u64 * campaign.writes;
    let style = "{elapsed_precise} {bar:40} {human_pos} of {human_len} writes, {eta} left";
    let progress = ProgressBar::new(total).with_style(ProgressStyle::with_template(style)?);
    let outcomes = campaign.run(|writes| progress.inc(writes));
    progress.finish_and_clear();
    Ok(outcomes)
}
