//! A stream record in the form in which GetRecords gives it.

use serde_json::{Map, Value};

use crate::shard::ShardRecord;

/// The record as Lambda gets it is the API's but for two things: the API names no `eventSourceARN`, and writes the
/// members of `userIdentity` with capitals
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Identity.html>).
pub(super) fn record(record: &ShardRecord) -> Result<Value, serde_json::Error> {
    let mut members: Map<String, Value> = serde_json::from_str(record.json.get())?;
    members.remove("eventSourceARN");
    if let Some(Value::Object(identity)) = members.get_mut("userIdentity") {
        for (lambda, api) in [("principalId", "PrincipalId"), ("type", "Type")] {
            if let Some(value) = identity.remove(lambda) {
                identity.insert(api.to_owned(), value);
            }
        }
    }
    Ok(members.into())
}

/// The text of a record's key: the same for all records of one item.
pub(super) fn keys(record: &Value) -> String {
    record["dynamodb"]["Keys"].to_string()
}
