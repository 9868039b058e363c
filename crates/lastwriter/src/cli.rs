//! The command line: which subcommands there are, and how one is run.

use clap::{Parser, Subcommand};

use crate::failure::CommandError;
use crate::{audit, demo, install, judge, ledger, local, replay};

const AFTER_HELP: &str = "\
Examples:
  lastwriter audit --table orders                 what a table lost in 24 hours, without stamps
  lastwriter demo                                 lose writes on this machine, and find them
  lastwriter local --ports 8001,8002,8003         a global table for your own application
  lastwriter replay events/update_update.json     one event through the built function
  lastwriter replay events/ --json                every event of a folder, for machines
  lastwriter judge - < event.json                 judge an event without running the function
  lastwriter ledger list --ledger my-ledger       the conflicts of the last 24 hours
  lastwriter ledger show ID --ledger my-ledger    one conflict, both versions side by side
  lastwriter ledger put-back ID --ledger my-ledger    give the lost write back

Exit codes: 0 done, 1 failed, 2 bad usage or input.
Colours are shown on a terminal only; NO_COLOR turns them off.";

/// Finds the writes that last writer wins dropped in a DynamoDB global table.
#[derive(Debug, Parser)]
#[command(name = "lastwriter", version, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find the lost writes of a table that nobody stamps, from all replicas' streams together
    Audit(audit::Args),
    /// Run a minute of traffic on a global table on this machine, and compare what was lost with what was found
    Demo(demo::Args),
    /// Replay stream events through the built function, and show its verdicts, ledger and metrics
    Replay(replay::Args),
    /// Judge stream events in this process, without the built function
    Judge(judge::Args),
    /// Read the conflict ledger, in AWS or at any endpoint, and give lost writes back
    Ledger(ledger::Args),
    /// Run a global table on this machine for an application of your own, and show each lost write
    Local(local::Args),
    /// Print the completions of a shell, to be put where that shell looks for them
    Completions(install::CompletionsArgs),
    /// Write the manual pages into a folder
    Manual(install::ManualArgs),
}

/// Runs a parsed command line.
///
/// # Errors
///
/// [`CommandError`] tells what failed and gives the exit code.
pub async fn run(cli: Cli) -> Result<(), CommandError> {
    match cli.command {
        Command::Audit(args) => audit::command(args).await,
        Command::Demo(args) => demo::command(args).await,
        Command::Replay(args) => replay::command(args).await,
        Command::Judge(args) => judge::command(args).await,
        Command::Ledger(args) => ledger::command(args).await,
        Command::Local(args) => local::command(args).await,
        Command::Completions(args) => install::completions_command(&args),
        Command::Manual(args) => install::manual_command(&args),
    }
}
