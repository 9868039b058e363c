//! Hostile input: whatever comes in, the function answers, quarantines or refuses, within bounded memory.
//!
//! The targets run as tests, a second or two each, with bolero's random generator, which needs no special compiler;
//! `make fuzz` runs them for as long as it is told. The corpus is the sample events, damaged on the way, and the hostile
//! inputs in `mutation.rs`.

#[cfg(test)]
mod allocations;
#[cfg(test)]
mod function;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod targets;
