//! The Lambda runtime, with the payload taken as bytes.
//!
//! `lambda_runtime` deserialises each payload into the handler's event type, which copies it once and validates it
//! whole. A layer in front takes the body out first and leaves `null` in its place; the handler picks the body up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use function_support::shutdown;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use tokio::time::Instant;
use tower::{Layer, Service};
use tracing::Instrument;

use crate::answer::InvocationError;
use crate::ledger::Ledger;
use crate::log;
use crate::metrics::Metrics;
use crate::processor::Processor;

/// Polls Lambda for payloads until the environment ends: one at a time, or as many as AWS_LAMBDA_MAX_CONCURRENCY says.
///
/// Source: AWS Lambda Developer Guide, "Lambda Managed Instances", where an environment has several invocations at once.
pub async fn run<L, M, C>(processor: Processor<L, M, C>) -> Result<(), Error>
where
    L: Ledger + Send + 'static,
    M: Metrics + Send + 'static,
    C: Fn() -> DateTime<Utc> + Send + Sync + 'static,
{
    let processor = Arc::new(processor);
    let ending = Arc::clone(&processor);
    shutdown::before_end(async move { ending.flush(Instant::now() + shutdown::LAST_WORK).await });
    let payloads = Payloads::default();
    let layer = TakeBody(payloads.clone());
    let handler = service_fn(move |event: LambdaEvent<()>| {
        let payload = payloads.take(&event.context.request_id);
        let span = tracing::info_span!("invocation", requestId = event.context.request_id);
        let processor = Arc::clone(&processor);
        async move {
            processor
                .handle(&payload, event.context.deadline)
                .await
                .map_err(diagnostic)
        }
        .instrument(span)
    });
    Runtime::new(handler).layer(layer).run_concurrent().await
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

/// Carries payloads from the layer to the handler, by request id: there may be several invocations at once.
#[derive(Debug, Clone, Default)]
struct Payloads(Arc<Mutex<HashMap<String, Bytes>>>);

impl Payloads {
    fn put(&self, request_id: &str, body: Bytes) {
        self.held().insert(request_id.to_owned(), body);
    }

    fn take(&self, request_id: &str) -> Bytes {
        self.held().remove(request_id).unwrap_or_default()
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone)]
struct TakeBody(Payloads);

impl<S> Layer<S> for TakeBody {
    type Service = BodyTaken<S>;

    fn layer(&self, inner: S) -> BodyTaken<S> {
        BodyTaken {
            inner,
            payloads: self.0.clone(),
        }
    }
}

#[derive(Debug, Clone)]
struct BodyTaken<S> {
    inner: S,
    payloads: Payloads,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for BodyTaken<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> S::Future {
        let body = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        self.payloads.put(&invocation.context.request_id, body);
        self.inner.call(invocation)
    }
}
