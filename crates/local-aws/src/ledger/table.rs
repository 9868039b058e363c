//! The ledger table: its key schema, and reading and emptying it without the network.

use std::path::{Path, PathBuf};

use dynoxide::Database;
use serde_json::{Value, json};

use super::LedgerError;

/// Where a ledger keeps its items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// In memory, gone with the endpoint.
    #[default]
    Memory,
    /// In a file, which a later start reads again.
    File(PathBuf),
}

/// The ledger table's definition as a CreateTable request: the keys and the index of the ledger's specification.
pub fn create_table_request(table_name: &str) -> Value {
    json!({
        "TableName": table_name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "ItemKey", "AttributeType": "S" },
            { "AttributeName": "ConflictId", "AttributeType": "S" },
            { "AttributeName": "Bucket", "AttributeType": "S" },
        ],
        "KeySchema": [
            { "AttributeName": "ItemKey", "KeyType": "HASH" },
            { "AttributeName": "ConflictId", "KeyType": "RANGE" },
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "ByTime",
            "KeySchema": [
                { "AttributeName": "Bucket", "KeyType": "HASH" },
                { "AttributeName": "ConflictId", "KeyType": "RANGE" },
            ],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
    })
}

/// Opens the database and makes the table where it is not there yet.
pub(super) fn open(table_name: &str, storage: &Storage) -> Result<Database, LedgerError> {
    let database = match storage {
        Storage::Memory => Database::memory(),
        Storage::File(path) => Database::new(utf8(path)?),
    }
    .map_err(|source| LedgerError::Open {
        storage: storage.clone(),
        source,
    })?;
    let table = |source| LedgerError::Table {
        table_name: table_name.to_owned(),
        source,
    };
    let exists = database
        .get_table_metadata(table_name)
        .map_err(table)?
        .is_some();
    if !exists {
        let request = request(create_table_request(table_name))?;
        database.create_table(request).map_err(table)?;
        let request = request_ttl(table_name)?;
        database.update_time_to_live(request).map_err(table)?;
    }
    Ok(database)
}

fn request_ttl<T: serde::de::DeserializeOwned>(table_name: &str) -> Result<T, LedgerError> {
    request(json!({
        "TableName": table_name,
        "TimeToLiveSpecification": { "AttributeName": "ExpiresAt", "Enabled": true },
    }))
}

/// All items of the table in DynamoDB JSON, in key order.
pub(super) fn items(database: &Database, table_name: &str) -> Result<Vec<Value>, LedgerError> {
    let mut items = Vec::new();
    let mut start = Value::Null;
    loop {
        let mut scan = json!({ "TableName": table_name, "ConsistentRead": true });
        if !start.is_null() {
            scan["ExclusiveStartKey"] = start.take();
        }
        let page = database
            .scan(request(scan)?)
            .map_err(|source| LedgerError::Table {
                table_name: table_name.to_owned(),
                source,
            })?;
        let mut page = serde_json::to_value(page).map_err(LedgerError::Json)?;
        if let Some(Value::Array(more)) = page.get_mut("Items").map(Value::take) {
            items.extend(more);
        }
        match page.get_mut("LastEvaluatedKey").map(Value::take) {
            Some(key) if !key.is_null() => start = key,
            _ => break,
        }
    }
    let key = |item: &Value, name: &str| {
        let value = item.pointer(&format!("/{name}/S"));
        value.and_then(Value::as_str).unwrap_or("").to_owned()
    };
    items.sort_by_cached_key(|item| (key(item, "ItemKey"), key(item, "ConflictId")));
    Ok(items)
}

/// Deletes all items. Returns how many there were.
pub(super) fn clear(database: &Database, table_name: &str) -> Result<usize, LedgerError> {
    let items = items(database, table_name)?;
    for item in &items {
        let key = json!({
            "TableName": table_name,
            "Key": { "ItemKey": item["ItemKey"], "ConflictId": item["ConflictId"] },
        });
        database
            .delete_item(request(key)?)
            .map_err(|source| LedgerError::Table {
                table_name: table_name.to_owned(),
                source,
            })?;
    }
    Ok(items.len())
}

fn request<T: serde::de::DeserializeOwned>(request: Value) -> Result<T, LedgerError> {
    serde_json::from_value(request).map_err(LedgerError::Json)
}

fn utf8(path: &Path) -> Result<&str, LedgerError> {
    path.to_str()
        .ok_or_else(|| LedgerError::Path(path.to_owned()))
}
