//! In which Region a stream record's write was made: the shared vectors, as each library reads them.

use std::collections::HashMap;

use aws_lambda_events::event::dynamodb::EventRecord;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodbstreams::types as streams;
use serde_json::{Value, json};

use super::inputs::{Item, item};
use super::support::file;
use crate::origin::{Origin, Origins, StreamRecord, of};

/// A record as it is written in JSON, for which no library is needed.
struct Plain {
    record: Value,
    old: Option<Item>,
    new: Option<Item>,
}

impl Plain {
    fn new(record: &Value) -> Self {
        let image = |name: &str| record["dynamodb"].get(name).map(item);
        Self {
            record: record.clone(),
            old: image("OldImage"),
            new: image("NewImage"),
        }
    }

    fn identity_part<'a>(&'a self, name: &str) -> Option<&'a str> {
        let parts = self.record["userIdentity"].as_object()?.iter();
        let mut parts = parts.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        parts.next()?.1.as_str()
    }
}

impl StreamRecord for Plain {
    type Value = AttributeValue;

    fn event_name(&self) -> &str {
        self.record["eventName"].as_str().unwrap_or("")
    }

    fn region(&self) -> Option<&str> {
        self.record["awsRegion"].as_str()
    }

    fn stream_arn(&self) -> Option<&str> {
        self.record["eventSourceARN"].as_str()
    }

    fn identity(&self) -> Option<(&str, &str)> {
        let kind = self.identity_part("type");
        kind.zip(self.identity_part("principalId"))
    }

    fn old_image(&self) -> Option<&Item> {
        self.old.as_ref()
    }

    fn new_image(&self) -> Option<&Item> {
        self.new.as_ref()
    }
}

/// A record of a Lambda event. `None` for what the library's type cannot hold.
fn lambda(record: &Value) -> Option<EventRecord> {
    let mut record = record.clone();
    // What AWS always says, and the type asks for.
    record["eventID"] = json!("1");
    if let Some(change) = record["dynamodb"].as_object_mut() {
        change.insert("SizeBytes".to_owned(), json!(1));
    }
    if record["awsRegion"].is_null() {
        record["awsRegion"] = json!("");
    }
    let other_case = !record["userIdentity"]["PrincipalId"].is_null();
    serde_json::from_value(record).ok().filter(|_| !other_case)
}

/// A record of the Streams API. `None` for what it does not have.
fn streamed(record: &Value) -> Option<streams::Record> {
    let image = |name: &str| -> Option<HashMap<String, streams::AttributeValue>> {
        let image = record["dynamodb"].get(name)?;
        Some(serde_dynamo::Item::from(item(image)).into())
    };
    let plain = Plain::new(record);
    let identity = plain.identity().map(|(kind, principal)| {
        let identity = streams::Identity::builder().r#type(kind);
        identity.principal_id(principal).build()
    });
    let change = record.get("dynamodb").map(|_| {
        streams::StreamRecord::builder()
            .set_old_image(image("OldImage"))
            .set_new_image(image("NewImage"))
            .build()
    });
    let built = streams::Record::builder()
        .event_name(plain.event_name().into())
        .set_aws_region(plain.region().map(str::to_owned))
        .set_user_identity(identity)
        .set_dynamodb(change)
        .build();
    record["eventSourceARN"].is_null().then_some(built)
}

fn settings(vector: &Value) -> Origins {
    let mut origins = Origins::new();
    if let Some(region) = vector["options"]["region"].as_str() {
        origins = origins.region(region);
    }
    if let Some(prefix) = vector["options"]["prefix"].as_str() {
        origins = origins.prefix(prefix);
    }
    if let Some(attribute) = vector["options"]["originAttribute"].as_str() {
        origins = origins.attribute(attribute);
    }
    origins
}

fn told(origin: &Origin) -> Value {
    let kind = match origin {
        Origin::Local(_) => "local",
        Origin::Replicated(_) => "replicated",
        Origin::Unknown => return json!({"kind": "unknown"}),
    };
    assert_eq!(origin.is_local(), kind == "local");
    json!({"kind": kind, "region": origin.region()})
}

#[test]
fn a_record_tells_its_origin_as_each_library_reads_it() {
    let file = file("origin.json");
    let (mut by_lambda, mut by_streams) = (0, 0);
    let vectors = file["vectors"].as_array().unwrap();
    for vector in vectors {
        let (origins, record) = (settings(vector), &vector["record"]);
        let mut found = vec![origins.of(&Plain::new(record))];
        if let Some(record) = lambda(record) {
            found.push(origins.of(&record));
            by_lambda += 1;
        }
        if let Some(record) = streamed(record) {
            found.push(origins.of(&record));
            by_streams += 1;
        }
        for found in found {
            assert_eq!(told(&found), vector["origin"], "{}", vector["name"]);
        }
    }
    // A record that is none of DynamoDB's, and the other library's casing; and the one that has an ARN alone.
    assert_eq!(by_lambda, vectors.len() - 2);
    assert_eq!(by_streams, vectors.len() - 1);
}

#[test]
fn the_short_form_asks_the_record_alone() {
    let record = &file("origin.json")["vectors"][1]["record"];
    let origin = of(&Plain::new(record));
    assert_eq!(origin, Origin::Replicated("eu-west-1".to_owned()));
}
