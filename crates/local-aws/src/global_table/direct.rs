//! The commonest operations, run in process.
//!
//! Every request could take the way over dynoxide's own endpoint, and the less common ones do. But the gate would be
//! held for that long, and on a busy machine replication falls behind the writers. So a well-formed request for one
//! item goes straight to the database. Whatever fails here has changed nothing and is run once more over dynoxide's
//! endpoint, which then words the error as DynamoDB does.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use dynoxide::Database;
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::update_item::UpdateItemRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The media type of DynamoDB's requests and answers.
pub(super) const AMZ_JSON: &str = "application/x-amz-json-1.0";

/// Runs a request if it is one of the common ones, and succeeds.
pub(super) fn run(
    database: &Database,
    operation: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<Response<Body>> {
    if !is_signed_json(headers) {
        return None;
    }
    let answer = match operation {
        "GetItem" => {
            let request: GetItemRequest = read(body)?;
            write(&database.get_item(request).ok()?)?
        }
        "PutItem" => {
            let request: PutItemRequest = read(body)?;
            write(&database.put_item(request).ok()?)?
        }
        "UpdateItem" => {
            let request: UpdateItemRequest = read(body)?;
            write(&database.update_item(request).ok()?)?
        }
        "DeleteItem" => {
            let request: DeleteItemRequest = read(body)?;
            write(&database.delete_item(request).ok()?)?
        }
        _ => return None,
    };
    Some(respond(answer))
}

/// Whether the headers are those that every SDK sends. dynoxide checks the form of a signature and nothing more.
fn is_signed_json(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = text("authorization").unwrap_or_default();
    let parts = [
        "AWS4-HMAC-SHA256",
        "Credential=",
        "SignedHeaders=",
        "Signature=",
    ];
    text("content-type") == Some(AMZ_JSON)
        && headers.contains_key("x-amz-date")
        && parts.iter().all(|part| authorization.contains(part))
}

/// Reads a request. Those with the parameters from before there were expressions are left to dynoxide's endpoint,
/// which checks their types more closely.
fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    const LEGACY: [&str; 4] = [
        "AttributesToGet",
        "AttributeUpdates",
        "ConditionalOperator",
        "Expected",
    ];
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body).ok()?;
    if LEGACY.iter().any(|name| fields.contains_key(*name)) {
        return None;
    }
    serde_json::from_value(fields.into()).ok()
}

fn write<T: Serialize>(answer: &T) -> Option<Vec<u8>> {
    serde_json::to_vec(answer).ok()
}

/// An answer with the headers that DynamoDB sends: a request id of 52 characters, and the checksum of the body.
fn respond(body: Vec<u8>) -> Response<Body> {
    let id: String =
        std::iter::repeat_with(|| fastrand::choice(*b"0123456789ABCDEFGHIJKLMNOPQRSTUV"))
            .map(|byte| char::from(byte.unwrap_or(b'0')))
            .take(52)
            .collect();
    let mut checksum = flate2::Crc::new();
    checksum.update(&body);
    let mut answer = Response::new(Body::from(body));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(AMZ_JSON));
    headers.insert("x-amz-crc32", HeaderValue::from(checksum.sum()));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("x-amzn-requestid", id);
    }
    answer
}
