//! The way into the ledger: passes requests on to the database, unless told to have a fault.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::uri::{Authority, Scheme};
use axum::http::{Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::amz_json::refuse;
use crate::fault::{FaultAction, FaultSwitch, Refusal};
use crate::http::{DropConnection, HttpClient, http_client, read_body};

/// What the gateway counts and does. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Gateway {
    upstream: Authority,
    client: HttpClient,
    fault: FaultSwitch,
    requests: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Gateway {
    pub(super) fn new(upstream: SocketAddr) -> Result<Self, axum::http::uri::InvalidUri> {
        Ok(Self {
            upstream: upstream.to_string().parse()?,
            client: http_client(),
            fault: FaultSwitch::new(),
            requests: Arc::default(),
        })
    }

    pub(super) fn router(&self) -> Router {
        Router::new().fallback(pass).with_state(self.clone())
    }

    pub(super) fn fault(&self) -> &FaultSwitch {
        &self.fault
    }

    pub(super) fn requests(&self) -> BTreeMap<String, u64> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn clear_requests(&self) {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn count(&self, operation: String) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry(operation).or_default() += 1;
    }

    /// Sends the request on, body and answer as streams: neither is held in memory here.
    async fn forward(&self, mut request: Request<Body>) -> Response {
        let mut parts = request.uri().clone().into_parts();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.upstream.clone());
        let uri = Uri::from_parts(parts).unwrap_or_default();
        *request.uri_mut() = uri;
        match self.client.request(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                tracing::warn!(%error, "the ledger's database did not answer");
                refuse(&Refusal::internal_server_error())
            }
        }
    }
}

async fn pass(State(gateway): State<Gateway>, request: Request<Body>) -> Response {
    gateway.count(operation(&request));
    match gateway.fault.meet().await {
        FaultAction::Answer => gateway.forward(request).await,
        FaultAction::Refuse(refusal) => {
            // The body is read all the same, or the client sees a broken pipe in place of the refusal.
            let _ = read_body(request.into_body(), 0).await;
            refuse(&refusal)
        }
        FaultAction::Drop => {
            let mut response = StatusCode::OK.into_response();
            response.extensions_mut().insert(DropConnection);
            response
        }
    }
}

/// `DynamoDB_20120810.PutItem` is `PutItem`.
fn operation(request: &Request<Body>) -> String {
    let target = request.headers().get("x-amz-target");
    let target = target.and_then(|value| value.to_str().ok()).unwrap_or("");
    target.rsplit('.').next().unwrap_or_default().to_owned()
}
