//! Changing an entry: its status, and its history.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue as Sdk;
use ledger::{
    Entry, EntryKey, HISTORY, HistoryEvent, ITEM_KEY, Name, OPEN_SHARD, PENDING_SUMS, PendingSum,
    STATUS, Status, open_shard,
};
use serde_dynamo::AttributeValue;

use super::{LedgerReadError, LedgerTable};

/// What an entry becomes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EntryChange {
    /// The status that it has to have.
    pub(super) from: Status,
    /// The status that it gets.
    pub(super) to: Status,
    /// What is added to its history.
    pub(super) event: HistoryEvent,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ChangeResult {
    /// It is done.
    Done,
    /// The entry had another status by then, or is gone.
    Refused(Option<Box<Entry>>),
}

impl LedgerTable {
    /// Changes an entry's status and adds to its history, if it has the status that was read.
    pub(super) async fn change(
        &self,
        key: &EntryKey,
        change: &EntryChange,
    ) -> Result<ChangeResult, LedgerReadError> {
        let event = to_list(std::slice::from_ref(&change.event));
        let history = "#history = list_append(if_not_exists(#history, :none), :event)";
        // The index of open entries holds those alone; what somebody opens again is to be decided, a sample too.
        let mut request = self.update(key);
        request = match change.to {
            Status::Open => request
                .update_expression(format!(
                    "SET #status = :to, {history}, #open = :open REMOVE #sums"
                ))
                .expression_attribute_values(":open", Sdk::S(open_shard(&key.conflict_id))),
            Status::Restored | Status::Dismissed => request
                .update_expression(format!("SET #status = :to, {history} REMOVE #sums, #open")),
        };
        let request = request
            .condition_expression("attribute_exists(#key) AND #status = :from")
            .expression_attribute_names("#key", ITEM_KEY)
            .expression_attribute_names("#status", STATUS)
            .expression_attribute_names("#history", HISTORY)
            .expression_attribute_names("#sums", PENDING_SUMS)
            .expression_attribute_names("#open", OPEN_SHARD)
            .expression_attribute_values(":from", text(change.from))
            .expression_attribute_values(":to", text(change.to))
            .expression_attribute_values(":none", Sdk::L(Vec::new()))
            .expression_attribute_values(":event", event);
        let result = self.outcome(key, request.send().await.map(drop)).await?;
        Ok(match result {
            // The answer to the first attempt was lost, and the second found what that one had done.
            ChangeResult::Refused(Some(entry)) if last_event(&entry) == Some(&change.event) => {
                ChangeResult::Done
            }
            result => result,
        })
    }

    /// Replaces the sums that an open entry says are being put back; none is an empty list.
    pub(super) async fn replace_sums(
        &self,
        key: &EntryKey,
        from: &[PendingSum],
        to: &[PendingSum],
    ) -> Result<ChangeResult, LedgerReadError> {
        let mut request = self
            .update(key)
            .expression_attribute_names("#status", STATUS)
            .expression_attribute_names("#sums", PENDING_SUMS)
            .expression_attribute_values(":open", text(Status::Open));
        request = match from {
            [] => request.condition_expression("#status = :open AND attribute_not_exists(#sums)"),
            _ => request
                .condition_expression("#status = :open AND #sums = :from")
                .expression_attribute_values(":from", to_list(from)),
        };
        request = match to {
            [] => request.update_expression("REMOVE #sums"),
            _ => request
                .update_expression("SET #sums = :to")
                .expression_attribute_values(":to", to_list(to)),
        };
        let result = self.outcome(key, request.send().await.map(drop)).await?;
        Ok(match result {
            // As above: the first attempt had done it.
            ChangeResult::Refused(Some(entry))
                if status(&entry) == Some(Status::Open)
                    && entry.pending_sums.as_deref().unwrap_or_default() == to =>
            {
                ChangeResult::Done
            }
            result => result,
        })
    }

    async fn outcome(
        &self,
        key: &EntryKey,
        result: Result<(), aws_sdk_dynamodb::error::SdkError<UpdateItemError>>,
    ) -> Result<ChangeResult, LedgerReadError> {
        match result {
            Ok(()) => Ok(ChangeResult::Done),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                let entry = self.entry_alone(key).await?;
                Ok(ChangeResult::Refused(entry.map(Box::new)))
            }
            Err(error) => Err(self.write_error(error)),
        }
    }
}

/// What was done to an entry last.
pub(super) fn last_event(entry: &Entry) -> Option<&HistoryEvent> {
    entry.history.as_ref()?.last()
}

/// The status of an entry, where this version knows it.
pub(super) fn status(entry: &Entry) -> Option<Status> {
    match entry.status {
        Name::Known(status) => Some(status),
        Name::Unknown(_) => None,
    }
}

fn text(status: Status) -> Sdk {
    Sdk::S(Name::Known(status).as_str().to_owned())
}

fn to_list<T: serde::Serialize>(elements: &[T]) -> Sdk {
    let member = |element: &T| {
        let item: HashMap<String, AttributeValue> =
            serde_dynamo::to_item(element).expect("entries have names and no keys of other types");
        AttributeValue::M(item)
    };
    AttributeValue::L(elements.iter().map(member).collect()).into()
}
