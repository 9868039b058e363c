//! Putting a lost write back with the built tool, against a ledger and a table over real HTTP, with races and faults.

mod faults;
mod races;
mod sums;
mod usual;

use std::collections::HashMap;
use std::process::Output;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue as Sdk;
use ledger::{ConflictId, Entry, EntryKind, Image, ItemKey, Key, Side};
use local_aws::ledger::{Ledger, Storage};
use serde_json::{Value, json};
use system_tests::bootstrap::tool;
use tokio::process::Command;

const LEDGER: &str = "conflicts";
const TABLE: &str = "orders";
const REGION: &str = "us-east-1";

/// A ledger, and the table of its items.
struct Tables {
    ledger: Ledger,
    items: Ledger,
}

/// How the tool ended, and what it printed.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// The outcomes, as `--json` prints them.
    fn outcomes(&self) -> Vec<Value> {
        let report: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        report["outcomes"].as_array().unwrap().clone()
    }

    fn outcome(&self) -> Value {
        let outcomes = self.outcomes();
        assert_eq!(outcomes.len(), 1, "{self:?}");
        outcomes[0].clone()
    }
}

fn image(value: Value) -> Image {
    serde_json::from_value(value).unwrap()
}

/// An item's version: its key, its stamps, and these attributes in DynamoDB JSON.
fn version(id: &str, lost: u64, won: u64, attributes: Value) -> Image {
    let mut item = json!({ "id": { "S": id } });
    for (region, n) in [(REGION, lost), ("eu-west-1", won)] {
        let time = 1_795_000_000_000_000 + n;
        item[format!("lw:n:{region}")] = json!({ "N": n.to_string() });
        item[format!("lw:t:{region}")] = json!({ "N": time.to_string() });
    }
    for (name, value) in attributes.as_object().unwrap() {
        item[name] = value.clone();
    }
    image(item)
}

fn lost(id: &str, attributes: Value) -> Image {
    version(id, 2, 1, attributes)
}

fn won(id: &str, attributes: Value) -> Image {
    version(id, 1, 2, attributes)
}

/// The entry of an update that was lost to an update, and that changed `changed`.
fn entry(id: &str, loser: Value, winner: Value, changed: &[&str]) -> Entry {
    let side = |region: &str, image: Image, n: u64| Side {
        region: Some(region.to_owned()),
        written_at: Some(1_795_000_000_000_000 + n),
        stamps: [(
            region.to_owned(),
            conflict::Stamp::new(n, 1_795_000_000_000_000 + n),
        )]
        .into(),
        image: Some(image),
        undecoded: Default::default(),
    };
    let key = Key::from([(
        "id".to_owned(),
        serde_dynamo::AttributeValue::S(id.to_owned()),
    )]);
    let changed: Vec<String> = changed.iter().map(ToString::to_string).collect();
    Entry {
        key: Some(key.clone()),
        differing_attributes: Some(changed.clone()),
        changed_attributes: Some(changed),
        changed_attributes_complete: Some(true),
        identical: Some(false),
        lost_writes: Some(1),
        loser: Some(side(REGION, lost(id, loser), 2)),
        winner: Some(side("eu-west-1", won(id, winner), 2)),
        ..Entry::new(
            EntryKind::UpdateUpdate,
            ItemKey::from_key(&key),
            ConflictId::new(Some(1_795_000_000_000_002), id),
            TABLE,
            chrono::Utc::now(),
            30,
        )
    }
}

impl Tables {
    async fn start() -> Self {
        let orders = json!({
            "TableName": TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        });
        let start = |request, ttl: &'static str| Ledger::start(request, ttl, Storage::Memory);
        Self {
            ledger: start(ledger::create_table_request(LEDGER), ledger::EXPIRES_AT)
                .await
                .unwrap(),
            items: start(orders, "ttl").await.unwrap(),
        }
    }

    /// The usual: an address was lost, and the item has the winner's.
    async fn usual() -> (Self, String) {
        let tables = Self::start().await;
        let id = tables.lose("o-1").await;
        (tables, id)
    }

    /// A lost address of an item, and its entry's id.
    async fn lose(&self, id: &str) -> String {
        let (harbor, marlowe) = (json!({ "S": "Harbor St" }), json!({ "S": "Marlowe Rd" }));
        let entry = entry(
            id,
            json!({ "address": harbor }),
            json!({ "address": marlowe }),
            &["address"],
        );
        self.put_item(won(id, json!({ "address": marlowe }))).await;
        self.put_entry(entry).await
    }

    async fn put_item(&self, item: Image) {
        put(&self.items.endpoint(), TABLE, item).await;
    }

    async fn put_entry(&self, entry: Entry) -> String {
        let id = entry.conflict_id.to_string();
        let stored = entry.into_items();
        assert!(stored.parts.is_empty());
        put(&self.ledger.endpoint(), LEDGER, stored.main).await;
        id
    }

    /// An item as it is now, in DynamoDB JSON.
    async fn item(&self, id: &str) -> Value {
        let items = self.items.items().await.unwrap();
        let item = items.into_iter().find(|item| item["id"]["S"] == id);
        item.unwrap_or_default()
    }

    async fn entry_with(&self, conflict_id: &str) -> Value {
        let items = self.ledger.items().await.unwrap();
        let entry = items
            .into_iter()
            .find(|item| item["ConflictId"]["S"] == conflict_id);
        entry.unwrap()
    }

    /// The tool, with nothing of this machine's AWS settings.
    fn tool(&self, command: &str, arguments: &[&str]) -> Command {
        self.tool_at(
            &self.ledger.endpoint(),
            &self.items.endpoint(),
            command,
            arguments,
        )
    }

    fn tool_at(&self, ledger: &str, items: &str, command: &str, arguments: &[&str]) -> Command {
        let mut program = Command::new(tool());
        program.args(["ledger", command]);
        program.args([
            "--ledger",
            LEDGER,
            "--region",
            REGION,
            "--endpoint-url",
            ledger,
        ]);
        if command == "put-back" {
            program.args(["--item-endpoint-url", items]);
        }
        program.args(arguments);
        program.env_clear().env("HOME", "/nonexistent");
        program.env("AWS_EC2_METADATA_DISABLED", "true");
        program
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        program
    }

    async fn run(&self, command: &str, arguments: &[&str]) -> Run {
        run(&mut self.tool(command, arguments)).await
    }

    /// `put-back --yes --json`
    async fn put_back(&self, arguments: &[&str]) -> Run {
        let options = ["--yes", "--json"];
        self.run("put-back", &[arguments, &options].concat()).await
    }
}

async fn run(program: &mut Command) -> Run {
    Run::new(&program.output().await.unwrap())
}

async fn put(endpoint: &str, table: &str, item: Image) {
    let item: HashMap<String, Sdk> = item
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .region(Region::new(REGION))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint);
    let client = aws_sdk_dynamodb::Client::from_conf(config.build());
    client
        .put_item()
        .table_name(table)
        .set_item(Some(item))
        .send()
        .await
        .unwrap();
}

/// How many writes of the loser's Region an item descends from.
fn count(item: &Value) -> &str {
    item["lw:n:us-east-1"]["N"].as_str().unwrap_or("none")
}

fn history(entry: &Value) -> &[Value] {
    entry["History"]["L"].as_array().map_or(&[], Vec::as_slice)
}
