//! `lastwriter judge`: the function itself in this process, without the built one.

mod run;
#[cfg(test)]
mod tests;

use chrono::Utc;

pub use run::judge;

use crate::event;
use crate::failure::CommandError;
use crate::settings::{self, Setting};

const AFTER_HELP: &str = "\
Reads, judges and makes ledger entries with the function's own code. Nothing is started and nothing is written; the
ledger and the metrics shown are those that the function would have made.

Examples:
  lastwriter judge event.json
  lastwriter judge --set CLOCK_TOLERANCE_MS=250 events/clock_tolerance.json
  lastwriter judge --json events/ | jq '.events[].ledger[]'

--json has the shape of `lastwriter replay --json`; response is null.

Exit codes: 0 done, 1 failed, 2 an event cannot be read, or it is something else.";

/// Options of `lastwriter judge`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// What is read.
    #[command(flatten)]
    pub input: event::Input,
    /// A setting of the function; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = settings::parse)]
    pub set: Vec<Setting>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs `lastwriter judge`.
///
/// # Errors
///
/// [`CommandError::BadInput`] for events and settings that cannot be used.
pub async fn command(args: Args) -> Result<(), CommandError> {
    let settings = settings::check(&args.set)?;
    let events = args.input.read()?;
    let report = judge(&events, &settings, Utc::now()).await;
    report.print(args.json)?;
    Ok(())
}
