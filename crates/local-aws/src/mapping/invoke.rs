//! Whom a mapping invokes.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;

use crate::lambda::{Function, InvocationOutcome};

/// Something that a mapping can invoke: a function, or a double of one in a test.
pub trait Invoke: Send + Sync + 'static {
    /// Hands over one batch and waits for what comes of it.
    fn invoke(&self, payload: Bytes) -> impl Future<Output = InvokeResponse> + Send;
}

/// What came of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvokeResponse {
    /// The function answered.
    Answer {
        /// The invocation's id.
        request_id: String,
        /// The answer.
        payload: Bytes,
    },
    /// The function failed: an error, a crash or a timeout.
    FunctionError {
        /// The invocation's id.
        request_id: String,
        /// What went wrong, for the log.
        reason: String,
    },
    /// The function could not be called, because of throttling for example.
    NotInvoked {
        /// Why.
        reason: String,
    },
}

impl Invoke for Function {
    /// A process that does not start is a function error, as in Lambda.
    async fn invoke(&self, payload: Bytes) -> InvokeResponse {
        let invocation = self.invoke(payload).await;
        let request_id = invocation.request_id;
        match invocation.outcome {
            InvocationOutcome::Response(payload) => InvokeResponse::Answer {
                request_id,
                payload,
            },
            failure @ (InvocationOutcome::FunctionError { .. }
            | InvocationOutcome::TimedOut { .. }
            | InvocationOutcome::Crashed { .. }
            | InvocationOutcome::InitFailed(_)
            | InvocationOutcome::PayloadTooLarge { .. }) => InvokeResponse::FunctionError {
                request_id,
                reason: failure.failure().unwrap_or_default(),
            },
        }
    }
}

impl<I: Invoke> Invoke for Arc<I> {
    async fn invoke(&self, payload: Bytes) -> InvokeResponse {
        I::invoke(self, payload).await
    }
}
