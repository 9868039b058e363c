//! The Lambda runtime, with the payload taken as bytes.
//!
//! `lambda_runtime` deserialises each payload into the handler's event type, which copies it once and validates it
//! whole. A layer in front takes the body out first and leaves `null` in its place; the handler picks the body up.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use tower::{Layer, Service};
use tracing::Instrument;

use crate::answer::InvocationError;
use crate::ledger::Ledger;
use crate::log;
use crate::metrics::Metrics;
use crate::processor::Processor;

/// Polls Lambda for payloads until the environment ends.
pub async fn run<L: Ledger, M: Metrics, C: Fn() -> DateTime<Utc>>(
    processor: Processor<L, M, C>,
) -> Result<(), Error> {
    let slot = Slot::default();
    let processor = &processor;
    let handler = service_fn(|event: LambdaEvent<()>| {
        let payload = slot.take();
        let span = tracing::info_span!("invocation", requestId = event.context.request_id);
        async move {
            processor
                .handle(&payload, event.context.deadline)
                .await
                .map_err(diagnostic)
        }
        .instrument(span)
    });
    Runtime::new(handler)
        .layer(TakeBody(slot.clone()))
        .run()
        .await
}

fn diagnostic(error: InvocationError) -> Diagnostic {
    let error_type = match &error {
        InvocationError::NotAnEvent(_) => "NotAnEvent",
        InvocationError::NothingToReport => "LedgerWriteFailed",
    };
    log::invocation_failed(error_type, &error);
    Diagnostic {
        error_type: error_type.to_owned(),
        error_message: error.to_string(),
    }
}

/// Carries one payload from the layer to the handler: a function has one invocation at a time.
#[derive(Debug, Clone, Default)]
struct Slot(Arc<Mutex<Bytes>>);

impl Slot {
    fn put(&self, body: Bytes) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body;
    }

    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Debug, Clone)]
struct TakeBody(Slot);

impl<S> Layer<S> for TakeBody {
    type Service = BodyTaken<S>;

    fn layer(&self, inner: S) -> BodyTaken<S> {
        BodyTaken {
            inner,
            slot: self.0.clone(),
        }
    }
}

#[derive(Debug, Clone)]
struct BodyTaken<S> {
    inner: S,
    slot: Slot,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for BodyTaken<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> S::Future {
        self.slot.put(std::mem::replace(
            &mut invocation.body,
            Bytes::from_static(b"null"),
        ));
        self.inner.call(invocation)
    }
}
