#![doc = include_str!("../README.md")]

mod amz_json;
pub mod cloudwatch;
pub mod fault;
pub mod global_table;
pub mod http;
pub mod lambda;
pub mod ledger;
pub mod mapping;
pub mod shard;
pub mod streams;
