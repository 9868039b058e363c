//! Large input: many records, a large payload, items at DynamoDB's limit, very many attributes.

use ledger::{Entry, Image, StorageForm};
use local_aws::lambda::MAX_PAYLOAD_BYTES;
use serde_json::{Map, Value, json};
use system_tests::attribute_value::compare_attributes;
use system_tests::ledger_entry::{is_part, key_of, part_id};
use system_tests::proxy::{Intervention, Proxy};
use system_tests::records::{
    compact, conflict, conflict_between, conflict_id, event, local, malformed, replicated,
};
use system_tests::system::{System, SystemConfig, endpoints};

use crate::answers::{all_done, conflict_ids, failed_from, update};

/// DynamoDB's limit for an item.
const ITEM_LIMIT: usize = 400 * 1024;

fn image_of(item: &Value) -> Image {
    serde_json::from_value(item.clone()).expect("a ledger item is DynamoDB JSON")
}

/// An entry and its parts in the order of their numbers.
pub(crate) async fn entry(system: &System, id: &str) -> (Image, Vec<Image>) {
    let items = system.items().await;
    let find = |id: &str| items.iter().find(|item| key_of(item).1 == id).map(image_of);
    let main = find(id).unwrap_or_else(|| panic!("no entry {id}"));
    let parts: Vec<Image> = (1..)
        .map_while(|number| find(&part_id(id, number)))
        .collect();
    (main, parts)
}

/// Replays a conflict and reads the losing image back. Returns where it was kept.
async fn losing_image_comes_back_whole(record: Value, n: usize) -> StorageForm {
    let system = SystemConfig::new().start().await;
    assert_eq!(system.answer(event([record.clone()])).await, all_done());
    let (main, parts) = entry(&system, &conflict_id(n)).await;
    let kept = StorageForm::from_item(&main);
    assert_eq!(kept.parts(), parts.len());
    let read = Entry::read(main, &parts).expect("it can be read back");
    let image = read.loser.and_then(|loser| loser.image);
    let image = image.expect("it was kept");
    let image = serde_json::to_value(image).expect("an image is JSON");
    let mut differences = Vec::new();
    let expected = record["dynamodb"]["OldImage"]
        .as_object()
        .expect("the record has an old image");
    compare_attributes(
        "image",
        expected,
        image.as_object().expect("an image is an object"),
        &mut differences,
    );
    assert!(differences.is_empty(), "{} differences", differences.len());

    // An operator keeps it for good; delivered again, the items are the same, byte for byte.
    for item in system.items().await {
        update(
            &system,
            &item,
            json!({"UpdateExpression": "REMOVE ExpiresAt"}),
        )
        .await;
    }
    let before = system.items().await;
    assert_eq!(system.answer(event([record])).await, all_done());
    assert!(
        system.items().await == before,
        "the second delivery changed an item"
    );
    kept
}

/// An item of so many bytes of noise, which no compression makes smaller.
fn noise(bytes: usize, seed: u64) -> Value {
    use base64::Engine;
    let mut random = fastrand::Rng::with_seed(seed);
    let bytes: Vec<u8> = (0..bytes).map(|_| random.u8(..)).collect();
    json!({"blob": {"B": base64::engine::general_purpose::STANDARD.encode(bytes)}})
}

#[tokio::test]
async fn a_400_kb_binary_item_that_loses_against_another_is_kept_whole() {
    // The rest of the item is key and stamps.
    let size = ITEM_LIMIT - 300;
    let kept =
        losing_image_comes_back_whole(conflict_between(1, noise(size, 1), noise(size, 2)), 1).await;
    assert!(
        kept.parts() >= 2,
        "{kept:?}: noise does not fit into one item beside the entry"
    );
}

#[tokio::test]
async fn an_entry_never_exists_without_its_parts() {
    let (ledger, cloudwatch) = endpoints().await;
    let second_part = part_id(&conflict_id(1), 2);
    let proxy = Proxy::start(ledger.endpoint(), move |body| {
        let chosen = String::from_utf8_lossy(body).contains(&second_part);
        if chosen {
            Intervention::Deny
        } else {
            Intervention::Pass
        }
    })
    .await;
    let setup = SystemConfig::new().ledger_at(proxy.endpoint());
    let system = setup
        .start_with(ledger, cloudwatch)
        .await
        .expect("the function starts");
    let size = ITEM_LIMIT - 300;
    let record = conflict_between(1, noise(size, 1), noise(size, 2));
    assert_eq!(system.answer(event([record])).await, failed_from(1));
    // The first part waits for the others; an entry that named them would lie.
    assert_eq!(conflict_ids(&system).await, [part_id(&conflict_id(1), 1)]);
}

#[tokio::test]
async fn a_400_kb_text_item_that_loses_against_another_is_kept_whole() {
    let text = |seed: usize| json!({"text": {"S": format!("{seed} lost and found ").repeat((ITEM_LIMIT - 300) / 17)}});
    let kept = losing_image_comes_back_whole(conflict_between(2, text(1), text(2)), 2).await;
    assert_eq!(kept, StorageForm::Compressed, "text compresses well");
}

#[tokio::test]
async fn a_small_item_that_loses_against_a_400_kb_one_is_kept_as_it_is() {
    let small = json!({"address": {"S": "402 Harbor St"}});
    let kept =
        losing_image_comes_back_whole(conflict_between(3, small, noise(ITEM_LIMIT - 300, 3)), 3)
            .await;
    assert_eq!(kept, StorageForm::Whole);
}

#[tokio::test]
async fn an_item_of_very_many_tiny_attributes_is_kept_whole() {
    let many = |value: &str| {
        let attributes = (0..30_000).map(|number| (format!("a{number:06}"), json!({"S": value})));
        Value::Object(attributes.collect::<Map<String, Value>>())
    };
    losing_image_comes_back_whole(conflict_between(4, many("x"), many("y")), 4).await;
}

#[tokio::test]
async fn a_malformed_record_of_more_than_an_item_is_quarantined_whole() {
    let system = SystemConfig::new().start().await;
    let mut record = malformed(5);
    record["dynamodb"]["NewImage"]["blob"] = noise(900 * 1024, 5)["blob"].clone();
    let text = record.to_string();
    assert_eq!(system.answer(event([record])).await, all_done());
    let items = system.items().await;
    let main = items
        .iter()
        .find(|item| !is_part(item))
        .expect("there is an entry");
    let (main, parts) = entry(&system, &key_of(main).1).await;
    assert!(parts.len() >= 2, "{} parts", parts.len());
    let read = Entry::read(main, &parts).expect("it can be read back");
    assert_eq!(read.record, Some(text));
    assert_eq!(system.metrics().count("QuarantinedRecords"), 1);
}

#[tokio::test]
async fn ten_thousand_records_are_one_batch() {
    let system = SystemConfig::new()
        .set("AWS_LAMBDA_LOG_LEVEL", "info")
        .start()
        .await;
    let records = (0..10_000).map(|n| match n % 100 {
        0 => compact(conflict(n)),
        1..50 => compact(replicated(n)),
        _ => compact(local(n)),
    });
    assert_eq!(system.answer(event(records)).await, all_done());
    let metrics = system.metrics();
    let counted = ["Records", "Conflicts", "LocalWrites", "ReplicatedWrites"];
    assert_eq!(
        counted.map(|name| metrics.count(name)),
        [10_000, 100, 5_000, 5_000]
    );
    assert_eq!(metrics.samples("PropagationDelay"), 5_000);
    assert_eq!(system.items().await.len(), 100);
    assert_eq!(system.cloudwatch.requests(), 1);
}

#[tokio::test]
async fn a_payload_of_6_mb_is_taken() {
    let system = SystemConfig::new().start().await;
    let large = |n: usize| {
        let mut record = if n.is_multiple_of(4) {
            conflict(n)
        } else {
            local(n)
        };
        record["dynamodb"]["NewImage"]["text"] = json!({"S": "x".repeat(380 * 1024)});
        record
    };
    let mut payload = event((0..16).map(large));
    let room = MAX_PAYLOAD_BYTES
        .checked_sub(payload.len())
        .expect("the records fit");
    // JSON takes blanks at the end; the payload has exactly the size that Lambda allows.
    payload.push_str(&" ".repeat(room));
    assert_eq!(payload.len(), MAX_PAYLOAD_BYTES);
    assert_eq!(system.answer(payload).await, all_done());
    let metrics = system.metrics();
    assert_eq!(
        ["Records", "Conflicts"].map(|name| metrics.count(name)),
        [16, 4]
    );
    assert_eq!(system.items().await.len(), 4);
}

/// The page faults that the function has had, but for those that read a file. Source: proc(5), /proc/pid/stat, minflt.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn page_faults(system: &System) -> usize {
    let pid = system.function.pid().expect("the function runs");
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    // The name before it, in brackets, may hold anything.
    let (_, fields) = stat.rsplit_once(')').expect("the name is in brackets");
    let faults = fields.split_whitespace().nth(7);
    faults.and_then(|field| field.parse().ok()).expect("minflt")
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[tokio::test]
async fn a_large_batch_uses_the_memory_of_the_one_before() {
    // Several: the latest payloads are kept for writes that are lost later, and the heap takes some batches to find its size.
    const BATCHES: usize = 20;
    let system = SystemConfig::new().start().await;
    let payload = event((0..5_000).map(local));
    let pages = payload.len() / 4_096;
    for _ in 0..BATCHES {
        system.answer(payload.clone()).await;
    }
    let before = page_faults(&system);
    for _ in 0..BATCHES {
        system.answer(payload.clone()).await;
    }
    let faults = page_faults(&system) - before;
    assert!(
        faults < pages,
        "{faults} page faults in {BATCHES} batches of {pages} pages"
    );
}
