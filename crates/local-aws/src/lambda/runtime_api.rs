//! The Lambda Runtime API of one process, and what an internal extension needs of the Extensions API.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>. Each process gets a server of its own, so that
//! one which was given up cannot answer for its successor.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot, watch};

use super::MAX_RESPONSE_BYTES;
use crate::http::{ReadBody, read_body};

/// What the function said about one invocation.
#[derive(Debug)]
pub(super) enum RuntimeReply {
    Response(Bytes),
    Error { error_type: String, message: String },
}

/// An invocation on its way to the process.
#[derive(Debug)]
pub(super) struct PendingInvocation {
    pub(super) request_id: String,
    pub(super) function_arn: String,
    pub(super) deadline: SystemTime,
    pub(super) payload: Bytes,
    pub(super) answer: oneshot::Sender<RuntimeReply>,
}

/// How far the process has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InitPhase {
    /// It has not asked for work yet.
    Running,
    /// It asked for work.
    Ready,
    /// It reported that it cannot start.
    Failed { error_type: String, message: String },
}

/// The side of the Runtime API that the function's owner holds.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    shared: Arc<ApiState>,
    queue: mpsc::UnboundedSender<PendingInvocation>,
}

#[derive(Debug)]
struct ApiState {
    init: watch::Sender<InitPhase>,
    queue: AsyncMutex<mpsc::UnboundedReceiver<PendingInvocation>>,
    /// The invocations that the process has taken and not answered, by request id.
    running: Mutex<HashMap<String, oneshot::Sender<RuntimeReply>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ErrorReport {
    error_type: Option<String>,
    error_message: Option<String>,
}

impl RuntimeApi {
    pub(super) fn new(takes_extensions: bool) -> (Self, Router) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let shared = Arc::new(ApiState {
            init: watch::Sender::new(InitPhase::Running),
            queue: AsyncMutex::new(receiver),
            running: Mutex::default(),
        });
        let mut router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error));
        if takes_extensions {
            router = router
                .route("/2020-01-01/extension/register", post(register_extension))
                .route("/2020-01-01/extension/event/next", get(next_event));
        }
        let router = router.with_state(Arc::clone(&shared));
        let api = Self {
            shared,
            queue: sender,
        };
        (api, router)
    }

    /// How far the process has come, and each change of it.
    pub(super) fn init(&self) -> watch::Receiver<InitPhase> {
        self.shared.init.subscribe()
    }

    /// Hands an invocation to the process, as soon as it asks.
    pub(super) fn send(&self, pending: PendingInvocation) {
        // The receiver lives as long as this side, so sending cannot fail.
        let _ = self.queue.send(pending);
    }

    /// True while the process has taken this invocation and not answered it.
    pub(super) fn is_running(&self, request_id: &str) -> bool {
        self.shared.running().contains_key(request_id)
    }
}

impl ApiState {
    fn running(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<RuntimeReply>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the place where the answer to `id` goes, if that invocation runs.
    fn finish(&self, id: &str) -> Option<oneshot::Sender<RuntimeReply>> {
        self.running().remove(id)
    }
}

async fn next(State(shared): State<Arc<ApiState>>) -> Response {
    shared.init.send_if_modified(|init| {
        let first = *init == InitPhase::Running;
        if first {
            *init = InitPhase::Ready;
        }
        first
    });
    let mut queue = shared.queue.lock().await;
    let Some(pending) = queue.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = pending
        .deadline
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let headers = [
        ("lambda-runtime-aws-request-id", pending.request_id.clone()),
        (
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        ),
        (
            "lambda-runtime-invoked-function-arn",
            pending.function_arn.clone(),
        ),
        (
            "lambda-runtime-trace-id",
            trace_id(&pending.request_id, deadline.as_secs()),
        ),
        (header::CONTENT_TYPE.as_str(), "application/json".to_owned()),
    ];
    shared.running().insert(pending.request_id, pending.answer);
    (headers, pending.payload).into_response()
}

/// Takes an internal extension. It may only want no events: nothing here sends any.
async fn register_extension() -> Response {
    (
        [("lambda-extension-identifier", super::request_id())],
        Json(json!({ "functionVersion": "$LATEST", "handler": "bootstrap" })),
    )
        .into_response()
}

/// An extension without events waits for ever.
async fn next_event() -> Response {
    std::future::pending().await
}

/// An X-Ray trace header of the right form. Nothing is traced.
fn trace_id(request_id: &str, seconds: u64) -> String {
    let digits: String = request_id
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(24)
        .collect();
    format!("Root=1-{seconds:08x}-{digits:0<24};Parent=0000000000000000;Sampled=0")
}

async fn response(
    State(shared): State<Arc<ApiState>>,
    Path(id): Path<String>,
    body: Body,
) -> Response {
    let (answer, reply) = match read_body(body, MAX_RESPONSE_BYTES).await {
        ReadBody::Whole(payload) => (RuntimeReply::Response(payload), accepted()),
        ReadBody::TooLarge(size) => (
            // The words that a caller of the real Lambda gets.
            RuntimeReply::Error {
                error_type: "Function.ResponseSizeTooLarge".to_owned(),
                message: format!(
                    "Response payload size ({size} bytes) exceeded maximum allowed payload size \
                     ({MAX_RESPONSE_BYTES} bytes)."
                ),
            },
            refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                &format!("Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."),
            ),
        ),
        // The process died while it sent; whoever watches the process reports that.
        ReadBody::Broken => return StatusCode::BAD_REQUEST.into_response(),
    };
    settle(&shared, &id, answer, reply)
}

async fn error(
    State(shared): State<Arc<ApiState>>,
    Path(id): Path<String>,
    body: Body,
) -> Response {
    let Some(report) = read_report(body).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (error_type, message) = report.into_parts("Unhandled");
    let answer = RuntimeReply::Error {
        error_type,
        message,
    };
    settle(&shared, &id, answer, accepted())
}

async fn init_error(State(shared): State<Arc<ApiState>>, body: Body) -> Response {
    let Some(report) = read_report(body).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (error_type, message) = report.into_parts("Runtime.Unknown");
    shared.init.send_replace(InitPhase::Failed {
        error_type,
        message,
    });
    accepted()
}

fn settle(shared: &ApiState, id: &str, answer: RuntimeReply, reply: Response) -> Response {
    match shared.finish(id) {
        Some(waiting) => {
            // A caller that gave up at the deadline no longer waits.
            let _ = waiting.send(answer);
            reply
        }
        None => refusal(
            StatusCode::BAD_REQUEST,
            "InvalidRequestID",
            "Invalid request ID",
        ),
    }
}

async fn read_report(body: Body) -> Option<ErrorReport> {
    match read_body(body, MAX_RESPONSE_BYTES).await {
        // The body is optional, and a report that cannot be read is an error all the same.
        ReadBody::Whole(bytes) => Some(serde_json::from_slice(&bytes).unwrap_or_default()),
        ReadBody::TooLarge(_) => Some(ErrorReport::default()),
        ReadBody::Broken => None,
    }
}

impl ErrorReport {
    fn into_parts(self, unknown_type: &str) -> (String, String) {
        (
            self.error_type.unwrap_or_else(|| unknown_type.to_owned()),
            self.error_message.unwrap_or_default(),
        )
    }
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response()
}

fn refusal(status: StatusCode, error_type: &str, message: &str) -> Response {
    (
        status,
        Json(json!({ "errorType": error_type, "errorMessage": message })),
    )
        .into_response()
}
