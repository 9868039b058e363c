//! Throttling, lost answers, missing permissions, and a process that ends between two steps.

use serde_json::json;
use system_tests::proxy::Intervention;

use super::{Tables, count, first_writes, history, kill_at};

#[tokio::test]
async fn a_throttled_write_is_tried_again_with_the_same_stamp() {
    let (tables, id) = Tables::usual().await;
    let items = first_writes(tables.items.endpoint(), 3, Intervention::Throttle).await;
    let run = tables.put_back_by_items(&items, &[&id]).await;
    assert_eq!((run.code, items.struck()), (Some(0), 3), "{run:?}");
    assert_eq!(count(&tables.item("o-1").await), "2");
}

#[tokio::test]
async fn a_write_that_stays_throttled_fails_and_leaves_everything_as_it_was() {
    let (tables, id) = Tables::usual().await;
    let before = tables.item("o-1").await;
    let items = first_writes(tables.items.endpoint(), usize::MAX, Intervention::Throttle).await;
    let run = tables.put_back_by_items(&items, &[&id]).await;
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.outcome()["message"]
            .as_str()
            .unwrap()
            .contains("throttled"),
        "{run:?}"
    );
    assert_eq!(tables.item("o-1").await, before);
    assert_eq!(
        tables.entry_with(&id).await["Status"],
        json!({ "S": "open" })
    );
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_found_and_not_done_twice() {
    let (tables, id) = Tables::usual().await;
    let items = first_writes(tables.items.endpoint(), 1, Intervention::LoseAnswer).await;
    let run = tables.put_back_by_items(&items, &[&id]).await;
    assert_eq!((run.code, items.struck()), (Some(0), 1), "{run:?}");
    assert_eq!(run.outcome()["outcome"], "restored");
    assert_eq!(count(&tables.item("o-1").await), "2");
    assert_eq!(
        tables.entry_with(&id).await["Status"],
        json!({ "S": "restored" })
    );
}

#[tokio::test]
async fn a_status_whose_answer_was_lost_is_in_the_history_once() {
    let (tables, id) = Tables::usual().await;
    let ledger = first_writes(tables.ledger.endpoint(), 1, Intervention::LoseAnswer).await;
    let run = tables.put_back_by_ledger(&ledger, &[&id]).await;
    assert_eq!((run.code, ledger.struck()), (Some(0), 1), "{run:?}");
    assert_eq!(run.outcome()["outcome"], "restored");
    assert_eq!(history(&tables.entry_with(&id).await).len(), 1);
}

#[tokio::test]
async fn killed_between_the_item_and_its_entry_the_next_run_finds_it_there() {
    let (tables, id) = Tables::usual().await;
    let ledger = first_writes(tables.ledger.endpoint(), 1, Intervention::Hold).await;
    let program = tables.put_back_at(ledger.endpoint(), &tables.items.endpoint(), &[&id]);
    kill_at(program, &ledger).await;
    let written = tables.item("o-1").await;
    assert_eq!(written["address"], json!({ "S": "Harbor St" }));
    assert_eq!(
        tables.entry_with(&id).await["Status"],
        json!({ "S": "open" })
    );
    let again = tables.put_back(&[&id]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(again.outcome()["written"], json!([]));
    assert_eq!(again.outcome()["attributes"], json!(["address"]));
    assert_eq!(tables.item("o-1").await, written);
    assert_eq!(
        tables.entry_with(&id).await["Status"],
        json!({ "S": "restored" })
    );
}

#[tokio::test]
async fn who_may_not_write_is_told_what_is_needed() {
    let (tables, id) = Tables::usual().await;
    let items = first_writes(tables.items.endpoint(), 1, Intervention::Deny).await;
    let denied = tables.put_back_by_items(&items, &[&id]).await;
    assert_eq!(denied.code, Some(1), "{denied:?}");
    let message = denied.outcome()["message"].clone();
    assert!(
        message
            .as_str()
            .unwrap()
            .contains("not allowed to write orders"),
        "{message}"
    );
    let ledger = first_writes(tables.ledger.endpoint(), 1, Intervention::Deny).await;
    let denied = tables.put_back_by_ledger(&ledger, &[&id]).await;
    let message = denied.outcome()["message"].clone();
    assert!(
        message
            .as_str()
            .unwrap()
            .contains("dynamodb:UpdateItem on the ledger"),
        "{message}"
    );
    // The item is back, and the next run says so in the entry.
    assert_eq!(tables.put_back(&[&id]).await.code, Some(0));
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named_with_the_options_to_check() {
    let (tables, id) = Tables::usual().await;
    let run = tables.put_back(&[&id, "--table", "others"]).await;
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stderr.contains("--item-endpoint-url") && run.stderr.contains("others"),
        "{run:?}"
    );
}
