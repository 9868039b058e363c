//! Gives a lost write back: an entry of the ledger and the item as it is now give a plan, attribute by attribute.
//!
//! This crate is pure: no I/O, no clock, no AWS client. [`plan`] sorts each attribute by three questions: what did the
//! lost write change, does the item still have the winner's value, and what was asked for. A [`Plan`] can be read, kept
//! as JSON and checked by people. [`ItemWrite`] is the one conditional write that it comes to: it takes effect only
//! while every attribute that it touches has the value that was read, and it is stamped like any other write, so that a
//! put-back that loses to a write elsewhere is found as a conflict of its own.
//!
//! A losing image is more than the lost write: it also holds what that write did not change, as it was before the
//! winner. Put back whole, it takes the winner's own changes away, and "absent in the loser" is no deletion. So an
//! attribute is put back by itself only where the entry knows that the lost write changed it and the winner did not.

mod attribute;
mod evidence;
mod merge;
mod plan;
mod planner;
mod rule;
mod steps;
mod target;
#[cfg(test)]
mod tests;
mod write;

pub use attribute::{Action, AttributePlan, ChangedByLostWrite, LeftBecause, State};
pub use evidence::saw_winner;
pub use merge::Misfit;
pub use plan::{ItemState, Plan, Step};
pub use planner::{NothingToPlan, Request, plan};
pub use rule::{Rule, RuleError, Rules};
pub use write::{Expectation, ItemWrite, Stamp, UpdateExpression, WriteError};
