#![doc = include_str!("../README.md")]

mod http;

pub mod cloudwatch;
pub mod fault;
pub mod lambda;
pub mod ledger;
pub mod mapping;
pub mod replica;
pub mod shard;
pub mod workload;
