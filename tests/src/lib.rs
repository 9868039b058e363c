//! What the tests of the whole system share. The tests themselves are in `system/`; the model of a global table that
//! knows ancestry, and the proof that rests on it, are the member `tests/model`.
//!
//! [`system`] puts the built function between a ledger, CloudWatch and Lambda, all on this machine; [`records`] makes
//! stream records; [`case`](mod@case) reads the sample events and what is expected of them, and [`compare`] says where
//! what was [`observed`] differs. [`proxy`] makes faults that strike one chosen request.

pub mod attribute_value;
pub mod bootstrap;
pub mod browser;
pub mod case;
pub mod compare;
pub mod ledger_entry;
pub mod log;
pub mod metrics;
pub mod observed;
pub mod proxy;
pub mod records;
pub mod stream;
pub mod system;
