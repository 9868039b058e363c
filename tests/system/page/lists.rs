//! What the list shows: all Regions together, filters, search, new entries, many entries.

use chrono::{TimeDelta, Utc};
use ledger::Entry;
use local_aws::ledger::{Ledger, Storage};
use serde_json::json;
use system_tests::proxy::{Intervention, Proxy};

use super::{Page, command};
use crate::put_back::{LEDGER, REGION, TABLE, Tables, entry, image, put, run};

const WEST: &str = "eu-west-1";

fn lost_address(id: &str) -> Entry {
    let address = |text: &str| json!({ "address": { "S": text } });
    entry(
        id,
        address("Harbor St"),
        address("Marlowe Rd"),
        &["address"],
    )
}

/// The same, lost in the other Region.
fn lost_in_west(id: &str) -> Entry {
    let mut entry = lost_address(id);
    std::mem::swap(&mut entry.loser, &mut entry.winner);
    entry
}

async fn west() -> Ledger {
    let request = ledger::create_table_request(LEDGER);
    Ledger::start(request, ledger::EXPIRES_AT, Storage::Memory)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_ledgers_of_all_regions_are_shown_together() {
    let tables = Tables::start().await;
    let west = west().await;
    tables.put_entry(lost_address("o-east")).await;
    put(
        &west.endpoint(),
        LEDGER,
        lost_in_west("o-west").into_items().main,
    )
    .await;
    let ledgers = format!(
        "{REGION}={},{WEST}={}",
        tables.ledger.endpoint(),
        west.endpoint()
    );
    let page = Page::of_ledgers(&tables, &ledgers, &[]).await;
    let list = page.get("").await;
    for text in ["id=o-east", "id=o-west", "1 to 2 of 2", TABLE] {
        assert!(list.has(text), "{text}");
    }
    // Each entry is read from its own Region's ledger.
    for id in ["o-east", "o-west"] {
        let row = list
            .body
            .split("<tr ")
            .find(|row| row.contains(id))
            .unwrap();
        let href = row
            .split("href=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        assert!(page.follow(href).await.has(id));
    }
}

#[tokio::test]
async fn a_region_that_cannot_be_read_is_told_and_the_others_are_shown() {
    let tables = Tables::start().await;
    tables.put_entry(lost_address("o-1")).await;
    let west = west().await;
    let way = Proxy::start(west.endpoint(), |_| Intervention::Deny).await;
    let ledgers = format!(
        "{REGION}={},{WEST}={}",
        tables.ledger.endpoint(),
        way.endpoint()
    );
    let page = Page::of_ledgers(&tables, &ledgers, &[]).await;
    let list = page.get("").await;
    assert!(
        list.has("id=o-1") && list.has("eu-west-1: not allowed to read"),
        "{list:?}"
    );
    // Where none can be read there is no page.
    let none = format!("{WEST}={}", way.endpoint());
    let refused = run(&mut command(&tables, &none, &[])).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("dynamodb:Query"), "{refused:?}");
}

#[tokio::test]
async fn filters_and_search_narrow_the_list() {
    let tables = Tables::start().await;
    for id in ["o-1", "o-2", "o-3"] {
        tables.put_entry(lost_address(id)).await;
    }
    let mut dismissed = lost_address("o-4");
    dismissed.status = ledger::Status::Dismissed.into();
    tables.put_entry(dismissed).await;
    let page = Page::start(&tables, &[]).await;
    // Open ones, unless others are asked for.
    assert!(page.get("").await.has("1 to 3 of 3"));
    assert!(page.get("?status=dismissed").await.has("1 to 1 of 1"));
    assert!(page.get("?status=any").await.has("1 to 4 of 4"));
    assert!(
        page.get("?status=any&kind=insert_insert")
            .await
            .has("No entry.")
    );
    assert!(
        page.get("?status=any&region=ap-southeast-2")
            .await
            .has("No entry.")
    );
    assert!(
        page.get("?status=any&region=eu-west-1")
            .await
            .has("1 to 4 of 4")
    );
    let found = page
        .post("list", &[("text", "O-2"), ("status", "any")])
        .await;
    assert!(found.has("1 to 1 of 1") && found.has("id=o-2"), "{found:?}");
    let found = page
        .post("list", &[("text", "address marlowe"), ("status", "any")])
        .await;
    // Values are not in a list, so they are not found.
    assert!(found.has("Nothing was found"), "{found:?}");
}

#[tokio::test]
async fn a_search_for_a_key_goes_back_as_far_as_the_ledger_does() {
    let tables = Tables::start().await;
    let mut old = lost_address("o-old");
    old.detected_at = Utc::now() - TimeDelta::days(20);
    tables.put_entry(old).await;
    let page = Page::start(&tables, &["--hours", "1"]).await;
    assert!(page.get("").await.has("No entry."));
    let found = page.post("list", &[("text", "id=o-old")]).await;
    assert!(found.has("1 to 1 of 1"), "{found:?}");
    let href = found
        .attributes("href")
        .into_iter()
        .find(|href| href.contains("entry/"))
        .unwrap();
    assert!(page.follow(&href).await.has("Harbor St"));
}

#[tokio::test]
async fn new_entries_and_what_others_did_are_seen_without_reading_all_again() {
    let tables = Tables::start().await;
    let first = tables.put_entry(lost_address("o-1")).await;
    let page = Page::start(&tables, &["--refresh", "1"]).await;
    let source = page
        .get("?status=any")
        .await
        .attributes("data-source")
        .remove(0);
    let version = async || {
        page.follow(&source)
            .await
            .attributes("data-version")
            .remove(0)
    };
    assert_eq!(version().await, version().await);
    tables.put_entry(lost_address("o-2")).await;
    tables.run("resolve", &[&first, "--why", "test data"]).await;
    // What is new is looked for once a second.
    for _ in 0..5_000 {
        let live = page.follow(&source).await;
        if live.has("id=o-2") && live.has("status dismissed") {
            assert!(live.has("1 to 2 of 2"));
            return;
        }
    }
    panic!("it never came");
}

#[tokio::test]
async fn charts_say_in_numbers_what_they_show() {
    let tables = Tables::start().await;
    for id in ["o-1", "o-2"] {
        tables.put_entry(lost_address(id)).await;
    }
    let page = Page::start(&tables, &[]).await;
    let list = page.get("").await;
    for title in ["By kind", "By the Region that lost", "What became of them"] {
        assert!(list.has(title), "{title}");
    }
    for line in [
        "update_update <span>2</span>",
        "us-east-1 <span>2</span>",
        "open <span>2</span>",
    ] {
        assert!(list.has(line), "{line}: {list:?}");
    }
}

#[tokio::test]
async fn an_entry_that_is_damaged_is_told_and_the_others_are_shown() {
    let tables = Tables::start().await;
    tables.put_entry(lost_address("o-1")).await;
    let mut damaged = lost_address("o-2").into_items().main;
    damaged.extend(image(json!({ "DetectedAt": { "S": "yesterday" } })));
    put(&tables.ledger.endpoint(), LEDGER, damaged).await;
    let page = Page::start(&tables, &[]).await;
    let list = page.get("").await;
    assert!(
        list.has("id=o-1") && list.has("1 entries cannot be read"),
        "{list:?}"
    );
}
