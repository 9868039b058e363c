//! What both functions repeat around their own work.
//!
//! [`start`] is a function's whole life: settings, then what it does with them, then its exit status. [`log`] starts
//! JSON logs, [`settings`] reads environment variables, [`clients`] makes AWS clients.

pub mod clients;
mod init_error;
pub mod log;
pub mod settings;
mod start;

pub use start::start;
