//! Lambda for one function: runs the built `bootstrap` as a process and feeds it payloads.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use local_aws::lambda::{Function, FunctionConfig};
//!
//! let config = FunctionConfig::new("target/debug/stream-processor", "processor", "us-east-1")
//!     .env("LEDGER_TABLE", "ledger");
//! let function = Function::start(config).await?;
//! let invocation = function.invoke(r#"{"Records":[]}"#).await;
//! println!("{:?}", invocation.outcome.response());
//! function.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! As in Lambda there is one invocation at a time in a process, or [`FunctionConfig::max_concurrency`]; further calls of
//! [`Function::invoke`] wait. After a crash or a timeout the next invocation starts a new process.
//!
//! Not simulated: freezing between invocations, events for extensions, streamed responses, memory and CPU limits, tracing.

mod config;
mod function;
mod logs;
mod outcome;
mod process;
mod runtime_api;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

pub use config::FunctionConfig;
pub use function::Function;
pub(crate) use function::request_id;
pub use logs::{LogLine, LogStore, LogStream, MAX_LOG_LINES};
pub use outcome::{Invocation, InvocationOutcome};

/// The largest payload of a synchronous invocation: 6 MB.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#function-configuration-deployment-and-execution>
pub const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// The largest answer. Lambda's own message names 6,291,556 bytes, a hundred more than 6 MB.
/// <https://repost.aws/knowledge-center/lambda-troubleshoot-response-payload-errors>
pub const MAX_RESPONSE_BYTES: usize = MAX_PAYLOAD_BYTES + 100;

/// Why a function's process did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no file at the bootstrap's path.
    #[error(
        "no bootstrap at {path}: {source}. Build the function first, or give the path of the built binary"
    )]
    BootstrapNotFound {
        /// The path as given.
        path: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
    /// The file is there and cannot be run.
    #[error("{path} cannot be run: {source}. It must be an executable built for this machine")]
    CannotRun {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The loopback port for the Runtime API could not be opened.
    #[error("the Runtime API's loopback port could not be opened: {0}")]
    Endpoint(std::io::Error),
    /// The process ended before it asked for work.
    #[error(
        "the function ended ({status}) before it asked for work. Its standard error ends with:\n{stderr}"
    )]
    ExitedBeforeReady {
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its standard error.
        stderr: String,
    },
    /// The function reported an error in its init phase.
    #[error(
        "the function could not start: {error_type}: {message}. Its standard error ends with:\n{stderr}"
    )]
    InitError {
        /// `errorType`.
        error_type: String,
        /// `errorMessage`.
        message: String,
        /// The last lines of its standard error.
        stderr: String,
    },
    /// The process did not ask for work in time.
    #[error(
        "the function did not ask for work within {after:?}. Its standard error ends with:\n{stderr}"
    )]
    InitTimedOut {
        /// The limit.
        after: Duration,
        /// The last lines of its standard error.
        stderr: String,
    },
}
