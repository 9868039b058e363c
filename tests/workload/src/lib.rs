//! A workload for a global table that knows the truth about itself: which of its writes survived, and which were lost.
//!
//! Writers in each Region talk to the Region's endpoint over HTTP and stamp their writes: two attributes a Region, a
//! count and a time. A [`History`] listens to the replicas and learns which write descends from which. When the replicas
//! have converged, [`Truth::new`] says what became of every write, and [`Truth::evaluate`] compares the conflicts in the
//! ledgers with it.

mod client;
mod evaluate;
mod history;
mod item_id;
mod lineage;
mod options;
mod out_of_scope;
mod progress;
mod request;
mod run;
#[cfg(test)]
mod tests;
mod truth;
mod values;
mod writer;

pub use evaluate::{
    Evaluation, LedgerConflict, OutOfScopeScore, Score, StreamFinding, SuspectedScore,
};
pub use history::{History, StampPair, StampPairs, WriteId, WriteKind};
pub use item_id::ItemId;
pub use options::WorkloadOptions;
pub use out_of_scope::OutOfScope;
pub use progress::Progress;
pub use request::{ORIGIN_ATTRIBUTE, VERSION_ATTRIBUTE};
pub use run::run;
pub use truth::{Fate, Truth, Write};
pub use values::ValueScore;
