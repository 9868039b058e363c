//! The receiver keeps what CloudWatch keeps and refuses what CloudWatch refuses.

mod emf;
mod limits;
mod query;
mod receiver;

use std::io::Write;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::Request;
use ciborium::{Value, cbor};
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::*;
use crate::fault::{Fault, Refusal};
use crate::http::{ReadBody, read_body};

const PATH: &str = "/service/GraniteServiceVersion20100801/operation/PutMetricData";

fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn request(metrics: Vec<Value>) -> Value {
    cbor!({ "Namespace" => "LastWriter", "MetricData" => metrics }).unwrap()
}

/// A metric with these members besides its name.
fn metric(members: &[(&str, Value)]) -> Value {
    let mut metric = vec![(Value::from("MetricName"), Value::from("Conflicts"))];
    for (name, value) in members {
        metric.retain(|(present, _)| present.as_text() != Some(name));
        metric.push((Value::from(*name), value.clone()));
    }
    Value::Map(metric)
}

fn dimension(name: &str, value: &str) -> Value {
    cbor!({ "Name" => name, "Value" => value }).unwrap()
}

fn floats(count: usize) -> Value {
    Value::Array((0..count).map(|n| Value::Float(n as f64)).collect())
}

struct CallResponse {
    status: u16,
    code: String,
    message: String,
    protocol: String,
}

/// Sends a body as the SDK does. `None` where the connection broke.
async fn send(
    cloudwatch: &CloudWatch,
    body: Vec<u8>,
    encoding: Option<&str>,
) -> Option<CallResponse> {
    let client: Client<HttpConnector, Body> =
        Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let mut request = Request::post(cloudwatch.endpoint() + PATH)
        .header("content-type", "application/cbor")
        .header("smithy-protocol", "rpc-v2-cbor")
        .header("accept", "application/cbor");
    if let Some(encoding) = encoding {
        request = request.header("content-encoding", encoding);
    }
    let response = client
        .request(request.body(Body::from(body)).unwrap())
        .await
        .ok()?;
    let status = response.status().as_u16();
    let header = |name: &str| {
        let value = response.headers().get(name);
        value.map_or("", |v| v.to_str().unwrap()).to_owned()
    };
    let (query_error, protocol) = (header("x-amzn-query-error"), header("smithy-protocol"));
    let ReadBody::Whole(body) = read_body(Body::new(response.into_body()), usize::MAX).await else {
        return None;
    };
    let body: Value = ciborium::from_reader(&body[..]).unwrap();
    let member = |name: &str| {
        let members = body.as_map().unwrap().iter();
        let mut found = members.filter(|(key, _)| key.as_text() == Some(name));
        found
            .next()
            .map_or("", |(_, v)| v.as_text().unwrap())
            .to_owned()
    };
    let code = query_error.split(';').next().unwrap().to_owned();
    // The code stands twice: in the body, for RPC v2, and in the header, for callers that knew the query protocol.
    assert!(member("__type").ends_with(&code), "{}", member("__type"));
    Some(CallResponse {
        status,
        code,
        message: member("message"),
        protocol,
    })
}

async fn put(cloudwatch: &CloudWatch, metrics: Vec<Value>) -> CallResponse {
    send(cloudwatch, encode(&request(metrics)), None)
        .await
        .expect("an answer")
}

async fn start() -> CloudWatch {
    CloudWatch::start().await.unwrap()
}

/// Sends one metric alone and expects to be refused.
async fn refused(members: &[(&str, Value)]) -> CallResponse {
    let cloudwatch = start().await;
    let answer = put(&cloudwatch, vec![metric(members)]).await;
    assert_eq!(answer.status, 400, "{members:?} {}", answer.message);
    assert!(cloudwatch.points().is_empty());
    assert_eq!(cloudwatch.requests(), 1);
    answer
}

async fn accepted(members: &[(&str, Value)]) -> DataPoint {
    let cloudwatch = start().await;
    let answer = put(&cloudwatch, vec![metric(members)]).await;
    assert_eq!(answer.status, 200, "{}", answer.message);
    cloudwatch.points().remove(0)
}
