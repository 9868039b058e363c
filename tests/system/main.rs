//! The whole system: the built function between a ledger, CloudWatch and Lambda. One binary, so that it is linked once.

mod answers;
mod audit;
mod concurrency;
mod deadline;
mod depth;
mod faults;
mod logs;
mod metrics_sink;
mod open_entries;
mod page;
mod put_back;
mod refused;
mod replay;
mod secrets;
mod settings;
mod sizes;
mod streams;
