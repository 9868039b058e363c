//! What the batch answer names: from which record on Lambda delivers the batch again.

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use serde_json::value::RawValue;

use crate::batch::PendingEntry;
use crate::envelope::{self, NotAnEvent};
use crate::record;

/// An invocation that failed as a whole: Lambda delivers the batch again.
#[derive(Debug, thiserror::Error)]
pub enum InvocationError {
    /// The payload is no event.
    #[error(transparent)]
    NotAnEvent(#[from] NotAnEvent),
    /// A ledger write failed, and neither its record nor one before it has a sequence number to report.
    #[error(
        "a ledger write failed and no record up to it has a sequence number, so the whole batch is reported"
    )]
    NothingToReport,
}

/// The answer to a batch.
///
/// Source: AWS Lambda Developer Guide, "Configuring partial batch response with DynamoDB and Lambda": Lambda retries
/// from the lowest sequence number that is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchAnswer {
    /// All is done.
    Done,
    /// Lambda delivers again from this record on.
    RetryFrom {
        /// The record's place in the batch.
        record: usize,
        /// What the answer names it by.
        sequence_number: String,
    },
    /// No record can be named: Lambda delivers the whole batch again.
    RetryAll,
}

impl BatchAnswer {
    /// Names the first record whose ledger write failed or, where it has no sequence number, the nearest one before it
    /// that has.
    pub(crate) fn new(
        first_failed: Option<&PendingEntry<'_>>,
        payload: &[u8],
    ) -> Result<Self, NotAnEvent> {
        let Some(failed) = first_failed else {
            return Ok(Self::Done);
        };
        let named = |record, raw| {
            let sequence_number = sequence_number(raw)?;
            Some(Self::RetryFrom {
                record,
                sequence_number,
            })
        };
        if let Some(answer) = named(failed.record, failed.raw) {
            return Ok(answer);
        }
        let records = envelope::split(payload)?.into_iter().enumerate();
        let before = records.take(failed.record).rev();
        let mut nearest = before.filter_map(|(record, raw)| named(record, raw));
        Ok(nearest.next().unwrap_or(Self::RetryAll))
    }

    /// How many of a batch's records are done and will not come again: those before the one that is named.
    pub(crate) fn committed(&self, records: usize) -> usize {
        match self {
            Self::Done => records,
            Self::RetryFrom { record, .. } => *record,
            Self::RetryAll => 0,
        }
    }

    /// The answer as Lambda takes it.
    pub(crate) fn into_response(self) -> Result<DynamoDbEventResponse, InvocationError> {
        let mut response = DynamoDbEventResponse::default();
        match self {
            Self::Done => {}
            Self::RetryFrom {
                sequence_number, ..
            } => {
                let mut failure = DynamoDbBatchItemFailure::default();
                failure.item_identifier = Some(sequence_number);
                response.batch_item_failures.push(failure);
            }
            Self::RetryAll => return Err(InvocationError::NothingToReport),
        }
        Ok(response)
    }
}

/// A record's sequence number. An empty one would fail the whole batch, so it is as good as none.
fn sequence_number(raw: &RawValue) -> Option<String> {
    let number = record::sequence_number(raw)?;
    (!number.is_empty()).then(|| number.into_owned())
}
