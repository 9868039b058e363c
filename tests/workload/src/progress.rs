//! Counts of what a workload has sent.

use std::sync::atomic::{AtomicU64, Ordering};

use super::client::{RequestError, Response};
use super::request::Request;

/// What a workload has sent. Read it while the workload runs, or after.
#[derive(Debug, Default)]
pub struct Progress {
    writes: AtomicU64,
    reads: AtomicU64,
    refused: AtomicU64,
    errors: AtomicU64,
    skipped: AtomicU64,
}

impl Progress {
    /// Writes that were applied.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Reads.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Writes whose condition did not hold, so that nothing was written.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Requests that failed. Zero unless an endpoint breaks.
    pub fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// Pieces of work that were left out because the machine was too slow for the rate.
    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    pub(super) fn skip(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count(&self, request: &Request, answer: &Result<Response, RequestError>) {
        let counter = match answer {
            Err(_) => &self.errors,
            Ok(Response::ConditionFailed) => &self.refused,
            Ok(Response::Done(_)) if request.kind.is_none() => &self.reads,
            Ok(Response::Done(_)) => &self.writes,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
