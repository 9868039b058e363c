//! What is installed beside the program: shell completions and manual pages, made of the command line itself.

use std::io;
use std::path::PathBuf;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::failure::CommandError;
use crate::terminal;

/// The program's name.
const PROGRAM: &str = "lastwriter";

const COMPLETIONS_HELP: &str = "\
Examples:
  lastwriter completions bash > ~/.local/share/bash-completion/completions/lastwriter
  lastwriter completions zsh > ~/.zfunc/_lastwriter
  lastwriter completions fish > ~/.config/fish/completions/lastwriter.fish";

const MANUAL_HELP: &str = "\
Examples:
  lastwriter manual ~/.local/share/man/man1 && man lastwriter-ledger-put-back";

/// Options of `lastwriter completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = COMPLETIONS_HELP)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Options of `lastwriter manual`.
#[derive(Debug, clap::Args)]
#[command(after_help = MANUAL_HELP)]
pub struct ManualArgs {
    /// The folder; it is made if it is not there
    pub folder: PathBuf,
}

/// Manual pages that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the manual cannot be written into {}: {source}", folder.display())]
struct ManualError {
    folder: PathBuf,
    source: io::Error,
}

pub(crate) fn completions_command(args: &CompletionsArgs) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), PROGRAM, &mut script);
    Ok(terminal::print(&String::from_utf8_lossy(&script))?)
}

/// One page for the program, and one for each command.
pub(crate) fn manual_command(args: &ManualArgs) -> Result<(), CommandError> {
    let written = std::fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), &args.folder));
    written.map_err(|source| {
        CommandError::failed(ManualError {
            folder: args.folder.clone(),
            source,
        })
    })
}
