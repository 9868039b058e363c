//! Answers in DynamoDB's protocol, AWS JSON 1.0.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html>

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use crate::fault::Refusal;

/// The media type of requests and answers.
pub(crate) const AMZ_JSON: &str = "application/x-amz-json-1.0";

/// An answer with the headers that DynamoDB sends: a request id of 52 characters, and the checksum of the body.
pub(crate) fn respond(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    let id: String =
        std::iter::repeat_with(|| fastrand::choice(*b"0123456789ABCDEFGHIJKLMNOPQRSTUV"))
            .map(|byte| char::from(byte.unwrap_or(b'0')))
            .take(52)
            .collect();
    let mut checksum = flate2::Crc::new();
    checksum.update(&body);
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(AMZ_JSON));
    headers.insert("x-amz-crc32", HeaderValue::from(checksum.sum()));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("x-amzn-requestid", id);
    }
    answer
}

/// An error answer.
pub(crate) fn refuse(refusal: &Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let body = json!({
        "__type": format!("{}{}", namespace(&refusal.code), refusal.code),
        "message": refusal.message,
    });
    respond(status, body.to_string().into_bytes())
}

/// DynamoDB words the errors that its front end finds in a namespace of their own.
fn namespace(code: &str) -> &'static str {
    match code {
        "ValidationException" => "com.amazon.coral.validate#",
        _ => "com.amazonaws.dynamodb.v20120810#",
    }
}
