//! Reading the ledger table: index, item, entries, parts.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue as Sdk, KeysAndAttributes};
use futures::stream::{self, StreamExt, TryStreamExt};
use ledger::{
    BUCKET, BY_TIME, CONFLICT_ID, ConflictId, Entry, EntryKey, ITEM_KEY, Image, ItemKey,
    JUMP_PREFIX, PATHS_WITHOUT_IMAGES, StorageForm,
};

use super::LedgerReadError;

/// Requests in flight.
const CONCURRENCY: usize = 32;

/// How many keys a BatchGetItem takes. <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>
const BATCH: usize = 100;

/// How often keys that DynamoDB left unprocessed are asked for again.
const ASK_AGAIN: u32 = 8;

/// A ledger table.
#[derive(Debug, Clone)]
pub struct LedgerTable {
    client: Client,
    name: String,
    location: String,
}

impl LedgerTable {
    /// A table behind a client. `location` is the Region or endpoint, for messages.
    pub fn new(client: Client, name: String, location: String) -> Self {
        Self {
            client,
            name,
            location,
        }
    }

    /// The client, for tests that write.
    #[cfg(test)]
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The keys of the index by time in these buckets; only those of one conflict, if its id is given.
    pub(super) async fn in_buckets(
        &self,
        buckets: Vec<String>,
        conflict_id: Option<&ConflictId>,
    ) -> Result<Vec<EntryKey>, LedgerReadError> {
        let queries = buckets.into_iter();
        let queries: Vec<_> = queries
            .map(|bucket| self.in_bucket(bucket, conflict_id))
            .collect();
        stream::iter(queries)
            .buffer_unordered(CONCURRENCY)
            .try_concat()
            .await
    }

    async fn in_bucket(
        &self,
        bucket: String,
        conflict_id: Option<&ConflictId>,
    ) -> Result<Vec<EntryKey>, LedgerReadError> {
        let mut query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(BY_TIME)
            .key_condition_expression("#bucket = :bucket")
            .expression_attribute_names("#bucket", BUCKET)
            .expression_attribute_values(":bucket", Sdk::S(bucket));
        if let Some(id) = conflict_id {
            query = query
                .key_condition_expression("#bucket = :bucket AND #id = :id")
                .expression_attribute_names("#id", CONFLICT_ID)
                .expression_attribute_values(":id", Sdk::S(id.to_string()));
        }
        let mut keys = Vec::new();
        let mut pages = query.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error(error))?;
            let items = page.items.unwrap_or_default().into_iter();
            keys.extend(items.filter_map(|item| EntryKey::from_item(&image(item))));
        }
        Ok(keys)
    }

    /// The entries of one item, newest first, without their images, page by page until `page_read` says that it
    /// has enough.
    pub(super) async fn entries_of_item(
        &self,
        item_key: &ItemKey,
        mut page_read: impl FnMut(Vec<Image>) -> bool,
    ) -> Result<(), LedgerReadError> {
        let mut values = HashMap::from([(":key".to_owned(), Sdk::S(item_key.to_string()))]);
        let condition = if item_key.is_quarantine() {
            "#ItemKey = :key"
        } else {
            // What is remembered of jumps stands behind all entries, and can be much more.
            values.insert(":jumps".to_owned(), Sdk::S(JUMP_PREFIX.to_owned()));
            "#ItemKey = :key AND #ConflictId < :jumps"
        };
        let mut pages = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression(condition)
            // Parts of large images have no kind.
            .filter_expression("attribute_exists(#Kind)")
            .projection_expression(projection())
            .set_expression_attribute_names(Some(projection_names()))
            .set_expression_attribute_values(Some(values))
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
    pub(super) async fn entries(&self, keys: &[EntryKey]) -> Result<Vec<Image>, LedgerReadError> {
        let batches: Vec<_> = keys.chunks(BATCH).map(|keys| self.batch(keys)).collect();
        stream::iter(batches)
            .buffer_unordered(CONCURRENCY)
            .try_concat()
            .await
    }

    async fn batch(&self, keys: &[EntryKey]) -> Result<Vec<Image>, LedgerReadError> {
        let mut unprocessed = KeysAndAttributes::builder()
            .projection_expression(projection())
            .set_expression_attribute_names(Some(projection_names()))
            .set_keys(Some(keys.iter().map(primary_key).collect()))
            .build()
            .ok();
        let mut entries = Vec::with_capacity(keys.len());
        let mut asked = 0;
        while let Some(request) = unprocessed.take() {
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.name, request)
                .send()
                .await
                .map_err(|error| self.error(error))?;
            let items = answer.responses.unwrap_or_default().into_values().flatten();
            entries.extend(items.map(image));
            let left = answer.unprocessed_keys.unwrap_or_default();
            unprocessed = left.into_values().find(|left| !left.keys.is_empty());
            if unprocessed.is_some() {
                asked += 1;
                if asked == ASK_AGAIN {
                    return Err(LedgerReadError::Throttled {
                        table: self.name.clone(),
                        source: None,
                    });
                }
                tokio::time::sleep(Duration::from_millis(25 << asked)).await;
            }
        }
        Ok(entries)
    }

    /// One entry, put together from its parts, and how it is kept.
    pub(super) async fn entry(
        &self,
        key: &EntryKey,
    ) -> Result<Option<(Entry, StorageForm)>, LedgerReadError> {
        let Some(item) = self.get(key).await? else {
            return Ok(None);
        };
        if ledger::is_part(&item) {
            return Err(LedgerReadError::Part(key.conflict_id.clone()));
        }
        let form = StorageForm::from_item(&item);
        let reads: Vec<_> = (1..=form.parts())
            .map(|number| async move { self.get(&key.part(number)).await })
            .collect();
        let parts: Vec<Option<Image>> = stream::iter(reads).buffered(8).try_collect().await?;
        let parts: Vec<Image> = parts.into_iter().map_while(|part| part).collect();
        let entry = Entry::read(item, &parts).map_err(|source| LedgerReadError::Entry {
            id: key.conflict_id.clone(),
            source,
        })?;
        Ok(Some((entry, form)))
    }

    /// An entry as its own item holds it, without what is kept compressed or in parts.
    pub(super) async fn entry_alone(
        &self,
        key: &EntryKey,
    ) -> Result<Option<Entry>, LedgerReadError> {
        let item = self.get(key).await?;
        let entry = item.map(Entry::read_alone).transpose();
        entry.map_err(|source| LedgerReadError::Entry {
            id: key.conflict_id.clone(),
            source,
        })
    }

    /// Writes an item that must not be there yet, and says whether it was not.
    pub(crate) async fn put_new(&self, item: Image) -> Result<bool, LedgerReadError> {
        let item = item.into_iter();
        let answer = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(
                item.map(|(name, value)| (name, value.into())).collect(),
            ))
            .condition_expression("attribute_not_exists(#key)")
            .expression_attribute_names("#key", ITEM_KEY)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(self.write_error(error)),
        }
    }

    /// An UpdateItem of an entry.
    pub(super) fn update(&self, key: &EntryKey) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.name);
        update.set_key(Some(primary_key(key)))
    }

    /// What an error means for who writes.
    pub(super) fn write_error<E>(
        &self,
        error: aws_sdk_dynamodb::error::SdkError<E>,
    ) -> LedgerReadError
    where
        E: aws_sdk_dynamodb::error::ProvideErrorMetadata
            + std::error::Error
            + Send
            + Sync
            + 'static,
    {
        match self.error(error) {
            LedgerReadError::Denied {
                table,
                location,
                source,
            } => LedgerReadError::WriteDenied {
                table,
                location,
                source,
            },
            other => other,
        }
    }

    async fn get(&self, key: &EntryKey) -> Result<Option<Image>, LedgerReadError> {
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

    fn error<E>(&self, error: aws_sdk_dynamodb::error::SdkError<E>) -> LedgerReadError
    where
        E: aws_sdk_dynamodb::error::ProvideErrorMetadata
            + std::error::Error
            + Send
            + Sync
            + 'static,
    {
        LedgerReadError::from_sdk(error, &self.name, &self.location)
    }
}

/// What a list reads of an entry. Names are aliased, as some are reserved words.
fn projection() -> String {
    let paths = PATHS_WITHOUT_IMAGES.map(|path| format!("#{}", path.replace('.', ".#")));
    paths.join(", ")
}

fn projection_names() -> HashMap<String, String> {
    let names = PATHS_WITHOUT_IMAGES.iter().flat_map(|path| path.split('.'));
    names
        .map(|name| (format!("#{name}"), name.to_owned()))
        .collect()
}

fn primary_key(key: &EntryKey) -> HashMap<String, Sdk> {
    let key = key.to_item().into_iter();
    key.map(|(name, value)| (name, value.into())).collect()
}

pub(super) fn image(item: HashMap<String, Sdk>) -> Image {
    let item = item.into_iter();
    item.map(|(name, value)| (name, value.into())).collect()
}
