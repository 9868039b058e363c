//! What steers a running world: signals, and lines on standard input.

use std::io::{self, BufRead};

use local_aws::global_table::Region;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::signals::{SignalError, StopSignals};

/// The signals that are listened to.
pub(super) struct Signals {
    stop: StopSignals,
    toggle: Signal,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// End: Ctrl-C or SIGTERM.
    Stop,
    /// Cut off or join: SIGUSR1.
    Toggle,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, SignalError> {
        Ok(Self {
            stop: StopSignals::listen()?,
            toggle: signal(SignalKind::user_defined1())?,
        })
    }

    pub(super) async fn next(&mut self) -> Request {
        tokio::select! {
            () = self.stop.received() => Request::Stop,
            _ = self.toggle.recv() => Request::Toggle,
        }
    }
}

/// The lines of standard input, until its end.
///
/// On a thread of its own, which ends with the process: the runtime would wait for a line before it ends.
pub(super) fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// A line that names no Region to cut off, and what to type instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoSuchReplica {
    /// It is empty, and no Region is the usual one.
    #[error("type the name of the Region to cut off, or start with --cut REGION")]
    NotNamed,
    /// The table has no replica there.
    #[error("there is no replica in {name}; there is one in {}", .regions.join(", "))]
    Unknown {
        /// What was typed.
        name: String,
        /// Where there are replicas.
        regions: Vec<&'static str>,
    },
}

/// Which Region a line means. An empty one means `usual`.
pub(super) fn region_of(
    line: &str,
    usual: Option<Region>,
    regions: &[Region],
) -> Result<Region, NoSuchReplica> {
    let name = line.trim();
    if name.is_empty() {
        return usual.ok_or(NoSuchReplica::NotNamed);
    }
    let known = regions.iter().find(|region| region.name() == name);
    known.copied().ok_or_else(|| NoSuchReplica::Unknown {
        name: name.to_owned(),
        regions: regions.iter().map(|region| region.name()).collect(),
    })
}
