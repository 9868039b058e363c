//! Where the description, and what waits in the ledger, come from.

use std::collections::HashMap;
use std::future::Future;

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};
use aws_sdk_dynamodb::types::{AttributeValue, TableDescription};
use chrono::{DateTime, Utc};

use crate::reporter::ReportError;

/// The most pages of a shard that are read: 16 times so many megabytes of keys, some 100,000 entries.
const MAX_PAGES: usize = 2;

/// What waits in a ledger for an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenEntries {
    /// How many entries; at least so many, if there are more than are read.
    pub count: usize,
    /// There are more.
    pub more: bool,
    /// When the oldest was found.
    pub oldest: Option<DateTime<Utc>>,
}

/// Describes a table, and counts what is open in a ledger.
pub trait Source {
    /// The table as DescribeTable gives it.
    fn describe(&self, table: &str) -> impl Future<Output = Result<TableDescription, ReportError>>;

    /// What waits in this ledger for an operator; none where its index of open entries is not there, or not filled yet: one of
    /// an older version gets it with the next deployment.
    fn open_entries(
        &self,
        ledger: &str,
    ) -> impl Future<Output = Result<Option<OpenEntries>, ReportError>>;
}

/// DynamoDB itself.
#[derive(Debug, Clone)]
pub struct DynamoDb {
    client: aws_sdk_dynamodb::Client,
}

impl DynamoDb {
    /// Reads through `client`.
    pub fn new(client: aws_sdk_dynamodb::Client) -> Self {
        Self { client }
    }
}

impl DynamoDb {
    /// A page of a shard's open entries, the oldest first.
    async fn page(
        &self,
        ledger: &str,
        shard: &str,
        start: Option<HashMap<String, AttributeValue>>,
    ) -> Result<Option<QueryOutput>, ReportError> {
        let answer = self
            .client
            .query()
            .table_name(ledger)
            .index_name(ledger::OPEN)
            .key_condition_expression("#shard = :shard")
            .expression_attribute_names("#shard", ledger::OPEN_SHARD)
            .expression_attribute_values(":shard", AttributeValue::S(shard.to_owned()))
            .projection_expression("#at")
            .expression_attribute_names("#at", ledger::DETECTED_AT)
            .set_exclusive_start_key(start)
            .send()
            .await;
        match answer {
            Ok(page) => Ok(Some(page)),
            // "The table does not have the specified index", "Cannot read from backfilling global secondary index".
            Err(error) if error.code() == Some("ValidationException") => Ok(None),
            Err(error) => Err(read_error(&error)),
        }
    }
}

fn read_error(error: &SdkError<QueryError>) -> ReportError {
    ReportError::Ledger {
        code: error.code().unwrap_or("no answer").to_owned(),
        cause: DisplayErrorContext(error).to_string(),
    }
}

/// When the first of these was found.
fn first_time(page: &QueryOutput) -> Option<DateTime<Utc>> {
    let text = page
        .items()
        .first()?
        .get(ledger::DETECTED_AT)?
        .as_s()
        .ok()?;
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.with_timezone(&Utc))
}

impl Source for DynamoDb {
    async fn open_entries(&self, ledger: &str) -> Result<Option<OpenEntries>, ReportError> {
        let mut open = OpenEntries::default();
        for shard in ledger::open_shards() {
            let mut start = None;
            for number in 0..MAX_PAGES {
                let Some(page) = self.page(ledger, &shard, start.take()).await? else {
                    return Ok(None);
                };
                open.count += page.items().len();
                if number == 0 {
                    open.oldest = open.oldest.into_iter().chain(first_time(&page)).min();
                }
                start = page.last_evaluated_key;
                if start.is_none() {
                    break;
                }
            }
            open.more |= start.is_some();
        }
        Ok(Some(open))
    }

    async fn describe(&self, table: &str) -> Result<TableDescription, ReportError> {
        let answer = self.client.describe_table().table_name(table).send().await;
        let output = answer.map_err(|error| ReportError::Describe {
            code: error.code().unwrap_or("no answer").to_owned(),
            cause: DisplayErrorContext(&error).to_string(),
        })?;
        output.table.ok_or_else(|| ReportError::Describe {
            code: "no table".to_owned(),
            cause: "the answer holds no table".to_owned(),
        })
    }
}
