//! What a table is made of: a CreateTable request, with what a global table needs added.

use dynoxide::DynoxideError;
use dynoxide::actions::create_table::CreateTableRequest;
use serde_json::{Value, json};

/// The usual table's partition key attribute, a string.
const PARTITION_KEY: &str = "PK";
/// The usual table's sort key attribute, a string.
const SORT_KEY: &str = "SK";

/// The definition of a replicated table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableDefinition(Value);

impl TableDefinition {
    /// The usual table: string keys PK and SK, and two indexes of the same shape.
    pub fn usual(table_name: &str) -> Self {
        let names = ["PK", "SK", "GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK"];
        let index = |name: &str| {
            json!({
                "IndexName": name,
                "KeySchema": key_schema(&[&format!("{name}PK"), &format!("{name}SK")]),
                "Projection": {"ProjectionType": "ALL"},
            })
        };
        Self::from_request(json!({
            "TableName": table_name,
            "AttributeDefinitions": names.map(|name| json!({"AttributeName": name, "AttributeType": "S"})),
            "KeySchema": key_schema(&[PARTITION_KEY, SORT_KEY]),
            "GlobalSecondaryIndexes": [index("GSI1"), index("GSI2")],
        }))
    }

    /// A table with these key attributes, name and type (S, N or B): the partition key, and the sort key if there is one.
    pub fn with_keys(table_name: &str, keys: &[(String, String)]) -> Self {
        let names: Vec<&str> = keys.iter().map(|(name, _)| name.as_str()).collect();
        let attributes = keys
            .iter()
            .map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind}));
        Self::from_request(json!({
            "TableName": table_name,
            "AttributeDefinitions": attributes.collect::<Vec<_>>(),
            "KeySchema": key_schema(&names),
        }))
    }

    /// A table as CreateTable would make it. A global table has a stream with both images, whatever the request says.
    pub fn from_request(mut request: Value) -> Self {
        if let Some(members) = request.as_object_mut() {
            members.insert(
                "StreamSpecification".to_owned(),
                json!({"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}),
            );
            if !members.contains_key("ProvisionedThroughput") {
                members
                    .entry("BillingMode")
                    .or_insert_with(|| "PAY_PER_REQUEST".into());
            }
        }
        Self(request)
    }

    /// The table's name; empty where the request has none.
    pub fn table_name(&self) -> &str {
        self.0["TableName"].as_str().unwrap_or_default()
    }

    /// The request's JSON.
    pub(super) fn json(&self) -> &Value {
        &self.0
    }

    pub(super) fn request(&self) -> Result<CreateTableRequest, DynoxideError> {
        serde_json::from_value(self.0.clone()).map_err(|error| {
            let message = error.to_string();
            let message = message.strip_prefix("VALIDATION:").unwrap_or(&message);
            DynoxideError::ValidationException(message.to_owned())
        })
    }
}

fn key_schema(names: &[&str]) -> Value {
    let kinds = ["HASH", "RANGE"];
    let keys = names.iter().zip(kinds);
    keys.map(|(name, kind)| json!({"AttributeName": name, "KeyType": kind}))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_a_stream_of_both_images_and_a_billing_mode_where_it_names_none() {
        let given = json!({
            "TableName": "Orders",
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"},
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        });
        let definition = TableDefinition::from_request(given);
        assert_eq!(definition.table_name(), "Orders");
        let json = definition.json();
        assert_eq!(
            json["StreamSpecification"]["StreamViewType"],
            "NEW_AND_OLD_IMAGES"
        );
        assert_eq!(json.get("BillingMode"), None);
        let keys = [("id".to_owned(), "N".to_owned())];
        let own = TableDefinition::with_keys("Orders", &keys);
        assert_eq!(own.json()["BillingMode"], "PAY_PER_REQUEST");
        assert_eq!(
            own.json()["KeySchema"],
            json!([{"AttributeName": "id", "KeyType": "HASH"}])
        );
        assert!(own.request().is_ok());
    }

    #[test]
    fn what_is_no_table_is_refused_in_dynamodbs_words() {
        let nothing = TableDefinition::from_request(json!({"TableName": "Orders"}));
        let error = nothing.request().err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| !error.contains("VALIDATION:")));
    }
}
