#![doc = include_str!("../README.md")]

pub mod cloudwatch;
pub mod fault;
pub mod http;
pub mod lambda;
pub mod ledger;
pub mod mapping;
pub mod replica;
pub mod shard;
