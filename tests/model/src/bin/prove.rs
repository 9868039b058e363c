//! `prove`: a million writes of each setting, and which lost writes the judge missed.

use std::io::Write as _;
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use global_table_model::campaign::{Campaign, SettingResult};
use global_table_model::setting::Setting;
use global_table_model::{audit, complaints, report};
use indicatif::{ProgressBar, ProgressStyle};

/// Runs the judge on random histories of a modelled global table, and compares with what the model knows.
///
/// Then the join on random tables of items with contents, without stamps.
///
/// Ends with 1 if a bar is missed (with stamps: a lost write without a conflict, or a false conflict; the join: recall or
/// precision), or if a disturbance that was asked for did not occur.
#[derive(Parser)]
#[command(name = "prove")]
struct Options {
    /// Writes for each setting
    #[arg(long, default_value_t = 1_000_000)]
    writes: u64,
    /// Writes for each setting of the join
    #[arg(long, default_value_t = 100_000)]
    join_writes: u64,
    /// Seed: the same one gives the same histories, on any number of threads
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    /// Run only the settings whose name contains this, such as "hot item" or "3 Regions"; "join" for all of the join's
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
    let wanted = |name: String| options.only.as_ref().is_none_or(|part| name.contains(part));
    let settings: Vec<Setting> = Setting::all()
        .into_iter()
        .filter(|setting| wanted(setting.name()))
        .collect();
    let join_settings: Vec<audit::setting::Setting> = audit::setting::Setting::all()
        .into_iter()
        .filter(|setting| wanted(setting.name()))
        .collect();
    anyhow::ensure!(
        !settings.is_empty() || !join_settings.is_empty(),
        "no setting's name contains {:?}: run prove --writes 1 --join-writes 1 to see them all",
        options.only.unwrap_or_default()
    );
    let stamped = Campaign {
        settings,
        writes: options.writes,
        seed: options.seed,
        threads: options.threads,
    };
    let joined = audit::campaign::Campaign {
        settings: join_settings,
        writes: options.join_writes,
        seed: options.seed,
        threads: options.threads,
    };
    let (outcomes, joined) = run(&stamped, &joined)?;
    let mut out = std::io::stdout().lock();
    if options.json {
        let (stamps, join) = (report::json(&outcomes)?, audit::report::json(&joined)?);
        writeln!(out, "{{\"stamps\": {stamps}, \"join\": {join}}}")?;
    } else {
        if !outcomes.is_empty() {
            writeln!(out, "{}", report::markdown(&outcomes))?;
        }
        if !joined.is_empty() {
            writeln!(out, "{}", audit::report::markdown(&joined))?;
        }
    }
    let mut complaints = complaints::list(&outcomes, options.allow_close);
    complaints.extend(audit::campaign::complaints(&joined));
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    Ok(if complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run(
    stamped: &Campaign,
    joined: &audit::campaign::Campaign,
) -> anyhow::Result<(Vec<SettingResult>, Vec<audit::campaign::SettingResult>)> {
    let writes = |settings: usize, writes: u64| settings as u64 * writes;
    let total = writes(stamped.settings.len(), stamped.writes)
        + writes(joined.settings.len(), joined.writes);
    let style = "{elapsed_precise} {bar:40} {human_pos} of {human_len} writes, {eta} left";
    let progress = ProgressBar::new(total).with_style(ProgressStyle::with_template(style)?);
    let outcomes = stamped.run(|writes| progress.inc(writes));
    let joined = joined.run(|writes| progress.inc(writes));
    progress.finish_and_clear();
    Ok((outcomes, joined))
}
