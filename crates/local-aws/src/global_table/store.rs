//! One replica's DynamoDB: a dynoxide database, and a table of it.
//!
//! dynoxide keeps its stream records in a SQLite table without an index on the sequence number, and looks for the
//! highest one on every write. That costs more with each record, so the database is opened once beforehand to add
//! the index, and a trigger that trims what nobody will read any more.

use std::path::Path;

use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::get_records::{GetRecordsRequest, Record};
use dynoxide::actions::get_shard_iterator::encode_shard_iterator;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::storage::Storage;
use dynoxide::{Database, DynoxideError, streams};

use super::item::Item;
use super::{ItemKey, Region};

/// Stream records that dynoxide keeps before the oldest go: more than any one request makes. The replicator reads each
/// one at once, and applications read the replica's own stream.
const STREAM_RECORDS_KEPT: u32 = 10_000;

/// Most records that one read of the stream gives.
const READ_LIMIT: usize = 1_000;

/// dynoxide's public sequence numbers are its stored ones, moved up by this to have 21 digits.
const SEQUENCE_NUMBER_OFFSET: u128 = 100_000_000_000_000_000_000;

pub(super) struct Store {
    db: Database,
    table: String,
    /// The stored sequence number of the last stream record read.
    position: i64,
}

/// Opens the database of one Region, in memory or in `directory`.
pub(super) fn open_database(
    region: Region,
    directory: Option<&Path>,
) -> Result<Database, DynoxideError> {
    let path = match directory {
        Some(directory) => directory
            .join(format!("{region}.sqlite"))
            .to_string_lossy()
            .into_owned(),
        // A shared in-memory database lives as long as one connection to it is open: the one that adds the index
        // stays until dynoxide has opened its own.
        None => format!(
            "file:{region}-{:016x}?mode=memory&cache=shared",
            fastrand::u64(..)
        ),
    };
    let preparing = prepare(&path)?;
    let database = Database::new(&path)?;
    drop(preparing);
    Ok(database)
}

impl Store {
    /// A table of a database, its stream unread.
    pub(super) fn new(database: Database, table: &str) -> Self {
        Self {
            db: database,
            table: table.to_owned(),
            position: 0,
        }
    }

    /// The position in the stream up to which it has been read.
    pub(super) fn position(&self) -> i64 {
        self.position
    }

    /// Continues to read after `position`.
    pub(super) fn resume(&mut self, position: i64) {
        self.position = position;
    }

    /// The stream records since the last call.
    pub(super) fn drain(&mut self) -> Result<Vec<Record>, DynoxideError> {
        let mut drained = Vec::new();
        loop {
            let read = self.db.get_records(GetRecordsRequest {
                shard_iterator: encode_shard_iterator(
                    &self.table,
                    &streams::shard_id(&self.table),
                    self.position,
                ),
                limit: Some(READ_LIMIT),
            })?;
            let full = read.records.len() == READ_LIMIT;
            if let Some(last) = read.records.last() {
                self.position = position_of(&last.dynamodb.sequence_number)?;
            }
            drained.extend(read.records);
            if !full {
                return Ok(drained);
            }
        }
    }

    /// Writes a whole item, whatever is there.
    pub(super) fn put(&self, item: Item) -> Result<(), DynoxideError> {
        self.db.put_item(PutItemRequest {
            table_name: self.table.clone(),
            item,
            ..PutItemRequest::default()
        })?;
        Ok(())
    }

    /// Deletes an item, whether it is there or not.
    pub(super) fn delete(&self, key: &ItemKey) -> Result<(), DynoxideError> {
        self.db.delete_item(DeleteItemRequest {
            table_name: self.table.clone(),
            key: key.attributes(),
            ..DeleteItemRequest::default()
        })?;
        Ok(())
    }

    /// Reads an item.
    pub(super) fn get(&self, key: &ItemKey) -> Result<Option<Item>, DynoxideError> {
        let answer = self.db.get_item(GetItemRequest {
            table_name: self.table.clone(),
            key: key.attributes(),
            consistent_read: Some(true),
            ..GetItemRequest::default()
        })?;
        Ok(answer.item)
    }
}

/// Adds the index and the trimming to the database at `path`.
fn prepare(path: &str) -> Result<Storage, DynoxideError> {
    let storage = Storage::new(path)?;
    storage.conn().execute_batch(&format!(
        "CREATE INDEX IF NOT EXISTS stream_records_by_sequence
             ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
         CREATE TRIGGER IF NOT EXISTS trim_stream_records AFTER INSERT ON _stream_records BEGIN
             DELETE FROM _stream_records WHERE id <= NEW.id - {STREAM_RECORDS_KEPT};
         END;"
    ))?;
    Ok(storage)
}

fn position_of(sequence_number: &str) -> Result<i64, DynoxideError> {
    sequence_number
        .parse::<u128>()
        .ok()
        .and_then(|public| i64::try_from(public.checked_sub(SEQUENCE_NUMBER_OFFSET)?).ok())
        .ok_or_else(|| {
            DynoxideError::InternalServerError(format!(
                "the stream gave the sequence number {sequence_number}, which is not of the expected form"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::global_table::TableDefinition;

    fn store() -> Store {
        let database = open_database(Region::parse("us-east-1").unwrap(), None).unwrap();
        let definition = TableDefinition::usual("App");
        database
            .create_table(definition.request().unwrap())
            .unwrap();
        Store::new(database, "App")
    }

    fn key(pk: &str) -> ItemKey {
        let item = item(pk, 0);
        let of_key = |name: &str| (name.to_owned(), item[name].clone());
        ItemKey::new("App", &["PK", "SK"].map(of_key).into())
    }

    fn item(pk: &str, n: u32) -> Item {
        serde_json::from_value(serde_json::json!({
            "PK": {"S": pk}, "SK": {"S": "x"}, "n": {"N": n.to_string()}
        }))
        .unwrap()
    }

    #[test]
    fn a_drain_gives_each_change_once_and_in_order() {
        let mut store = store();
        for n in 0..3 {
            store.put(item("a", n)).unwrap();
        }
        store.delete(&key("a")).unwrap();
        let names: Vec<_> = store
            .drain()
            .unwrap()
            .into_iter()
            .map(|record| record.event_name)
            .collect();
        assert_eq!(names, ["INSERT", "MODIFY", "MODIFY", "REMOVE"]);
        assert!(store.drain().unwrap().is_empty());
    }

    #[test]
    fn a_drain_reads_on_past_the_limit_of_one_read() {
        let mut store = store();
        for n in 0..READ_LIMIT + 5 {
            store.put(item(&n.to_string(), 0)).unwrap();
        }
        assert_eq!(store.drain().unwrap().len(), READ_LIMIT + 5);
    }

    #[test]
    fn two_databases_in_memory_share_nothing() {
        let (a, b) = (store(), store());
        a.put(item("a", 1)).unwrap();
        assert_eq!(b.get(&key("a")).unwrap(), None);
    }
}
