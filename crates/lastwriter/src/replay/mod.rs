//! `lastwriter replay`: events through the built function, with a ledger and a CloudWatch in memory.

mod invocation_log;
mod run;

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

pub use run::{Replay, ReplayConfig, ReplayError, run};

use crate::bootstrap;
use crate::event;
use crate::failure::CommandError;
use crate::settings::{self, Setting};

const AFTER_HELP: &str = "\
The built function runs as a process under a local Lambda, once for each event, all in one process. Its ledger and its
CloudWatch are in memory, on loopback; nothing reaches AWS.

Examples:
  lastwriter replay events/update_update.json
  lastwriter replay events/
  lastwriter replay --set TTL_ATTRIBUTE=ttl events/replicated_ttl_expiry.json
  aws s3 cp s3://failed-batches/event.json - | lastwriter replay -
  lastwriter replay --json events/ | jq '.events[].records[] | select(.verdict == \"conflict\")'

--json prints {events, ledger, metrics}; each event has {event, records, response, error, ledger, metrics}.

Exit codes: 0 done, 1 an invocation failed or a record could not be kept, 2 an event cannot be read, or it is something else.";

/// Options of `lastwriter replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// What is read.
    #[command(flatten)]
    pub input: event::Input,
    /// The built function [default: stream-processor or bootstrap beside this program]
    #[arg(long, value_name = "PATH", env = "LASTWRITER_BOOTSTRAP")]
    pub bootstrap: Option<PathBuf>,
    /// A setting of the function; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = settings::parse)]
    pub set: Vec<Setting>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs `lastwriter replay`.
///
/// # Errors
///
/// [`CommandError::BadInput`] for events and settings that cannot be used, [`CommandError::Failed`] if the function
/// is not there, does not start, or fails.
pub async fn command(args: Args) -> Result<(), CommandError> {
    settings::check(&args.set)?;
    let events = args.input.read()?;
    let bootstrap = bootstrap::find(args.bootstrap)?;
    let progress = progress_bar(events.len());
    let config = ReplayConfig {
        bootstrap,
        settings: args.set,
    };
    let replay = run(config, &events, |event| {
        progress.set_message(event.name.clone())
    })
    .await;
    progress.finish_and_clear();
    let report = replay?.report;
    report.print(args.json)?;
    if report.succeeded() {
        Ok(())
    } else {
        Err(ReplayError::Unsuccessful.into())
    }
}

/// On standard error, and only if that is a terminal.
fn progress_bar(events: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(events).unwrap_or(u64::MAX));
    // The template is fixed, so it is always read; the default style would do as well.
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {bar:30} {msg}") {
        bar.set_style(style);
    }
    bar
}
