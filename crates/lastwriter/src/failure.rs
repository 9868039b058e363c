//! How a command fails, and with which exit code. Each room has its own errors and says here what they come to; `main`
//! tells them.

use std::error::Error;
use std::process::ExitCode;

/// A command that did not do what was asked, and why.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// What was given cannot be used: exit code 2, as for a wrong option.
    #[error(transparent)]
    BadInput(Box<dyn Error + Send + Sync>),
    /// What was given is fine, and it failed all the same: exit code 1.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
}

impl CommandError {
    /// What was given cannot be used, for this reason.
    pub fn bad_input(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::BadInput(error.into())
    }

    /// It failed, for this reason.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::BadInput(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::FAILURE,
        }
    }
}
