//! Reads the streams of all replicas over the API, side by side, and hands what they show to an audit.
//!
//! `replicas` finds the streams, `plan` says what will be read, `schedule` decides which shard is next, `client` asks for
//! its records, `record` makes sightings of them.

mod client;
mod error;
mod plan;
mod policy;
mod readers;
mod record;
mod replicas;
mod run;
mod schedule;

pub(super) use error::ReaderError;
pub(super) use plan::Plan;
pub(super) use policy::policy;
pub(super) use readers::text as readers;
pub(super) use replicas::{Source, find, ledger_endpoints};
pub(super) use run::{ReadOptions, Reader, RegionProgress, epoch_second};
pub(super) use schedule::Extent;
