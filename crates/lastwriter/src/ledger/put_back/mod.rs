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
pub use outcome::PutBackCounts;
pub(super) use run::command;
pub(crate) use run::put_back_open;
