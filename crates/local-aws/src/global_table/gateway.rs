//! The endpoint of one Region: it hands each request to dynoxide, and holds the replica's gate while it is a write.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use bytes::Bytes;
use dynoxide::Database;

use super::arn_rewriter::ArnRewriter;
use super::direct;
use super::notices::Notices;
use super::table_operations::{TableOperation, TableOperations};
use super::upstream::{Upstream, status};
use crate::amz_json::{refuse, respond};
use crate::fault::FaultAction;
use crate::http::{DropConnection, ReadBody, read_body};
use crate::streams::{self, StreamOperation};

/// A request header whose value the observer gets with each change that the request makes. Nothing of it is stored.
pub const TAG_HEADER: &str = "x-lastwriter-tag";

/// The most that one request may hold: DynamoDB's largest, a BatchWriteItem, has 16 MB.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The operations that can change items.
const WRITES: &[&str] = &[
    "BatchExecuteStatement",
    "BatchWriteItem",
    "DeleteItem",
    "ExecuteStatement",
    "ExecuteTransaction",
    "PutItem",
    "TransactWriteItems",
    "UpdateItem",
];

/// What the endpoint of one Region needs.
pub(super) struct Gateway {
    pub(super) tables: Arc<TableOperations>,
    pub(super) notices: Arc<Notices>,
    pub(super) database: Database,
    pub(super) upstream: Upstream,
}

impl Gateway {
    pub(super) fn router(self) -> Router {
        Router::new().fallback(handle).with_state(Arc::new(self))
    }
}

async fn handle(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = match read_body(body, BODY_LIMIT).await {
        ReadBody::Whole(body) => body,
        ReadBody::TooLarge(_) => return status(StatusCode::PAYLOAD_TOO_LARGE),
        ReadBody::Broken => return status(StatusCode::BAD_REQUEST),
    };
    gateway
        .notices
        .check_signature(&head.headers, gateway.upstream.replica.region());
    let operation = operation(&head.headers).to_owned();
    let tag = tag(&head.headers);
    if WRITES.contains(&operation.as_str()) {
        return finish(async move {
            let run = gateway.run(&operation, &head, &body);
            gateway.upstream.replica.write(tag, run).await
        })
        .await;
    }
    if let Some(operation) = TableOperation::parse(&operation) {
        return finish(async move {
            let tables = Arc::clone(&gateway.tables);
            tables
                .run(&gateway.upstream, &gateway.notices, operation, &head, &body)
                .await
        })
        .await;
    }
    if ArnRewriter::concern(&operation) {
        return gateway.upstream.send_rewritten(&head, &body).await;
    }
    // dynoxide words the refusal of what is not signed.
    if let Some(operation) = StreamOperation::parse(&operation)
        && direct::is_signed_json(&head.headers)
    {
        return gateway.read_stream(operation, &body).await;
    }
    gateway.run(&operation, &head, &body).await
}

/// Runs a change on a task of its own: a client that hangs up must not leave one behind that nobody took note of.
async fn finish(change: impl Future<Output = Response<Body>> + Send + 'static) -> Response<Body> {
    match tokio::spawn(change).await {
        Ok(answer) => answer,
        Err(_) => status(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

impl Gateway {
    /// Answers a request of DynamoDB Streams.
    async fn read_stream(&self, operation: StreamOperation, body: &[u8]) -> Response<Body> {
        let tables = self.upstream.replica.tables();
        let streams: Vec<_> = tables.values().map(|table| &*table.stream).collect();
        match streams::meet_fault(&streams, operation, body).await {
            FaultAction::Answer => match streams::answer(&streams, operation, body) {
                Ok(answer) => respond(StatusCode::OK, answer.to_string().into_bytes()),
                Err(refusal) => refuse(&refusal),
            },
            FaultAction::Refuse(refusal) => refuse(&refusal),
            FaultAction::Drop => {
                let mut answer = status(StatusCode::OK);
                answer.extensions_mut().insert(DropConnection);
                answer
            }
        }
    }

    /// Runs a request, in process where that is possible.
    async fn run(&self, operation: &str, head: &Parts, body: &Bytes) -> Response<Body> {
        match direct::run(&self.database, operation, &head.headers, body) {
            Some(answer) => answer,
            None => self.upstream.send(head, Body::from(body.clone())).await,
        }
    }
}

/// The operation of a request: what follows the version in the target header.
fn operation(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").and_then(|v| v.to_str().ok());
    target
        .and_then(|target| target.split_once('.'))
        .map_or("", |(_, operation)| operation)
}

fn tag(headers: &HeaderMap) -> Option<Arc<str>> {
    let value = headers.get(TAG_HEADER)?.to_str().ok()?;
    Some(Arc::from(value))
}
