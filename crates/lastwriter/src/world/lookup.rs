//! Finds ledger entries by their `ConflictId` alone, which is all that the function's log names.

use chrono::{DateTime, TimeDelta, Utc};
use dynoxide::Database;
use local_aws::ledger::{Ledger, LedgerError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Looks for entries in one ledger.
#[derive(Clone)]
pub struct Lookup {
    database: Database,
    table: String,
}

impl Lookup {
    /// For this ledger.
    pub fn new(ledger: &Ledger) -> Self {
        Self {
            database: ledger.database().clone(),
            table: ledger.table_name().to_owned(),
        }
    }

    /// The entries with these ids, as DynamoDB JSON, in the same order. They must have been detected less than an
    /// hour before `now`. One that is not there is left out.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database cannot be read.
    pub async fn entries(
        &self,
        ids: Vec<String>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Value>, LedgerError> {
        let lookup = self.clone();
        let find = move || {
            let entries = ids.iter().map(|id| lookup.entry(id, now));
            entries.filter_map(Result::transpose).collect()
        };
        tokio::task::spawn_blocking(find).await?
    }

    fn entry(&self, id: &str, now: DateTime<Utc>) -> Result<Option<Value>, LedgerError> {
        for hour in [now, now - TimeDelta::hours(1)].map(ledger::hour) {
            for bucket in ledger::buckets(&hour) {
                if let Some(key) = self.key(&bucket, id)? {
                    return self.get(&key);
                }
            }
        }
        Ok(None)
    }

    /// The key of the entry with this id, if it is in this bucket.
    fn key(&self, bucket: &str, id: &str) -> Result<Option<Value>, LedgerError> {
        let query = request(json!({
            "TableName": self.table,
            "IndexName": ledger::BY_TIME,
            "KeyConditionExpression": "#b = :b AND ConflictId = :c",
            "ExpressionAttributeNames": { "#b": "Bucket" },
            "ExpressionAttributeValues": { ":b": { "S": bucket }, ":c": { "S": id } },
        }))?;
        let answer = self.database.query(query).map_err(|e| self.failed(e))?;
        let answer = serde_json::to_value(answer).map_err(LedgerError::Json)?;
        let Some(item) = answer["Items"].get(0) else {
            return Ok(None);
        };
        Ok(Some(json!({
            "ItemKey": item["ItemKey"],
            "ConflictId": item["ConflictId"],
        })))
    }

    fn get(&self, key: &Value) -> Result<Option<Value>, LedgerError> {
        let get = request(json!({ "TableName": self.table, "Key": key }))?;
        let answer = self.database.get_item(get).map_err(|e| self.failed(e))?;
        let mut answer = serde_json::to_value(answer).map_err(LedgerError::Json)?;
        Ok(answer
            .get_mut("Item")
            .map(Value::take)
            .filter(|item| !item.is_null()))
    }

    fn failed(&self, source: dynoxide::DynoxideError) -> LedgerError {
        LedgerError::Table {
            table_name: self.table.clone(),
            source,
        }
    }
}

fn request<T: DeserializeOwned>(request: Value) -> Result<T, LedgerError> {
    serde_json::from_value(request).map_err(LedgerError::Json)
}
