//! Soft deletes that make no sense are told, and not sent.

use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use serde_json::{Value, json};

use super::inputs::update;
use super::support::offline;
use crate::{SoftDeleteError, Stamp};

/// What `soft_delete` and `revive` fail with for a client that has `on_client`, and an update with this much more.
async fn failures(stamp: &Stamp, on_client: Option<Stamp>, more: Value) -> [SoftDeleteError; 2] {
    let (client, wire) = offline(on_client);
    let mut input = json!({"TableName": "orders", "Key": {"id": {"S": "o-1"}}});
    let fields = more.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(fields);
    let which = update(&client, &input);
    let deleted = stamp.soft_delete(which.clone(), "expires").send().await;
    let revived = stamp.revive(which, "expires").send().await;
    assert!(wire.sent().is_empty());
    [deleted.unwrap_err(), revived.unwrap_err()].map(soft_delete_error)
}

fn soft_delete_error(error: SdkError<UpdateItemError>) -> SoftDeleteError {
    let shown = DisplayErrorContext(&error).to_string();
    assert!(matches!(error, SdkError::ConstructionFailure(_)), "{shown}");
    let mut source: &(dyn std::error::Error + 'static) = &error;
    loop {
        if let Some(found) = source.downcast_ref::<SoftDeleteError>() {
            return found.clone();
        }
        source = source.source().unwrap_or_else(|| panic!("{shown}"));
    }
}

#[tokio::test]
async fn a_soft_delete_needs_a_client_with_a_stamp() {
    let found = failures(&Stamp::new(), None, json!({})).await;
    assert_eq!(
        found,
        [SoftDeleteError::NotStamped, SoftDeleteError::NotStamped]
    );
}

#[tokio::test]
async fn a_soft_delete_needs_a_table_that_is_stamped() {
    let stamp = Stamp::builder().tables(["carts"]).build().unwrap();
    let found = failures(&stamp, Some(stamp.clone()), json!({})).await;
    assert_eq!(
        found,
        [SoftDeleteError::NotStamped, SoftDeleteError::NotStamped]
    );
}

#[tokio::test]
async fn a_soft_delete_takes_no_legacy_parameters() {
    let stamp = Stamp::new();
    for more in [
        json!({"Expected": {}}),
        json!({"AttributeUpdates": {}}),
        json!({"ConditionalOperator": "OR"}),
    ] {
        let found = failures(&stamp, Some(stamp.clone()), more).await;
        let wanted = SoftDeleteError::LegacyParameters;
        assert_eq!(found, [wanted.clone(), wanted]);
    }
}

#[tokio::test]
async fn a_soft_delete_with_a_broken_expression_is_not_sent() {
    let stamp = Stamp::new();
    for broken in ["SET a = :a,", "", "nonsense"] {
        let more = json!({"UpdateExpression": broken});
        let found = failures(&stamp, Some(stamp.clone()), more).await;
        let wanted = SoftDeleteError::Expression;
        assert_eq!(found, [wanted.clone(), wanted]);
    }
}

#[tokio::test]
async fn a_soft_delete_that_cannot_be_stamped_goes_out_like_any_write() {
    // The clock fails only when the stamp is made: the soft delete's own time comes from another one.
    let marking = Stamp::new();
    let broken = Stamp::builder().clock(|| u64::MAX).build().unwrap();
    let (client, wire) = offline(Some(broken));
    let which = update(
        &client,
        &json!({"TableName": "orders", "Key": {"id": {"S": "o-1"}}}),
    );
    marking.soft_delete(which, "expires").send().await.unwrap();
    assert_eq!(
        wire.sent()[0]["UpdateExpression"],
        "SET #lwd = :lwd, #lwx = :lwx"
    );
}
