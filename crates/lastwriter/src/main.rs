//! The lastwriter command-line tool: parse, run, say what went wrong.

use std::process::ExitCode;

use clap::Parser;
use lastwriter::cli::{self, Cli};
use lastwriter::terminal;

#[tokio::main]
async fn main() -> ExitCode {
    match cli::run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&error);
            error.exit_code()
        }
    }
}
