//! The commonest operations, run in process.
//!
//! Every request could take the way over dynoxide's own endpoint, and the less common ones do. But the gate would be
//! held for that long, and on a busy machine replication falls behind the writers. So a well-formed request for one
//! item goes straight to the database. Whatever fails here has changed nothing and is run once more over dynoxide's
//! endpoint, which then words the error as DynamoDB does.

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};
use dynoxide::Database;
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::update_item::UpdateItemRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::amz_json::{AMZ_JSON, respond};

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
    Some(respond(StatusCode::OK, answer))
}

/// Whether the headers are those that every SDK sends. dynoxide checks the form of a signature and nothing more.
pub(super) fn is_signed_json(headers: &HeaderMap) -> bool {
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
