//! The table of the lost writes' items: one consistent read, one conditional write.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue as Sdk;
use conflict::StampNames;
use ledger::{Image, Key};
use put_back::{ItemWrite, Stamp, UpdateExpression};
use serde_dynamo::AttributeValue;

use super::super::connect::{Caller, Place};
use super::super::error::Source;
use super::super::table::image;
use super::super::{Connection, LedgerReadError};
use crate::aws::innermost;

/// An item's table that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ItemTableError {
    /// It does not exist there.
    #[error(
        "there is no table {table} in {location}: check --table, --item-region and --item-endpoint-url (the item's table may be at another endpoint than the ledger)"
    )]
    NoTable {
        table: String,
        location: String,
        source: Source,
    },
    /// The caller may not do that.
    #[error(
        "not allowed to {action} {table} in {location}: the caller needs dynamodb:GetItem, UpdateItem and DescribeTimeToLive on it (with --recreate also PutItem), and kms:Decrypt on its key"
    )]
    Denied {
        action: &'static str,
        table: String,
        location: String,
        source: Source,
    },
    /// The table's TTL attribute cannot be learned.
    #[error(
        "whether {table} in {location} has a TTL attribute could not be asked (dynamodb:DescribeTimeToLive): name it with --ttl-attribute"
    )]
    TtlUnknown {
        table: String,
        location: String,
        source: Source,
    },
    /// It stays throttled.
    #[error("{table} in {location} is throttled: wait and run it again")]
    Throttled {
        table: String,
        location: String,
        source: Source,
    },
    /// No answer. A write may have taken effect.
    #[error(
        "{table} in {location} did not answer: {problem}. Run it again: what took effect is found"
    )]
    NoAnswer {
        table: String,
        location: String,
        problem: String,
        source: Source,
    },
    /// Any other answer.
    #[error("DynamoDB in {location} refused to {action} {table}: {problem}")]
    Refused {
        action: &'static str,
        table: String,
        location: String,
        problem: String,
        source: Source,
    },
}

/// What became of a conditional write.
#[derive(Debug)]
pub(super) enum WriteResult {
    /// It took effect.
    Written,
    /// It did not: its condition does not hold.
    ConditionFailed,
    /// It did not, and may be tried again.
    Throttled(ItemTableError),
    /// It may have taken effect.
    Unknown(ItemTableError),
}

/// The items' tables in one Region.
#[derive(Debug, Clone)]
pub(in super::super) struct ItemRegion {
    client: Client,
    /// The Region that writes are stamped for.
    pub(in super::super) region: String,
    location: String,
}

impl ItemRegion {
    /// Opens the tables of a Region, at the endpoint that was named, else at the ledger's if that is the same Region.
    pub(in super::super) async fn open(
        connection: &Connection,
        region: &str,
        endpoint_url: Option<&str>,
    ) -> Result<Self, LedgerReadError> {
        let of_ledger = connection.endpoint_url.as_deref();
        let beside = of_ledger.filter(|_| {
            connection.region.as_deref() == Some(region)
                && std::env::var_os("AWS_ENDPOINT_URL_DYNAMODB").is_none()
        });
        let place = Place {
            region: Some(region.to_owned()),
            endpoint_url: endpoint_url.or(beside).map(str::to_owned),
        };
        let caller = Caller::new(connection, place).await?;
        Ok(Self {
            client: caller.dynamodb(),
            region: region.to_owned(),
            location: caller.location,
        })
    }

    /// Reads an item as it is now; none if it is gone.
    pub(in super::super) async fn read(
        &self,
        table: &str,
        key: &Key,
    ) -> Result<Option<Image>, ItemTableError> {
        let answer = self
            .client
            .get_item()
            .table_name(table)
            .set_key(Some(sdk(key.clone())))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.error("read", table, error))?;
        Ok(answer.item.map(image))
    }

    /// The table's TTL attribute, if it has one.
    pub(super) async fn ttl_attribute(
        &self,
        table: &str,
    ) -> Result<Option<String>, ItemTableError> {
        let request = self.client.describe_time_to_live().table_name(table);
        let answer =
            request
                .send()
                .await
                .map_err(|error| match self.error("describe", table, error) {
                    ItemTableError::Denied {
                        table,
                        location,
                        source,
                        ..
                    } => ItemTableError::TtlUnknown {
                        table,
                        location,
                        source,
                    },
                    other => other,
                })?;
        let ttl = answer.time_to_live_description;
        Ok(ttl.and_then(|ttl| ttl.attribute_name))
    }

    /// Tries a write once. Its stamp is the same however often it is tried.
    pub(super) async fn write(
        &self,
        table: &str,
        write: &ItemWrite,
        stamps: &StampNames,
        micros: u64,
    ) -> Result<WriteResult, ItemWriteError> {
        let stamp = Stamp {
            names: stamps,
            region: &self.region,
            micros,
        };
        // The SDK's own retries would hide whether an earlier attempt took effect.
        let once = aws_sdk_dynamodb::config::Builder::new().retry_config(RetryConfig::disabled());
        match write {
            ItemWrite::Update {
                key,
                set,
                remove,
                expected,
            } => {
                let update = UpdateExpression::new(key, set, remove, expected, stamp)?;
                let sent = self
                    .client
                    .update_item()
                    .table_name(table)
                    .set_key(Some(sdk(key.clone())))
                    .update_expression(update.update)
                    .condition_expression(update.condition)
                    .set_expression_attribute_names(Some(update.names))
                    .set_expression_attribute_values(Some(sdk(update.values)))
                    .customize()
                    .config_override(once)
                    .send()
                    .await;
                self.result(table, sent.map(drop))
            }
            ItemWrite::Create {
                item,
                key_attribute,
            } => {
                let sent = self
                    .client
                    .put_item()
                    .table_name(table)
                    .set_item(Some(sdk(item.clone().into_iter().chain(stamp.first()))))
                    .condition_expression("attribute_not_exists(#key)")
                    .expression_attribute_names("#key", key_attribute)
                    .customize()
                    .config_override(once)
                    .send()
                    .await;
                self.result(table, sent.map(drop))
            }
        }
    }

    fn result<E>(
        &self,
        table: &str,
        sent: Result<(), SdkError<E>>,
    ) -> Result<WriteResult, ItemWriteError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let Err(error) = sent else {
            return Ok(WriteResult::Written);
        };
        if error.code() == Some("ConditionalCheckFailedException") {
            return Ok(WriteResult::ConditionFailed);
        }
        let is_server_error = error
            .raw_response()
            .is_some_and(|response| response.status().is_server_error());
        let never_sent = matches!(error, SdkError::ConstructionFailure(_));
        match self.error("write", table, error) {
            error @ ItemTableError::Throttled { .. } => Ok(WriteResult::Throttled(error)),
            error @ ItemTableError::NoAnswer { .. } if !never_sent => {
                Ok(WriteResult::Unknown(error))
            }
            error if is_server_error => Ok(WriteResult::Unknown(error)),
            error => Err(error.into()),
        }
    }

    fn error<E>(&self, action: &'static str, table: &str, error: SdkError<E>) -> ItemTableError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let (table, location) = (table.to_owned(), self.location.clone());
        let Some(code) = error.code().map(str::to_owned) else {
            let problem = match &error {
                SdkError::TimeoutError(_) => "no answer in time".to_owned(),
                other => innermost(other),
            };
            return ItemTableError::NoAnswer {
                table,
                location,
                problem,
                source: error.into(),
            };
        };
        let message = error.message().unwrap_or("no message").to_owned();
        let source = error.into();
        match code.as_str() {
            "ResourceNotFoundException" => ItemTableError::NoTable {
                table,
                location,
                source,
            },
            "AccessDeniedException" => ItemTableError::Denied {
                action,
                table,
                location,
                source,
            },
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded" => ItemTableError::Throttled {
                table,
                location,
                source,
            },
            _ => ItemTableError::Refused {
                action,
                table,
                location,
                problem: format!("{code}: {message}"),
                source,
            },
        }
    }
}

/// A write that did not take effect for good.
#[derive(Debug, thiserror::Error)]
pub(super) enum ItemWriteError {
    /// It was refused.
    #[error(transparent)]
    Table(#[from] ItemTableError),
    /// It cannot be written as one request.
    #[error(transparent)]
    Write(#[from] put_back::WriteError),
}

fn sdk(item: impl IntoIterator<Item = (String, AttributeValue)>) -> HashMap<String, Sdk> {
    let item = item.into_iter();
    item.map(|(name, value)| (name, value.into())).collect()
}

/// What is known of tables' TTL attributes, by Region and table.
pub(super) type TtlAttributes = BTreeMap<(String, String), Option<String>>;
