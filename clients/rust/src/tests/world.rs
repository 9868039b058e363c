//! Replicas of a global table, behind HTTP, and clients for them; and requests on the table's items.

use aws_sdk_dynamodb::Client;
use conflict::{Change, StampNames, Stamps, Tolerance, Verdict, judge};
use local_aws::global_table::{GlobalTable, GlobalTableConfig, Lag, Region};
use serde_json::{Value, json};

use super::inputs::{Item, item};
use super::support::config;
use crate::Stamp;

pub(super) const EAST: &str = "us-east-1";
pub(super) const WEST: &str = "eu-west-1";

/// A global table of two Regions. Items whose key begins with `plain` are written without a stamp, to compare with.
pub(super) struct World {
    pub(super) table: GlobalTable,
    /// A stamped client of `us-east-1`.
    pub(super) client: Client,
    pub(super) plain: Client,
}

impl World {
    pub(super) async fn start() -> Self {
        let regions = [EAST, WEST].map(|name| Region::parse(name).unwrap());
        let config = GlobalTableConfig {
            lag: Lag::NONE,
            combine: 0.0,
            ..GlobalTableConfig::new(regions.to_vec())
        };
        let table = GlobalTable::start(config).await.unwrap();
        let stamp = Stamp::builder().strict(true).build().unwrap();
        let client = connect(&table, EAST, Some(stamp));
        let plain = connect(&table, EAST, None);
        Self {
            table,
            client,
            plain,
        }
    }

    pub(super) async fn read(&self, id: &str) -> Option<Item> {
        let call = self.plain.get_item().table_name("App");
        let call = call.set_key(Some(item(&key(id)))).consistent_read(true);
        call.send().await.unwrap().item
    }

    /// What the stream processor's rules say of each record of a Region's stream, for items with such a key: the
    /// verdict's name and, for a conflict, the winner's Region.
    pub(super) fn verdicts(
        &self,
        region: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Vec<(&'static str, Option<String>)> {
        let shard = self.table.shard(Region::parse(region).unwrap()).unwrap();
        let mut verdicts = Vec::new();
        for record in shard.read_from(0, usize::MAX) {
            let record: Value = serde_json::from_str(record.json.get()).unwrap();
            let change = &record["dynamodb"];
            if !wanted(change["Keys"]["PK"]["S"].as_str().unwrap()) {
                continue;
            }
            let (old, new) = (stamps(&change["OldImage"]), stamps(&change["NewImage"]));
            let change = match record["eventName"].as_str().unwrap() {
                "INSERT" => Change::Insert { new: &new },
                "MODIFY" => Change::Modify {
                    old: &old,
                    new: &new,
                },
                _ => Change::Remove {
                    old: &old,
                    expired: false,
                },
            };
            let verdict = judge(change, region, Tolerance::default());
            let winner = match &verdict {
                Verdict::Conflict(conflict) => Some(conflict.winner_region.to_owned()),
                _ => None,
            };
            verdicts.push((verdict.name(), winner));
        }
        verdicts
    }

    /// Ends a test: no Region's stream has a write without a stamp, but for those that were made to compare with.
    pub(super) async fn finish(self) {
        self.table.wait_until_converged().await;
        let is_plain = |id: &str| id.starts_with("plain");
        for region in [EAST, WEST] {
            let stamped = self.verdicts(region, |id| !is_plain(id));
            let unstamped = |(verdict, _): &(&str, Option<String>)| *verdict == "unstamped";
            assert!(!stamped.iter().any(unstamped), "{region}: {stamped:?}");
            // Shows that the look at the stream can see one.
            for verdict in self.verdicts(region, is_plain) {
                assert!(matches!(verdict.0, "unstamped" | "hard_delete"));
            }
        }
    }
}

fn stamps(image: &Value) -> Stamps<'_> {
    let names = StampNames::default();
    let mut stamps = Stamps::default();
    for (name, value) in image.as_object().into_iter().flatten() {
        if let Some(attribute) = names.parse(name.as_str()) {
            stamps.read(attribute, value["N"].as_str());
        }
    }
    stamps
}

pub(super) fn connect(table: &GlobalTable, region: &str, stamp: Option<Stamp>) -> Client {
    let endpoint = table.endpoint(Region::parse(region).unwrap()).unwrap();
    let mut config = config(Some(region))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    if let Some(stamp) = stamp {
        config = config.interceptor(stamp);
    }
    Client::from_conf(config.build())
}

pub(super) fn key(id: &str) -> Value {
    json!({"PK": {"S": id}, "SK": {"S": "x"}})
}

/// A request on one item, with further parameters.
pub(super) fn on(id: &str, more: Value) -> Value {
    let mut request = json!({"TableName": "App", "Key": key(id)});
    let fields = more.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(fields);
    request
}

pub(super) fn put(id: &str, attributes: Value) -> Value {
    let mut item = key(id);
    let attributes = attributes.as_object().unwrap().clone();
    item.as_object_mut().unwrap().extend(attributes);
    json!({"TableName": "App", "Item": item})
}

pub(super) fn before() -> Value {
    json!({
        "a": {"S": "old"},
        "b": {"S": "old"},
        "l": {"L": [{"N": "1"}, {"N": "2"}]},
        "m": {"M": {"add": {"N": "1"}, "set": {"N": "2"}}},
        "clicks": {"N": "3"},
        "tags": {"SS": ["x", "y"]},
        "set_x": {"N": "4"},
    })
}

/// Every shape of update: its expression and its names. The values are those of `values` that it uses.
pub(super) const SHAPES: [(&str, &[(&str, &str)]); 11] = [
    ("SET a = :s", &[]),
    ("SET l = list_append(l, :l), c = if_not_exists(c, :s)", &[]),
    ("SET clicks = clicks + :one, set_x = set_x - :one", &[]),
    ("SET m.#add = :one, l[0] = :one", &[("#add", "add")]),
    ("REMOVE a, l[1]", &[]),
    ("ADD clicks :one, tags :tags", &[]),
    ("DELETE tags :tags", &[]),
    ("SET a = :s REMOVE b ADD clicks :one DELETE tags :tags", &[]),
    ("delete tags :tags add clicks :one rEmove b set a = :s", &[]),
    (
        "SET #set = :s, #lwt = :one REMOVE set_x",
        &[("#set", "set"), ("#lwt", "add")],
    ),
    ("SET a = :lwt ADD clicks :lwn", &[]),
];

pub(super) fn shape(expression: &str, names: &[(&str, &str)]) -> Value {
    let values = json!({
        ":s": {"S": "new"},
        ":l": {"L": [{"N": "9"}]},
        ":one": {"N": "1"},
        ":tags": {"SS": ["y", "z"]},
        ":lwt": {"S": "mine"},
        ":lwn": {"N": "7"},
    });
    let words: Vec<&str> = expression.split([' ', ',', ')']).collect();
    let used = values.as_object().unwrap().iter();
    let used: serde_json::Map<String, Value> = used
        .filter(|(name, _)| words.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut request = json!({"UpdateExpression": expression});
    if !used.is_empty() {
        request["ExpressionAttributeValues"] = used.into();
    }
    for (placeholder, name) in names {
        request["ExpressionAttributeNames"][placeholder] = json!(name);
    }
    request
}

pub(super) fn number(item: &Item, name: &str) -> u64 {
    item[name].as_n().unwrap().parse().unwrap()
}
