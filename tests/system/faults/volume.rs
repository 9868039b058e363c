//! A conflict storm, and items at DynamoDB's limit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stream_processor::log_contract::Message;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger::{Entry, Image};
use local_aws::lambda::MAX_PAYLOAD_BYTES;
use serde_json::{Value, json};
use system_tests::ledger_entry::{is_part, key_of, part_id};
use system_tests::proxy::{Intervention, Proxy};
use system_tests::records::{compact, conflict, conflict_between, conflict_id, event, local};
use system_tests::stream::{StreamFixture, mapping_config};
use system_tests::system::{SystemConfig, endpoints};

use super::setup;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_storm_of_10_000_conflicts_in_6_mb() {
    let count = 10_000;
    let records: Vec<Value> = (0..count)
        .map(|n| {
            let mut record = compact(conflict(n));
            // Two stamps less, so that all fit into one payload.
            let old = &mut record["dynamodb"]["OldImage"];
            if let Some(old) = old.as_object_mut() {
                old.retain(|name, _| !name.ends_with("eu-west-1"));
            }
            record
        })
        .collect();
    let payload = event(records.clone());
    assert!(
        payload.len() <= MAX_PAYLOAD_BYTES,
        "{} bytes",
        payload.len()
    );
    assert!(
        payload.len() > MAX_PAYLOAD_BYTES * 9 / 10,
        "{} bytes",
        payload.len()
    );
    let system = SystemConfig::new()
        .set("AWS_LAMBDA_LOG_LEVEL", "info")
        .timeout(Duration::from_secs(15))
        .start()
        .await;
    let mut config = mapping_config();
    config.batch_size = count;
    let stream = StreamFixture::start(&system, &records, config);
    stream.drain().await;

    let mut ids: Vec<String> = system
        .items()
        .await
        .iter()
        .map(|item| key_of(item).1)
        .collect();
    ids.sort();
    let mut expected: Vec<String> = (0..count).map(conflict_id).collect();
    expected.sort();
    assert!(ids == expected, "{} entries of {count}", ids.len());
    // However often it took the time limit to get through, each is counted once.
    let metrics = system.metrics();
    assert_eq!(
        ["Records", "Conflicts"].map(|name| metrics.count(name)),
        [count, count]
    );
    let counts = stream.mapping.counts();
    assert_eq!(counts.dropped, 0);
    let in_time = system.log().with_message(Message::TimeUp).count() as u64;
    assert_eq!(
        counts.invocations,
        in_time + 1,
        "an invocation that did not end in time says so"
    );
    assert_eq!(system.function.starts(), 1);
}

/// 400 KB of noise, which no compression makes smaller.
fn noise(seed: u64) -> Value {
    let mut random = fastrand::Rng::with_seed(seed);
    let bytes: Vec<u8> = (0..400 * 1024 - 300).map(|_| random.u8(..)).collect();
    json!({"blob": {"B": STANDARD.encode(bytes)}})
}

#[tokio::test]
async fn a_400_kb_loser_against_a_400_kb_winner_with_a_ledger_that_fails_between_its_parts() {
    let large = conflict_between(1, noise(1), noise(2));
    let records = [local(0), large.clone(), conflict(2)];
    let (ledger, cloudwatch) = endpoints().await;
    // Refused once: the second part, when the first is written.
    let second_part = part_id(&conflict_id(1), 2);
    let seen = AtomicUsize::new(0);
    let proxy = Proxy::start(ledger.endpoint(), move |body| {
        let chosen = String::from_utf8_lossy(body).contains(&second_part);
        if chosen && seen.fetch_add(1, Ordering::SeqCst) == 0 {
            Intervention::Deny
        } else {
            Intervention::Pass
        }
    })
    .await;
    let setup = setup().ledger_at(proxy.endpoint());
    let system = setup
        .start_with(ledger, cloudwatch)
        .await
        .expect("the function starts");
    let stream = StreamFixture::start(&system, &records, mapping_config());
    stream.drain().await;
    assert_eq!(proxy.struck(), 1);

    let items = system.items().await;
    let entry = |id: &str| -> Option<Image> {
        let item = items.iter().find(|item| key_of(item).1 == id)?;
        serde_json::from_value(item.clone()).ok()
    };
    let parts: Vec<Image> = (1..)
        .map_while(|number| entry(&part_id(&conflict_id(1), number)))
        .collect();
    let main = entry(&conflict_id(1)).expect("the entry is there");
    let read = Entry::read(main, &parts).expect("it can be read back");
    let image = read.loser.and_then(|loser| loser.image);
    let image = image.expect("it was kept");
    assert_eq!(
        serde_json::to_value(image).expect("an image is JSON"),
        large["dynamodb"]["OldImage"]
    );
    let entries = items.iter().filter(|item| !is_part(item)).count();
    assert_eq!((entries, items.len()), (2, 2 + parts.len()));
    let metrics = system.metrics();
    assert_eq!(
        ["Records", "Conflicts"].map(|name| metrics.count(name)),
        [3, 2]
    );
    assert_eq!(
        system
            .log()
            .with_message(Message::LedgerWriteFailed)
            .count(),
        1
    );
}
