//! Writing the ledger: idempotent puts, so that a record delivered again writes the same key once.

mod in_memory;

use std::future::Future;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use conflict::Landing;
use ledger::{Image, JumpPlace, StoredEntry};
use tokio::sync::OnceCell;

pub use in_memory::InMemoryLedger;

/// Where entries are kept.
pub trait Ledger: Sync {
    /// Writes an entry: its parts first, then the entry itself, unless it exists.
    fn write(
        &self,
        entry: StoredEntry,
    ) -> impl Future<Output = Result<PutResult, LedgerError>> + Send;

    /// Writes the item of a jump down, unless it is there.
    fn remember_jump(&self, jump: Image) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Where the latest jump before a record landed, if one is remembered.
    fn latest_jump(
        &self,
        before: &JumpPlace,
    ) -> impl Future<Output = Result<Option<Landing>, LedgerError>> + Send;
}

/// A write that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutResult {
    /// The entry is new.
    New,
    /// The entry was there: the record had been delivered before. What an operator did to it since stays.
    Existed,
}

/// A write that failed, after the SDK's retries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {hint}")]
pub struct LedgerError {
    /// DynamoDB's error code, or how the request failed on its way.
    pub code: String,
    /// What to do.
    pub hint: &'static str,
}

impl LedgerError {
    /// Whether DynamoDB refused the entry for what is in it: its size, its depth, a value. No retry can pass.
    ///
    /// DynamoDB has one code for all of these and for a table of other keys. A table of other keys refuses the smallest
    /// form too.
    pub(crate) fn is_refusal(&self) -> bool {
        self.code == "ValidationException"
    }

    /// The invocation's time was up before the ledger answered.
    pub(crate) fn time_up() -> Self {
        let code = "TimeUp".to_owned();
        let hint = "the ledger did not answer in time; check its capacity if this stays";
        Self { code, hint }
    }
}

/// The ledger table in DynamoDB.
#[derive(Debug)]
pub struct DynamoDbLedger {
    table: String,
    client: OnceCell<aws_sdk_dynamodb::Client>,
}

impl DynamoDbLedger {
    /// A ledger in a table. No connection is opened before the first write.
    pub fn new(table: String) -> Self {
        Self {
            table,
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> &aws_sdk_dynamodb::Client {
        self.client
            .get_or_init(|| async { function_support::clients::dynamodb() })
            .await
    }

    /// Puts an item, unless it exists.
    async fn put(&self, item: Image) -> Result<PutResult, LedgerError> {
        let client = self.client().await;
        let item = item
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        let request = client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(ItemKey)");
        match request.send().await {
            Ok(_) => Ok(PutResult::New),
            Err(error) if is_condition_failure(&error) => Ok(PutResult::Existed),
            Err(error) => Err(LedgerError::from(&error)),
        }
    }
}

impl Ledger for DynamoDbLedger {
    async fn write(&self, entry: StoredEntry) -> Result<PutResult, LedgerError> {
        // An entry never exists without its parts. They are not written over either: an operator may have taken their
        // expiry away.
        for part in entry.parts {
            self.put(part).await?;
        }
        self.put(entry.main).await
    }

    async fn remember_jump(&self, jump: Image) -> Result<(), LedgerError> {
        self.put(jump).await.map(drop)
    }

    async fn latest_jump(&self, before: &JumpPlace) -> Result<Option<Landing>, LedgerError> {
        let Some((first, last)) = before.range_before() else {
            return Ok(None);
        };
        let text = |text: String| AttributeValue::S(text);
        // Consistent: the batch before this one may just have written it.
        let query = self
            .client()
            .await
            .query()
            .table_name(&self.table)
            .key_condition_expression("ItemKey = :item AND ConflictId BETWEEN :first AND :last")
            .expression_attribute_values(":item", text(before.item_key().to_string()))
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":last", text(last))
            // All that the function's role may read: no image.
            .select(Select::SpecificAttributes)
            .projection_expression("ItemKey, ConflictId, #n, #t")
            .expression_attribute_names("#n", ledger::JUMP_COUNT)
            .expression_attribute_names("#t", ledger::JUMP_TIME)
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(1);
        let answer = query.send().await;
        let items = answer.map_err(|error| LedgerError::from(&error))?.items;
        let latest = items.unwrap_or_default().into_iter().next();
        Ok(latest.and_then(|item| {
            let item = item.into_iter().map(|(name, value)| (name, value.into()));
            ledger::landing(&item.collect())
        }))
    }
}

fn is_condition_failure(error: &SdkError<PutItemError>) -> bool {
    error
        .as_service_error()
        .is_some_and(PutItemError::is_conditional_check_failed_exception)
}

impl<E: ProvideErrorMetadata> From<&SdkError<E>> for LedgerError {
    /// Takes the code alone: DynamoDB's messages may quote what was written.
    fn from(error: &SdkError<E>) -> Self {
        let code = match error {
            SdkError::TimeoutError(_) => "Timeout",
            SdkError::DispatchFailure(_) => "ConnectionFailed",
            SdkError::ConstructionFailure(_) => "RequestNotBuilt",
            _ => error.code().unwrap_or("UnreadableAnswer"),
        };
        Self {
            code: code.to_owned(),
            hint: hint(code),
        }
    }
}

fn hint(code: &str) -> &'static str {
    match code {
        "ResourceNotFoundException" => {
            "the ledger table does not exist in this Region; check LEDGER_TABLE"
        }
        "AccessDeniedException" | "UnrecognizedClientException" | "ExpiredTokenException" => {
            "the function's role must allow dynamodb:PutItem and, from three replicas on, dynamodb:Query on the ledger table, and the use of its key"
        }
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "RequestLimitExceeded" => {
            "the ledger table is throttled; the batch is retried. Raise its capacity if this stays"
        }
        "Timeout" | "ConnectionFailed" => {
            "DynamoDB was not reached; the batch is retried. Check the network if this stays"
        }
        "ValidationException" => {
            "DynamoDB refuses even an entry without images: the ledger table's keys must be ItemKey (HASH, S) and ConflictId (RANGE, S)"
        }
        _ => "the batch is retried",
    }
}
