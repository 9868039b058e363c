//! The lastwriter command-line tool, as a library.
//!
//! [`audit`] joins all replicas' streams, [`replay`] runs events through the built function, [`judge`] does it in process, [`ledger`] reads the conflict
//! ledger. Each subcommand is a module with its `Args` and a `command` that gives what to print. What replay and judge
//! find is plain data ([`report`]), so that tests can use it as well.

pub mod audit;
mod aws;
mod bootstrap;
pub mod cli;
pub mod demo;
pub mod event;
pub mod failure;
mod format;
pub mod function_log;
pub mod install;
pub mod judge;
pub mod ledger;
pub mod local;
mod page;
pub mod replay;
pub mod report;
pub mod settings;
mod signals;
pub mod terminal;
pub mod world;
