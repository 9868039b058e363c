//! Why a world does not start.

use std::io;

use local_aws::global_table::GlobalTableError;
use local_aws::lambda::StartError;
use local_aws::ledger::LedgerError;
use local_aws::mapping::InvalidSetting;

use crate::failure::CommandError;

/// Why a world does not start, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The global table.
    #[error(transparent)]
    Table(#[from] GlobalTableError),
    /// A Region's function.
    #[error(transparent)]
    Function(#[from] StartError),
    /// A Region's ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A Region's event source mapping.
    #[error(transparent)]
    Mapping(#[from] InvalidSetting),
    /// A Region's CloudWatch receiver.
    #[error("no loopback port for the CloudWatch receiver: {0}")]
    CloudWatch(#[source] io::Error),
}

impl WorldError {
    /// Whether other options would mend it.
    fn is_bad_input(&self) -> bool {
        use GlobalTableError as E;
        match self {
            Self::Table(error) => match error {
                E::NotARegion(_)
                | E::RegionCount(_)
                | E::RegionTwice(_)
                | E::NoTable
                | E::TableTwice(_)
                | E::NoTableNamed(_)
                | E::Definition { .. }
                | E::PortCount { .. }
                | E::Account(_)
                | E::Combine(_)
                | E::Sigma(_)
                | E::PortTaken { .. }
                | E::Listen { .. }
                | E::Folder { .. }
                | E::Journal { .. }
                | E::NoReplica(_) => true,
                E::Database { .. } => false,
            },
            Self::Ledger(LedgerError::Port { .. }) => true,
            Self::Function(_) | Self::Ledger(_) | Self::Mapping(_) | Self::CloudWatch(_) => false,
        }
    }
}

impl From<WorldError> for CommandError {
    fn from(error: WorldError) -> Self {
        if error.is_bad_input() {
            Self::bad_input(error)
        } else {
            Self::failed(error)
        }
    }
}
