//! The join of all Regions' streams, proved on items with contents whose history is known.
//!
//! - [`item`]: contents, and how applications write them.
//! - [`history`]: the global table that carries out a plan for one item.
//! - [`setting`]: workloads and circumstances, and the bars.
//! - [`campaign`], [`report`]: many tables of each setting, what is wrong, and the table.
//! - [`score`]: a table's streams through the join, and its findings against the truth.

pub mod campaign;
pub mod history;
pub mod item;
pub mod report;
pub mod score;
pub mod setting;
