//! Every shared vector, through the SDK's own client, up to the bytes that would be sent.

use std::time::Duration;

use aws_sdk_dynamodb::error::DisplayErrorContext;
use serde_json::{Value, json};

use super::inputs::{send, update};
use super::support::{file, offline, settings, vectors};
use crate::Stamp;
use crate::condition::must_not_exist;
use crate::region::endpoint_region;

const REQUESTS: [&str; 6] = [
    "update.json",
    "put.json",
    "transact.json",
    "tokens.json",
    "batch.json",
    "left-alone.json",
];

/// What was sent, without a token that the SDK made up.
pub(super) fn without_generated_token(mut body: Value, input: &Value) -> Value {
    if input["ClientRequestToken"].is_null() {
        body.as_object_mut().unwrap().remove("ClientRequestToken");
    }
    body
}

/// Sends each vector's input, with its settings or without a stamp, and compares with what `wanted` names.
async fn check_requests(stamped: bool, wanted: &str) {
    for file in REQUESTS {
        for vector in vectors(file) {
            let name = format!("{file}: {}", vector["name"]);
            let stamp = stamped.then(|| settings(&vector).build().unwrap());
            let (client, wire) = offline(stamp);
            let operation = vector["operation"].as_str().unwrap();
            send(&client, operation, &vector["input"])
                .await
                .unwrap_or_else(|error| panic!("{name}: {error:?}"));
            let sent = wire.sent();
            assert_eq!(sent.len(), 1, "{name}");
            let body = without_generated_token(sent[0].clone(), &vector["input"]);
            assert_eq!(body, vector[wanted], "{name}");
        }
    }
}

#[tokio::test]
async fn a_client_sends_what_the_vector_says() {
    check_requests(true, "output").await;
}

// Shows that the test above sees what the interceptor does, and not something else.
#[tokio::test]
async fn without_a_stamp_nothing_is_stamped() {
    check_requests(false, "input").await;
}

#[tokio::test]
async fn soft_deletes_send_what_the_vector_says() {
    for vector in vectors("soft-delete.json") {
        let name = &vector["name"];
        let stamp = settings(&vector).build().unwrap();
        let (client, wire) = offline(Some(stamp.clone()));
        let arguments = &vector["arguments"];
        let which = update(&client, arguments);
        let ttl = arguments["ttlAttribute"].as_str().unwrap();
        let outcome = if vector["call"] == "revive" {
            let only = arguments["onlyDeleted"].as_bool().unwrap_or(true);
            stamp.revive(which, ttl).only_deleted(only).send().await
        } else {
            let mut call = stamp.soft_delete(which, ttl);
            if let Some(seconds) = arguments["expiresInSeconds"].as_u64() {
                call = call.expires_in(Duration::from_secs(seconds));
            }
            call.send().await
        };
        outcome.unwrap_or_else(|error| panic!("{name}: {}", DisplayErrorContext(error)));
        assert_eq!(wire.sent(), [vector["output"].clone()], "{name}");
    }
}

#[test]
fn a_condition_says_whether_the_item_must_not_exist() {
    let strings = |value: &Value| -> Option<Vec<String>> {
        serde_json::from_value(value.clone()).unwrap_or_default()
    };
    for vector in vectors("conditions.json") {
        let item = strings(&vector["item"]).unwrap();
        let keys = strings(&vector["keys"]).unwrap_or(item);
        let names = serde_json::from_value(vector["names"].clone()).unwrap();
        let expression = vector["expression"].as_str().unwrap();
        let is_key = |name: &str| keys.iter().any(|key| key == name);
        assert_eq!(
            json!(must_not_exist(expression, Option::as_ref(&names), &is_key)),
            vector["mustNotExist"],
            "{vector}"
        );
    }
}

#[test]
fn an_endpoint_names_its_region() {
    for vector in vectors("regions.json") {
        let region = endpoint_region(vector["endpoint"].as_str(), vector["signing"].as_str());
        assert_eq!(json!(region), vector["region"], "{vector}");
    }
}

#[test]
fn a_region_to_stamp_with_is_taken_or_refused_with_its_name_the_form_and_the_setting() {
    for vector in file("regions.json")["names"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        let built = Stamp::builder().region(name).build();
        assert_eq!(json!(built.is_ok()), vector["valid"], "{vector}");
        if let Err(error) = built {
            let told = error.to_string();
            for part in [&format!("{name:?}"), "\"us-east-1\"", "`region`"] {
                assert!(told.contains(part), "{told}");
            }
        }
    }
}
