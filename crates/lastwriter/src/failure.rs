//! How a command fails, and with which exit code.

use std::process::ExitCode;

/// A command that did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// What was given cannot be used: exit code 2, as for a wrong option.
    #[error("{0}")]
    BadInput(String),
    /// What was given is fine, and it failed all the same: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// The output could not be written: exit code 1.
    #[error("the output could not be written: {0}")]
    Output(#[from] std::io::Error),
}

impl CommandError {
    /// The process's exit code.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::BadInput(_) => ExitCode::from(2),
            Self::Failed(_) | Self::Output(_) => ExitCode::FAILURE,
        }
    }
}
