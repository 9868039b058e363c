//! The ledger endpoint behaves as DynamoDB does, until it is told to have a fault.

use axum::body::Body;
use axum::http::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;

use super::*;
use crate::fault::Refusal;
use crate::http::{ReadBody, read_body};

/// A table with a range key and an index, such as a ledger is.
fn table() -> Value {
    let key = |name: &str, key_type: &str| json!({ "AttributeName": name, "KeyType": key_type });
    json!({
        "TableName": "ledger",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "ItemKey", "AttributeType": "S" },
            { "AttributeName": "ConflictId", "AttributeType": "S" },
            { "AttributeName": "Bucket", "AttributeType": "S" },
        ],
        "KeySchema": [key("ItemKey", "HASH"), key("ConflictId", "RANGE")],
        "GlobalSecondaryIndexes": [{
            "IndexName": "ByTime",
            "KeySchema": [key("Bucket", "HASH"), key("ConflictId", "RANGE")],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
    })
}

async fn ledger() -> Ledger {
    Ledger::start(table(), "ExpiresAt", Storage::Memory)
        .await
        .unwrap()
}

/// One DynamoDB call: status and body, or `None` where the connection broke.
async fn call(ledger: &Ledger, operation: &str, body: Value) -> Option<(u16, Value)> {
    call_at(ledger.endpoint(), operation, body).await
}

async fn call_at(endpoint: String, operation: &str, body: Value) -> Option<(u16, Value)> {
    let client: Client<HttpConnector, Body> =
        Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let request = Request::post(endpoint)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("x-amz-date", "20261122T120000Z")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=local/20261122/us-east-1/dynamodb/aws4_request, SignedHeaders=host, \
             Signature=0",
        )
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = client.request(request).await.ok()?;
    let status = response.status().as_u16();
    match read_body(Body::new(response.into_body()), usize::MAX).await {
        ReadBody::Whole(body) => Some((status, serde_json::from_slice(&body).unwrap())),
        _ => None,
    }
}

fn entry(item_key: &str, conflict_id: &str, bucket: &str) -> Value {
    json!({
        "ItemKey": { "S": item_key },
        "ConflictId": { "S": conflict_id },
        "Bucket": { "S": bucket },
        "Status": { "S": "open" },
    })
}

async fn put(ledger: &Ledger, item: Value) -> (u16, Value) {
    let request = json!({ "TableName": "ledger", "Item": item });
    call(ledger, "PutItem", request).await.unwrap()
}

#[tokio::test]
async fn the_table_has_the_keys_the_index_and_the_ttl_that_were_asked_for() {
    let ledger = ledger().await;
    let table = json!({ "TableName": "ledger" });
    let (_, described) = call(&ledger, "DescribeTable", table.clone()).await.unwrap();
    assert_eq!(
        described["Table"]["KeySchema"],
        json!([
            { "AttributeName": "ItemKey", "KeyType": "HASH" },
            { "AttributeName": "ConflictId", "KeyType": "RANGE" },
        ])
    );
    let index = &described["Table"]["GlobalSecondaryIndexes"][0];
    assert_eq!(index["IndexName"], "ByTime");
    assert_eq!(
        index["KeySchema"],
        json!([
            { "AttributeName": "Bucket", "KeyType": "HASH" },
            { "AttributeName": "ConflictId", "KeyType": "RANGE" },
        ])
    );
    assert_eq!(
        index["Projection"],
        json!({ "ProjectionType": "KEYS_ONLY" })
    );
    let (_, ttl) = call(&ledger, "DescribeTimeToLive", table).await.unwrap();
    assert_eq!(ttl["TimeToLiveDescription"]["AttributeName"], "ExpiresAt");
    assert_eq!(ttl["TimeToLiveDescription"]["TimeToLiveStatus"], "ENABLED");
}

#[tokio::test]
async fn the_index_finds_entries_by_bucket_newest_last() {
    let ledger = ledger().await;
    for (key, id, bucket) in [
        ("b", "2026#2", "hour#1"),
        ("a", "2026#1", "hour#1"),
        ("c", "2026#3", "hour#2"),
    ] {
        assert_eq!(put(&ledger, entry(key, id, bucket)).await.0, 200);
    }
    let query = json!({
        "TableName": "ledger",
        "IndexName": "ByTime",
        "KeyConditionExpression": "#b = :b",
        "ExpressionAttributeNames": { "#b": "Bucket" },
        "ExpressionAttributeValues": { ":b": { "S": "hour#1" } },
    });
    let (status, found) = call(&ledger, "Query", query).await.unwrap();
    assert_eq!(status, 200, "{found}");
    let keys: Vec<&Value> = found["Items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["ItemKey"]["S"])
        .collect();
    assert_eq!(keys, ["a", "b"]);
    // Keys only.
    assert!(found["Items"][0]["Status"].is_null());
}

#[tokio::test]
async fn items_lists_everything_in_key_order_and_clear_removes_it() {
    let ledger = ledger().await;
    // More than the 1 MB of one page.
    for number in (0..6).rev() {
        let mut item = entry(&format!("key-{number}"), "id", "hour");
        item["Image"] = json!({ "S": "x".repeat(300_000) });
        assert_eq!(put(&ledger, item).await.0, 200);
    }
    let items = ledger.items().await.unwrap();
    let keys: Vec<&str> = items
        .iter()
        .map(|item| item["ItemKey"]["S"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["key-0", "key-1", "key-2", "key-3", "key-4", "key-5"]);
    assert_eq!(ledger.clear().await.unwrap(), 6);
    assert!(ledger.items().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_request_of_10_mb_passes_the_gateway() {
    let ledger = ledger().await;
    let puts: Vec<Value> = (0..25)
        .map(|number| {
            let mut item = entry(&format!("key-{number}"), "id", "hour");
            item["Image"] = json!({ "S": "x".repeat(400_000) });
            json!({ "PutRequest": { "Item": item } })
        })
        .collect();
    let request = json!({ "RequestItems": { "ledger": puts } });
    let (status, answer) = call(&ledger, "BatchWriteItem", request).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    assert_eq!(ledger.items().await.unwrap().len(), 25);
}

#[tokio::test]
async fn requests_are_counted_by_operation() {
    let ledger = ledger().await;
    put(&ledger, entry("a", "1", "h")).await;
    put(&ledger, entry("b", "1", "h")).await;
    ledger.set_fault(Fault::Refuse(Refusal::access_denied()));
    put(&ledger, entry("c", "1", "h")).await;
    ledger.items().await.unwrap();
    assert_eq!(ledger.requests(), BTreeMap::from([("PutItem".into(), 3)]));
    ledger.clear_requests();
    assert!(ledger.requests().is_empty());
}

#[tokio::test]
async fn a_refusal_looks_as_dynamodbs_own_and_writes_nothing() {
    let ledger = ledger().await;
    for (refusal, status, code) in [
        (
            Refusal::throughput_exceeded(),
            400,
            "ProvisionedThroughputExceededException",
        ),
        (Refusal::access_denied(), 400, "AccessDeniedException"),
        (
            Refusal::resource_not_found(),
            400,
            "ResourceNotFoundException",
        ),
        (Refusal::internal_server_error(), 500, "InternalServerError"),
    ] {
        ledger.set_fault(Fault::Refuse(refusal));
        let (answered, body) = put(&ledger, entry("a", "1", "h")).await;
        assert_eq!(answered, status);
        let expected = format!("com.amazonaws.dynamodb.v20120810#{code}");
        assert_eq!(body["__type"], expected.as_str());
    }
    assert!(ledger.items().await.unwrap().is_empty());
    ledger.set_fault(Fault::None);
    assert_eq!(put(&ledger, entry("a", "1", "h")).await.0, 200);
    assert_eq!(ledger.items().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_dropped_connection_gives_no_answer() {
    let ledger = ledger().await;
    ledger.set_fault(Fault::DropConnection);
    let request = json!({ "TableName": "ledger", "Item": entry("a", "1", "h") });
    assert!(call(&ledger, "PutItem", request).await.is_none());
    assert!(ledger.items().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_hung_request_ends_when_the_ledger_does() {
    let ledger = ledger().await;
    ledger.set_fault(Fault::Hang);
    let request = json!({ "TableName": "ledger", "Item": entry("a", "1", "h") });
    let hung = tokio::spawn(call_at(ledger.endpoint(), "PutItem", request));
    while ledger.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!hung.is_finished());
    drop(ledger);
    assert!(hung.await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_keeps_the_items_for_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::File(folder.path().join("ledger.db"));
    let ledger = Ledger::start(table(), "ExpiresAt", storage.clone())
        .await
        .unwrap();
    put(&ledger, entry("a", "1", "h")).await;
    drop(ledger);
    let again = Ledger::start(table(), "ExpiresAt", storage).await.unwrap();
    assert_eq!(again.items().await.unwrap(), [entry("a", "1", "h")]);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named() {
    let storage = Storage::File("/no/such/folder/ledger.db".into());
    let error = Ledger::start(table(), "ExpiresAt", storage)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("/no/such/folder/ledger.db"),
        "{error}"
    );
}

#[tokio::test]
async fn what_nests_deeper_than_dynamodb_takes_is_refused() {
    let ledger = ledger().await;
    for container in ["M", "L"] {
        let mut value = json!({ "BOOL": true });
        for level in 1..=34 {
            let mut item = entry("a", &format!("{container}{level}"), "1");
            item["Deep"] = value.clone();
            let (status, answer) = put(&ledger, item).await;
            assert_eq!(
                status == 200,
                level <= 32,
                "{level} by {container}: {answer}"
            );
            if status != 200 {
                let code = answer["__type"].as_str().unwrap();
                assert!(code.ends_with("#ValidationException"), "{code}");
            }
            value = match container {
                "M" => json!({ "M": { "m": value } }),
                _ => json!({ "L": [value] }),
            };
        }
    }
}
