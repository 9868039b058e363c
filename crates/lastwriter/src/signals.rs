//! The signals that end what runs until it is told to stop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::CommandError;

/// No signal can be received.
#[derive(Debug, thiserror::Error)]
#[error("no signal can be received: {0}")]
pub(crate) struct SignalError(#[from] io::Error);

impl From<SignalError> for CommandError {
    fn from(error: SignalError) -> Self {
        Self::failed(error)
    }
}

/// Ctrl-C and SIGTERM.
pub(crate) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// From here on neither of them ends the process by itself.
    pub(crate) fn listen() -> Result<Self, SignalError> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
