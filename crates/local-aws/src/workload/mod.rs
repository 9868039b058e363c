//! A workload for a global table that knows the truth about itself: which of its writes survived, and which were lost.
//!
//! Writers in each Region talk to the Region's endpoint over HTTP and stamp their writes: two attributes a
//! Region, a count and a time. A [`History`] listens to the replicas and learns which write descends from which. When the replicas have
//! converged, [`Truth::of`] says what became of every write, and [`Truth::evaluate`] holds the conflicts that were
//! found in the ledgers against it.

mod client;
mod evaluate;
mod history;
mod lineage;
mod options;
mod request;
mod run;
#[cfg(test)]
mod tests;
mod truth;
mod writer;

pub use evaluate::{Evaluation, FoundConflict, OutsideScore, Score};
pub use history::{History, Kind, Stamp, Stamps, WriteId};
pub use options::WorkloadOptions;
pub use run::{Progress, run};
pub use truth::{Fate, Outside, Truth, Write};
