//! Against the local ledger endpoint, with entries that the function's own code made.

mod incomplete;

use aws_sdk_dynamodb::types::AttributeValue as Sdk;
use base64::Engine;
use chrono::{DateTime, TimeDelta, Utc};
use conflict::StampNames;
use ledger::{ConflictId, Image, ItemKey};
use local_aws::fault::{Fault, Refusal};
use local_aws::ledger::{Ledger, Storage};
use serde_dynamo::AttributeValue;
use serde_json::{Value, json};

use super::list::{self, Filter, Selection};
use super::show::{EntryQuery, hours_to_search};
use super::{Connection, LedgerReadError, LedgerTable, connect, show, versions};
use crate::event::{Event, Stream, read_all};
use crate::judge::judge;
use crate::settings::check;
use crate::terminal::Layout;

const USER: &str = r#"{"PK":{"S":"USER#1001"},"SK":{"S":"ORDER#2026-11-21#7f3a"}}"#;
const ID: &str = "2026-11-22T12:33:07.318000Z#c38300004b26640c29c40f9cec1fe989";

struct Setup {
    ledger: Ledger,
    table: LedgerTable,
}

impl Setup {
    async fn start() -> Self {
        let ledger = Ledger::start(
            ledger::create_table_request("conflicts"),
            ledger::EXPIRES_AT,
            Storage::Memory,
        )
        .await
        .unwrap();
        let table = connect(&connection(&ledger, "conflicts")).await.unwrap();
        Self { ledger, table }
    }

    /// Puts into the ledger what the function would have made of an event at a time.
    async fn found(&self, event: Event, at: DateTime<Utc>) {
        for item in entries_of(event, at).await {
            self.put(item).await;
        }
    }

    async fn put(&self, item: Image) {
        let item = item.into_iter();
        let item = item.map(|(name, value)| (name, Sdk::from(value)));
        let put = self.table.client().put_item().table_name("conflicts");
        put.set_item(Some(item.collect())).send().await.unwrap();
    }

    async fn ids(&self, selection: &Selection, filter: Filter, limit: usize) -> Vec<String> {
        let listing = list::list(&self.table, selection, &filter, limit)
            .await
            .unwrap();
        assert!(listing.unreadable.is_empty());
        listing
            .entries
            .iter()
            .map(|entry| entry.conflict_id().to_owned())
            .collect()
    }
}

/// What the function would have made of an event at a time, as items.
async fn entries_of(event: Event, at: DateTime<Utc>) -> Vec<Image> {
    let report = judge(&[event], &check(&[]).unwrap(), at).await;
    let items = report.events[0].ledger.iter();
    items
        .map(|item| serde_json::from_value(item.clone()).unwrap())
        .collect()
}

fn connection(ledger: &Ledger, table: &str) -> Connection {
    Connection {
        ledger: table.to_owned(),
        profile: None,
        region: Some("us-east-1".to_owned()),
        endpoint_url: Some(ledger.endpoint()),
    }
}

fn sample(name: &str) -> Event {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    read_all(&[path.into()], &Stream::default())
        .unwrap()
        .remove(0)
}

fn id(text: &str) -> ConflictId {
    text.to_owned().into()
}

fn now() -> DateTime<Utc> {
    "2026-11-22T13:20:00Z".parse().unwrap()
}

fn last(hours: u32) -> Selection {
    Selection::Since { hours, now: now() }
}

/// The usual conflict, with this attribute in the losing image, and this id.
fn conflict_with(name: &str, value: Value, event_id: &str) -> Value {
    let event: Value = serde_json::from_slice(&sample("update_update").payload).unwrap();
    let mut record = event["Records"][0].clone();
    record["eventID"] = json!(event_id);
    record["dynamodb"]["OldImage"][name] = value;
    record
}

fn event_of(records: Vec<Value>) -> Event {
    let event = json!({ "Records": records });
    Event {
        name: "made".to_owned(),
        payload: event.to_string().into_bytes(),
    }
}

/// Bytes that do not compress, the same in each run.
fn noise(length: usize) -> Value {
    let mut state = 88_172_645_463_325_252_u64;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(length)
    .collect();
    json!({ "B": base64::engine::general_purpose::STANDARD.encode(bytes) })
}

#[tokio::test]
async fn the_last_hours_are_listed_newest_first() {
    let setup = Setup::start().await;
    setup
        .found(sample("update_update"), now() - TimeDelta::minutes(130))
        .await;
    setup
        .found(sample("delete_update"), now() - TimeDelta::minutes(90))
        .await;
    setup
        .found(sample("returned_writes"), now() - TimeDelta::minutes(10))
        .await;
    let all = list::list(&setup.table, &last(24), &Filter::default(), 100)
        .await
        .unwrap()
        .entries;
    let found: Vec<_> = all.iter().map(|entry| entry.detected_at.clone()).collect();
    assert!(found.is_sorted_by(|a, b| a >= b), "{found:?}");
    assert_eq!(all.last().map(|entry| entry.conflict_id()), Some(ID));
    let recent = setup.ids(&last(2), Filter::default(), 100).await;
    assert_eq!(recent.len(), all.len() - 1);
    assert_eq!(
        setup.ids(&last(24), Filter::default(), 1).await,
        recent[..1]
    );
    let plain = list::render(&all, 100, Layout::PLAIN);
    insta::assert_snapshot!(plain);
}

#[tokio::test]
async fn entries_are_filtered_by_kind_region_and_status() {
    let setup = Setup::start().await;
    setup.found(sample("mixed_batch"), now()).await;
    let count = async |filter: Filter| setup.ids(&last(1), filter, 100).await.len();
    assert_eq!(count(Filter::default()).await, 5);
    let kinds = vec!["insert_insert".to_owned(), "malformed_record".to_owned()];
    assert_eq!(
        count(Filter {
            kinds,
            ..Filter::default()
        })
        .await,
        2
    );
    let region = |region: &str| Filter {
        region: Some(region.to_owned()),
        ..Filter::default()
    };
    assert_eq!(count(region("us-east-1")).await, 3);
    assert_eq!(count(region("ap-northeast-1")).await, 1);
    let status = |status: &str| Filter {
        status: Some(status.to_owned()),
        ..Filter::default()
    };
    assert_eq!(count(status("open")).await, 5);
    assert_eq!(count(status("restored")).await, 0);
}

#[tokio::test]
async fn more_entries_than_one_request_takes_are_all_listed() {
    let setup = Setup::start().await;
    let record = |at| conflict_with("note", json!({"S": "x"}), &format!("event-{at:03}"));
    setup
        .found(event_of((0..120).map(record).collect()), now())
        .await;
    let ids = setup.ids(&last(1), Filter::default(), 1_000).await;
    assert_eq!(ids.len(), 120);
    assert!(ids.is_sorted_by(|a, b| a > b), "newest first");
    assert_eq!(setup.ledger.requests().get("BatchGetItem"), Some(&2));
}

#[tokio::test]
async fn the_entries_of_one_item_are_listed_without_its_parts() {
    let setup = Setup::start().await;
    for id in ["large-1", "large-2", "large-3"] {
        let record = conflict_with("photo", noise(408_600), id);
        setup
            .found(event_of(vec![record]), now() - TimeDelta::days(40))
            .await;
    }
    setup.found(sample("update_update"), now()).await;
    setup.found(sample("insert_insert"), now()).await;
    setup.ledger.clear_requests();
    let item = Selection::Item(ItemKey::from(USER.to_owned()));
    let ids = setup.ids(&item, Filter::default(), 100).await;
    let time = "2026-11-22T12:33:07.318000Z";
    assert_eq!(
        ids,
        [
            format!("{time}#large-3"),
            format!("{time}#large-2"),
            format!("{time}#large-1"),
            ID.to_owned()
        ]
    );
    let pages = setup.ledger.requests().get("Query").copied();
    assert!(
        pages > Some(1),
        "the entries are to fill more than one page: {pages:?}"
    );
    assert_eq!(setup.ids(&item, Filter::default(), 1).await, ids[..1]);
}

#[tokio::test]
async fn a_losing_image_is_put_together_whatever_its_size_made_of_it() {
    let setup = Setup::start().await;
    let sizes = [
        ("whole", json!({"S": "x"})),
        ("compressed", json!({"S": "x".repeat(408_600)})),
        ("in_parts", noise(408_600)),
    ];
    for (kept, value) in sizes {
        let record = conflict_with("photo", value, kept);
        let image = record["dynamodb"]["OldImage"].clone();
        setup.found(event_of(vec![record]), now()).await;
        let query = EntryQuery {
            conflict_id: format!("2026-11-22T12:33:07.318000Z#{kept}").into(),
            item: Some(ItemKey::from(USER.to_owned())),
            hours: 1,
        };
        let (entry, form) = show(&setup.table, &query, now()).await.unwrap();
        assert_eq!(form.name(), kept);
        let kept_image = entry.loser.unwrap().image.unwrap();
        let sent: Image = serde_json::from_value(image).unwrap();
        // By value: a table may give 25.00 back as 25.
        let (kept_image, sent) = (AttributeValue::M(kept_image), AttributeValue::M(sent));
        assert!(conflict::values_equal(&kept_image, &sent), "{kept}");
    }
}

#[tokio::test]
async fn a_damaged_entry_is_named_and_the_others_are_listed() {
    let setup = Setup::start().await;
    let record = |id| conflict_with("note", json!({"S": "x"}), id);
    let records = vec![record("good"), record("bad")];
    setup.found(event_of(records), now()).await;
    setup
        .table
        .client()
        .update_item()
        .table_name("conflicts")
        .key("ItemKey", Sdk::S(USER.to_owned()))
        .key(
            "ConflictId",
            Sdk::S("2026-11-22T12:33:07.318000Z#bad".to_owned()),
        )
        .update_expression("SET DetectedAt = :never")
        .expression_attribute_values(":never", Sdk::S("never".to_owned()))
        .send()
        .await
        .unwrap();
    let listing = list::list(&setup.table, &last(1), &Filter::default(), 10)
        .await
        .unwrap();
    let ids: Vec<&str> = listing
        .entries
        .iter()
        .map(|entry| entry.conflict_id())
        .collect();
    assert_eq!(ids, ["2026-11-22T12:33:07.318000Z#good"]);
    let told: Vec<String> = listing.unreadable.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"the entry 2026-11-22T12:33:07.318000Z#bad cannot be read: DetectedAt: "never" is not an RFC 3339 time: input contains invalid characters"#);
}

#[tokio::test]
async fn a_missing_part_is_told() {
    let setup = Setup::start().await;
    let record = conflict_with("photo", noise(408_600), "large");
    setup.found(event_of(vec![record]), now()).await;
    let id = "2026-11-22T12:33:07.318000Z#large";
    setup
        .table
        .client()
        .delete_item()
        .table_name("conflicts")
        .key("ItemKey", Sdk::S(USER.to_owned()))
        .key("ConflictId", Sdk::S(format!("{id}#part-2")))
        .send()
        .await
        .unwrap();
    let query = EntryQuery {
        conflict_id: id.to_owned().into(),
        item: Some(ItemKey::from(USER.to_owned())),
        hours: 1,
    };
    let error = show(&setup.table, &query, now()).await.unwrap_err();
    assert!(
        error.to_string().contains("part 2 of 2 is missing"),
        "{error}"
    );
}

#[tokio::test]
async fn a_conflict_is_shown_side_by_side_and_found_by_its_id_alone() {
    let setup = Setup::start().await;
    setup
        .found(sample("update_update"), now() - TimeDelta::minutes(30))
        .await;
    // Found long after the search's last hours: the id names the hour to look in.
    let later = now() + TimeDelta::days(20);
    let query = EntryQuery {
        conflict_id: ID.to_owned().into(),
        item: None,
        hours: 1,
    };
    let (entry, form) = show(&setup.table, &query, later).await.unwrap();
    let shown = versions::render(&entry, form, &StampNames::default(), false, Layout::PLAIN);
    insta::assert_snapshot!(shown);
}

#[tokio::test]
async fn a_quarantined_record_is_shown_with_its_text_and_no_control_characters() {
    let setup = Setup::start().await;
    let event = event_of(vec![json!("\u{9b}31m")]);
    setup.found(event.clone(), now()).await;
    let ids = setup
        .ids(
            &Selection::Item(ItemKey::quarantine()),
            Filter::default(),
            10,
        )
        .await;
    let query = EntryQuery {
        conflict_id: ids[0].clone().into(),
        item: Some(ItemKey::quarantine()),
        hours: 1,
    };
    let (entry, form) = show(&setup.table, &query, now()).await.unwrap();
    assert_eq!(entry.record.as_deref(), Some("\"\u{9b}31m\""));
    let shown = versions::render(&entry, form, &StampNames::default(), false, Layout::PLAIN);
    assert!(shown.contains("\\u{9b}31m"), "{shown}");
    assert!(!shown.contains('\u{9b}'));
}

#[tokio::test]
async fn what_is_not_there_is_told_with_what_to_do() {
    let setup = Setup::start().await;
    let unknown = |item| EntryQuery {
        conflict_id: ID.to_owned().into(),
        item,
        hours: 2,
    };
    let by_id = show(&setup.table, &unknown(None), now()).await.unwrap_err();
    assert!(
        by_id.to_string().contains("give the item's --key"),
        "{by_id}"
    );
    let item = Some(ItemKey::from(USER.to_owned()));
    let by_key = show(&setup.table, &unknown(item), now()).await.unwrap_err();
    assert!(
        matches!(by_key, LedgerReadError::NoSuchConflict(_)),
        "{by_key}"
    );
    let other = connect(&connection(&setup.ledger, "other")).await.unwrap();
    let error = list::list(&other, &last(1), &Filter::default(), 1)
        .await
        .unwrap_err();
    assert!(matches!(error, LedgerReadError::NoTable { .. }), "{error}");
}

#[tokio::test]
async fn refusals_are_told_in_plain_words() {
    let setup = Setup::start().await;
    let cases = [
        ("AccessDeniedException", "dynamodb:BatchGetItem"),
        ("ExpiredTokenException", "log in again"),
        ("ValidationException", "is no conflict ledger"),
    ];
    for (code, words) in cases {
        setup
            .ledger
            .set_fault(Fault::Refuse(Refusal::new(400, code, "no")));
        let error = list::list(&setup.table, &last(1), &Filter::default(), 1)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_told() {
    let setup = Setup::start().await;
    drop(setup.ledger);
    let error = list::list(&setup.table, &last(1), &Filter::default(), 1)
        .await
        .unwrap_err();
    assert!(
        matches!(error, LedgerReadError::Unreachable { .. }),
        "{error}"
    );
}

#[test]
fn the_hours_of_the_index_are_those_of_the_search() {
    let labels = list::hours_back("2026-11-22T01:57:00Z".parse().unwrap(), 2);
    assert_eq!(
        labels,
        [
            "2026-11-22T02",
            "2026-11-22T01",
            "2026-11-22T00",
            "2026-11-21T23"
        ]
    );
    let hours = hours_to_search(&id(ID), now(), 1);
    assert_eq!(hours, ["2026-11-22T12", "2026-11-22T13"]);
    let unknown_time = hours_to_search(&id("1970-01-01T00:00:00.000000Z#x"), now(), 1);
    assert_eq!(unknown_time, ["2026-11-22T13", "2026-11-22T12"]);
    assert_eq!(list::buckets(&hours[..1]).len(), 16);
}
