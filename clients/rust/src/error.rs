//! What can go wrong. None of these errors holds item contents.

use crate::expression::MAX_EXPRESSION_BYTES;

/// A write could not be stamped.
///
/// Such a write goes out without its stamp, and the first one is logged. With [`strict`](crate::Builder::strict) it is not
/// sent: the call fails with the SDK's `SdkError::ConstructionFailure`, and this is among its sources.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StampError {
    /// No room is left in the update expression.
    #[error(
        "the update expression with its stamp would pass {MAX_EXPRESSION_BYTES} bytes: shorten it"
    )]
    ExpressionTooLong,
    /// The clock gave a time before 1970 or after the year 9999.
    #[error(
        "the clock gives no time that a stamp can hold: microseconds since 1970, up to the year 9999"
    )]
    Clock,
    /// Neither the endpoint's host name nor the client's configuration says which Region is written to.
    #[error(
        "the client's Region is unknown: set one on the client, or give the stamp one with `region`"
    )]
    UnknownRegion,
    /// The client's Region is none that the stream processor takes, as that of a local DynamoDB may be.
    #[error("{}", not_a_region(.0))]
    NotARegion(String),
    /// The client's own endpoint resolver did not answer at once, and a stamp cannot wait for it.
    #[error(
        "the client's endpoint resolver is asynchronous, so the Region is unknown here: give the stamp one with `region`"
    )]
    AsynchronousEndpoint,
    /// A put in a transaction with the caller's token has nothing that every process would stamp it with alike.
    #[error(
        "a put without stamps, in a transaction with your own ClientRequestToken, may not differ between processes: give it a condition \
         that the item must not exist, its stamps, or set `tokens` to `Tokens::Remember`"
    )]
    PutWithToken,
    /// An update sets a stamp, and it cannot be told whether it stamps by hand or writes back what was read.
    #[error(
        "an update writes {0}, and it cannot be told whether it stamps by hand or writes back what was read: leave stamps out of what \
         you save, or add to the count with ADD and set the time"
    )]
    WrittenBack(String),
    /// A client-side encryption library signs the items of this table, and its reader would take a stamp for tampering.
    #[error(
        "the items of table {table} are signed by {library}, and a stamp would make their signatures fail: tell the library that stamps \
         are neither encrypted nor signed, as the clients' page says under \"Client-side encryption\", then set `encrypted` to \
         `Encrypted::Stamp`"
    )]
    Encrypted {
        /// The table's name.
        table: String,
        /// The library.
        library: &'static str,
    },
    /// The clock or the table filter that the stamp was given panicked, or this crate did.
    #[error("stamping panicked; if the clock and the table filter are sound, report it")]
    Panicked,
}

fn not_a_region(name: &str) -> String {
    format!(
        "{name:?} is not a Region to stamp with: words of lowercase letters and a number, joined by hyphens, as in \"us-east-1\"; \
         set `region` to the replica's Region"
    )
}

/// A setting of [`Stamp::builder`](crate::Stamp::builder) is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The Region is none that the stream processor takes.
    #[error("{}", not_a_region(.0))]
    Region(String),
    /// The prefix cannot be the first part of a stamp's name.
    #[error("the prefix `{0}` must be some text without a colon")]
    Prefix(String),
}

/// What [`Stamp::remembered`](crate::Stamp::remembered) asks for is not remembered: the client, or this table of it, is not
/// stamped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the client, or this table of it, is not stamped: give the client this stamp as its interceptor, and check the stamp's `tables`"
)]
pub struct NotStamped;

/// A soft delete, or its undoing, made no sense. It is not sent: the call fails with the SDK's
/// `SdkError::ConstructionFailure`, and this is among its sources.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SoftDeleteError {
    /// The client, or this table of it, is not stamped.
    #[error(
        "the update is not stamped: give the client this stamp as its interceptor, and check the stamp's `tables`"
    )]
    NotStamped,
    /// The request has the parameters that expressions replaced.
    #[error(
        "AttributeUpdates, Expected and ConditionalOperator are not supported here: use expressions"
    )]
    LegacyParameters,
    /// The request's own update expression is one that DynamoDB rejects: it must not pass for a delete.
    #[error("the update expression is not valid: check its sections, commas and brackets")]
    Expression,
}
