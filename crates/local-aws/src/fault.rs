//! Faults that an endpoint can be told to have, so that a test can see how its caller copes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;

/// What an endpoint does with its requests.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Answers, as it should.
    None,
    /// Waits, then answers.
    Delay(Duration),
    /// Refuses every request.
    Refuse(Refusal),
    /// Refuses the next `count` requests, then answers.
    RefuseNext {
        /// How many requests.
        count: u32,
        /// What it says to them.
        refusal: Refusal,
    },
    /// Refuses each request with this probability; the same seed refuses the same requests.
    RefuseSome {
        /// From 0 (none) to 1 (all).
        probability: f64,
        /// The seed of the draws.
        seed: u64,
        /// What it says to them.
        refusal: Refusal,
    },
    /// Never answers.
    Hang,
    /// Breaks the connection without an answer.
    DropConnection,
}

/// An error answer: HTTP status, AWS error code, message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error code, such as `AccessDeniedException`.
    pub code: String,
    /// The message.
    pub message: String,
}

impl Refusal {
    /// Any error.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    /// DynamoDB's answer to a table or partition that is written too fast.
    ///
    /// This and the next ones, with their texts:
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
    pub fn throughput_exceeded() -> Self {
        Self::new(
            400,
            "ProvisionedThroughputExceededException",
            "You exceeded your maximum allowed provisioned throughput for a table or for one or more global secondary \
             indexes.",
        )
    }

    /// A missing permission.
    pub fn access_denied() -> Self {
        Self::new(
            400,
            "AccessDeniedException",
            "User is not authorized to perform this operation.",
        )
    }

    /// A table that is not there.
    pub fn resource_not_found() -> Self {
        Self::new(
            400,
            "ResourceNotFoundException",
            "Requested resource not found",
        )
    }

    /// A failure on the server's side.
    pub fn internal_server_error() -> Self {
        Self::new(
            500,
            "InternalServerError",
            "The server encountered an internal error trying to fulfill the request.",
        )
    }
}

/// What to do with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FaultAction {
    Answer,
    Refuse(Refusal),
    Drop,
}

/// The fault that an endpoint has now. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct FaultSwitch(Arc<Mutex<FaultState>>);

#[derive(Debug)]
struct FaultState {
    fault: Fault,
    draws: Rng,
}

impl FaultSwitch {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(FaultState {
            fault: Fault::None,
            draws: Rng::with_seed(0),
        })))
    }

    pub(crate) fn set(&self, fault: Fault) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Fault::RefuseSome { seed, .. } = &fault {
            state.draws = Rng::with_seed(*seed);
        }
        state.fault = fault;
    }

    /// Decides about one request, and waits where the fault is a delay.
    pub(crate) async fn meet(&self) -> FaultAction {
        match self.decide() {
            FaultTiming::Now(action) => action,
            FaultTiming::After(delay) => {
                tokio::time::sleep(delay).await;
                FaultAction::Answer
            }
            FaultTiming::Never => std::future::pending().await,
        }
    }

    fn decide(&self) -> FaultTiming {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let FaultState { fault, draws } = &mut *state;
        let action = match fault {
            Fault::None => FaultAction::Answer,
            Fault::Delay(delay) => return FaultTiming::After(*delay),
            Fault::Refuse(refusal) => FaultAction::Refuse(refusal.clone()),
            Fault::RefuseNext { count: 0, .. } => FaultAction::Answer,
            Fault::RefuseNext { count, refusal } => {
                *count -= 1;
                FaultAction::Refuse(refusal.clone())
            }
            Fault::RefuseSome {
                probability,
                refusal,
                ..
            } => {
                if draws.f64() < *probability {
                    FaultAction::Refuse(refusal.clone())
                } else {
                    FaultAction::Answer
                }
            }
            Fault::Hang => return FaultTiming::Never,
            Fault::DropConnection => FaultAction::Drop,
        };
        FaultTiming::Now(action)
    }
}

enum FaultTiming {
    Now(FaultAction),
    After(Duration),
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(switch: &FaultSwitch, requests: usize) -> Vec<bool> {
        let mut refused = Vec::new();
        for _ in 0..requests {
            refused.push(switch.meet().await != FaultAction::Answer);
        }
        refused
    }

    #[tokio::test]
    async fn the_same_seed_refuses_the_same_requests() {
        let switch = FaultSwitch::new();
        let some = |seed| Fault::RefuseSome {
            probability: 0.3,
            seed,
            refusal: Refusal::throughput_exceeded(),
        };
        switch.set(some(7));
        let first = refused(&switch, 200).await;
        switch.set(some(7));
        assert_eq!(refused(&switch, 200).await, first);
        switch.set(some(8));
        assert_ne!(refused(&switch, 200).await, first);
        let share = first.iter().filter(|refused| **refused).count();
        assert!((30..=90).contains(&share), "{share} of 200 refused");
    }

    #[tokio::test]
    async fn a_counted_refusal_ends_by_itself() {
        let switch = FaultSwitch::new();
        switch.set(Fault::RefuseNext {
            count: 2,
            refusal: Refusal::access_denied(),
        });
        assert_eq!(refused(&switch, 4).await, [true, true, false, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_lasts_as_long_as_it_says() {
        let switch = FaultSwitch::new();
        switch.set(Fault::Delay(Duration::from_secs(5)));
        let began = tokio::time::Instant::now();
        assert_eq!(switch.meet().await, FaultAction::Answer);
        assert_eq!(began.elapsed(), Duration::from_secs(5));
    }
}
