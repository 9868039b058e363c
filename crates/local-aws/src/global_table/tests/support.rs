//! What the tests of replication share: a running table, and a plain HTTP client for its endpoints.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::request::Builder;
use serde_json::{Value, json};

use crate::global_table::*;
use crate::http::{HttpClient, http_client};

pub(super) const EAST: &str = "us-east-1";
pub(super) const WEST: &str = "us-west-2";
pub(super) const EU: &str = "eu-west-1";

pub(super) fn region(name: &str) -> Region {
    Region::parse(name).unwrap()
}

/// The key of the item that `put` writes.
pub(super) fn key(pk: &str) -> ItemKey {
    let attributes = [("PK", pk), ("SK", "x")];
    let value =
        |(name, value): (&str, &str)| (name.to_owned(), AttributeValue::S(value.to_owned()));
    ItemKey::new("App", &attributes.map(value).into())
}

/// A configuration without delay, for a test that decides the order itself.
pub(super) fn config(regions: &[&str]) -> GlobalTableConfig {
    GlobalTableConfig {
        lag: Lag::NONE,
        combine: 0.0,
        ..GlobalTableConfig::new(regions.iter().map(|name| region(name)).collect())
    }
}

/// A running table, and a client for it.
pub(super) struct World {
    pub(super) table: GlobalTable,
    client: HttpClient,
}

impl World {
    pub(super) async fn start(config: GlobalTableConfig) -> Self {
        Self {
            table: GlobalTable::start(config).await.unwrap(),
            client: http_client(),
        }
    }

    /// Sends one operation to a Region's endpoint, as an SDK would.
    pub(super) async fn call(&self, at: &str, operation: &str, body: Value) -> (u16, Value) {
        self.call_tagged(at, operation, body, None).await
    }

    pub(super) async fn call_unsigned(
        &self,
        at: &str,
        operation: &str,
        body: Value,
    ) -> (u16, Value) {
        let request = self.request(at, operation);
        self.send(request, body).await
    }

    pub(super) async fn call_tagged(
        &self,
        at: &str,
        operation: &str,
        body: Value,
        tag: Option<&str>,
    ) -> (u16, Value) {
        let mut request = self.request(at, operation).header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/20261122/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0",
        );
        if let Some(tag) = tag {
            request = request.header(TAG_HEADER, tag);
        }
        self.send(request, body).await
    }

    fn request(&self, at: &str, operation: &str) -> Builder {
        Request::post(self.table.endpoint(region(at)).unwrap())
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("x-amz-date", "20261122T120000Z")
    }

    async fn send(&self, request: Builder, body: Value) -> (u16, Value) {
        let request = request.body(Body::from(body.to_string())).unwrap();
        let answer = self.client.request(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = to_bytes(Body::new(answer.into_body()), usize::MAX)
            .await
            .unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        (status, body)
    }

    /// Sends an operation that must succeed.
    pub(super) async fn ok(&self, at: &str, operation: &str, body: Value) -> Value {
        let (status, answer) = self.call(at, operation, body).await;
        assert_eq!(status, 200, "{operation} in {at}: {answer}");
        answer
    }

    pub(super) async fn put(&self, at: &str, pk: &str, v: &str) {
        let item = json!({"PK": {"S": pk}, "SK": {"S": "x"}, "v": {"S": v}});
        self.ok(at, "PutItem", json!({"TableName": "App", "Item": item}))
            .await;
    }

    pub(super) async fn delete(&self, at: &str, pk: &str) {
        let key = json!({"PK": {"S": pk}, "SK": {"S": "x"}});
        self.ok(at, "DeleteItem", json!({"TableName": "App", "Key": key}))
            .await;
    }

    /// The attribute `v` of an item, as the endpoint gives it.
    pub(super) async fn v(&self, at: &str, pk: &str) -> Option<String> {
        let key = json!({"PK": {"S": pk}, "SK": {"S": "x"}});
        let body = json!({"TableName": "App", "Key": key, "ConsistentRead": true});
        let answer = self.ok(at, "GetItem", body).await;
        answer["Item"]["v"]["S"].as_str().map(str::to_owned)
    }

    /// The value of `v` in each Region.
    pub(super) async fn everywhere(&self, pk: &str) -> Vec<Option<String>> {
        let mut values = Vec::new();
        for region in self.table.regions() {
            values.push(self.v(region.name(), pk).await);
        }
        values
    }

    /// The records of a Region's stream so far.
    pub(super) fn stream(&self, at: &str) -> Vec<Value> {
        let shard = self.table.shard(region(at)).unwrap();
        let records = shard.read_from(0, usize::MAX);
        let parsed = records
            .iter()
            .map(|record| serde_json::from_str(record.json.get()).unwrap());
        parsed.collect()
    }

    /// The version of every item that one Region has ever known, those of tombstones too.
    pub(super) async fn versions(&self, at: &str) -> BTreeMap<ItemKey, PrivateTimestamp> {
        self.table.replica(region(at)).versions().await
    }

    /// Every item of one Region, by its key.
    pub(super) async fn items(&self, at: &str) -> BTreeMap<ItemKey, Value> {
        let answer = self.ok(at, "Scan", json!({"TableName": "App"})).await;
        assert_eq!(answer.get("LastEvaluatedKey"), None, "more than a page");
        let items = answer["Items"].as_array().unwrap().iter();
        let with_key = |item: &Value| (key(item["PK"]["S"].as_str().unwrap()), item.clone());
        items.map(with_key).collect()
    }

    pub(super) fn counts(&self, at: &str) -> ReplicaCounts {
        self.table.counts(region(at)).unwrap()
    }
}

/// The event name of each record, and `v` before and after.
pub(super) fn changes(records: &[Value]) -> Vec<(String, Option<&str>, Option<&str>)> {
    records
        .iter()
        .map(|record| {
            let v = |image: &str| record["dynamodb"][image]["v"]["S"].as_str();
            let name = record["eventName"].as_str().unwrap().to_owned();
            (name, v("OldImage"), v("NewImage"))
        })
        .collect()
}

/// A configuration whose commits are kept.
pub(super) fn observed(
    mut config: GlobalTableConfig,
) -> (GlobalTableConfig, Arc<Mutex<Vec<Commit>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    config.observer = Some(Arc::new(move |commit: &Commit| {
        keep.lock().unwrap().push(commit.clone());
    }));
    (config, seen)
}

/// A clock per Region that stands still until it is set.
#[derive(Debug, Default, Clone)]
pub(super) struct ManualClock {
    base: u64,
    regions: Arc<Mutex<HashMap<Region, u64>>>,
}

impl ManualClock {
    /// A clock that reads `micros` in every Region.
    pub(super) fn at(micros: u64) -> Self {
        Self {
            base: micros,
            regions: Arc::default(),
        }
    }

    /// Sets the clock of one Region.
    pub(super) fn set(&self, region: Region, micros: u64) {
        self.regions.lock().unwrap().insert(region, micros);
    }
}

impl PhysicalClock for ManualClock {
    fn micros(&self, region: Region) -> u64 {
        let regions = self.regions.lock().unwrap();
        regions.get(&region).copied().unwrap_or(self.base)
    }
}
