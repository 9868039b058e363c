//! Options that cannot be used.

use std::io;
use std::path::PathBuf;

use local_aws::global_table::Region;

use crate::failure::CommandError;

/// An option of `lastwriter local` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum LocalError {
    /// `--cut` names a Region that is none of `--regions`.
    #[error("--cut {0}: the table has no replica there; name one of --regions")]
    NoReplica(Region),
    /// Some Regions have a port and some have none.
    #[error(
        "{option}: there are {ports} ports for {regions} Regions; give one for each Region, the first one alone, or none"
    )]
    PortCount {
        /// The option.
        option: &'static str,
        /// How many ports were given.
        ports: usize,
        /// How many Regions there are.
        regions: usize,
    },
    /// The last ports lie beyond 65,535.
    #[error("{option} {first}: there are not {regions} ports from there on")]
    TooFewPorts {
        /// The option.
        option: &'static str,
        /// The port that was given.
        first: u16,
        /// How many are needed.
        regions: usize,
    },
    /// `--key` is given more often than a table has key attributes.
    #[error("--key is given {0} times; a table has a partition key and at most a sort key")]
    TooManyKeys(usize),
    /// A file of `--table-file`.
    #[error("--table-file {}: {problem}", .path.display())]
    TableFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The file of `--endpoints-file`.
    #[error("{} cannot be written: {source}", .path.display())]
    EndpointsFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl From<LocalError> for CommandError {
    fn from(error: LocalError) -> Self {
        Self::bad_input(error)
    }
}
