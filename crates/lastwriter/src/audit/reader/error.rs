//! Why streams cannot be read, and what to do about it.

use std::path::PathBuf;

use crate::aws::NoAws;

/// Streams that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::audit) enum ReaderError {
    /// AWS cannot be asked.
    #[error(transparent)]
    NoAws(#[from] NoAws),
    /// The file of `lastwriter local` cannot be used.
    #[error(
        "--endpoints-file {}: {problem}. `lastwriter local --endpoints-file FILE` writes it, and removes it at its end",
        path.display()
    )]
    EndpointsFile {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        problem: String,
    },
    /// The table does not exist there.
    #[error("there is no table {table} in {region}: check --table, --regions and --profile")]
    NoTable {
        /// The table.
        table: String,
        /// The Region.
        region: String,
    },
    /// The table has no replica.
    #[error(
        "{table} is in {region} alone: it is no global table, so last writer wins drops nothing there"
    )]
    NotGlobal {
        /// The table.
        table: String,
        /// The Region.
        region: String,
    },
    /// The table is strongly consistent in all of its Regions.
    #[error(
        "{table} is a global table with strong consistency (MRSC): of two concurrent writes it refuses one, so none is lost"
    )]
    StronglyConsistent {
        /// The table.
        table: String,
    },
    /// Replicas that `--regions` does not name.
    #[error(
        "{table} has replicas in {left_out} too, which --regions leaves out. An audit has to read every replica's stream: \
         what was written or lost in one that is not read would be missed or laid at another's door. With one of two unread \
         nothing is found, with one of three a third of the losses is missed. Give --regions {all}"
    )]
    ReplicaLeftOut {
        /// The table.
        table: String,
        /// The Regions that are left out.
        left_out: String,
        /// All of the table's Regions.
        all: String,
    },
    /// Regions that are named and have no replica.
    #[error("{table} has no replica in {unknown}; its Regions are {all}")]
    NoReplica {
        /// The table.
        table: String,
        /// The Regions without one.
        unknown: String,
        /// All of the table's Regions.
        all: String,
    },
    /// The replica has no stream.
    #[error(
        "the replica of {table} in {region} has no stream. A global table's replicas have one each, with the view type \
         NEW_AND_OLD_IMAGES; what is written once it is enabled can be audited"
    )]
    NoStream {
        /// The table.
        table: String,
        /// The Region.
        region: String,
    },
    /// The stream lacks images.
    #[error(
        "the stream of {table} in {region} is {view_type}: an audit needs both images of each change. Its view type has to be \
         NEW_AND_OLD_IMAGES; only a new stream can have another one"
    )]
    ViewType {
        /// The table.
        table: String,
        /// The Region.
        region: String,
        /// Its view type.
        view_type: String,
    },
    /// A record lacks an image although the stream should have both.
    #[error(
        "a record of the stream of {table} in {region} lacks an image: its view type has to be NEW_AND_OLD_IMAGES"
    )]
    NoImage {
        /// The table.
        table: String,
        /// The Region.
        region: String,
    },
    /// The caller may not.
    #[error(
        "not allowed to read the stream of {table} in {region}: `lastwriter audit --print-policy` prints the IAM policy that an \
         audit needs"
    )]
    Denied {
        /// The table.
        table: String,
        /// The Region.
        region: String,
    },
    /// The credentials are wrong or have expired.
    #[error(
        "AWS refused the credentials ({0}): log in again (`aws sso login`), or check --profile and AWS_SESSION_TOKEN"
    )]
    BadCredentials(String),
    /// AWS was not reached.
    #[error("{region} was not reached: {problem}. Check the network and --regions")]
    Unreachable {
        /// The Region.
        region: String,
        /// What happened.
        problem: String,
    },
    /// The stream is not there any more.
    #[error("the stream of {table} in {region} is not there any more")]
    StreamGone {
        /// The table.
        table: String,
        /// The Region.
        region: String,
    },
    /// Any other answer.
    #[error("{region} refused: {code}: {message}")]
    Refused {
        /// The Region.
        region: String,
        /// The error code.
        code: String,
        /// What AWS said.
        message: String,
    },
}

impl ReaderError {
    /// What an error code means.
    pub(super) fn refused(code: &str, message: Option<&str>, table: &str, region: &str) -> Self {
        let (table, region) = (table.to_owned(), region.to_owned());
        match code {
            "ResourceNotFoundException" => Self::NoTable { table, region },
            "AccessDeniedException" => Self::Denied { table, region },
            "UnrecognizedClientException"
            | "ExpiredTokenException"
            | "ExpiredToken"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "InvalidClientTokenId"
            | "MissingAuthenticationToken" => Self::BadCredentials(code.to_owned()),
            code => Self::Refused {
                region,
                code: code.to_owned(),
                message: message.unwrap_or("no message").to_owned(),
            },
        }
    }

    /// Whether the input is at fault, and not AWS or the way there.
    pub(in crate::audit) fn is_bad_input(&self) -> bool {
        match self {
            Self::EndpointsFile { .. }
            | Self::NotGlobal { .. }
            | Self::StronglyConsistent { .. }
            | Self::ReplicaLeftOut { .. }
            | Self::NoReplica { .. }
            | Self::NoStream { .. }
            | Self::ViewType { .. }
            | Self::NoImage { .. } => true,
            Self::NoAws(_)
            | Self::NoTable { .. }
            | Self::Denied { .. }
            | Self::BadCredentials(_)
            | Self::Unreachable { .. }
            | Self::StreamGone { .. }
            | Self::Refused { .. } => false,
        }
    }
}
