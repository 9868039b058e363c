//! What is kept of a call until it is answered: what it asked for, and what it wrote.
//!
//! The SDK gives the input away when it serialises it, so this is taken from it before.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::operation::batch_execute_statement::BatchExecuteStatementInput;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemInput;
use aws_sdk_dynamodb::operation::create_table::CreateTableInput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::delete_table::DeleteTableInput;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableInput;
use aws_sdk_dynamodb::operation::execute_statement::ExecuteStatementInput;
use aws_sdk_dynamodb::operation::execute_transaction::ExecuteTransactionInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem, WriteRequest};
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_types::config_bag::{Storable, StoreAppend};

use crate::memory::Table;
use crate::stamp::{Replica, Stamp};
use crate::stamps::{Stamps, is_stamp};
use crate::{Item, StampError};

/// A call whose answer is awaited.
pub(crate) struct Call {
    pub(crate) stamp: Stamp,
    pub(crate) to: Arc<Replica>,
    /// The time in its stamp.
    pub(crate) now: u64,
    pub(crate) asked: Asked,
    open: AtomicBool,
}

/// What a call asks for, of tables that are stamped.
pub(crate) enum Asked {
    Get(Read),
    TransactGet(Vec<Option<Read>>),
    Page(Page),
    /// By the table's name as the request has it.
    BatchGet(HashMap<String, BatchRead>),
    Write(SingleWrite),
    /// At the places of the transaction's entries.
    Transaction {
        writes: Vec<Option<Write>>,
        own_token: bool,
    },
    /// By the table's name as the request has it, at the places of its entries.
    Batch(HashMap<String, Vec<Option<Write>>>),
    /// The texts of PartiQL statements.
    Statements(String),
    /// DescribeTable or CreateTable.
    Description,
    DeleteTable(Arc<Table>),
}

/// A read of one item by its key.
pub(crate) struct Read {
    pub(crate) table: Arc<Table>,
    pub(crate) key: Item,
    pub(crate) projected: bool,
}

/// A query or a scan.
pub(crate) struct Page {
    pub(crate) table: Arc<Table>,
    pub(crate) projected: bool,
    pub(crate) from_index: bool,
}

pub(crate) struct BatchRead {
    pub(crate) table: Arc<Table>,
    pub(crate) keys: Vec<Item>,
    pub(crate) projected: bool,
}

/// A write that is a call of its own.
pub(crate) struct SingleWrite {
    pub(crate) write: Write,
    pub(crate) returned: Option<ReturnValue>,
    /// The stamps that it names itself, and so asks for.
    pub(crate) named: Vec<String>,
}

pub(crate) struct Write {
    pub(crate) table: Arc<Table>,
    /// The key, or of a put all that is needed to tell its item.
    pub(crate) key: Item,
    pub(crate) kind: WriteKind,
    /// Of a put in a batch, what its item had where the stamp is.
    pub(crate) before: Vec<(String, Option<AttributeValue>)>,
}

pub(crate) enum WriteKind {
    /// With the stamps of the item as it is put; `None` for one that was not stamped.
    Put(Option<Stamps>),
    /// Whether it advances this Region's stamp.
    Update(bool),
    Delete,
    /// A transaction's condition check, which writes nothing.
    Check,
}

impl Call {
    pub(crate) fn new(stamp: Stamp, to: Arc<Replica>, asked: Asked) -> Self {
        Self {
            stamp,
            to,
            now: 0,
            asked,
            open: AtomicBool::new(true),
        }
    }

    /// Ends the call; whether it was open still.
    pub(crate) fn close(&self) -> bool {
        self.open.swap(false, Ordering::Relaxed)
    }

    /// The writes of the call.
    pub(crate) fn writes(&self) -> impl Iterator<Item = &Write> {
        let (one, several): (Option<&Write>, Vec<&[Option<Write>]>) = match &self.asked {
            Asked::Write(single) => (Some(&single.write), Vec::new()),
            Asked::Transaction { writes, .. } => (None, vec![writes]),
            Asked::Batch(tables) => (None, tables.values().map(Vec::as_slice).collect()),
            _ => (None, Vec::new()),
        };
        one.into_iter()
            .chain(several.into_iter().flatten().flatten())
    }
}

/// A call that ends without an answer may have been made: that of a future that was dropped, too.
impl Drop for Call {
    fn drop(&mut self) {
        if self.close() {
            self.lost();
        }
    }
}

/// What a call asks for is not for logs.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

impl Storable for Call {
    // A client may have two stamps, and each has its own.
    type Storer = StoreAppend<Self>;
}

/// Whether a call is one of those that may be stamped.
pub(crate) fn is_stamped_operation(input: &Input) -> bool {
    input.downcast_ref::<UpdateItemInput>().is_some()
        || input.downcast_ref::<PutItemInput>().is_some()
        || input.downcast_ref::<BatchWriteItemInput>().is_some()
        || input.downcast_ref::<TransactWriteItemsInput>().is_some()
}

/// Finds out what a call asks for.
pub(crate) struct Asking<'a> {
    pub(crate) stamp: &'a Stamp,
    /// Where it goes to.
    pub(crate) to: &'a dyn Fn() -> Result<Arc<Replica>, StampError>,
    pub(crate) own_token: bool,
}

type Found<T> = Result<Option<T>, StampError>;

impl Asking<'_> {
    /// What a call asks for; `None` where that is no matter of stamps.
    ///
    /// # Errors
    ///
    /// Those of `to`, for a call on a table that is stamped.
    pub(crate) fn asked(&self, input: &Input) -> Found<Asked> {
        if let Some(input) = input.downcast_ref::<GetItemInput>() {
            let projected = is_projected(&input.projection_expression, &input.attributes_to_get);
            let read = self.read(&input.table_name, &input.key, projected)?;
            Ok(read.map(Asked::Get))
        } else if let Some(input) = input.downcast_ref::<QueryInput>() {
            let projected = is_projected(&input.projection_expression, &input.attributes_to_get);
            self.page(&input.table_name, &input.index_name, projected)
        } else if let Some(input) = input.downcast_ref::<ScanInput>() {
            let projected = is_projected(&input.projection_expression, &input.attributes_to_get);
            self.page(&input.table_name, &input.index_name, projected)
        } else if let Some(input) = input.downcast_ref::<UpdateItemInput>() {
            let names = &input.expression_attribute_names;
            let found = self.single(&input.table_name, &input.key, WriteKind::Update(false))?;
            Ok(self.returning(found, &input.return_values, names))
        } else if let Some(input) = input.downcast_ref::<PutItemInput>() {
            let names = &input.expression_attribute_names;
            let found = self.single(&input.table_name, &input.item, WriteKind::Put(None))?;
            Ok(self.returning(found, &input.return_values, names))
        } else if let Some(input) = input.downcast_ref::<DeleteItemInput>() {
            let names = &input.expression_attribute_names;
            let found = self.single(&input.table_name, &input.key, WriteKind::Delete)?;
            Ok(self.returning(found, &input.return_values, names))
        } else if let Some(input) = input.downcast_ref::<BatchGetItemInput>() {
            self.batch_read(input)
        } else if let Some(input) = input.downcast_ref::<BatchWriteItemInput>() {
            self.batch(input)
        } else if let Some(input) = input.downcast_ref::<TransactGetItemsInput>() {
            let reads = input.transact_items.iter().flatten().map(|entry| {
                let Some(get) = &entry.get else {
                    return Ok(None);
                };
                let projected = is_projected(&get.projection_expression, &None);
                self.read_of(&get.table_name, &get.key, projected)
            });
            let reads: Vec<_> = reads.collect::<Result<_, _>>()?;
            Ok(any(&reads).then_some(Asked::TransactGet(reads)))
        } else if let Some(input) = input.downcast_ref::<TransactWriteItemsInput>() {
            let entries = input.transact_items.iter().flatten();
            let writes = entries.map(|entry| self.transact_write(entry));
            let writes: Vec<_> = writes.collect::<Result<_, _>>()?;
            Ok(any(&writes).then_some(Asked::Transaction {
                writes,
                own_token: self.own_token,
            }))
        } else {
            self.asked_rarely(input)
        }
    }

    /// What is not one of the calls that applications make all the time.
    fn asked_rarely(&self, input: &Input) -> Found<Asked> {
        let statements = |texts: Vec<&str>| Ok(Some(Asked::Statements(texts.join("\n"))));
        if let Some(input) = input.downcast_ref::<ExecuteStatementInput>() {
            statements(input.statement.iter().map(String::as_str).collect())
        } else if let Some(input) = input.downcast_ref::<BatchExecuteStatementInput>() {
            let all = input.statements.iter().flatten();
            statements(all.map(|one| one.statement.as_str()).collect())
        } else if let Some(input) = input.downcast_ref::<ExecuteTransactionInput>() {
            let all = input.transact_statements.iter().flatten();
            statements(all.map(|one| one.statement.as_str()).collect())
        } else if let Some(input) = input.downcast_ref::<DeleteTableInput>() {
            let name = input.table_name.as_deref();
            let table = name.map(|name| self.table(name)).transpose()?.flatten();
            Ok(table.map(Asked::DeleteTable))
        } else if input.downcast_ref::<DescribeTableInput>().is_some()
            || input.downcast_ref::<CreateTableInput>().is_some()
        {
            Ok(Some(Asked::Description))
        } else {
            Ok(None)
        }
    }

    /// The table, if it is one that is stamped.
    fn table(&self, name_or_arn: &str) -> Found<Arc<Table>> {
        if !self.stamp.settings().covers(name_or_arn) {
            return Ok(None);
        }
        let to = (self.to)()?;
        Ok(Some(self.stamp.table(&to, name_or_arn)))
    }

    fn read(&self, table: &Option<String>, key: &Option<Item>, projected: bool) -> Found<Read> {
        match (table, key) {
            (Some(table), Some(key)) => self.read_of(table, key, projected),
            _ => Ok(None), // The SDK refuses it, or DynamoDB.
        }
    }

    fn read_of(&self, table: &str, key: &Item, projected: bool) -> Found<Read> {
        let table = self.table(table)?;
        Ok(table.map(|table| Read {
            table,
            key: key.clone(),
            projected,
        }))
    }

    fn page(
        &self,
        table: &Option<String>,
        index: &Option<String>,
        projected: bool,
    ) -> Found<Asked> {
        let Some(table) = table else {
            return Ok(None);
        };
        let table = self.table(table)?;
        Ok(table.map(|table| {
            Asked::Page(Page {
                table,
                projected,
                from_index: is_set(index),
            })
        }))
    }

    fn single(
        &self,
        table: &Option<String>,
        content: &Option<Item>,
        kind: WriteKind,
    ) -> Found<Write> {
        let nothing = Item::new();
        match table {
            Some(table) => self.write(table, content.as_ref().unwrap_or(&nothing), kind),
            None => Ok(None),
        }
    }

    fn returning(
        &self,
        write: Option<Write>,
        returned: &Option<ReturnValue>,
        names: &Option<HashMap<String, String>>,
    ) -> Option<Asked> {
        let prefix = &self.stamp.settings().prefix;
        let named = names.iter().flat_map(HashMap::values);
        let named = named.filter(|name| is_stamp(name, prefix)).cloned();
        Some(Asked::Write(SingleWrite {
            write: write?,
            returned: returned.clone(),
            named: named.collect(),
        }))
    }

    fn write(&self, table: &str, content: &Item, kind: WriteKind) -> Found<Write> {
        let table = self.table(table)?;
        Ok(table.map(|table| Write {
            key: match kind {
                WriteKind::Put(_) => table.identity(content),
                _ => content.clone(),
            },
            table,
            kind,
            before: Vec::new(),
        }))
    }

    fn transact_write(&self, entry: &TransactWriteItem) -> Found<Write> {
        if let Some(put) = &entry.put {
            self.write(&put.table_name, &put.item, WriteKind::Put(None))
        } else if let Some(update) = &entry.update {
            self.write(&update.table_name, &update.key, WriteKind::Update(false))
        } else if let Some(delete) = &entry.delete {
            self.write(&delete.table_name, &delete.key, WriteKind::Delete)
        } else if let Some(check) = &entry.condition_check {
            self.write(&check.table_name, &check.key, WriteKind::Check)
        } else {
            Ok(None)
        }
    }

    fn batch_read(&self, input: &BatchGetItemInput) -> Found<Asked> {
        let mut reads = HashMap::new();
        for (name, request) in input.request_items.iter().flatten() {
            if let Some(table) = self.table(name)? {
                let read = BatchRead {
                    table,
                    keys: request.keys.clone(),
                    projected: is_projected(
                        &request.projection_expression,
                        &request.attributes_to_get,
                    ),
                };
                reads.insert(name.clone(), read);
            }
        }
        Ok((!reads.is_empty()).then_some(Asked::BatchGet(reads)))
    }

    fn batch(&self, input: &BatchWriteItemInput) -> Found<Asked> {
        let mut tables = HashMap::new();
        for (name, entries) in input.request_items.iter().flatten() {
            let writes = entries.iter().map(|entry| self.batch_write(name, entry));
            let writes: Vec<_> = writes.collect::<Result<_, _>>()?;
            if any(&writes) {
                tables.insert(name.clone(), writes);
            }
        }
        Ok((!tables.is_empty()).then_some(Asked::Batch(tables)))
    }

    fn batch_write(&self, table: &str, entry: &WriteRequest) -> Found<Write> {
        if let Some(put) = &entry.put_request {
            self.write(table, &put.item, WriteKind::Put(None))
        } else if let Some(delete) = &entry.delete_request {
            self.write(table, &delete.key, WriteKind::Delete)
        } else {
            Ok(None)
        }
    }
}

fn any<T>(found: &[Option<T>]) -> bool {
    found.iter().any(Option::is_some)
}

/// Whether a read asks for some attributes by name: then it tells nothing of stamps, and hides none.
fn is_projected(expression: &Option<String>, attributes: &Option<Vec<String>>) -> bool {
    is_set(expression) || attributes.as_ref().is_some_and(|names| !names.is_empty())
}

fn is_set(text: &Option<String>) -> bool {
    text.as_ref().is_some_and(|text| !text.is_empty())
}
