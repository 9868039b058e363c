//! A way to an endpoint that strikes chosen requests: the endpoints' own faults strike whichever comes next.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// No request of these tests is larger.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intervention {
    /// It goes on, and so does the answer.
    Pass,
    /// DynamoDB denies access. Its clients do not try that again.
    Deny,
    /// It goes on and takes effect, and its sender never hears of it.
    KeepAnswer,
}

/// A proxy on loopback. Dropping it ends it.
#[derive(Debug)]
pub struct Proxy {
    endpoint: String,
    struck: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

struct ProxyState {
    upstream: String,
    client: Client<HttpConnector, Body>,
    decide: Box<dyn Fn(&Bytes) -> Intervention + Send + Sync>,
    struck: watch::Sender<usize>,
}

impl Proxy {
    /// Starts a proxy to `upstream`. `decide` sees each request's body.
    pub async fn start(
        upstream: String,
        decide: impl Fn(&Bytes) -> Intervention + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound port has an address");
        let (sender, struck) = watch::channel(0);
        let shared = Arc::new(ProxyState {
            upstream,
            client: Client::builder(TokioExecutor::new()).build(HttpConnector::new()),
            decide: Box::new(decide),
            struck: sender,
        });
        let router = Router::new().fallback(pass).with_state(shared);
        let task = tokio::spawn(async move {
            // Serving ends with the task only.
            let _ = axum::serve(listener, router).await;
        });
        Self {
            endpoint: format!("http://{address}"),
            struck,
            task,
        }
    }

    /// Its URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// How many requests did not pass.
    pub fn struck(&self) -> usize {
        *self.struck.borrow()
    }

    /// Waits until so many requests were struck; one whose answer is kept counts once it has taken effect.
    pub async fn wait_until_struck(&self, count: usize) {
        let mut struck = self.struck.clone();
        // The sender lives as long as the proxy.
        let _ = struck.wait_for(|struck| *struck >= count).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(shared): State<Arc<ProxyState>>, request: Request<Body>) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let decision = (shared.decide)(&body);
    if decision == Intervention::Deny {
        shared.struck.send_modify(|struck| *struck += 1);
        let denied = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#AccessDeniedException",
            "Message": "User is not authorized to perform this operation.",
        });
        let headers = [("content-type", "application/x-amz-json-1.0")];
        return (StatusCode::BAD_REQUEST, headers, denied.to_string()).into_response();
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let Ok(uri) = format!("{}{path}", shared.upstream).parse::<Uri>() else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    parts.uri = uri;
    let answer = shared
        .client
        .request(Request::from_parts(parts, Body::from(body)))
        .await;
    if decision == Intervention::KeepAnswer {
        shared.struck.send_modify(|struck| *struck += 1);
        return std::future::pending().await;
    }
    match answer {
        Ok(answer) => answer.map(Body::new),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}
