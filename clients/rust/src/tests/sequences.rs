//! The shared vectors that are several calls of one client in a row, with what comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::BoxError;
use serde_json::Value;

use super::calls::stamp_error;
use super::conformance::without_generated_token;
use super::inputs::{call, error_items};
use super::support::{Wire, config, settings_of, vectors};

const SEQUENCES: [&str; 5] = [
    "memory.json",
    "hidden.json",
    "given-back.json",
    "encrypted.json",
    "written-back.json",
];

/// What a step did: the request, if one was sent, and the answer.
struct Outcome {
    sent: Option<Value>,
    returned: Result<Value, BoxError>,
}

/// Makes the calls of a vector through one client, for as long as `check` wants.
async fn play(vector: &Value, strict: bool, check: impl Fn(&Value, Outcome) -> bool) {
    let clock = Arc::new(AtomicU64::new(0));
    let reading = Arc::clone(&clock);
    let settings = settings_of(&vector["options"], move || reading.load(Ordering::Relaxed));
    let wire = Wire::default();
    let config = config(Some("us-east-1"))
        .http_client(wire.clone())
        .retry_config(RetryConfig::disabled())
        .interceptor(settings.strict(strict).build().unwrap());
    let client = Client::from_conf(config.build());
    for step in vector["steps"].as_array().unwrap() {
        let now = step["clock"].as_u64().or(vector["clock"].as_u64());
        clock.store(now.unwrap(), Ordering::Relaxed);
        let before = wire.sent().len();
        if step["lost"] == true {
            wire.lose();
        } else if let Some(error) = step.get("error") {
            wire.answer(400, error.clone());
        } else {
            wire.answer(200, step["answer"].clone());
        }
        let operation = step["operation"].as_str().unwrap();
        let returned = call(&client, operation, &step["input"]).await;
        let sent = wire.sent().get(before).cloned();
        let sent = sent.map(|sent| without_generated_token(sent, &step["input"]));
        if !check(step, Outcome { sent, returned }) {
            return;
        }
    }
}

/// What of an answer is compared. The SDK reads what is absent and what is empty alike, and an error is told by its type.
fn told(mut answer: Value) -> Value {
    let fields = answer.as_object_mut().unwrap();
    fields.retain(|name, field| {
        let is_empty = field.is_null() || field.as_object().is_some_and(|map| map.is_empty());
        !is_empty && !["__type", "message", "Message"].contains(&name.as_str())
    });
    answer
}

#[tokio::test]
async fn each_call_of_a_sequence_does_what_the_vector_says() {
    for file in SEQUENCES {
        for vector in vectors(file) {
            let name = format!("{file}: {}", vector["name"]);
            play(&vector, false, |step, outcome| {
                let wanted = match &step["sent"] {
                    wanted if wanted == "input" => &step["input"],
                    wanted => wanted,
                };
                assert_eq!(outcome.sent.as_ref(), Some(wanted), "{name}");
                if step["lost"] == true {
                    assert!(outcome.returned.is_err(), "{name}");
                    return true;
                }
                let came = step.get("error").unwrap_or(&step["answer"]);
                let wanted = step.get("returned").unwrap_or(came).clone();
                let returned = match (outcome.returned, step.get("error")) {
                    (Ok(returned), None) => returned,
                    (Err(error), Some(_)) => error_items(&error),
                    (returned, _) => panic!("{name}: {returned:?}"),
                };
                assert_eq!(told(returned), told(wanted), "{name}");
                true
            })
            .await;
        }
    }
}

#[tokio::test]
async fn strict_fails_where_the_vector_says() {
    for file in SEQUENCES {
        for vector in vectors(file) {
            let name = format!("{file}: {}", vector["name"]);
            play(&vector, true, |step, outcome| {
                let fails = step["strictFails"] == true;
                assert_eq!(outcome.sent.is_none(), fails, "{name}");
                let error = outcome.returned.as_ref().err();
                let ours = error.is_some_and(|error| stamp_error(error).is_some());
                assert_eq!(ours, fails, "{name}");
                !fails
            })
            .await;
        }
    }
}
