//! The ledger table: making it, and reading and emptying it without the network.

use std::path::{Path, PathBuf};

use dynoxide::{Database, DynoxideError};
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

/// A table: its name and its key attributes, the hash key first.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    keys: Vec<String>,
}

impl Table {
    /// What a CreateTable request says.
    pub(super) fn from_request(create_table: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let schema = create_table["KeySchema"].as_array().into_iter().flatten();
        Self {
            name: text(&create_table["TableName"]),
            keys: schema.map(|key| text(&key["AttributeName"])).collect(),
        }
    }

    /// An item's key, as a request takes it.
    fn key_of(&self, item: &Value) -> Value {
        let keys = self.keys.iter();
        keys.map(|name| (name.clone(), item[name].clone()))
            .collect()
    }

    fn failed(&self) -> impl Fn(DynoxideError) -> LedgerError {
        |source| LedgerError::Table {
            table_name: self.name.clone(),
            source,
        }
    }
}

/// Opens the database and makes the table where it is not there yet.
pub(super) fn open(
    create_table: Value,
    ttl_attribute: &str,
    storage: &Storage,
) -> Result<Database, LedgerError> {
    let table = Table::from_request(&create_table);
    let database = match storage {
        Storage::Memory => Database::memory(),
        Storage::File(path) => Database::new(utf8(path)?),
    }
    .map_err(|source| LedgerError::Open {
        storage: storage.clone(),
        source,
    })?;
    let existing = database.get_table_metadata(&table.name);
    if existing.map_err(table.failed())?.is_none() {
        let create = request(create_table)?;
        database.create_table(create).map_err(table.failed())?;
        let expire = request(json!({
            "TableName": table.name,
            "TimeToLiveSpecification": { "AttributeName": ttl_attribute, "Enabled": true },
        }))?;
        database
            .update_time_to_live(expire)
            .map_err(table.failed())?;
    }
    Ok(database)
}

/// All items of the table in DynamoDB JSON, in key order.
pub(super) fn items(database: &Database, table: &Table) -> Result<Vec<Value>, LedgerError> {
    let mut items = Vec::new();
    let mut start = Value::Null;
    loop {
        let mut scan = json!({ "TableName": table.name, "ConsistentRead": true });
        if !start.is_null() {
            scan["ExclusiveStartKey"] = start.take();
        }
        let page = database.scan(request(scan)?).map_err(table.failed())?;
        let mut page = serde_json::to_value(page).map_err(LedgerError::Json)?;
        if let Some(Value::Array(more)) = page.get_mut("Items").map(Value::take) {
            items.extend(more);
        }
        match page.get_mut("LastEvaluatedKey").map(Value::take) {
            Some(key) if !key.is_null() => start = key,
            _ => break,
        }
    }
    let text = |item: &Value, name: &String| {
        let text = item[name]["S"].as_str().unwrap_or_default();
        text.to_owned()
    };
    items.sort_by_cached_key(|item| {
        let keys = table.keys.iter();
        keys.map(|name| text(item, name)).collect::<Vec<_>>()
    });
    Ok(items)
}

/// Deletes all items. Returns how many there were.
pub(super) fn clear(database: &Database, table: &Table) -> Result<usize, LedgerError> {
    let items = items(database, table)?;
    for item in &items {
        let delete = request(json!({ "TableName": table.name, "Key": table.key_of(item) }))?;
        database.delete_item(delete).map_err(table.failed())?;
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
