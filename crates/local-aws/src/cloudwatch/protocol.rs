//! The two protocols that CloudWatch's clients speak: Smithy RPC v2 CBOR, the SDKs' choice, and AWS JSON 1.0.
//!
//! <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>,
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html>. A body of either becomes the same [`Value`], so that
//! nothing behind this module asks which one it was.

use std::io::Read;

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use ciborium::Value;
use flate2::read::MultiGzDecoder;

use super::wire::{malformed, members};
use crate::amz_json::AMZ_JSON;
use crate::fault::Refusal;

/// The service's name in both protocols.
const SERVICE: &str = "GraniteServiceVersion20100801";

/// What a compressed body may unpack to. AWS names no such limit; this one keeps a faulty body from filling memory.
const MAX_UNPACKED_BYTES: u64 = 64 * 1024 * 1024;

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    RpcV2Cbor,
    AwsJson,
}

impl Protocol {
    /// The protocol of a request, and the operation that it names.
    pub(super) fn recognise(uri: &Uri, headers: &HeaderMap) -> (Self, Option<String>) {
        let target = text(headers, "x-amz-target").and_then(|target| target.strip_prefix(SERVICE));
        if let Some(operation) = target.and_then(|rest| rest.strip_prefix('.')) {
            return (Self::AwsJson, Some(operation.to_owned()));
        }
        let path = uri
            .path()
            .strip_prefix(&format!("/service/{SERVICE}/operation/"));
        (Self::RpcV2Cbor, path.map(str::to_owned))
    }

    /// Reads a request's body.
    pub(super) fn read(self, headers: &HeaderMap, body: &Bytes) -> Result<Value, Refusal> {
        if self == Self::RpcV2Cbor && text(headers, "smithy-protocol") != Some("rpc-v2-cbor") {
            return Err(Refusal::new(
                400,
                "UnknownProtocol",
                "The header smithy-protocol must be rpc-v2-cbor.",
            ));
        }
        let body = match text(headers, "content-encoding") {
            None | Some("identity") => body.clone(),
            Some("gzip") => unpack(body)?,
            Some(other) => {
                return Err(Refusal::new(
                    415,
                    "UnsupportedMediaType",
                    format!("The content encoding {other} is not supported; gzip is."),
                ));
            }
        };
        match self {
            Self::RpcV2Cbor => {
                ciborium::from_reader(&body[..]).map_err(|error| malformed(&error.to_string()))
            }
            Self::AwsJson => {
                serde_json::from_slice(&body).map_err(|error| malformed(&error.to_string()))
            }
        }
    }

    /// An answer with these members.
    pub(super) fn answer(self, status: StatusCode, members: Vec<(&str, Value)>) -> Response {
        let members = members.into_iter();
        let body = Value::Map(members.map(|(name, value)| (name.into(), value)).collect());
        let request_id = crate::lambda::request_id();
        let id = ("x-amzn-requestid", request_id.as_str());
        match self {
            Self::RpcV2Cbor => {
                let mut bytes = Vec::new();
                // Writing plain values into memory has nothing that could fail.
                if let Err(error) = ciborium::into_writer(&body, &mut bytes) {
                    tracing::error!(%error, "a CBOR answer could not be written");
                }
                let headers = [
                    (header::CONTENT_TYPE.as_str(), "application/cbor"),
                    ("smithy-protocol", "rpc-v2-cbor"),
                    id,
                ];
                (status, headers, bytes).into_response()
            }
            Self::AwsJson => {
                let headers = [(header::CONTENT_TYPE.as_str(), AMZ_JSON), id];
                (status, headers, json(&body).to_string()).into_response()
            }
        }
    }

    /// An error answer.
    pub(super) fn refuse(self, refusal: &Refusal) -> Response {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        let fault = if status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        let kind = format!("com.amazonaws.cloudwatch#{}", refusal.code);
        let members = vec![
            ("__type", kind.into()),
            ("message", refusal.message.as_str().into()),
        ];
        let mut response = self.answer(status, members);
        // An SDK takes the error code from here: CloudWatch spoke the query protocol before.
        if let Ok(value) = HeaderValue::from_str(&format!("{};{fault}", refusal.code)) {
            response.headers_mut().insert("x-amzn-query-error", value);
        }
        response
    }
}

/// A value as JSON. Timestamps, which CBOR tags, are plain numbers of seconds there.
fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Tag(_, inner) => json(inner),
        Value::Array(values) => values.iter().map(json).collect(),
        Value::Map(_) => {
            let members = members(value.clone()).unwrap_or_default().into_iter();
            members.map(|(name, value)| (name, json(&value))).collect()
        }
        Value::Float(number) => (*number).into(),
        Value::Integer(number) => i64::try_from(*number).unwrap_or_default().into(),
        Value::Bool(flag) => (*flag).into(),
        Value::Text(text) => text.as_str().into(),
        // Nothing that is answered here holds anything else.
        _ => serde_json::Value::Null,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn unpack(body: &[u8]) -> Result<Bytes, Refusal> {
    let mut unpacked = Vec::new();
    let size = MultiGzDecoder::new(body)
        .take(MAX_UNPACKED_BYTES + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| malformed(&format!("the body is not gzip: {error}")))?;
    if size as u64 > MAX_UNPACKED_BYTES {
        return Err(malformed("the unpacked body is too large"));
    }
    Ok(unpacked.into())
}
