//! What DynamoDB refuses for what is in it, over real HTTP: a smaller form follows, and nothing waits behind it.

use ledger::{Entry, omitted_bytes};
use serde_json::{Value, json};
use stream_processor::log_contract::Message;
use system_tests::log::count;
use system_tests::proxy::{Intervention, Proxy};
use system_tests::records::{conflict, conflict_id, event, local, lost_note};
use system_tests::system::{System, SystemConfig, endpoints};

use crate::answers::{all_done, conflict_ids, failed_from};
use crate::sizes::entry;

/// A system whose ledger refuses each write of which this is so.
async fn refusing(is_refused: impl Fn(&str) -> bool + Send + Sync + 'static) -> (System, Proxy) {
    let (ledger, cloudwatch) = endpoints().await;
    let proxy = Proxy::start(ledger.endpoint(), move |body| {
        match is_refused(&String::from_utf8_lossy(body)) {
            true => Intervention::Refuse,
            false => Intervention::Pass,
        }
    })
    .await;
    let setup = SystemConfig::new().ledger_at(proxy.endpoint());
    let system = setup
        .start_with(ledger, cloudwatch)
        .await
        .expect("the function starts");
    (system, proxy)
}

/// The entry of conflict 1, with its parts.
async fn second_entry(system: &System) -> Entry {
    let (main, parts) = entry(system, &conflict_id(1)).await;
    Entry::read(main, &parts).expect("it can be read back")
}

fn batch() -> String {
    event([conflict(0), conflict(1), local(2), conflict(3)])
}

/// Each record is answered, kept and counted, and the log says so often that an entry was refused.
async fn assert_nothing_is_held_up(system: &System, forms: &[&str]) {
    assert_eq!(conflict_ids(system).await, [0, 1, 3].map(conflict_id));
    let metrics = system.metrics();
    let counted = ["Records", "Conflicts", "BatchItemFailures"];
    assert_eq!(counted.map(|name| metrics.count(name)), [4, 3, 0]);
    let log = system.log();
    let refused: Vec<&Value> = log.with_message(Message::EntryRefused).collect();
    let told: Vec<&Value> = refused.iter().map(|line| &line["form"]).collect();
    assert_eq!(told, forms);
    for line in refused {
        assert_eq!(count(line, "record"), Some(1));
        assert_eq!(line["error_code"], "ValidationException");
        assert!(!line.to_string().contains(&lost_note(1)), "{line}");
    }
    let summary = log.with_message(Message::Batch).next();
    let summary = summary.expect("there is a summary line");
    let counts = ["ledger_written", "ledger_reduced", "ledger_failed"];
    assert_eq!(
        counts.map(|name| count(summary, name)),
        [Some(3), Some(1), Some(0)]
    );
}

#[tokio::test]
async fn an_entry_that_is_refused_is_written_compressed_and_the_batch_goes_on() {
    let (system, proxy) = refusing(|body| body.contains(&lost_note(1))).await;
    assert_eq!(system.answer(batch()).await, all_done());
    assert_eq!(
        proxy.struck(),
        1,
        "what can never succeed is not tried again"
    );
    assert_nothing_is_held_up(&system, &["full"]).await;
    let entry = second_entry(&system).await;
    assert_eq!(entry.images_refused, None);
    let lost = entry.loser.and_then(|loser| loser.image);
    let lost = serde_json::to_value(lost).expect("an image is JSON");
    assert_eq!(lost["address"], json!({"S": lost_note(1)}));
    let won = entry.winner.and_then(|winner| winner.image);
    let won = won.expect("its attributes are named");
    assert!(won.values().all(|value| omitted_bytes(value).is_some()));
}

#[tokio::test]
async fn what_is_refused_compressed_too_is_written_without_images_and_says_so() {
    let (system, proxy) = refusing(|body| {
        let is_second = body.contains(&conflict_id(1));
        is_second && (body.contains("ImageGzip") || body.contains(&lost_note(1)))
    })
    .await;
    assert_eq!(system.answer(batch()).await, all_done());
    assert_eq!(proxy.struck(), 2);
    assert_nothing_is_held_up(&system, &["full", "compressed"]).await;
    let entry = second_entry(&system).await;
    assert_eq!(entry.images_refused, Some(true));
    assert_eq!((entry.key, entry.differing_attributes), (None, None));
    assert_eq!(entry.loser.and_then(|loser| loser.image), None);
    assert_eq!(entry.lost_writes, Some(1));
    // Delivered again, it is what it was.
    let before = system.items().await;
    assert_eq!(system.answer(batch()).await, all_done());
    assert_eq!(system.items().await, before);
}

#[tokio::test]
async fn a_table_that_refuses_every_form_is_named_and_the_record_comes_again() {
    let (system, proxy) = refusing(|body| body.contains(&conflict_id(1))).await;
    assert_eq!(system.answer(batch()).await, failed_from(1));
    assert_eq!(proxy.struck(), 3);
    let log = system.log();
    let failure = log.with_message(Message::LedgerWriteFailed).next();
    let hint = failure.and_then(|line| line["hint"].as_str());
    assert!(
        hint.is_some_and(|hint| hint.contains("ItemKey (HASH, S)")),
        "{hint:?}"
    );
}
