//! Hostile input: whatever comes in, the function answers, quarantines or refuses, within bounded memory.
//!
//! The targets run as tests, a few seconds each, with a generator that needs no special compiler; `make fuzz` runs
//! the same targets longer under libFuzzer, guided by coverage. Inputs that once failed are kept in `__fuzz__` folders
//! and run each time.

#[cfg(test)]
mod allocations;
#[cfg(test)]
mod function;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod targets;
