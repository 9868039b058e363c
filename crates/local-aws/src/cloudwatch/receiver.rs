//! The endpoint that a function sends its metrics to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use ciborium::Value;

use super::limits::{MAX_REQUEST_BYTES, accept};
use super::point::{DataPoint, Dimensions};
use super::protocol::Protocol;
use super::query::{self, Members};
use super::wire;
use crate::fault::{Fault, FaultAction, FaultSwitch, Refusal};
use crate::http::{DropConnection, ReadBody, Server, read_body};

/// CloudWatch's metrics on a loopback port. Dropping it ends the endpoint.
#[derive(Debug)]
pub struct CloudWatch {
    shared: Arc<ReceiverState>,
    server: Server,
}

#[derive(Debug)]
struct ReceiverState {
    fault: FaultSwitch,
    received: Mutex<RequestLog>,
}

/// What came in since the start or the last [`CloudWatch::clear`].
#[derive(Debug, Default)]
struct RequestLog {
    points: Vec<DataPoint>,
    requests: u64,
}

impl CloudWatch {
    /// Starts the endpoint on a port of the system's choice.
    ///
    /// # Errors
    ///
    /// When no loopback port can be opened.
    pub async fn start() -> std::io::Result<Self> {
        let shared = Arc::new(ReceiverState {
            fault: FaultSwitch::new(),
            received: Mutex::default(),
        });
        let router = Router::new()
            .fallback(handle)
            .with_state(Arc::clone(&shared));
        let server = Server::start(router, 0).await?;
        Ok(Self { shared, server })
    }

    /// The endpoint's URL, for `AWS_ENDPOINT_URL_CLOUDWATCH`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// All accepted data points, in order of arrival.
    pub fn points(&self) -> Vec<DataPoint> {
        self.received().points.clone()
    }

    /// The sum of a metric's samples over the data points with exactly these dimensions. `None` if there are none:
    /// a metric that was never sent is not a metric that was zero.
    pub fn sum(&self, metric: &str, dimensions: &Dimensions) -> Option<f64> {
        let received = self.received();
        sum_of(&received.points, metric, dimensions)
    }

    /// How many requests came in, refused and faulty ones too.
    pub fn requests(&self) -> u64 {
        self.received().requests
    }

    /// Forgets all data points and counts. The fault stays.
    pub fn clear(&self) {
        *self.received() = RequestLog::default();
    }

    /// From now on, have this fault.
    pub fn set_fault(&self, fault: Fault) {
        self.shared.fault.set(fault);
    }

    fn received(&self) -> MutexGuard<'_, RequestLog> {
        self.shared.received()
    }
}

impl ReceiverState {
    fn received(&self) -> MutexGuard<'_, RequestLog> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sum of a metric's samples over the points with exactly these dimensions; `None` if there is no such point.
pub fn sum_of(points: &[DataPoint], metric: &str, dimensions: &Dimensions) -> Option<f64> {
    points
        .iter()
        .filter(|point| point.metric == metric && point.dimensions == *dimensions)
        .map(|point| point.samples.sum())
        .reduce(|sum, next| sum + next)
}

async fn handle(State(shared): State<Arc<ReceiverState>>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let (protocol, operation) = Protocol::recognise(&head.uri, &head.headers);
    let is_write = operation.as_deref() == Some("PutMetricData");
    if is_write {
        shared.received().requests += 1;
    }
    match shared.fault.meet().await {
        FaultAction::Answer => {}
        FaultAction::Refuse(refusal) => {
            // The body is read all the same, or the client sees a broken pipe in place of the refusal.
            let _ = read_body(body, 0).await;
            return protocol.refuse(&refusal);
        }
        FaultAction::Drop => {
            let mut response = StatusCode::OK.into_response();
            response.extensions_mut().insert(DropConnection);
            return response;
        }
    }
    let body = match read_body(body, MAX_REQUEST_BYTES).await {
        ReadBody::Whole(body) => body,
        ReadBody::TooLarge(size) => {
            return protocol.refuse(&Refusal::new(
                413,
                "RequestEntityTooLarge",
                format!("The request has {size} bytes; at most {MAX_REQUEST_BYTES} are allowed."),
            ));
        }
        ReadBody::Broken => return StatusCode::BAD_REQUEST.into_response(),
    };
    let answer = protocol
        .read(&head.headers, &body)
        .and_then(|request| match operation.as_deref() {
            Some("PutMetricData") => put_metric_data(&shared, request),
            Some("ListMetrics") => query::list_metrics(request, &shared.received().points),
            Some("GetMetricData") => query::get_metric_data(request, &shared.received().points),
            Some(_) | None => Err(Refusal::new(
                404,
                "UnknownOperationException",
                "Only PutMetricData, ListMetrics and GetMetricData are known here, in RPC v2 CBOR and JSON 1.0.",
            )),
        });
    match answer {
        Ok(members) => protocol.answer(StatusCode::OK, members),
        Err(refusal) => protocol.refuse(&refusal),
    }
}

fn put_metric_data(shared: &ReceiverState, request: Value) -> Result<Members, Refusal> {
    let points = accept(wire::read(request)?, SystemTime::now())?;
    shared.received().points.extend(points);
    Ok(Vec::new())
}
