//! A DynamoDB global table on one machine: a replica per Region, and the replication between them.
//!
//! It is a global table of version 2019.11.21 with multi-Region eventual consistency. Each Region has a DynamoDB
//! endpoint that any SDK can talk to. Behind it a gateway holds the replica's gate while it writes, notes what the
//! write changed by reading the database's stream, gives each change a private timestamp, adds it to the Region's own
//! stream, and sends it to the other Regions after a delay. A change that arrives is applied if its timestamp is
//! later than that of the item there. The timestamps are in the replicator's memory alone, never in the items.
//!
//! The rules are those of
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html>.
//!
//! A table that is created through any endpoint is a global table in all Regions at once, and what changes it in one
//! Region changes it in all. Every write to an endpoint waits for the Region's gate.

mod arn_rewriter;
mod clock;
mod config;
mod definition;
mod direct;
mod event;
mod gateway;
mod item;
mod journal;
mod lag;
mod network;
mod notices;
mod queue;
mod region;
mod replica;
mod replica_table;
mod replica_tables;
mod replication;
mod stats;
mod store;
mod table;
mod table_operations;
#[cfg(test)]
mod tests;
mod upstream;
mod versions;

pub use clock::{PhysicalClock, PrivateTimestamp, SystemClock};
pub use config::{Commit, CommitKind, GlobalTableConfig, GlobalTableError, Observer};
pub use definition::TableDefinition;
pub use gateway::TAG_HEADER;
pub use item::{AttributeValue, Item, ItemKey};
pub use lag::Lag;
pub use region::{NotARegion, Region};
pub use stats::{LagSummary, ReplicaCounts};
pub use table::GlobalTable;
