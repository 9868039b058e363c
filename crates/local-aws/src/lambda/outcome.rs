//! What became of an invocation.

use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;

use super::StartError;

/// One invocation, finished.
#[derive(Debug)]
pub struct Invocation {
    /// The id that the function saw.
    pub request_id: String,
    /// How it ended.
    pub outcome: InvocationOutcome,
    /// From handing the payload over until the end. A process that had to be started first is not counted.
    pub duration: Duration,
}

/// How an invocation ended.
#[derive(Debug)]
pub enum InvocationOutcome {
    /// The function answered.
    Response(Bytes),
    /// The function, or Lambda in its place, reported an error.
    FunctionError {
        /// `errorType`, such as `Runtime.HandlerError` or `Function.ResponseSizeTooLarge`.
        error_type: String,
        /// `errorMessage`.
        message: String,
    },
    /// The function did not answer in time. Its process was killed, as Lambda does.
    TimedOut {
        /// The function's timeout.
        after: Duration,
    },
    /// The process ended before it answered.
    Crashed {
        /// How the process ended.
        status: ExitStatus,
    },
    /// A new process was needed and did not start.
    InitFailed(StartError),
    /// The payload is larger than the 6 MB that Lambda takes in a synchronous invocation; the function was not called.
    PayloadTooLarge {
        /// The payload's size in bytes.
        bytes: usize,
    },
}

impl InvocationOutcome {
    /// The answer, if there is one.
    pub fn response(&self) -> Option<&Bytes> {
        match self {
            Self::Response(answer) => Some(answer),
            Self::FunctionError { .. }
            | Self::TimedOut { .. }
            | Self::Crashed { .. }
            | Self::InitFailed(_)
            | Self::PayloadTooLarge { .. } => None,
        }
    }

    /// One line that says what went wrong, in Lambda's words where it has some. `None` for an answer.
    pub fn failure(&self) -> Option<String> {
        match self {
            Self::Response(_) => None,
            Self::FunctionError {
                error_type,
                message,
            } => Some(format!("{error_type}: {message}")),
            Self::TimedOut { after } => Some(format!(
                "Sandbox.Timedout: Task timed out after {:.2} seconds",
                after.as_secs_f64()
            )),
            Self::Crashed { status } => {
                Some(format!("Runtime.ExitError: Runtime exited: {status}"))
            }
            Self::InitFailed(error) => Some(error.to_string()),
            Self::PayloadTooLarge { bytes } => Some(format!(
                "RequestTooLargeException: {bytes} bytes, and Lambda takes at most {}",
                super::MAX_PAYLOAD_BYTES
            )),
        }
    }
}
