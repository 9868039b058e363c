//! Where the description comes from.

use std::future::Future;

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::TableDescription;

use crate::reporter::ReportError;

/// Describes a table.
pub trait Source {
    /// The table as DescribeTable gives it.
    fn describe(&self, table: &str) -> impl Future<Output = Result<TableDescription, ReportError>>;
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

impl Source for DynamoDb {
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
