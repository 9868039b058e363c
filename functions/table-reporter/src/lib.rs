//! Tells CloudWatch what DynamoDB knows of a table and publishes nowhere: item count, sizes, states of the replicas; and what
//! waits in the ledger for an operator.
//!
//! One invocation: [`source`] describes the table and counts the ledger's open entries, [`report`] turns the description into metrics, a pure function,
//! [`sink`] sends them; [`reporter`] is the sequence. Source and sink are passed in.

pub mod metric;
pub mod report;
pub mod reporter;
pub mod settings;
pub mod sink;
pub mod source;
