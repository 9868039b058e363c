//! A model of a DynamoDB global table that knows ancestry, and what it proves about the judge.
//!
//! The model is its own code: it decides who wins, and what each version descends from, without a line of
//! `crates/conflict` and `crates/join`. Only [`judges`] and [`audit`] know those crates, and only to ask them.
//!
//! - [`plan`]: what happens to one item, written down before it happens.
//! - [`table`]: the global table that carries a plan out, and the stream records that come of it.
//! - [`truth`]: which writes were lost, and whether a judge's conflicts cover them.
//! - [`judges`]: the judge under test, and the worse judges that have to fail.
//! - [`stream`]: a reader of shards that gets records in batches, and more than once.
//! - [`setting`] and [`generate`]: the settings of the proof and their random plans.
//! - [`campaign`], [`report`]: a million writes a setting, and the table.
//! - [`audit`]: the join of all Regions' streams, proved on items with contents.
//! - [`complaints`], [`shrink`]: what is wrong with it, shown by the smallest history.

pub mod ancestry;
pub mod audit;
pub mod campaign;
pub mod complaints;
pub mod disturbance;
pub mod generate;
pub mod history;
pub mod judges;
pub mod plan;
pub mod report;
pub mod setting;
pub mod shrink;
pub mod stream;
pub mod table;
pub mod truth;

#[cfg(test)]
mod tests;
