//! What can go wrong when a ledger is read, and what to do about it.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use ledger::{ConflictId, EntryError};

use crate::aws::{NoAws, innermost};
use crate::failure::CommandError;

/// What an error comes from.
pub(super) type Source = Box<dyn Error + Send + Sync>;

/// A ledger that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerReadError {
    /// AWS cannot be asked.
    #[error(transparent)]
    NoAws(#[from] NoAws),
    /// The credentials are wrong or have expired.
    #[error(
        "AWS refused the credentials ({code}): log in again (`aws sso login`), or check --profile and AWS_SESSION_TOKEN"
    )]
    BadCredentials {
        /// The error code.
        code: String,
        /// What the SDK said.
        source: Source,
    },
    /// The table does not exist there.
    #[error(
        "there is no ledger table {table} in {location}: check --ledger and --region. Each Region has its own ledger; `aws dynamodb list-tables` shows the tables"
    )]
    NoTable {
        /// The table.
        table: String,
        /// The Region or endpoint.
        location: String,
        /// What the SDK said.
        source: Source,
    },
    /// The caller may not read the table.
    #[error(
        "not allowed to read {table} in {location}: the caller needs dynamodb:Query on the table and its index ByTime, dynamodb:BatchGetItem, dynamodb:GetItem, and kms:Decrypt on its key"
    )]
    Denied {
        /// The table.
        table: String,
        /// The Region or endpoint.
        location: String,
        /// What the SDK said.
        source: Source,
    },
    /// The caller may not write to the table.
    #[error(
        "not allowed to write to {table} in {location}: the caller needs dynamodb:UpdateItem on the ledger (an audit: PutItem), and kms:Decrypt on its key"
    )]
    WriteDenied {
        /// The table.
        table: String,
        /// The Region or endpoint.
        location: String,
        /// What the SDK said.
        source: Source,
    },
    /// The table is there, and it is no ledger.
    #[error(
        "{table} in {location} is no conflict ledger (keys ItemKey and ConflictId, index ByTime): {message}. Check --ledger"
    )]
    NotALedger {
        /// The table.
        table: String,
        /// The Region or endpoint.
        location: String,
        /// What DynamoDB said.
        message: String,
        /// What the SDK said.
        source: Source,
    },
    /// The endpoint was not reached.
    #[error(
        "DynamoDB at {location} was not reached: {problem}. Check the network, --region and --endpoint-url"
    )]
    Unreachable {
        /// The Region or endpoint.
        location: String,
        /// What happened.
        problem: String,
        /// What the SDK said.
        source: Source,
    },
    /// Reads stay throttled.
    #[error("{table} is throttled: wait and try again, or read fewer hours")]
    Throttled {
        /// The table.
        table: String,
        /// What the SDK said; none where DynamoDB kept leaving keys unprocessed.
        source: Option<Source>,
    },
    /// Any other answer.
    #[error("DynamoDB at {location} refused: {code}: {message}")]
    Refused {
        /// The Region or endpoint.
        location: String,
        /// The error code.
        code: String,
        /// What DynamoDB said.
        message: String,
        /// What the SDK said.
        source: Source,
    },
    /// The item has no such entry.
    #[error(
        "that item has no conflict {0} in this ledger, or it has expired; `lastwriter ledger list --key ...` lists those that it has"
    )]
    NoSuchConflict(ConflictId),
    /// The index has no such entry in the hours that were searched.
    #[error(
        "no conflict {id} was found in the last {hours} hours: give the item's --key, search more --hours, or read another Region's ledger"
    )]
    NotInIndex {
        /// The entry.
        id: ConflictId,
        /// How many hours were searched.
        hours: u32,
    },
    /// The id alone does not say which entry is meant.
    #[error("several items have a conflict {0}: give --key")]
    SeveralItems(ConflictId),
    /// The id is a part's.
    #[error("{0} is a part of an entry: leave out #part- and what follows")]
    Part(ConflictId),
    /// An entry is not as it should be.
    #[error("the entry {id} cannot be read: {source}")]
    Entry {
        /// The entry.
        id: ConflictId,
        /// What is wrong with it.
        source: EntryError,
    },
}

impl From<LedgerReadError> for CommandError {
    fn from(error: LedgerReadError) -> Self {
        Self::failed(error)
    }
}

impl LedgerReadError {
    /// What an SDK error means for `table` at `location`.
    pub(super) fn from_sdk<E>(error: SdkError<E>, table: &str, location: &str) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let location = location.to_owned();
        let Some(code) = error.code().map(str::to_owned) else {
            let problem = match &error {
                SdkError::TimeoutError(_) => "no answer in time".to_owned(),
                other => innermost(other),
            };
            let source = error.into();
            return Self::Unreachable {
                location,
                problem,
                source,
            };
        };
        let table = table.to_owned();
        let message = error.message().unwrap_or("no message").to_owned();
        let source = error.into();
        match code.as_str() {
            "ResourceNotFoundException" => Self::NoTable {
                table,
                location,
                source,
            },
            "AccessDeniedException" => Self::Denied {
                table,
                location,
                source,
            },
            "UnrecognizedClientException"
            | "ExpiredTokenException"
            | "ExpiredToken"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "InvalidClientTokenId"
            | "MissingAuthenticationToken" => Self::BadCredentials { code, source },
            "ValidationException" => Self::NotALedger {
                table,
                location,
                message,
                source,
            },
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded" => Self::Throttled {
                table,
                source: Some(source),
            },
            _ => Self::Refused {
                location,
                code,
                message,
                source,
            },
        }
    }
}
