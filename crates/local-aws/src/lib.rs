//! What AWS does around the stream processor, on one machine.
//!
//! Every endpoint listens on loopback, on a port of the system's choice unless told otherwise.

mod http;

pub mod cloudwatch;
pub mod fault;
pub mod lambda;
pub mod ledger;
pub mod mapping;
pub mod replica;
pub mod shard;
pub mod workload;
