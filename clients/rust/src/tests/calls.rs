//! The rules that are about calls and not about one request's text. Nothing leaves the process.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BoxError, DisplayErrorContext};
use serde_json::{Value, json};

use super::inputs::{request_items, send};
use super::support::{COUNT, NOW, TIME, Wire, offline, ticking, vectors};
use crate::{Builder, Stamp, StampError};

fn update() -> Value {
    json!({
        "TableName": "orders",
        "Key": {"id": {"S": "o-1"}},
        "UpdateExpression": "SET a = :a",
        "ExpressionAttributeValues": {":a": {"S": "secret"}},
    })
}

/// The vector's update that has no room left for a stamp.
fn too_long() -> Value {
    let is_it = |vector: &Value| vector["name"].as_str().unwrap().contains("no room left");
    let vector = vectors("left-alone.json").into_iter().find(is_it).unwrap();
    vector["input"].clone()
}

fn stamped(settings: Builder) -> (Client, Wire) {
    offline(Some(settings.build().unwrap()))
}

/// The error of this crate that a call failed with.
pub(super) fn stamp_error(error: &BoxError) -> Option<&StampError> {
    let mut error: &(dyn std::error::Error + 'static) = error.as_ref();
    loop {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        error = error.source()?;
    }
}

thread_local! {
    /// What was logged on this thread: a test has one of its own.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes log lines to those of their thread.
struct Logged;

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to keep what is logged. One subscriber listens for the whole process: with one for each test, another test could
/// find in between that nobody listens, which tracing remembers.
fn keep_log() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::ERROR)
            .with_writer(|| Logged)
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("nobody else listens");
    });
    LOGGED.take();
}

fn logged() -> String {
    String::from_utf8(LOGGED.take()).unwrap()
}

#[tokio::test]
async fn a_retry_of_the_sdk_sends_the_same_stamp() {
    let (client, wire) = stamped(Stamp::builder().clock(ticking(NOW)));
    let throttled = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
    wire.answer(400, json!({"__type": throttled}));
    send(&client, "UpdateItem", &update()).await.unwrap();
    let sent = wire.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1]);
    assert!(
        sent[0]["UpdateExpression"]
            .as_str()
            .unwrap()
            .contains("#lwt")
    );
}

#[tokio::test]
async fn the_same_call_made_again_is_a_write_of_its_own() {
    let (client, wire) = stamped(Stamp::builder().clock(ticking(NOW)));
    let call = super::inputs::update(&client, &update());
    call.clone().send().await.unwrap();
    call.send().await.unwrap();
    for (body, later) in wire.sent().iter().zip(0..) {
        let time = &body["ExpressionAttributeValues"][":lwt"]["N"];
        assert_eq!(time, &json!((NOW + later).to_string()));
        assert_eq!(
            body["UpdateExpression"],
            "SET a = :a, #lwt = :lwt ADD #lwn :lwn"
        );
    }
}

#[tokio::test]
async fn a_time_that_a_stamp_cannot_hold_goes_nowhere() {
    let wrong = || 253_402_300_800_000_000;
    let (client, wire) = stamped(Stamp::builder().clock(wrong));
    send(&client, "UpdateItem", &update()).await.unwrap();
    assert_eq!(wire.sent(), [update()]);

    let (client, wire) = stamped(Stamp::builder().clock(wrong).strict(true));
    let error = send(&client, "UpdateItem", &update()).await.unwrap_err();
    assert_eq!(stamp_error(&error), Some(&StampError::Clock));
    assert!(wire.sent().is_empty());
}

#[tokio::test]
async fn a_panic_in_the_hook_does_not_fail_the_write_unless_strict() {
    let settings = [
        Stamp::builder().clock(|| panic!("the caller's clock is broken")),
        Stamp::builder().tables_where(|_| panic!("the caller's filter is broken")),
    ];
    let writes = [
        ("UpdateItem", update()),
        (
            "PutItem",
            json!({"TableName": "orders", "Item": {"id": {"S": "o-1"}}}),
        ),
    ];
    for settings in settings {
        for (operation, input) in &writes {
            let (client, wire) = stamped(settings.clone());
            send(&client, operation, input).await.unwrap();
            assert_eq!(wire.sent(), std::slice::from_ref(input));

            let (client, wire) = stamped(settings.clone().strict(true));
            let error = send(&client, operation, input).await.unwrap_err();
            assert_eq!(stamp_error(&error), Some(&StampError::Panicked));
            assert!(wire.sent().is_empty());
        }
    }
}

#[tokio::test]
async fn a_write_without_its_stamp_is_logged_once_and_without_its_contents() {
    keep_log();
    let (client, wire) = stamped(Stamp::builder().clock(|| u64::MAX));
    send(&client, "UpdateItem", &update()).await.unwrap();
    send(&client, "UpdateItem", &update()).await.unwrap();
    assert_eq!(wire.sent().len(), 2);
    let text = logged();
    assert_eq!(text.matches("told once").count(), 1, "{text}");
    assert!(text.contains("the clock gives no time"), "{text}");
    assert!(!text.contains("secret") && !text.contains("o-1"), "{text}");
}

#[tokio::test]
async fn each_table_whose_items_are_signed_is_logged_once() {
    keep_log();
    let (client, wire) = stamped(Stamp::builder());
    for table in ["orders", "orders", "carts"] {
        let item = json!({"id": {"S": "o-1"}, "aws_dbe_head": {"S": "secret"}});
        let signed = json!({"TableName": table, "Item": item});
        send(&client, "PutItem", &signed).await.unwrap();
        assert_eq!(wire.sent().last(), Some(&signed));
    }
    let text = logged();
    for table in ["orders", "carts"] {
        let told =
            format!("the items of table {table} are signed by the AWS Database Encryption SDK");
        assert_eq!(text.matches(&told).count(), 1, "{text}");
    }
    assert!(!text.contains("secret") && !text.contains("o-1"), "{text}");
}

#[tokio::test]
async fn strict_fails_a_write_without_room_for_the_stamp() {
    let transaction = json!({"TransactItems": [{"Update": too_long()}]});
    for (operation, input) in [
        ("UpdateItem", too_long()),
        ("TransactWriteItems", transaction),
    ] {
        let (client, wire) = stamped(Stamp::builder().strict(true));
        let error = send(&client, operation, &input).await.unwrap_err();
        assert_eq!(stamp_error(&error), Some(&StampError::ExpressionTooLong));
        let shown = DisplayErrorContext(error.as_ref()).to_string();
        assert!(shown.contains("4096 bytes: shorten it"), "{shown}");
        assert!(wire.sent().is_empty());
    }
}

#[tokio::test]
async fn an_update_without_room_for_the_stamp_keeps_what_it_writes_back() {
    let mut saved = too_long();
    let expression = saved["UpdateExpression"].as_str().unwrap();
    saved["UpdateExpression"] = json!(format!("{expression}, #t = :t"));
    saved["ExpressionAttributeNames"]["#t"] = json!(TIME);
    saved["ExpressionAttributeValues"][":t"] = json!({"N": "9"});
    let (client, wire) = stamped(Stamp::builder());
    send(&client, "UpdateItem", &saved).await.unwrap();
    assert_eq!(wire.sent(), [saved]);
}

#[tokio::test]
async fn placeholders_that_begin_alike_are_told_apart() {
    let saved = json!({
        "TableName": "orders",
        "Key": {"id": {"S": "o-1"}},
        "UpdateExpression": "SET #lw:t:us-east-1 = :lw:t:us-east-1, \u{e9} = :lw:t:us-east-10",
        "ExpressionAttributeNames": {"#lw:t:us-east-1": TIME},
        "ExpressionAttributeValues": {":lw:t:us-east-1": {"N": "9"}, ":lw:t:us-east-10": {"S": "v"}},
    });
    let (client, wire) = stamped(Stamp::builder().clock(|| NOW));
    send(&client, "UpdateItem", &saved).await.unwrap();
    let sent = &wire.sent()[0];
    assert_eq!(
        sent["UpdateExpression"],
        "SET \u{e9} = :lw:t:us-east-10, #lwt = :lwt ADD #lwn :lwn"
    );
    let values = sent["ExpressionAttributeValues"].as_object().unwrap();
    assert_eq!(values[":lw:t:us-east-10"], json!({"S": "v"}));
    assert!(!values.contains_key(":lw:t:us-east-1"));
}

#[tokio::test]
async fn puts_that_were_not_processed_come_back_as_they_were() {
    let history = json!({"id": {"S": "o-2"}, COUNT: {"N": "5"}, TIME: {"N": "9"}});
    let given = json!({"orders": [
        {"PutRequest": {"Item": {"id": {"S": "o-1"}}}},
        {"PutRequest": {"Item": history}},
    ]});
    let (client, wire) = stamped(Stamp::builder().clock(|| NOW));
    send(&client, "BatchWriteItem", &json!({"RequestItems": given}))
        .await
        .unwrap();
    let sent = wire.sent()[0]["RequestItems"].clone();
    assert_ne!(sent, given);

    wire.answer(200, json!({"UnprocessedItems": sent}));
    let call = client.batch_write_item();
    let answer = call.set_request_items(Some(request_items(&given)));
    let answer = answer.send().await.unwrap();
    let unprocessed = &answer.unprocessed_items.unwrap()["orders"];
    let item = |at: usize| &unprocessed[at].put_request.as_ref().unwrap().item;
    assert_eq!(item(0).keys().collect::<Vec<_>>(), ["id"]);
    assert_eq!(item(1)[COUNT].as_n().unwrap(), "5");

    // So that sending them again counts one write.
    let again = client.batch_write_item();
    let again = again.request_items("orders", unprocessed.clone());
    again.send().await.unwrap();
    assert_eq!(wire.sent()[2]["RequestItems"], sent);
}

#[tokio::test]
async fn without_a_stamp_unprocessed_puts_are_left_as_they_are() {
    let (client, wire) = offline(None);
    let stamped = json!({"orders": [
        {"PutRequest": {"Item": {"id": {"S": "o-1"}, COUNT: {"N": "1"}, TIME: {"N": "9"}}}},
    ]});
    wire.answer(200, json!({"UnprocessedItems": stamped}));
    let call = client.batch_write_item();
    let call = call.set_request_items(Some(request_items(&stamped)));
    let answer = call.send().await.unwrap();
    assert_eq!(answer.unprocessed_items.unwrap(), request_items(&stamped));
}

#[tokio::test]
async fn tables_can_be_chosen_by_a_function() {
    let chosen = Stamp::builder().tables_where(|name| name.starts_with("ord"));
    let (client, wire) = stamped(chosen);
    let mut other = update();
    other["TableName"] = json!("carts");
    send(&client, "UpdateItem", &update()).await.unwrap();
    send(&client, "UpdateItem", &other).await.unwrap();
    let stamped: Vec<bool> = wire
        .sent()
        .iter()
        .map(|body| *body != update() && *body != other)
        .collect();
    assert_eq!(stamped, [true, false]);
}

#[tokio::test]
async fn two_stamps_on_one_client_stamp_once() {
    // The second finds the first one's attributes in the expression, as it would find those of a writer by hand.
    let stamp = Stamp::builder().clock(|| NOW).build().unwrap();
    let (client, wire) = offline(Some(stamp.clone()));
    let call = super::inputs::update(&client, &update());
    call.customize().interceptor(stamp).send().await.unwrap();
    assert_eq!(
        wire.sent()[0]["UpdateExpression"],
        "SET a = :a, #lwt = :lwt ADD #lwn :lwn"
    );
}
