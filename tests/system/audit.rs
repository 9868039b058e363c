//! `lastwriter audit`, the built program, on the streams of the local global table over HTTP, with everything that happens
//! to streams.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue as Value;
use local_aws::fault::{Fault, Refusal};
use local_aws::global_table::{GlobalTable, GlobalTableConfig, Lag, Region};
use local_aws::ledger::{Ledger, Storage};
use local_aws::streams::{Stream, StreamOperation, StreamViewType};
use serde_json::json;
use system_tests::bootstrap::tool;

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";

/// In each item, and never on standard error.
const SECRET: &str = "planted-secret";

fn region(name: &str) -> Region {
    Region::parse(name).unwrap()
}

/// A global table without the function: nobody stamps.
struct World {
    table: GlobalTable,
    endpoints: PathBuf,
    _folder: tempfile::TempDir,
}

impl World {
    async fn start(regions: &[&str], stream_view_type: StreamViewType) -> Self {
        let regions: Vec<Region> = regions.iter().map(|name| region(name)).collect();
        let config = GlobalTableConfig {
            lag: Lag::NONE,
            combine: 0.0,
            stream_view_type,
            ..GlobalTableConfig::new(regions.clone())
        };
        let table = GlobalTable::start(config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let endpoints = folder.path().join("endpoints.json");
        let urls: serde_json::Map<String, serde_json::Value> = regions
            .iter()
            .map(|region| {
                let url = table.endpoint(*region).unwrap();
                (region.name().to_owned(), url.into())
            })
            .collect();
        let file = json!({
            "table": "App", "tables": ["App"], "replicas": urls, "ledgers": {}, "ledger_table": "ledger", "cloudwatch": {},
        });
        std::fs::write(&endpoints, file.to_string()).unwrap();
        Self {
            table,
            endpoints,
            _folder: folder,
        }
    }

    /// A ledger in each of two Regions, and their endpoints in the file.
    async fn add_ledgers(&self) -> [Ledger; 2] {
        let ledger = || {
            let request = ledger::create_table_request("ledger");
            Ledger::start(request, ledger::EXPIRES_AT, Storage::Memory)
        };
        let ledgers = [ledger().await.unwrap(), ledger().await.unwrap()];
        let file = std::fs::read_to_string(&self.endpoints).unwrap();
        let mut file: serde_json::Value = serde_json::from_str(&file).unwrap();
        file["ledgers"] = json!({ EAST: ledgers[0].endpoint(), WEST: ledgers[1].endpoint() });
        std::fs::write(&self.endpoints, file.to_string()).unwrap();
        ledgers
    }

    async fn of_two() -> Self {
        Self::start(&[EAST, WEST], StreamViewType::NewAndOldImages).await
    }

    fn stream(&self, name: &str) -> std::sync::Arc<Stream> {
        self.table.stream(region(name)).unwrap()
    }

    fn both(&self, each: impl Fn(&Stream)) {
        for name in [EAST, WEST] {
            each(&self.stream(name));
        }
    }

    /// Sets an attribute of an item in one Region.
    async fn set(&self, name: &str, item: u32, attribute: &str, value: u32) {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .credentials_provider(aws_sdk_dynamodb::config::Credentials::new(
                "local", "local", None, None, "test",
            ))
            .region(aws_sdk_dynamodb::config::Region::new(name.to_owned()))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(self.table.endpoint(region(name)).unwrap());
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        let text = |text: String| Value::S(text);
        client
            .update_item()
            .table_name("App")
            .key("PK", text(format!("{SECRET}-{item}")))
            .key("SK", text("x".to_owned()))
            .update_expression("SET #a = :a")
            .expression_attribute_names("#a", attribute)
            .expression_attribute_values(":a", text(format!("{SECRET}-{attribute}-{value}")))
            .send()
            .await
            .unwrap();
    }

    /// A write to each item that every Region gets, and then, while the Regions are apart, one in each: the first one is
    /// lost.
    async fn lose(&self, items: std::ops::Range<u32>) {
        for item in items.clone() {
            self.set(EAST, item, "name", item).await;
        }
        self.table.wait_until_converged().await;
        self.table.cut(region(WEST)).await.unwrap();
        for item in items.clone() {
            self.set(EAST, item, "address", item).await;
        }
        for item in items {
            self.set(WEST, item, "phone", item).await;
        }
        // Streams have whole seconds. The winner comes back a second later, so that where it was made is certain.
        next_second().await;
        self.table.join(region(WEST)).unwrap();
        self.table.wait_until_converged().await;
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(tool());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command
            .arg("audit")
            .arg("--endpoints-file")
            .arg(&self.endpoints)
            .args(arguments)
            // No profile files, no instance metadata: whoever runs this may have credentials.
            .env("HOME", "/nonexistent")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs an audit to its end.
    async fn audit(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        output.await.unwrap()
    }

    /// What an audit that succeeds gives as JSON.
    async fn outcome(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.audit(&[&["--json"], arguments].concat()).await;
        outcome_of(&output)
    }
}

/// Waits until the clock shows another second.
async fn next_second() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let rest = Duration::from_secs(1) - Duration::from_nanos(now.subsec_nanos().into());
    tokio::time::sleep(rest).await;
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn outcome_of(output: &Output) -> serde_json::Value {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    assert!(!stderr(output).contains(SECRET), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The keys of the items whose first write was lost in us-east-1, each once.
fn lost_items(outcome: &serde_json::Value) -> Vec<u32> {
    let findings = outcome["findings"].as_array().unwrap().iter();
    let mut items: Vec<u32> = findings
        .map(|finding| {
            assert_eq!(finding["lost_in"], EAST, "{finding}");
            assert_eq!(finding["won_in"], WEST, "{finding}");
            assert_ne!(finding["confidence"], "possible", "{finding}");
            assert_eq!(finding["differing_attributes"], json!(["address", "phone"]));
            let key = finding["key"]["PK"]["S"].as_str().unwrap();
            key.rsplit('-').next().unwrap().parse().unwrap()
        })
        .collect();
    items.sort_unstable();
    items
}

fn all(count: u32) -> Vec<u32> {
    (0..count).collect()
}

/// An audit that runs.
struct Running {
    child: Child,
    lines: Box<dyn Iterator<Item = String> + Send>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self {
            child,
            lines: Box::new(lines.map(Result::unwrap)),
        }
    }

    /// Waits for a line on standard error with this part.
    async fn line_with(mut self, part: &'static str) -> Self {
        let waiting = tokio::task::spawn_blocking(move || {
            let found = self.lines.find(|line| line.contains(part));
            assert!(found.is_some(), "it ended without a line with {part}");
            self
        });
        waiting.await.unwrap()
    }

    /// Interrupts it, and gives what it says then.
    fn interrupt(self) -> serde_json::Value {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(status.success());
        // Standard error is read on, so that it is not closed.
        let rest: Vec<String> = self.lines.collect();
        let output = self.child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{rest:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lost_write_is_found_across_shards_that_split() {
    let world = World::of_two().await;
    world.lose(0..5).await;
    world.both(|stream| stream.split(2));
    world.lose(5..10).await;
    world.both(|stream| stream.split(1));
    world.lose(10..15).await;
    let outcome = world.outcome(&[]).await;
    assert_eq!(lost_items(&outcome), all(15));
    assert_eq!(outcome["incomplete"]["missing"], 0, "{outcome}");
    assert_eq!(outcome["total"]["lost_writes"]["certain"], 15);
    // 15 items, of which us-east-1 shows its own two writes and the winner, us-west-2 the first one and its own.
    let records = |at: usize| outcome["regions"][at]["records"].clone();
    assert_eq!((records(0), records(1)), (json!(45), json!(30)));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_are_shown_and_on_the_page_and_never_in_the_log() {
    let world = World::of_two().await;
    world.lose(0..3).await;
    let page = world.endpoints.with_extension("html");
    let output = world
        .audit(&["--report", page.to_str().unwrap(), "--memory", "1K"])
        .await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!stderr(&output).contains(SECRET), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let page = std::fs::read_to_string(page).unwrap();
    for value in ["planted-secret-address-0", "planted-secret-phone-0"] {
        assert!(text.contains(value) && page.contains(value), "{text}");
    }
    assert!(text.contains("3 of 9 writes were lost"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_is_throttled_waits_and_loses_nothing() {
    let world = World::of_two().await;
    world.lose(0..5).await;
    let limit = Refusal::new(400, "LimitExceededException", "Subscriber limit exceeded");
    for operation in [
        StreamOperation::DescribeStream,
        StreamOperation::GetShardIterator,
        StreamOperation::GetRecords,
    ] {
        world.stream(EAST).set_fault(
            operation,
            Fault::RefuseNext {
                count: 3,
                refusal: limit.clone(),
            },
        );
    }
    let failed = Fault::RefuseNext {
        count: 2,
        refusal: Refusal::internal_server_error(),
    };
    world
        .stream(WEST)
        .set_fault(StreamOperation::GetRecords, failed);
    assert_eq!(lost_items(&world.outcome(&[]).await), all(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn iterators_that_expire_lose_nothing_and_repeat_nothing() {
    let world = World::of_two().await;
    world.lose(0..5).await;
    world.both(|stream| stream.split(2));
    world.lose(5..10).await;
    // The first of each shard, by a refusal; later ones by their real end, while the audit reads.
    let expired = Fault::RefuseNext {
        count: 4,
        refusal: Refusal::new(400, "ExpiredIteratorException", "Iterator expired"),
    };
    world
        .stream(WEST)
        .set_fault(StreamOperation::GetRecords, expired);
    let mut audit = std::pin::pin!(world.outcome(&["--rate", "10"]));
    let mut ticks = tokio::time::interval(Duration::from_millis(150));
    let outcome = loop {
        tokio::select! {
            outcome = &mut audit => break outcome,
            _ = ticks.tick() => world.both(Stream::expire_iterators),
        }
    };
    assert_eq!(lost_items(&outcome), all(10));
    assert_eq!(outcome["incomplete"]["missing"], 0);
    assert_eq!(outcome["total"]["records"], 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_trimmed_before_the_audit_is_no_gap() {
    let world = World::of_two().await;
    world.lose(0..3).await;
    world.both(|stream| stream.split(1));
    world.both(Stream::trim_all);
    world.lose(3..6).await;
    let outcome = world.outcome(&[]).await;
    assert_eq!(lost_items(&outcome), [3, 4, 5]);
    assert_eq!(outcome["incomplete"]["gaps"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_are_trimmed_while_it_reads_are_told_as_a_gap() {
    let world = World::of_two().await;
    let arguments = ["--json", "--live", "--window", "1s", "--rate", "5"];
    let running = Running::start(world.command(&arguments));
    let running = running.line_with("from now on").await;
    let mut told = std::pin::pin!(running.line_with("was not read: shard"));
    let mut item = 0;
    let running = loop {
        item += 1;
        tokio::select! {
            running = &mut told => break running,
            () = world.set(EAST, item, "name", item) => world.stream(EAST).trim_all(),
        }
    };
    let outcome = running.interrupt();
    let gap = &outcome["incomplete"]["gaps"][0];
    assert_eq!(gap["region"], EAST, "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_audit_tells_each_lost_write_and_gives_all_of_them_on_ctrl_c() {
    let world = World::of_two().await;
    world.lose(0..3).await;
    let arguments = ["--json", "--live", "--window", "1s", "--rate", "20"];
    let running = Running::start(world.command(&arguments));
    let running = running.line_with("from now on").await;
    let mut told = std::pin::pin!(running.line_with("a write of us-east-1 was lost to us-west-2"));
    let mut next = 3;
    // The first second is not judged, and the shard may not be open when the line comes: so more than once.
    let running = loop {
        tokio::select! {
            running = &mut told => break running,
            () = world.lose(next..next + 1) => next += 1,
        }
    };
    let outcome = running.interrupt();
    let found = lost_items(&outcome);
    assert!(
        !found.is_empty() && found.iter().all(|item| *item >= 3),
        "{found:?}"
    );
    assert_eq!(outcome["interrupted"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_is_denied_fails_and_says_how_to_get_the_permission() {
    let world = World::of_two().await;
    world.lose(0..3).await;
    let denied = Fault::Refuse(Refusal::access_denied());
    world
        .stream(WEST)
        .set_fault(StreamOperation::GetRecords, denied);
    let output = world.audit(&["--json", "--rate", "1"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("--print-policy"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_images_is_refused_before_it_is_read() {
    let world = World::start(&[EAST, WEST], StreamViewType::KeysOnly).await;
    let output = world.audit(&[]).await;
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("is KEYS_ONLY") && stderr(&output).contains("NEW_AND_OLD_IMAGES"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_left_out_is_refused_with_the_reason() {
    let regions = [EAST, WEST, "eu-west-1"];
    let world = World::start(&regions, StreamViewType::NewAndOldImages).await;
    let output = world.audit(&["--regions", "us-east-1,us-west-2"]).await;
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    for part in [
        "has replicas in eu-west-1 too",
        "--regions eu-west-1,us-east-1,us-west-2",
        "a third of the losses is missed",
    ] {
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
    let output = world.audit(&["--table", "Nothing"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("there is no table Nothing in"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test]
async fn findings_are_kept_once_in_the_ledger_of_the_region_that_lost() {
    let world = World::of_two().await;
    let [east, west] = world.add_ledgers().await;
    world.lose(0..3).await;
    let output = world.audit(&["--json", "--ledger", "ledger"]).await;
    assert_eq!(lost_items(&outcome_of(&output)), all(3));
    let said = "3 findings written, 0 were there already; 0 left out";
    assert!(stderr(&output).contains(said), "{}", stderr(&output));
    let entries = east.items().await.unwrap();
    assert_eq!((entries.len(), west.items().await.unwrap().len()), (3, 0));
    for entry in &entries {
        assert_eq!(entry["Evidence"], json!({ "S": "join" }));
        assert_eq!(entry["Status"], json!({ "S": "open" }));
        let attribute = |side: &str, name: &str| {
            let image = &entry[side]["M"]["Image"]["M"];
            image[name]["S"].as_str().map(str::to_owned)
        };
        assert!(attribute("Loser", "address").is_some() && attribute("Loser", "phone").is_none());
        assert!(attribute("Winner", "phone").is_some());
    }
    // Once more: an entry that is there stays as it is.
    let again = world.audit(&["--json", "--ledger", "ledger"]).await;
    let said = "0 findings written, 3 were there already";
    assert!(stderr(&again).contains(said), "{}", stderr(&again));
    assert_eq!(east.items().await.unwrap(), entries);

    // The other commands take them for what they are.
    let id = entries[0]["ConflictId"]["S"].as_str().unwrap();
    let mut show = Command::new(tool());
    show.args(["ledger", "show", id, "--ledger", "ledger"])
        .args(["--region", EAST, "--endpoint-url", &east.endpoint()])
        .env_remove("AWS_PROFILE");
    let shown = tokio::task::spawn_blocking(move || show.output().unwrap());
    let shown = shown.await.unwrap();
    let text = String::from_utf8_lossy(&shown.stdout);
    assert!(text.contains("evidence         join"), "{}", stderr(&shown));
}

#[tokio::test]
async fn a_ledger_that_is_not_there_is_told_after_what_was_found() {
    let world = World::of_two().await;
    let _ledgers = world.add_ledgers().await;
    world.lose(0..2).await;
    let output = world.audit(&["--json", "--ledger", "another"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let outcome: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(lost_items(&outcome), all(2));
    for part in [
        "2 of 2 findings were not written",
        "there is no ledger table another in us-east-1",
        "Run it again",
    ] {
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_world_without_ledgers_is_not_taken_for_aws() {
    let world = World::of_two().await;
    world.lose(0..2).await;
    let output = world.audit(&["--json", "--ledger", "ledger"]).await;
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let outcome: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(lost_items(&outcome), all(2));
    let said = "the endpoints file names no ledger of us-east-1, where writes were lost";
    assert!(stderr(&output).contains(said), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_audit_ends_by_itself_after_its_time_and_begins_with_what_comes_then() {
    let world = World::of_two().await;
    world.lose(0..2).await;
    let outcome = world.outcome(&["--live", "--for", "1s"]).await;
    assert_eq!(outcome["interrupted"], false);
    assert_eq!(outcome["total"]["records"], 0);
    assert_eq!(lost_items(&outcome), all(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_goes_back_as_far_as_it_is_told_to() {
    let world = World::of_two().await;
    world.lose(0..2).await;
    for _ in 0..3 {
        next_second().await;
    }
    let outcome = world.outcome(&["--since", "1s"]).await;
    assert_eq!(outcome["total"]["records"], 0);
    let outcome = world.outcome(&["--since", "1h"]).await;
    assert_eq!(lost_items(&outcome), all(2));
}
