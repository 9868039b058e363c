//! The endpoint of one Region: it hands each request to dynoxide, and holds the replica's gate while it is a write.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use bytes::Bytes;
use dynoxide::Database;

use super::arn_rewriter::ArnRewriter;
use super::direct;
use super::notices::Notices;
use super::replica::Replica;
use crate::amz_json::{refuse, respond};
use crate::fault::{FaultAction, Refusal};
use crate::http::{DropConnection, HttpClient, ReadBody, read_body};
use crate::streams::{self, Stream, StreamOperation};

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

/// The operations that would change the replicated table itself, in one Region only.
const FIXED: &[&str] = &["DeleteTable", "UpdateTable", "UpdateTimeToLive"];

/// What the endpoint of one Region needs.
pub(super) struct Gateway {
    pub(super) replica: Arc<Replica>,
    pub(super) table: String,
    pub(super) stream: Arc<Stream>,
    pub(super) notices: Arc<Notices>,
    pub(super) arns: ArnRewriter,
    pub(super) database: Database,
    /// Where dynoxide answers for this Region.
    pub(super) dynoxide: SocketAddr,
    pub(super) client: HttpClient,
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
        .check_signature(&head.headers, gateway.replica.region());
    let operation = operation(&head.headers).to_owned();
    if FIXED.contains(&operation.as_str()) && names_table(&body, &gateway.table) {
        return refused(&operation, &gateway.table);
    }
    let tag = tag(&head.headers);
    if WRITES.contains(&operation.as_str()) {
        // On a task of its own: a client that hangs up must not leave a write behind that nobody took note of.
        let write = tokio::spawn(async move {
            let run = gateway.run(&operation, &head, &body);
            gateway.replica.write(tag, run).await
        });
        return match write.await {
            Ok(answer) => answer,
            Err(_) => status(StatusCode::INTERNAL_SERVER_ERROR),
        };
    }
    if ArnRewriter::concern(&operation)
        && let Ok(text) = std::str::from_utf8(&body)
    {
        let text = gateway.arns.inward(text);
        let mut head = head;
        head.headers.remove(header::CONTENT_LENGTH);
        let answer = gateway.send(&head, Body::from(text)).await;
        return rewrite(answer, |body| {
            let text = std::str::from_utf8(body).ok()?;
            Some(gateway.arns.outward(text).into_bytes())
        })
        .await;
    }
    // dynoxide words the refusal of what is not signed.
    if let Some(operation) = StreamOperation::parse(&operation)
        && direct::is_signed_json(&head.headers)
    {
        return gateway.read_stream(operation, &body).await;
    }
    gateway.run(&operation, &head, &body).await
}

impl Gateway {
    fn inner_uri(&self, uri: &Uri) -> Uri {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Uri::builder()
            .scheme("http")
            .authority(self.dynoxide.to_string())
            .path_and_query(path)
            .build()
            .unwrap_or_default()
    }

    /// Answers a request of DynamoDB Streams.
    async fn read_stream(&self, operation: StreamOperation, body: &[u8]) -> Response<Body> {
        match self.stream.meet_fault(operation).await {
            FaultAction::Answer => match streams::answer(&[&self.stream], operation, body) {
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
            None => self.send(head, Body::from(body.clone())).await,
        }
    }

    /// Sends a request to dynoxide's endpoint.
    async fn send(&self, head: &Parts, body: Body) -> Response<Body> {
        let mut request = Request::new(body);
        *request.method_mut() = head.method.clone();
        *request.headers_mut() = head.headers.clone();
        *request.uri_mut() = self.inner_uri(&head.uri);
        match self.client.request(request).await {
            Ok(answer) => answer.map(Body::new),
            Err(error) => {
                tracing::error!(%error, "the Region's database does not answer");
                status(StatusCode::BAD_GATEWAY)
            }
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

/// Whether a request's `TableName`, a name or an ARN, is that of the replicated table.
fn names_table(body: &[u8], table: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct TableNameField {
        #[serde(rename = "TableName")]
        table_name: String,
    }
    serde_json::from_slice::<TableNameField>(body)
        .is_ok_and(|named| named.table_name.rsplit('/').next() == Some(table))
}

/// Changes an answer's body where it was a success. Its checksum no longer fits then, and goes.
async fn rewrite(
    answer: Response<Body>,
    change: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return status(StatusCode::BAD_GATEWAY);
    };
    match change(&body) {
        Some(changed) => {
            head.headers.remove("x-amz-crc32");
            head.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(head, Body::from(changed))
        }
        None => Response::from_parts(head, Body::from(body)),
    }
}

fn refused(operation: &str, table: &str) -> Response<Body> {
    refuse(&Refusal::new(
        400,
        "ValidationException",
        format!(
            "{operation} is not possible on {table}: it is a replica of a local global table, which is set when that starts"
        ),
    ))
}

fn status(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}
