//! Reading the ledger table: index, item, entries, parts.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue as Sdk, KeysAndAttributes};
use futures::stream::{self, StreamExt, TryStreamExt};
use ledger::{ConflictId, Image};
use serde_dynamo::AttributeValue;

use super::LedgerReadError;

/// Requests in flight.
const CONCURRENCY: usize = 32;

/// How many keys a BatchGetItem takes. <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>
const BATCH: usize = 100;

/// How often keys that DynamoDB left unprocessed are asked for again.
const ASK_AGAIN: u32 = 8;

/// What a list needs of an entry: everything but the images. Names are aliased, as some are reserved words.
const SUMMARY: &str = "#ItemKey, #ConflictId, #Key, #TableName, #Kind, #Confidence, #Status, #DetectedAt, \
    #Loser.#Region, #Loser.#WrittenAt, #Winner.#Region, #Winner.#WrittenAt, #DifferingAttributes, #Identical, \
    #LostWrites, #Reason";

/// The primary key of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct EntryKey {
    /// `ItemKey`.
    pub(super) item_key: String,
    /// `ConflictId`.
    pub(super) conflict_id: String,
}

/// A ledger table.
#[derive(Debug, Clone)]
pub struct LedgerTable {
    client: Client,
    name: String,
    place: String,
}

impl LedgerTable {
    /// A table behind a client. `place` is the Region or endpoint, for messages.
    pub fn new(client: Client, name: String, place: String) -> Self {
        Self {
            client,
            name,
            place,
        }
    }

    /// The client, for tests that write.
    #[cfg(test)]
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The keys of the index `ByTime` in these buckets; only those of one conflict, if its id is given.
    pub(super) async fn in_buckets(
        &self,
        buckets: Vec<String>,
        conflict_id: Option<&str>,
    ) -> Result<Vec<EntryKey>, LedgerReadError> {
        stream::iter(buckets)
            .map(|bucket| self.in_bucket(bucket, conflict_id))
            .buffer_unordered(CONCURRENCY)
            .try_concat()
            .await
    }

    async fn in_bucket(
        &self,
        bucket: String,
        conflict_id: Option<&str>,
    ) -> Result<Vec<EntryKey>, LedgerReadError> {
        let mut query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name("ByTime")
            .key_condition_expression("#bucket = :bucket")
            .expression_attribute_names("#bucket", "Bucket")
            .expression_attribute_values(":bucket", Sdk::S(bucket));
        if let Some(id) = conflict_id {
            query = query
                .key_condition_expression("#bucket = :bucket AND #id = :id")
                .expression_attribute_names("#id", "ConflictId")
                .expression_attribute_values(":id", Sdk::S(id.to_owned()));
        }
        let mut keys = Vec::new();
        let mut pages = query.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error(error))?;
            keys.extend(page.items().iter().filter_map(entry_key));
        }
        Ok(keys)
    }

    /// The entries of one item, newest first, without their images, page by page until `page_read` says that it
    /// has enough.
    pub(super) async fn of_item(
        &self,
        item_key: &str,
        mut page_read: impl FnMut(Vec<Image>) -> bool,
    ) -> Result<(), LedgerReadError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("#ItemKey = :key")
            // Parts of large images have no kind.
            .filter_expression("attribute_exists(#Kind)")
            .projection_expression(SUMMARY)
            .set_expression_attribute_names(Some(summary_names()))
            .expression_attribute_values(":key", Sdk::S(item_key.to_owned()))
            .scan_index_forward(false)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error(error))?;
            let entries = page.items.unwrap_or_default();
            if page_read(entries.into_iter().map(image).collect()) {
                break;
            }
        }
        Ok(())
    }

    /// Entries without their images, in no order. Those that expired meanwhile are left out.
    pub(super) async fn summaries(&self, keys: &[EntryKey]) -> Result<Vec<Image>, LedgerReadError> {
        stream::iter(keys.chunks(BATCH))
            .map(|keys| self.batch(keys))
            .buffer_unordered(CONCURRENCY)
            .try_concat()
            .await
    }

    async fn batch(&self, keys: &[EntryKey]) -> Result<Vec<Image>, LedgerReadError> {
        let mut wanted = KeysAndAttributes::builder()
            .projection_expression(SUMMARY)
            .set_expression_attribute_names(Some(summary_names()))
            .set_keys(Some(keys.iter().map(primary_key).collect()))
            .build()
            .ok();
        let mut entries = Vec::with_capacity(keys.len());
        let mut asked = 0;
        while let Some(request) = wanted.take() {
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.name, request)
                .send()
                .await
                .map_err(|error| self.error(error))?;
            let found = answer.responses.unwrap_or_default().into_values().flatten();
            entries.extend(found.map(image));
            let left = answer.unprocessed_keys.unwrap_or_default();
            wanted = left.into_values().find(|left| !left.keys.is_empty());
            if wanted.is_some() {
                asked += 1;
                if asked == ASK_AGAIN {
                    return Err(LedgerReadError::Throttled(self.name.clone()));
                }
                tokio::time::sleep(Duration::from_millis(25 << asked)).await;
            }
        }
        Ok(entries)
    }

    /// One item of the table, whole.
    pub(super) async fn get(&self, key: &EntryKey) -> Result<Option<Image>, LedgerReadError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(primary_key(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.error(error))?;
        Ok(answer.item.map(image))
    }

    /// The parts of an entry, in order, as far as they are there.
    pub(super) async fn parts(
        &self,
        key: &EntryKey,
        count: usize,
    ) -> Result<Vec<Image>, LedgerReadError> {
        let parts: Vec<Option<Image>> = stream::iter(1..=count)
            .map(|number| async move {
                let part = EntryKey {
                    item_key: key.item_key.clone(),
                    conflict_id: ConflictId::from(key.conflict_id.clone())
                        .part(number)
                        .to_string(),
                };
                self.get(&part).await
            })
            .buffered(8)
            .try_collect()
            .await?;
        Ok(parts.into_iter().map_while(|part| part).collect())
    }

    fn error<E>(&self, error: aws_sdk_dynamodb::error::SdkError<E>) -> LedgerReadError
    where
        E: aws_sdk_dynamodb::error::ProvideErrorMetadata
            + std::error::Error
            + Send
            + Sync
            + 'static,
    {
        LedgerReadError::from_sdk(error, &self.name, &self.place)
    }
}

fn summary_names() -> HashMap<String, String> {
    SUMMARY
        .split([',', '.', ' '])
        .filter_map(|alias| Some((alias.to_owned(), alias.strip_prefix('#')?.to_owned())))
        .collect()
}

fn primary_key(key: &EntryKey) -> HashMap<String, Sdk> {
    HashMap::from([
        ("ItemKey".to_owned(), Sdk::S(key.item_key.clone())),
        ("ConflictId".to_owned(), Sdk::S(key.conflict_id.clone())),
    ])
}

fn entry_key(item: &HashMap<String, Sdk>) -> Option<EntryKey> {
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    Some(EntryKey {
        item_key: text("ItemKey")?,
        conflict_id: text("ConflictId")?,
    })
}

fn image(item: HashMap<String, Sdk>) -> Image {
    item.into_iter()
        .map(|(name, value)| (name, AttributeValue::from(value)))
        .collect()
}
