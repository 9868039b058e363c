//! Reads the stream of one replica of a DynamoDB global table and finds the writes that last writer wins dropped.
//!
//! The way of a record: [`envelope`] finds it in the payload; [`record`] reads it on its own, stamps only;
//! `conflict::judge` decides; for a conflict or a malformed record `entry` makes what the [`ledger`] keeps;
//! [`metrics`] counts what is committed; [`processor`] is the sequence of it all. Each step's input and output are
//! plain data. Clock, ledger and metrics sink are passed in.

mod answer;
pub mod batch;
mod deadlines;
mod entry;
mod entry_writer;
pub mod envelope;
mod foreign_event;
mod in_flight;
mod judged_record;
mod jumps;
pub mod ledger;
mod local_writes;
pub mod log;
pub mod log_contract;
mod lost_writes;
pub mod memory;
pub mod metrics;
mod odd_stamps;
mod prepared_entry;
pub mod processor;
pub mod record;
pub mod runtime;
mod sampler;
pub mod settings;
