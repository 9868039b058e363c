//! A small client for the endpoints. The SDK would do the same with more work for the machine.

use axum::body::{Body, to_bytes};
use axum::http::{self, header};
use local_aws::global_table::TAG_HEADER;
use local_aws::http::{HttpClient, http_client};
use serde_json::Value;

use super::request::Request;

/// What an endpoint answered.
#[derive(Debug)]
pub(super) enum Response {
    Done(Value),
    /// The condition did not hold, so nothing was written.
    ConditionFailed,
}

/// A client for one Region's endpoint.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: HttpClient,
    endpoint: String,
    authorization: String,
}

/// A request that did not come through.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    #[error("the endpoint does not answer: {0}")]
    Connection(String),
    #[error("the endpoint refused {operation} with status {status}: {kind}")]
    Refused {
        operation: &'static str,
        status: u16,
        /// The error's type. Its message may hold keys, so it stays out.
        kind: String,
    },
}

impl Client {
    pub(super) fn new(endpoint: String, region: &str) -> Self {
        Self {
            http: http_client(),
            endpoint,
            // dynoxide looks at the form, and checks no signature.
            authorization: format!(
                "AWS4-HMAC-SHA256 Credential=local/20260101/{region}/dynamodb/aws4_request, \
                 SignedHeaders=host, Signature=0"
            ),
        }
    }

    pub(super) async fn send(&self, request: &Request) -> Result<Response, RequestError> {
        let lost = |error: &dyn std::error::Error| RequestError::Connection(error.to_string());
        let mut call = http::Request::post(&self.endpoint)
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
            .header(header::AUTHORIZATION, &self.authorization)
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "x-amz-target",
                format!("DynamoDB_20120810.{}", request.operation),
            );
        if let Some(kind) = request.kind {
            call = call.header(TAG_HEADER, kind.name());
        }
        let call = call
            .body(Body::from(request.body.to_string()))
            .map_err(|error| lost(&error))?;
        let answer = self
            .http
            .request(call)
            .await
            .map_err(|error| lost(&error))?;
        let status = answer.status();
        let body = to_bytes(Body::new(answer.into_body()), usize::MAX)
            .await
            .map_err(|error| lost(&error))?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_success() {
            return Ok(Response::Done(body));
        }
        let kind = body["__type"].as_str().unwrap_or_default();
        let kind = kind.rsplit('#').next().unwrap_or_default();
        if kind == "ConditionalCheckFailedException" {
            return Ok(Response::ConditionFailed);
        }
        Err(RequestError::Refused {
            operation: request.operation,
            status: status.as_u16(),
            kind: kind.to_owned(),
        })
    }
}
