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
    /// DynamoDB refuses what is in the request, now and whenever it comes again.
    Refuse,
    /// It goes on and takes effect, and its sender never hears of it.
    KeepAnswer,
    /// It goes on and takes effect, and its sender is told of a failure on the server's side.
    LoseAnswer,
    /// It does not go on, and its sender hears nothing of it until the proxy ends.
    Hold,
    /// DynamoDB throttles it.
    Throttle,
}

/// A proxy on loopback. Dropping it ends it.
#[derive(Debug)]
pub struct Proxy {
    endpoint: String,
    struck: watch::Receiver<usize>,
    /// Dropped with the proxy, which ends what it holds.
    _running: watch::Sender<()>,
    task: JoinHandle<()>,
}

struct ProxyState {
    upstream: String,
    client: Client<HttpConnector, Body>,
    decide: Box<dyn Fn(&Bytes) -> Intervention + Send + Sync>,
    struck: watch::Sender<usize>,
    running: watch::Receiver<()>,
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
        let (running, until_the_end) = watch::channel(());
        let shared = Arc::new(ProxyState {
            upstream,
            client: Client::builder(TokioExecutor::new()).build(HttpConnector::new()),
            decide: Box::new(decide),
            struck: sender,
            running: until_the_end,
        });
        let router = Router::new().fallback(pass).with_state(shared);
        let task = tokio::spawn(async move {
            // Serving ends with the task only.
            let _ = axum::serve(listener, router).await;
        });
        Self {
            endpoint: format!("http://{address}"),
            struck,
            _running: running,
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
    let strike = || shared.struck.send_modify(|struck| *struck += 1);
    match decision {
        Intervention::Deny => {
            strike();
            return refusal(StatusCode::BAD_REQUEST, "AccessDeniedException");
        }
        Intervention::Refuse => {
            strike();
            return refusal(StatusCode::BAD_REQUEST, "ValidationException");
        }
        Intervention::Throttle => {
            strike();
            let code = "ProvisionedThroughputExceededException";
            return refusal(StatusCode::BAD_REQUEST, code);
        }
        Intervention::Hold => {
            strike();
            // Nothing is ever sent: it ends when the sender does.
            let _ = shared.running.clone().changed().await;
            return StatusCode::BAD_GATEWAY.into_response();
        }
        Intervention::Pass | Intervention::KeepAnswer | Intervention::LoseAnswer => {}
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
    match decision {
        Intervention::KeepAnswer => {
            strike();
            return std::future::pending().await;
        }
        Intervention::LoseAnswer => {
            strike();
            return refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError");
        }
        Intervention::Pass
        | Intervention::Deny
        | Intervention::Refuse
        | Intervention::Throttle
        | Intervention::Hold => {}
    }
    match answer {
        Ok(answer) => answer.map(Body::new),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// An answer of DynamoDB's that is an error.
fn refusal(status: StatusCode, code: &str) -> Response {
    let body = json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
        "Message": "The request was struck.",
    });
    let headers = [("content-type", "application/x-amz-json-1.0")];
    (status, headers, body.to_string()).into_response()
}
