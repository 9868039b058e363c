//! The endpoint that a function sends its metrics to.

use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;

use super::limits::{MAX_REQUEST_BYTES, accept};
use super::point::{DataPoint, Dimensions};
use super::wire;
use crate::fault::{Fault, FaultAction, FaultSwitch, Refusal};
use crate::http::{DropConnection, ReadBody, Server, read_body};

/// What a compressed body may unpack to. AWS names no such limit; this one keeps a faulty body from filling memory.
const MAX_UNPACKED_BYTES: u64 = 64 * 1024 * 1024;

/// CloudWatch's PutMetricData on a loopback port. Dropping it ends the endpoint.
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
            .route(
                "/service/GraniteServiceVersion20100801/operation/PutMetricData",
                post(put_metric_data),
            )
            .fallback(unknown)
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

async fn put_metric_data(
    State(shared): State<Arc<ReceiverState>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    shared.received().requests += 1;
    match shared.fault.meet().await {
        FaultAction::Answer => {}
        FaultAction::Refuse(refusal) => {
            // The body is read all the same, or the client sees a broken pipe in place of the refusal.
            let _ = read_body(body, 0).await;
            return answer(&refusal);
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
            return answer(&Refusal::new(
                413,
                "RequestEntityTooLarge",
                format!("The request has {size} bytes; at most {MAX_REQUEST_BYTES} are allowed."),
            ));
        }
        ReadBody::Broken => return StatusCode::BAD_REQUEST.into_response(),
    };
    let points = read_request(&headers, &body)
        .and_then(|body| wire::read(&body))
        .and_then(|request| accept(request, SystemTime::now()));
    match points {
        Ok(points) => {
            shared.received().points.extend(points);
            cbor(StatusCode::OK, wire::empty_body())
        }
        Err(refusal) => answer(&refusal),
    }
}

/// Checks the protocol and unpacks the body.
fn read_request(headers: &HeaderMap, body: &Bytes) -> Result<Bytes, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("smithy-protocol") != Some("rpc-v2-cbor") {
        return Err(Refusal::new(
            400,
            "UnknownProtocol",
            "The header smithy-protocol must be rpc-v2-cbor.",
        ));
    }
    match header("content-encoding") {
        None | Some("identity") => Ok(body.clone()),
        Some("gzip") => unpack(body),
        Some(other) => Err(Refusal::new(
            415,
            "UnsupportedMediaType",
            format!("The content encoding {other} is not supported; gzip is."),
        )),
    }
}

fn unpack(body: &[u8]) -> Result<Bytes, Refusal> {
    let unreadable = |what: String| Refusal::new(400, "SerializationException", what);
    let mut unpacked = Vec::new();
    let size = MultiGzDecoder::new(body)
        .take(MAX_UNPACKED_BYTES + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| unreadable(format!("The body is not gzip: {error}")))?;
    if size as u64 > MAX_UNPACKED_BYTES {
        return Err(unreadable("The unpacked body is too large.".to_owned()));
    }
    Ok(unpacked.into())
}

async fn unknown() -> Response {
    answer(&Refusal::new(
        404,
        "UnknownOperationException",
        "Only PutMetricData in RPC v2 CBOR is known here.",
    ))
}

fn answer(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let fault = if status.is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    let mut response = cbor(status, wire::error_body(refusal));
    // An SDK takes the error code from here: CloudWatch spoke the query protocol before.
    if let Ok(value) = HeaderValue::from_str(&format!("{};{fault}", refusal.code)) {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
    response
}

fn cbor(status: StatusCode, body: Vec<u8>) -> Response {
    let request_id = crate::lambda::request_id();
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("x-amzn-requestid", request_id.as_str()),
    ];
    (status, headers, body).into_response()
}
