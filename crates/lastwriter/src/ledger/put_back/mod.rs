//! `lastwriter ledger put-back`.

mod args;
mod carry_out;
mod confirm;
mod item_table;
mod outcome;
mod plan_file;
mod prepare;
mod render;
mod run;

pub use args::PutBackArgs;
pub(super) use carry_out::Executor;
pub(super) use item_table::ItemRegion;
pub use outcome::PutBackCounts;
pub(super) use outcome::{ChangedAttribute, Outcome};
pub(super) use prepare::{Planner, Prepared};
pub(crate) use run::put_back_open;
pub(super) use run::{carry_out, command};
