//! What can go wrong when a ledger is read, and what to do about it.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use ledger::EntryError;

use crate::failure::CommandError;

/// A ledger that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerReadError {
    /// No credentials were found, or they could not be fetched.
    #[error(
        "no AWS credentials: {0}. Log in (`aws sso login --profile NAME`) and give --profile NAME, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    NoCredentials(String),
    /// No Region is known.
    #[error("no Region: give --region, or set AWS_REGION, or a region in the profile")]
    NoRegion,
    /// The credentials are wrong or have expired.
    #[error(
        "AWS refused the credentials ({0}): log in again (`aws sso login`), or check --profile and AWS_SESSION_TOKEN"
    )]
    BadCredentials(String),
    /// The table does not exist there.
    #[error(
        "there is no ledger table {table} in {place}: check --ledger and --region. Each Region has its own ledger; `aws dynamodb list-tables` shows the tables"
    )]
    NoTable {
        /// The table.
        table: String,
        /// The Region or endpoint.
        place: String,
    },
    /// The caller may not read the table.
    #[error(
        "not allowed to read {table} in {place}: the caller needs dynamodb:Query on the table and its index ByTime, dynamodb:BatchGetItem, dynamodb:GetItem, and kms:Decrypt on its key"
    )]
    Denied {
        /// The table.
        table: String,
        /// The Region or endpoint.
        place: String,
    },
    /// The table is there, and it is no ledger.
    #[error(
        "{table} in {place} is no conflict ledger (keys ItemKey and ConflictId, index ByTime): {message}. Check --ledger"
    )]
    NotALedger {
        /// The table.
        table: String,
        /// The Region or endpoint.
        place: String,
        /// What DynamoDB said.
        message: String,
    },
    /// The endpoint was not reached.
    #[error(
        "DynamoDB at {place} was not reached: {problem}. Check the network, --region and --endpoint-url"
    )]
    Unreachable {
        /// The Region or endpoint.
        place: String,
        /// What happened.
        problem: String,
    },
    /// Reads stay throttled.
    #[error("{0} is throttled: wait and try again, or read fewer hours")]
    Throttled(String),
    /// Any other answer.
    #[error("DynamoDB at {place} refused: {code}: {message}")]
    Refused {
        /// The Region or endpoint.
        place: String,
        /// The error code.
        code: String,
        /// What DynamoDB said.
        message: String,
    },
    /// There is no such entry.
    #[error("{0}")]
    NoSuchConflict(String),
    /// An entry cannot be put together.
    #[error("the entry cannot be put together: {0}")]
    Entry(#[from] EntryError),
}

impl From<LedgerReadError> for CommandError {
    fn from(error: LedgerReadError) -> Self {
        Self::failed(error)
    }
}

impl LedgerReadError {
    /// What an SDK error means for `table` at `place`.
    pub(super) fn from_sdk<E>(error: SdkError<E>, table: &str, place: &str) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let place = place.to_owned();
        let Some(code) = error.code().map(str::to_owned) else {
            let problem = match &error {
                SdkError::TimeoutError(_) => "no answer in time".to_owned(),
                other => innermost(other),
            };
            return Self::Unreachable { place, problem };
        };
        let table = table.to_owned();
        let message = error.message().unwrap_or("no message").to_owned();
        match code.as_str() {
            "ResourceNotFoundException" => Self::NoTable { table, place },
            "AccessDeniedException" => Self::Denied { table, place },
            "UnrecognizedClientException"
            | "ExpiredTokenException"
            | "ExpiredToken"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "InvalidClientTokenId"
            | "MissingAuthenticationToken" => Self::BadCredentials(code),
            "ValidationException" => Self::NotALedger {
                table,
                place,
                message,
            },
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded" => Self::Throttled(table),
            _ => Self::Refused {
                place,
                code,
                message,
            },
        }
    }
}

/// The cause at the end of the chain: the SDK's own messages say no more than "dispatch failure".
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
