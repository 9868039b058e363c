//! Stamps writes to a DynamoDB global table, so that those lost to last writer wins can be found.
//!
//! A global table settles concurrent writes by last writer wins, and the losing write disappears. It can be found only if
//! each write says which Region's writes it descends from. [`Stamp`] is an interceptor for `aws-sdk-dynamodb` that adds
//! that to every write and changes nothing else:
//!
//! ```no_run
//! # async fn example() {
//! # use aws_config::BehaviorVersion;
//! let sdk_config = aws_config::load_defaults(BehaviorVersion::latest()).await;
//! let config = aws_sdk_dynamodb::config::Builder::from(&sdk_config)
//!     .interceptor(lastwriter_client::Stamp::new())
//!     .build();
//! let client = aws_sdk_dynamodb::Client::from_conf(config);
//! # }
//! ```
//!
//! # What is stamped
//!
//! | operation | what happens |
//! | --- | --- |
//! | UpdateItem, and Update in a transaction | two clauses are added, whatever the expression holds, or to legacy `AttributeUpdates` |
//! | PutItem, Put in a transaction, BatchWriteItem's puts | the item's pair for this Region is advanced; see [below](#puts-with-history) |
//! | DeleteItem | left alone, and counted as a hard delete; see [below](#deletes) |
//! | PartiQL (ExecuteStatement, BatchExecuteStatement, ExecuteTransaction) | left alone: stamp the statement by hand |
//! | reads | sent as they are; the stamps in the answer are remembered, and hidden from the caller |
//!
//! A stamp is two attributes for each Region that ever wrote the item: `lw:n:us-east-1`, how many writes made there the
//! item descends from, and `lw:t:us-east-1`, the time of the latest in microseconds since 1970. An update becomes
//!
//! ```text
//! SET address = :a, #lwt = :lwt ADD #lwn :lwn
//! ```
//!
//! The Region is that of the endpoint that the client talks to. The stamp is made once per call, so the SDK's retries send
//! the same request. If a write cannot be stamped it goes out without one, and the first such write is logged through
//! [`tracing`]; with [`strict`](Builder::strict) it fails instead, as a [`StampError`] that is never sent. An update that
//! DynamoDB would reject is left as it is, to be rejected.
//!
//! # Puts with history
//!
//! A PutItem replaces the whole item. If it does not carry the stamps of the item that it replaces, the history is gone,
//! and no one can tell afterwards what it overwrote. Most code reads an item, changes it and puts it back without what it does
//! not know. So the stamp remembers the stamps that it sees, by table and key, and gives them to the puts that carry none: such
//! a put claims to have seen what its process has really seen.
//!
//! - A put of an item that a client with this stamp has read or written carries on its history. No code is needed for it.
//! - A put whose item carries stamps itself advances this Region's pair: what is carried counts, not what is remembered.
//! - A put whose condition says that the item must not exist begins a history with a count of 1.
//! - Any other put says that it dropped the history: a count of 1, and `lw:reset` with its time. It is recorded as an
//!   overwrite, and such conflicts are only probable.
//!
//! What is remembered is what one process has seen through the clients that have clones of one stamp, of the 10,000 items used
//! last ([`remember`](Builder::remember)). Where one process reads and another puts, hand the stamps over
//! ([`Stamp::remembered`]); without, the put drops the history and says so. The names of a table's key attributes are learnt
//! from requests: the Key of a get, update or delete, DescribeTable, a page's LastEvaluatedKey. An application that only
//! queries and puts should set [`keys`](Builder::keys); it also makes a put's condition exact, where otherwise each attribute
//! of the item may be a key. A read of some attributes (a projection) does not show the stamps, and may be newer than what is
//! known: the item is forgotten. So is one whose write has no answer, as where its future was dropped.
//!
//! The stamps are taken out of what reads, `ReturnValues` and failed conditions return, so that code which copies or validates
//! whole items never meets them. Asked for by name, in a projection, they come; filters and conditions may name them.
//! [`hide`](Builder::hide) turns it off. The stamps of an item that shows them can be told from the rest of it with [`stamps`]
//! and [`without_stamps`]. To copy such an item to another key, leave them behind: they are the history of the other item.
//!
//! # Updates that write stamps
//!
//! An application that sees stamps, and writes them back in an update as part of what it read, would undo its own stamp. Such
//! clauses are taken out, and the stamp advances. Updates that stamp by hand stay as they are. What cannot be told apart goes
//! out as it is and is logged, or fails with [`strict`](Builder::strict).
//!
//! # Deletes
//!
//! A delete leaves nothing that could carry a stamp, and no hook ever turns one operation into another. If conflicts with
//! deletes matter, mark the item instead with [`Stamp::soft_delete`], and let TTL remove it; [`Stamp::revive`] takes the
//! mark away. Your application must know that reads, queries and indexes go on returning a marked item (filter on
//! `attribute_not_exists(lw:deleted)`, with a name placeholder), and that a conditional create on its key fails.
//!
//! # Transactions with a token of your own
//!
//! A transaction that is sent again with its `ClientRequestToken` must be the same, or DynamoDB answers
//! `IdempotentParameterMismatchException`; and it may be sent again by another process, or after a restart. So it gets what
//! every process adds alike ([`Tokens::Count`]): updates the count without the time, and puts that carry stamps or must not
//! exist too. Any other put goes out as it is. That finds losses as well with two Regions; from three on, a count that is
//! used again after a loss may hide one.
//!
//! If retries come from the same process only, [`Tokens::Remember`] stamps in full and keeps the time for ten minutes after
//! the token's last use. [`Tokens::Leave`] leaves such transactions alone, for you to stamp by hand.
//!
//! # Batches
//!
//! Puts that DynamoDB gives back as `UnprocessedItems` are given back to you as you sent them, so that sending them again
//! counts one write and not two.
//!
//! # Acting on an event once
//!
//! Every replica's stream has all writes. [`origin`] tells in which Region the write of a record was made.
//!
//! # Client-side encryption
//!
//! The AWS Database Encryption SDK for DynamoDB, and the DynamoDB Encryption Client before it, sign an item before the client
//! can stamp it, and their reader takes a stamp for tampering. So items that bear their marks are not stamped, nor are updates
//! of their tables, which is logged once for each table; with [`strict`](Builder::strict) they fail. To have both, tell the
//! library in every application that stamps are neither encrypted nor signed, and then set [`Encrypted::Stamp`].
//!
//! # What a stamp costs
//!
//! 39 bytes in each item for each Region that ever wrote it, with `lw:reset` 17 more; no extra request, no read; no
//! extra write on an index. An update that would have changed nothing does change the stamp, so it is replicated and shows
//! in the stream. One to two microseconds a write or a read (`cargo run --release -p
//! lastwriter-client --example overhead`).

mod answers;
mod call;
mod clock;
mod condition;
mod encrypted;
mod error;
mod expression;
mod history;
mod memory;
pub mod origin;
mod part;
mod region;
mod remembered;
mod rewrite;
mod settings;
mod soft_delete;
mod stamp;
mod stamps;
#[cfg(test)]
mod tests;
mod tokens;
mod written_back;

pub use encrypted::Encrypted;
pub use error::{NotStamped, SettingsError, SoftDeleteError, StampError};
pub use history::{stamps, without_stamps};
pub use settings::{Builder, Tokens};
pub use soft_delete::{Revive, SoftDelete};
pub use stamp::Stamp;

/// An item, a key, or the values of an expression.
type Item = std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;

/// The first part of the stamp attributes' names, where no other is set.
const DEFAULT_PREFIX: &str = "lw";

/// The README's examples are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
