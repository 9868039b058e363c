//! What both functions repeat around their own work.
//!
//! [`start`] is a function's whole life: settings, then what it does with them, then its exit status. [`log`] starts
//! JSON logs, [`settings`] reads environment variables, [`clients`] makes AWS clients,
//! [`shutdown`] does the last work before an environment ends.

pub mod clients;
mod init_error;
pub mod log;
pub mod settings;
pub mod shutdown;
mod start;

pub use start::start;
