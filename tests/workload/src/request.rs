//! The requests that writers make, with the stamps that belong in them.

use local_aws::global_table::Region;
use serde_json::{Map, Value, json};

use super::history::WriteKind;
use super::item_id::ItemId;

/// A request, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) operation: &'static str,
    pub(super) body: Value,
    /// What the replica tells the history about the write; `None` for a read.
    pub(super) kind: Option<WriteKind>,
}

/// Makes the requests for one Region's endpoint.
#[derive(Debug, Clone)]
pub(super) struct RequestBuilder {
    pub(super) table: String,
    pub(super) region: Region,
    /// All Regions that stamps can be of.
    pub(super) regions: Vec<Region>,
    pub(super) prefix: String,
    pub(super) ttl: String,
    /// Whether its writers stamp.
    pub(super) stamps: bool,
    /// Whether its writers keep a version number and the Region of the latest write.
    pub(super) borrow: bool,
}

/// The attribute that counts writes, whoever makes them, where writers keep one.
pub const VERSION_ATTRIBUTE: &str = "version";
/// The attribute that names the Region of the latest write, beside it.
pub const ORIGIN_ATTRIBUTE: &str = "changedIn";

/// An UpdateItem in the making.
struct Update {
    set: Vec<String>,
    remove: Vec<String>,
    add: Vec<String>,
    names: Map<String, Value>,
    values: Map<String, Value>,
    condition: Option<String>,
}

impl Update {
    fn new() -> Self {
        Self {
            set: Vec::new(),
            remove: Vec::new(),
            add: Vec::new(),
            names: Map::new(),
            values: Map::new(),
            condition: None,
        }
    }

    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#a{}", self.names.len());
        self.names.insert(placeholder.clone(), name.into());
        placeholder
    }

    fn value(&mut self, value: Value) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    fn set(&mut self, name: &str, value: Value) {
        let (name, value) = (self.name(name), self.value(value));
        self.set.push(format!("{name} = {value}"));
    }

    fn remove(&mut self, name: &str) {
        let name = self.name(name);
        self.remove.push(name);
    }

    fn add(&mut self, name: &str, value: Value) {
        let (name, value) = (self.name(name), self.value(value));
        self.add.push(format!("{name} {value}"));
    }

    fn require(&mut self, function: &str, name: &str) {
        let name = self.name(name);
        self.condition = Some(format!("{function}({name})"));
    }
}

impl RequestBuilder {
    /// The same requests from a writer that does not stamp.
    pub(super) fn unstamped(&self) -> Self {
        Self {
            stamps: false,
            ..self.clone()
        }
    }

    /// An update of one attribute: one request, without a read.
    pub(super) fn update(&self, key: &ItemId, name: &str, value: Value, now: u64) -> Request {
        let mut update = Update::new();
        update.set(name, value);
        self.stamp(&mut update, now);
        self.update_item(key, update, WriteKind::Update)
    }

    /// The same, but only on an item that is not marked as deleted.
    pub(super) fn update_live(&self, key: &ItemId, name: &str, value: Value, now: u64) -> Request {
        let mut update = Update::new();
        update.set(name, value);
        update.require("attribute_not_exists", &self.deleted());
        self.stamp(&mut update, now);
        self.update_item(key, update, WriteKind::Update)
    }

    /// An update that counts, as the hot item's writers do.
    pub(super) fn count(&self, key: &ItemId, name: &str, by: i64, now: u64) -> Request {
        let mut update = Update::new();
        update.add(name, number(by));
        self.stamp(&mut update, now);
        self.update_item(key, update, WriteKind::Update)
    }

    /// Marks an item as deleted and lets TTL purge it at `expires` (seconds).
    pub(super) fn soft_delete(&self, key: &ItemId, expires: u64, now: u64) -> Request {
        let mut update = Update::new();
        update.set(&self.deleted(), json!({"BOOL": true}));
        update.set(&self.ttl, number(expires));
        update.require("attribute_exists", "PK");
        self.stamp(&mut update, now);
        self.update_item(key, update, WriteKind::SoftDelete)
    }

    /// Takes mark and TTL away again, if the item is still marked.
    pub(super) fn revive(&self, key: &ItemId, now: u64) -> Request {
        let mut update = Update::new();
        update.remove(&self.deleted());
        update.remove(&self.ttl);
        update.require("attribute_exists", &self.deleted());
        self.stamp(&mut update, now);
        self.update_item(key, update, WriteKind::Revive)
    }

    /// A PutItem of `item` that must not exist yet.
    pub(super) fn create(&self, key: &ItemId, mut item: Map<String, Value>, now: u64) -> Request {
        self.put_keys(key, &mut item);
        if self.stamps {
            item.insert(self.n(self.region), number(1));
            item.insert(self.t(self.region), number(now));
        }
        self.note_version(&mut item);
        let body = json!({
            "TableName": self.table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(PK)",
        });
        put_item(body, self.kind(WriteKind::Put))
    }

    /// A PutItem of an item that was read, with one attribute changed and its own Region's pair moved on, on the condition
    /// that the stamps are still those that were read. Who does not stamp has to ask that of every attribute.
    pub(super) fn put_back(
        &self,
        mut item: Map<String, Value>,
        (name, value): (&str, Value),
        now: u64,
    ) -> Request {
        let mut conditions = vec!["attribute_exists(PK)".to_owned()];
        let mut names = Map::new();
        let mut values = Map::new();
        let compared: Vec<String> = match self.stamps {
            true => {
                let regions = self.regions.iter();
                regions.flat_map(|r| [self.n(*r), self.t(*r)]).collect()
            }
            false => item.keys().cloned().chain([name.to_owned()]).collect(),
        };
        for (at, name) in compared.into_iter().enumerate() {
            match item.get(&name) {
                Some(value) => {
                    conditions.push(format!("#s{at} = :s{at}"));
                    values.insert(format!(":s{at}"), value.clone());
                }
                None => conditions.push(format!("attribute_not_exists(#s{at})")),
            }
            names.insert(format!("#s{at}"), name.into());
        }
        if self.stamps {
            let n = item.get(&self.n(self.region)).and_then(read_number);
            item.insert(self.n(self.region), number(n.unwrap_or(0) + 1));
            item.insert(self.t(self.region), number(now));
        }
        self.note_version(&mut item);
        item.insert(name.to_owned(), value);
        let mut body = json!({
            "TableName": self.table,
            "Item": item,
            "ConditionExpression": conditions.join(" AND "),
            "ExpressionAttributeNames": names,
        });
        if !values.is_empty() {
            body["ExpressionAttributeValues"] = values.into();
        }
        put_item(body, self.kind(WriteKind::Put))
    }

    /// A PutItem that read nothing: it starts its Region's pair afresh and says so.
    pub(super) fn blind_put(
        &self,
        key: &ItemId,
        mut item: Map<String, Value>,
        now: u64,
    ) -> Request {
        self.put_keys(key, &mut item);
        item.insert(self.n(self.region), number(1));
        item.insert(self.t(self.region), number(now));
        item.insert(format!("{}:reset", self.prefix), number(now));
        self.note_version(&mut item);
        put_item(
            json!({"TableName": self.table, "Item": item}),
            WriteKind::BlindPut,
        )
    }

    /// Reads an item.
    pub(super) fn get(&self, key: &ItemId) -> Request {
        Request {
            operation: "GetItem",
            body: json!({"TableName": self.table, "Key": key_json(key), "ConsistentRead": true}),
            kind: None,
        }
    }

    /// Reads all of a user's items.
    pub(super) fn query(&self, pk: &str) -> Request {
        Request {
            operation: "Query",
            body: json!({
                "TableName": self.table,
                "KeyConditionExpression": "PK = :pk",
                "ExpressionAttributeValues": {":pk": {"S": pk}},
                "Limit": 20,
            }),
            kind: None,
        }
    }

    /// What the application itself keeps, in an item that is put: one more than the item has that was read.
    fn note_version(&self, item: &mut Map<String, Value>) {
        if self.borrow {
            let version = item.get(VERSION_ATTRIBUTE).and_then(read_number);
            item.insert(
                VERSION_ATTRIBUTE.to_owned(),
                number(version.unwrap_or(0) + 1),
            );
            item.insert(
                ORIGIN_ATTRIBUTE.to_owned(),
                json!({"S": self.region.name()}),
            );
        }
    }

    /// What belongs into every update: what the application itself keeps, and the stamps.
    fn stamp(&self, update: &mut Update, now: u64) {
        if self.borrow {
            update.set(ORIGIN_ATTRIBUTE, json!({"S": self.region.name()}));
            update.add(VERSION_ATTRIBUTE, number(1));
        }
        if !self.stamps {
            return;
        }
        update.set(&self.t(self.region), number(now));
        update.add(&self.n(self.region), number(1));
    }

    fn update_item(&self, key: &ItemId, update: Update, kind: WriteKind) -> Request {
        let mut clauses = Vec::new();
        for (word, parts) in [
            ("SET", update.set),
            ("REMOVE", update.remove),
            ("ADD", update.add),
        ] {
            if !parts.is_empty() {
                clauses.push(format!("{word} {}", parts.join(", ")));
            }
        }
        let mut body = json!({
            "TableName": self.table,
            "Key": key_json(key),
            "UpdateExpression": clauses.join(" "),
            "ExpressionAttributeNames": update.names,
        });
        if !update.values.is_empty() {
            body["ExpressionAttributeValues"] = update.values.into();
        }
        if let Some(condition) = update.condition {
            body["ConditionExpression"] = condition.into();
        }
        Request {
            operation: "UpdateItem",
            body,
            kind: Some(self.kind(kind)),
        }
    }

    /// What the history calls such a write of these writers.
    fn kind(&self, kind: WriteKind) -> WriteKind {
        if self.stamps {
            kind
        } else {
            WriteKind::Unstamped
        }
    }

    fn put_keys(&self, key: &ItemId, item: &mut Map<String, Value>) {
        if let Value::Object(keys) = key_json(key) {
            item.extend(keys);
        }
    }

    fn n(&self, region: Region) -> String {
        format!("{}:n:{region}", self.prefix)
    }

    fn t(&self, region: Region) -> String {
        format!("{}:t:{region}", self.prefix)
    }

    /// The attribute that marks an item as deleted.
    fn deleted(&self) -> String {
        format!("{}:deleted", self.prefix)
    }
}

fn put_item(body: Value, kind: WriteKind) -> Request {
    Request {
        operation: "PutItem",
        body,
        kind: Some(kind),
    }
}

fn key_json(key: &ItemId) -> Value {
    json!({"PK": {"S": key.pk}, "SK": {"S": key.sk}})
}

/// A number as DynamoDB JSON.
pub(super) fn number(value: impl ToString) -> Value {
    json!({"N": value.to_string()})
}

fn read_number(value: &Value) -> Option<u64> {
    value["N"].as_str()?.parse().ok()
}
