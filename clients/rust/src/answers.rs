//! What is done with DynamoDB's answers: the stamps in them are remembered, and hidden from the caller.
//!
//! An answer tells what its process has now seen, a write that went through what it has written. Where an answer leaves it
//! open what an item's stamps are now, the item is forgotten: its next put says that it knows no history.

use std::collections::HashSet;

use aws_sdk_dynamodb::config::interceptors::FinalizerInterceptorContextMut;
use aws_sdk_dynamodb::operation::batch_execute_statement::BatchExecuteStatementOutput;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::operation::create_table::CreateTableOutput;
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemOutput};
use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput;
use aws_sdk_dynamodb::operation::execute_statement::ExecuteStatementOutput;
use aws_sdk_dynamodb::operation::execute_transaction::ExecuteTransactionOutput;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ReturnValue, TableDescription, WriteRequest};
use aws_smithy_runtime_api::client::interceptors::context::{Error, Output};
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;

use crate::Item;
use crate::call::{Asked, BatchRead, Call, Page, Read, SingleWrite, Write, WriteKind};
use crate::memory::{Memory, Table};
use crate::stamps::{Pair, Stamps, is_stamp};

impl Call {
    /// Is told of the call's end.
    pub(crate) fn answered(&self, context: &mut FinalizerInterceptorContextMut<'_>) {
        let status = context.response().map(|response| response.status());
        let refused = status.is_some_and(|status| status.is_client_error());
        match context.output_or_error_mut() {
            Some(Ok(output)) => self.read(output),
            Some(Err(error)) if refused => {
                if let Some(found) = error.as_operation_error() {
                    self.refused(found);
                    if self.stamp.settings().hide {
                        self.hide_in(error);
                    }
                }
            }
            _ => self.lost(),
        }
    }

    /// No answer came, or one that leaves open whether the write was made: what it wrote to is not known now.
    pub(crate) fn lost(&self) {
        for write in self.writes() {
            if !matches!(write.kind, WriteKind::Check) {
                self.memory().forget(&write.table, &write.key);
            }
        }
        if let Asked::Statements(statements) = &self.asked {
            self.forget_tables_in(statements);
        }
    }

    fn memory(&self) -> &Memory {
        self.stamp.memory()
    }

    fn prefix(&self) -> &str {
        &self.stamp.settings().prefix
    }

    /// The call went through.
    fn read(&self, output: &mut Output) {
        match &self.asked {
            Asked::Get(read) => {
                if let Some(output) = output.downcast_mut::<GetItemOutput>() {
                    self.one_item(read, output.item.as_mut());
                }
            }
            Asked::TransactGet(reads) => {
                if let Some(output) = output.downcast_mut::<TransactGetItemsOutput>() {
                    let responses = output.responses.iter_mut().flatten();
                    for (read, response) in reads.iter().zip(responses) {
                        if let Some(read) = read {
                            self.one_item(read, response.item.as_mut());
                        }
                    }
                }
            }
            Asked::Page(page) => {
                if let Some(output) = output.downcast_mut::<QueryOutput>() {
                    self.page(page, &output.last_evaluated_key, &mut output.items);
                } else if let Some(output) = output.downcast_mut::<ScanOutput>() {
                    self.page(page, &output.last_evaluated_key, &mut output.items);
                }
            }
            Asked::BatchGet(reads) => {
                if let Some(output) = output.downcast_mut::<BatchGetItemOutput>() {
                    for (name, found) in output.responses.iter_mut().flatten() {
                        if let Some(read) = reads.get(name) {
                            let left = output.unprocessed_keys.as_ref();
                            let left = left.and_then(|left| left.get(name));
                            self.batch_read(read, left.map_or(&[], |left| &left.keys), found);
                        }
                    }
                }
            }
            Asked::Write(single) => {
                if let Some(output) = output.downcast_mut::<UpdateItemOutput>() {
                    self.written(single, &mut output.attributes);
                } else if let Some(output) = output.downcast_mut::<PutItemOutput>() {
                    self.written(single, &mut output.attributes);
                } else if let Some(output) = output.downcast_mut::<DeleteItemOutput>() {
                    self.written(single, &mut output.attributes);
                }
            }
            // It may have been made before, under the same token, and then it was not made again now.
            Asked::Transaction {
                own_token: true, ..
            } => self.lost(),
            Asked::Transaction { writes, .. } => {
                for write in writes.iter().flatten() {
                    self.wrote(write);
                }
            }
            Asked::Batch(tables) => {
                if let Some(output) = output.downcast_mut::<BatchWriteItemOutput>() {
                    for (name, writes) in tables {
                        let left = output.unprocessed_items.as_mut();
                        let left = left.and_then(|left| left.get_mut(name));
                        self.batch_written(writes, left.map_or(&mut [], Vec::as_mut_slice));
                    }
                }
            }
            Asked::Statements(statements) => {
                self.forget_tables_in(statements);
                if !statements.contains(&format!("{}:", self.prefix())) {
                    self.hide_of_statements(output);
                }
            }
            Asked::Description => {
                if let Some(output) = output.downcast_ref::<DescribeTableOutput>() {
                    self.described(output.table.as_ref());
                } else if let Some(output) = output.downcast_ref::<CreateTableOutput>() {
                    self.described(output.table_description.as_ref());
                }
            }
            Asked::DeleteTable(table) => self.memory().forget_table(table),
        }
    }

    /// DynamoDB refused the call. The error may hold items, where the caller asked for them.
    fn refused(&self, error: &Error) {
        let condition = if let Some(UpdateItemError::ConditionalCheckFailedException(failed)) =
            error.downcast_ref()
        {
            failed.item.as_ref()
        } else if let Some(PutItemError::ConditionalCheckFailedException(failed)) =
            error.downcast_ref()
        {
            failed.item.as_ref()
        } else if let Some(DeleteItemError::ConditionalCheckFailedException(failed)) =
            error.downcast_ref()
        {
            failed.item.as_ref()
        } else {
            None
        };
        if let (Some(item), Asked::Write(single)) = (condition, &self.asked) {
            let write = &single.write;
            if !matches!(write.kind, WriteKind::Put(_)) {
                write.table.learn_key(&write.key);
            }
            self.seen(&write.table, &write.key, item);
        }
        if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.downcast_ref()
            && let Asked::Transaction { writes, .. } = &self.asked
        {
            let reasons = cancelled.cancellation_reasons.iter().flatten();
            for (write, reason) in writes.iter().zip(reasons) {
                if let (Some(write), Some(item)) = (write, &reason.item) {
                    self.seen(&write.table, &write.key, item);
                }
            }
        }
    }

    /// An item that was read by its key; `None` where there was none.
    fn one_item(&self, read: &Read, found: Option<&mut Item>) {
        read.table.learn_key(&read.key);
        match found {
            Some(found) if !read.projected => {
                self.seen(&read.table, &read.key, found);
                self.hide(found);
            }
            _ => self.memory().forget(&read.table, &read.key),
        }
    }

    /// An item with all that is in it.
    fn seen(&self, table: &Table, key: &Item, item: &Item) {
        if let Some(signed) = self.stamp.signed() {
            signed.notice(&table.name, item);
        }
        self.memory()
            .add(table, key, Stamps::read(item, self.prefix()));
    }

    fn hide(&self, item: &mut Item) {
        if self.stamp.settings().hide {
            item.retain(|name, _| !is_stamp(name, self.prefix()));
        }
    }

    fn hide_of_statements(&self, output: &mut Output) {
        if let Some(output) = output.downcast_mut::<ExecuteStatementOutput>() {
            let items = output.items.iter_mut().flatten();
            items.for_each(|item| self.hide(item));
        } else if let Some(output) = output.downcast_mut::<BatchExecuteStatementOutput>() {
            let responses = output.responses.iter_mut().flatten();
            let items = responses.filter_map(|response| response.item.as_mut());
            items.for_each(|item| self.hide(item));
        } else if let Some(output) = output.downcast_mut::<ExecuteTransactionOutput>() {
            let responses = output.responses.iter_mut().flatten();
            let items = responses.filter_map(|response| response.item.as_mut());
            items.for_each(|item| self.hide(item));
        }
    }

    /// Hides the stamps in an error's items, if the call is one on tables that are stamped.
    fn hide_in(&self, error: &mut OrchestratorError<Error>) {
        let hide = |item: &mut Option<Item>| item.iter_mut().for_each(|item| self.hide(item));
        // The SDK lends an error out to be read only. It is taken from its place for as long as it is changed.
        let taken = std::mem::replace(error, OrchestratorError::other("the error is being read"));
        *error = match &self.asked {
            Asked::Write(_) => taken.map_operation_error(|error| {
                changed(error, |error| {
                    if let UpdateItemError::ConditionalCheckFailedException(it) = error {
                        hide(&mut it.item);
                    }
                })
                .or_else(|error| {
                    changed(error, |error| {
                        if let PutItemError::ConditionalCheckFailedException(it) = error {
                            hide(&mut it.item);
                        }
                    })
                })
                .or_else(|error| {
                    changed(error, |error| {
                        if let DeleteItemError::ConditionalCheckFailedException(it) = error {
                            hide(&mut it.item);
                        }
                    })
                })
                .unwrap_or_else(|error| error)
            }),
            Asked::Transaction { writes, .. } => taken.map_operation_error(|error| {
                changed(error, |error| {
                    if let TransactWriteItemsError::TransactionCanceledException(it) = error {
                        let reasons = it.cancellation_reasons.iter_mut().flatten();
                        let stamped = writes.iter().zip(reasons);
                        let stamped = stamped.filter(|(write, _)| write.is_some());
                        stamped.for_each(|(_, reason)| hide(&mut reason.item));
                    }
                })
                .unwrap_or_else(|error| error)
            }),
            _ => taken,
        };
    }

    fn page(&self, page: &Page, last: &Option<Item>, found: &mut Option<Vec<Item>>) {
        let last = last.as_ref().filter(|last| !last.is_empty());
        if let (Some(last), false) = (last, page.from_index) {
            page.table.learn_key(last);
        }
        for item in found.iter_mut().flatten() {
            // An index may leave the stamps out, and then says nothing of them.
            if page.projected || (page.from_index && !self.has_stamps(item)) {
                self.memory().forget(&page.table, item);
            } else {
                self.seen(&page.table, item, item);
                self.hide(item);
            }
        }
    }

    fn has_stamps(&self, item: &Item) -> bool {
        item.keys().any(|name| is_stamp(name, self.prefix()))
    }

    fn batch_read(&self, read: &BatchRead, unprocessed: &[Item], found: &mut [Item]) {
        let Some(first) = read.keys.first() else {
            return;
        };
        let table = &read.table;
        table.learn_key(first);
        if read.projected {
            for key in &read.keys {
                self.memory().forget(table, key);
            }
            return;
        }
        if found.len() + unprocessed.len() < read.keys.len() {
            let there = found.iter().chain(unprocessed);
            let there: HashSet<_> = there.map(|item| table.key(item)).collect();
            for key in &read.keys {
                if !there.contains(&table.key(key)) {
                    self.memory().forget(table, key);
                }
            }
        }
        for item in found {
            self.seen(table, item, item);
            self.hide(item);
        }
    }

    /// The answer of a single write, with the attributes that it returns.
    fn written(&self, single: &SingleWrite, attributes: &mut Option<Item>) {
        let write = &single.write;
        let learnt = |item: &Item| self.seen(&write.table, &write.key, item);
        match (&single.returned, attributes.as_ref()) {
            (Some(ReturnValue::AllNew), Some(item)) if !item.is_empty() => {
                write.table.learn_key(&write.key);
                learnt(item);
            }
            (Some(ReturnValue::AllOld), Some(item)) => {
                if !matches!(write.kind, WriteKind::Put(_)) {
                    write.table.learn_key(&write.key);
                }
                learnt(item);
                self.wrote(write);
            }
            _ => self.wrote(write),
        }
        let shown = attributes.as_mut().filter(|item| self.has_stamps(item));
        if let Some(item) = shown
            && self.stamp.settings().hide
        {
            item.retain(|name, _| !is_stamp(name, self.prefix()) || single.named.contains(name));
            if item.is_empty() {
                *attributes = None; // Without the stamp there would have been nothing to return.
            }
        }
    }

    /// A write that was made.
    fn wrote(&self, write: &Write) {
        let (table, key) = (&*write.table, &write.key);
        let region = &self.to.names.region;
        if !matches!(write.kind, WriteKind::Put(_)) {
            table.learn_key(key);
        }
        match &write.kind {
            WriteKind::Delete => self.memory().forget(table, key),
            WriteKind::Update(true) => self.memory().change(table, key, |known| {
                let own = known.pair(region).unwrap_or_default();
                let advanced = Pair {
                    count: Some(own.count.unwrap_or(0) + 1),
                    time: own.time.max(Some(self.now)),
                };
                known.with(region, advanced)
            }),
            WriteKind::Put(Some(stamps)) => {
                let first = Some(1) == stamps.pair(region).and_then(|own| own.count);
                if first && stamps.pairs.len() == 1 && stamps.reset.is_none() {
                    // Its condition said that there was none.
                    self.memory().replace(table, key, stamps.clone());
                } else {
                    self.memory().add(table, key, stamps.clone());
                }
            }
            WriteKind::Put(None) => self.memory().forget(table, key),
            WriteKind::Update(false) | WriteKind::Check => {}
        }
    }

    /// The writes of a batch on one table. The puts that were not made are given back as the caller had them, to be sent
    /// again as a call of its own: the write that never happened must not count.
    fn batch_written(&self, writes: &[Option<Write>], unprocessed: &mut [WriteRequest]) {
        for write in writes.iter().flatten() {
            let mut left = unprocessed.iter_mut();
            let Some(entry) = left.find(|entry| self.is_made_of(write, entry)) else {
                self.wrote(write);
                continue;
            };
            if let Some(put) = &mut entry.put_request {
                for (name, value) in &write.before {
                    match value {
                        Some(value) => put.item.insert(name.clone(), value.clone()),
                        None => put.item.remove(name),
                    };
                }
            }
        }
    }

    /// Whether an answer's entry is this write of a batch.
    fn is_made_of(&self, write: &Write, entry: &WriteRequest) -> bool {
        let content = match write.kind {
            WriteKind::Put(_) => entry.put_request.as_ref().map(|put| &put.item),
            _ => entry.delete_request.as_ref().map(|delete| &delete.key),
        };
        // Where the key's names are not known, all of the item is compared, and its stamps are not as they were.
        let is_key = |name: &str| !is_stamp(name, self.prefix());
        content.is_some_and(|content| {
            let mut key = write.key.iter().filter(|(name, _)| is_key(name));
            key.all(|(name, value)| content.get(name) == Some(value))
        })
    }

    fn described(&self, description: Option<&TableDescription>) {
        let Some(description) = description else {
            return;
        };
        let name = description.table_name.as_deref();
        let Some(name) = name.filter(|name| self.stamp.settings().covers(name)) else {
            return;
        };
        let schema = description.key_schema.iter().flatten();
        let names = schema.map(|key| key.attribute_name.clone());
        self.stamp.table(&self.to, name).learn_key_names(names);
    }

    fn forget_tables_in(&self, statements: &str) {
        let named = |table: &str| statements.contains(table);
        self.memory().forget_tables(&self.to.endpoint, named);
    }
}

/// The error with a change, if it is of this type; else as it is.
fn changed<E>(error: Error, change: impl FnOnce(&mut E)) -> Result<Error, Error>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut found = error.downcast::<E>()?;
    change(&mut found);
    Ok(Error::erase(found))
}
