//! Replication, rule by rule, over real HTTP.

mod endpoint;
mod persist;
mod races;
mod replication;
mod start;
mod streams;
mod support;
mod tables;
mod ttl;
