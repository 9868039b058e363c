//! Tells CloudWatch what DynamoDB knows of a table and publishes nowhere: item count, sizes, states of the replicas.
//!
//! One invocation: [`source`] describes the table, [`report`] turns the description into metrics, a pure function,
//! [`sink`] sends them; [`reporter`] is the sequence. Source and sink are passed in.

pub mod metric;
pub mod report;
pub mod reporter;
pub mod settings;
pub mod sink;
pub mod source;
