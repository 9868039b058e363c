//! Putting a lost write back with the built tool, against a ledger and a table over real HTTP, with races and faults.

mod faults;
mod races;
mod sums;
mod usual;

use std::collections::HashMap;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{AttributeValue as Sdk, PutRequest, WriteRequest};
use futures::stream::{self, StreamExt};
use ledger::{ConflictId, Entry, EntryKind, Image, ItemKey, Key, Side};
use local_aws::ledger::{Ledger, Storage};
use serde_json::{Value, json};
use system_tests::bootstrap::tool;
use system_tests::proxy::{Intervention, Proxy};
use tokio::process::Command;

pub(crate) const LEDGER: &str = "conflicts";
pub(crate) const TABLE: &str = "orders";
pub(crate) const REGION: &str = "us-east-1";

/// A ledger, and the table of its items.
pub(crate) struct Tables {
    pub(crate) ledger: Ledger,
    pub(crate) items: Ledger,
}

/// How the tool ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
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

pub(crate) fn image(value: Value) -> Image {
    serde_json::from_value(value).unwrap()
}

/// An item's version: its key, its stamps, and these attributes in DynamoDB JSON.
pub(crate) fn version(id: &str, lost: u64, won: u64, attributes: Value) -> Image {
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

pub(crate) fn lost(id: &str, attributes: Value) -> Image {
    version(id, 2, 1, attributes)
}

pub(crate) fn won(id: &str, attributes: Value) -> Image {
    version(id, 1, 2, attributes)
}

/// The entry of an update that was lost to an update, and that changed `changed`.
pub(crate) fn entry(id: &str, loser: Value, winner: Value, changed: &[&str]) -> Entry {
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
    pub(crate) async fn start() -> Self {
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
    pub(crate) async fn usual() -> (Self, String) {
        let tables = Self::start().await;
        let id = tables.lose("o-1").await;
        (tables, id)
    }

    /// A lost address of an item, and its entry's id.
    pub(crate) async fn lose(&self, id: &str) -> String {
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

    pub(crate) async fn put_item(&self, item: Image) {
        put(&self.items.endpoint(), TABLE, item).await;
    }

    pub(crate) async fn put_entry(&self, entry: Entry) -> String {
        let id = entry.conflict_id.to_string();
        let stored = entry.into_items();
        assert!(stored.parts.is_empty());
        put(&self.ledger.endpoint(), LEDGER, stored.main).await;
        id
    }

    /// An item as it is now, in DynamoDB JSON.
    pub(crate) async fn item(&self, id: &str) -> Value {
        let items = self.items.items().await.unwrap();
        let item = items.into_iter().find(|item| item["id"]["S"] == id);
        item.unwrap_or_default()
    }

    pub(crate) async fn entry_with(&self, conflict_id: &str) -> Value {
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
        program.stdin(Stdio::null()).kill_on_drop(true);
        program
    }

    pub(crate) async fn run(&self, command: &str, arguments: &[&str]) -> Run {
        run(&mut self.tool(command, arguments)).await
    }

    /// `put-back --yes --json`
    pub(crate) async fn put_back(&self, arguments: &[&str]) -> Run {
        let (ledger, items) = (self.ledger.endpoint(), self.items.endpoint());
        run(&mut self.put_back_at(&ledger, &items, arguments)).await
    }

    /// The same, with the items' table reached by this way.
    async fn put_back_by_items(&self, way: &Proxy, arguments: &[&str]) -> Run {
        run(&mut self.put_back_at(&self.ledger.endpoint(), way.endpoint(), arguments)).await
    }

    /// The same, with the ledger reached by this way.
    async fn put_back_by_ledger(&self, way: &Proxy, arguments: &[&str]) -> Run {
        run(&mut self.put_back_at(way.endpoint(), &self.items.endpoint(), arguments)).await
    }

    fn put_back_at(&self, ledger: &str, items: &str, arguments: &[&str]) -> Command {
        let options = ["--yes", "--json"];
        self.tool_at(ledger, items, "put-back", &[arguments, &options].concat())
    }
}

/// A way to a table on which the first so many writes meet this.
async fn first_writes(upstream: String, count: usize, intervention: Intervention) -> Proxy {
    let seen = AtomicUsize::new(0);
    Proxy::start(upstream, move |body| {
        let is_write = String::from_utf8_lossy(body).contains("UpdateExpression");
        match is_write && seen.fetch_add(1, Ordering::SeqCst) < count {
            true => intervention,
            false => Intervention::Pass,
        }
    })
    .await
}

/// Runs a program until the way has struck a request of its, and kills it there.
async fn kill_at(mut program: Command, way: &Proxy) {
    let program = program.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = program.spawn().unwrap();
    way.wait_until_struck(1).await;
    child.kill().await.unwrap();
}

pub(crate) async fn run(program: &mut Command) -> Run {
    Run::new(&program.output().await.unwrap())
}

pub(crate) async fn put(endpoint: &str, table: &str, item: Image) {
    let item = sdk_item(item);
    let request = client(endpoint)
        .put_item()
        .table_name(table)
        .set_item(Some(item));
    request.send().await.unwrap();
}

/// Puts many items, in batches, several at once.
pub(crate) async fn put_all(endpoint: &str, table: &str, items: Vec<Image>) {
    let client = client(endpoint);
    let batches = items.chunks(25).map(|batch| {
        let put = |item: &Image| {
            let put = PutRequest::builder().set_item(Some(sdk_item(item.clone())));
            WriteRequest::builder()
                .put_request(put.build().unwrap())
                .build()
        };
        let requests = batch.iter().map(put).collect();
        client
            .batch_write_item()
            .request_items(table, requests)
            .send()
    });
    let batches: Vec<_> = batches.collect();
    let done: Vec<_> = stream::iter(batches).buffer_unordered(8).collect().await;
    assert!(done.iter().all(|answer| answer.is_ok()));
}

fn sdk_item(item: Image) -> HashMap<String, Sdk> {
    let item = item.into_iter();
    item.map(|(name, value)| (name, value.into())).collect()
}

fn client(endpoint: &str) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .region(Region::new(REGION))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint);
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

/// How many writes of the loser's Region an item descends from.
pub(crate) fn count(item: &Value) -> &str {
    item["lw:n:us-east-1"]["N"].as_str().unwrap_or("none")
}

pub(crate) fn history(entry: &Value) -> &[Value] {
    entry["History"]["L"].as_array().map_or(&[], Vec::as_slice)
}
