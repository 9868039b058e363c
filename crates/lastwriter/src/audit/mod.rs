//! `lastwriter audit`: finds the lost writes of a table whose writers stamp nothing, from all replicas' streams together.
//!
//! [`Audit`] is the core: sightings in, an [`Outcome`] out. `offline` feeds it from recorded events, `online` from the
//! streams, by way of `reader`.

mod advice;
mod analysis;
mod args;
mod error;
mod example;
mod images;
mod ledgers;
mod offline;
mod online;
mod options;
mod outcome;
mod page;
mod progress;
mod reader;
mod recorded;
mod render;
mod tally;
#[cfg(test)]
mod tests;
mod versions;

pub use analysis::{AnalysisError, Audit, Audited, Setup};
pub use args::Args;
pub use images::Version;
pub use outcome::{Clocks, Gap, Incomplete, Outcome, Period, RegionOutcome};
pub use recorded::RecordedStream;
pub(crate) use recorded::new_image;
pub(crate) use render::class as class_in_words;
pub use tally::{Counts, KindCounts, Loser};
pub use versions::FindingVersions;

use crate::failure::CommandError;
use crate::signals::StopSignals;
use crate::terminal::{self, Layout};
use error::AuditError;
pub(crate) use example::{Example, Side, read as read_examples};

/// How many lost writes are shown in full.
const EXAMPLES: usize = 2;

/// Runs `lastwriter audit`.
///
/// # Errors
///
/// [`CommandError::BadInput`] for what cannot be audited.
pub async fn command(args: Args) -> Result<(), CommandError> {
    if args.print_policy {
        let policy = reader::policy(args.table.as_deref(), &args.regions, args.ledger.as_deref());
        return Ok(terminal::print_json(&policy)?);
    }
    // First of all, so that Ctrl-C gives what there is.
    let signals = StopSignals::listen()?;
    args.check()?;
    if let Some(path) = &args.report {
        page::writable(path)?;
    }
    let (mut audited, failure) = match args.events.is_empty() {
        true => online::run(&args, signals).await?,
        false => (offline::run(&args, signals).await?, None),
    };
    if let Some(path) = &args.report {
        page::write(path, &mut audited)?;
        progress::say(&format!("The page is {}.", path.display()));
    }
    let written = match &args.ledger {
        Some(name) => ledgers::write(&args, name, &mut audited).await?,
        None => Ok(()),
    };
    show(audited, args.json)?;
    written?;
    // What had been read before it failed is worth something all the same.
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

/// Prints what was found.
fn show(audited: Audited, json: bool) -> Result<(), CommandError> {
    let Audited { outcome, versions } = audited;
    if json {
        return Ok(terminal::print_json(&outcome)?);
    }
    let examples = match versions {
        Some(mut versions) => {
            let chosen = example::choose(&outcome.findings, EXAMPLES);
            example::read(&outcome.findings, &chosen, &mut versions)
                .map_err(AnalysisError::from)
                .map_err(AuditError::from)?
        }
        None => Vec::new(),
    };
    let text = render::render(&outcome, &examples, Layout::of_stdout());
    Ok(terminal::print(&text)?)
}
