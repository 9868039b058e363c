//! The memory of stamps, with many threads and between clients.

use std::thread;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::inputs::{Item, item, send};
use super::support::{COUNT, NOW, RESET, TIME, Wire, config, offline};
use crate::memory::{Memory, Table};
use crate::region::without_account;
use crate::stamps::{Pair, Stamps};
use crate::{NotStamped, Stamp};

const HERE: &str = "us-east-1";

fn orders(memory: &Memory) -> std::sync::Arc<Table> {
    let id = "id".to_owned();
    memory.table("https://dynamodb.us-east-1.amazonaws.com", "orders", || {
        Some(vec![&id])
    })
}

fn key(id: impl ToString) -> Item {
    [("id".to_owned(), AttributeValue::S(id.to_string()))].into()
}

fn seen(count: u64, time: u64) -> Stamps {
    let pair = Pair {
        count: Some(count),
        time: Some(time),
    };
    Stamps::default().with(HERE, pair)
}

fn count(memory: &Memory, table: &Table) -> u64 {
    let known = memory.find(table, &key("o-1")).unwrap();
    known.pair(HERE).unwrap().count.unwrap()
}

#[test]
fn no_answer_of_any_thread_replaces_a_newer_one() {
    let memory = Memory::new(10);
    let table = orders(&memory);
    thread::scope(|scope| {
        // Each tells of the same versions in an order of its own.
        for step in [1, 7, 31, 400] {
            let (memory, table) = (&memory, &table);
            scope.spawn(move || {
                for number in 0..=400 {
                    let version = number * step % 401;
                    let stamps = seen(version, NOW + version * 1_000_000);
                    memory.add(table, &key("o-1"), stamps);
                    assert!(count(memory, table) >= version);
                }
            });
        }
    });
    assert_eq!(count(&memory, &table), 400);
}

#[test]
fn the_memory_stays_bounded_with_many_threads() {
    let memory = Memory::new(5);
    let table = orders(&memory);
    thread::scope(|scope| {
        for start in [0, 250, 500, 750] {
            let (memory, table) = (&memory, &table);
            scope.spawn(move || {
                for number in start..start + 500 {
                    memory.add(table, &key(number), seen(1, NOW));
                    memory.forget(table, &key(number - 2));
                }
            });
        }
    });
    let (by_key, by_use) = memory.lengths();
    assert!(by_key <= 5);
    assert_eq!(by_key, by_use);
}

#[test]
fn updates_of_many_threads_are_all_counted() {
    let memory = Memory::new(10);
    let table = orders(&memory);
    memory.add(&table, &key("o-1"), seen(0, NOW));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    memory.change(&table, &key("o-1"), |known| {
                        let own = known.pair(HERE).unwrap();
                        let count = own.count.map(|count| count + 1);
                        known.with(HERE, Pair { count, ..own })
                    });
                }
            });
        }
    });
    assert_eq!(count(&memory, &table), 2000);
}

#[test]
fn keys_are_equal_where_those_of_dynamodb_are() {
    let memory = Memory::new(10);
    let table = orders(&memory);
    table.learn_key_names(["sort".to_owned(), "id".to_owned()]);
    let n = |text: &str| AttributeValue::N(text.to_owned());
    let s = |text: &str| AttributeValue::S(text.to_owned());
    let b = |text: &str| AttributeValue::B(Blob::new(text));
    let pair = |id, sort| -> Item { [("id".to_owned(), id), ("sort".to_owned(), sort)].into() };
    let groups = [
        vec![pair(n("1"), n("1")), pair(n("1.0"), n("10e-1"))],
        vec![pair(n("11"), n("1"))],
        vec![pair(n("1"), n("11"))],
        vec![pair(n("-1"), n("1"))],
        vec![pair(n("10"), n("1"))],
        vec![pair(n("0"), n("1")), pair(n("-0.0"), n("1"))],
        vec![pair(s("1"), n("1"))],
        vec![pair(b("1"), n("1"))],
        vec![pair(s("a"), s("bc"))],
        vec![pair(s("ab"), s("c"))],
        vec![pair(s(""), s("abc"))],
    ];
    for (at, group) in groups.iter().enumerate() {
        for (other, keys) in groups.iter().enumerate() {
            for (one, two) in group
                .iter()
                .flat_map(|one| keys.iter().map(move |two| (one, two)))
            {
                assert_eq!(
                    table.key(one) == table.key(two),
                    at == other,
                    "{one:?} {two:?}"
                );
            }
        }
    }
    let none = [
        Item::new(),
        key("o-1"),
        pair(n("x"), n("1")),
        pair(AttributeValue::Bool(true), n("1")),
    ];
    for none in none {
        assert_eq!(table.key(&none), None, "{none:?}");
    }
}

#[test]
fn what_is_later_claims_nothing_that_was_not_seen() {
    let parts = [None, Some(0), Some(1), Some(2)];
    // Around the tolerance of 100 ms.
    let times = parts.map(|part| part.map(|steps| steps * 60_000));
    let pairs: Vec<Pair> = parts
        .iter()
        .flat_map(|count| times.iter().map(|time| (*count, *time)))
        .map(|(count, time)| Pair { count, time })
        .collect();
    for one in &pairs {
        for other in &pairs {
            for (reset, other_reset) in [(None, Some(1)), (Some(2), Some(1)), (Some(1), None)] {
                let mut seen = Stamps::default().with(HERE, *one).with("eu-west-1", *one);
                let mut other_seen = Stamps::default().with(HERE, *other);
                (seen.reset, other_seen.reset) = (reset, other_reset);
                let both = seen.clone().later(other_seen.clone());
                let pair = both.pair(HERE).unwrap();
                assert!(pair == *one || pair == *other);
                for seen in [one, other] {
                    let earliest = seen.time.unwrap_or(0).saturating_sub(100_000);
                    assert!(pair.time.unwrap_or(0) >= earliest, "{one:?} {other:?}");
                }
                assert_eq!(both.pair("eu-west-1"), Some(*one));
                assert_eq!(both.reset, reset.max(other_reset));
                assert_eq!(both.clone().later(both.clone()), both);
                // Whichever came first.
                assert_eq!(
                    other_seen
                        .later(seen)
                        .pair(HERE)
                        .map(|pair| pair.time.unwrap_or(0)),
                    Some(pair.time.unwrap_or(0))
                );
            }
        }
    }
}

#[test]
fn an_account_based_endpoint_is_that_of_its_region() {
    let endpoint = |url| without_account(url);
    assert_eq!(
        endpoint("https://123456789012.ddb.us-east-1.amazonaws.com"),
        endpoint("https://dynamodb.us-east-1.amazonaws.com/")
    );
    for other in [
        "http://dynamodb.us-east-1.amazonaws.com",
        "https://12345.ddb.us-east-1.amazonaws.com",
        "https://dynamodb.us-east-1.amazonaws.com:8000",
    ] {
        assert_ne!(
            endpoint(other),
            endpoint("https://dynamodb.us-east-1.amazonaws.com")
        );
    }
}

// Clients.

fn get() -> Value {
    json!({"TableName": "orders", "Key": {"id": {"S": "o-1"}}})
}

fn put() -> Value {
    json!({"TableName": "orders", "Item": {"id": {"S": "o-1"}}})
}

fn stored(count: u64) -> Value {
    let time = (NOW + count).to_string();
    json!({"id": {"S": "o-1"}, COUNT: {"N": count.to_string()}, TIME: {"N": time}})
}

fn client_of(wire: &Wire, region: &str, stamp: Stamp) -> Client {
    let config = config(Some(region)).http_client(wire.clone());
    Client::from_conf(config.interceptor(stamp).build())
}

/// The item that one client puts after another one has read it.
async fn read_and_put(reader: &Client, writer: &Client, wire: &Wire) -> Value {
    wire.answer(200, json!({"Item": stored(5)}));
    send(reader, "GetItem", &get()).await.unwrap();
    let other = json!({"TableName": "orders", "Key": {"id": {"S": "o-0"}}});
    send(writer, "DeleteItem", &other).await.unwrap();
    send(writer, "PutItem", &put()).await.unwrap();
    wire.sent().last().unwrap()["Item"].clone()
}

#[tokio::test]
async fn the_clients_of_one_stamp_share_what_they_have_seen() {
    let wire = Wire::default();
    let client = |stamp: &Stamp| client_of(&wire, HERE, stamp.clone());
    let stamp = Stamp::new();
    let put = read_and_put(&client(&stamp), &client(&stamp), &wire).await;
    assert_eq!(put[COUNT]["N"], "6");
    let put = read_and_put(&client(&Stamp::new()), &client(&Stamp::new()), &wire).await;
    assert!(put[RESET].is_object(), "clients of two stamps share");
}

#[tokio::test]
async fn what_was_seen_in_another_region_is_not_claimed_here() {
    let wire = Wire::default();
    let stamp = Stamp::new();
    let there = client_of(&wire, "eu-west-1", stamp.clone());
    let put = read_and_put(&there, &client_of(&wire, HERE, stamp), &wire).await;
    assert_eq!(put[COUNT]["N"], "1");
    assert!(put[RESET].is_object());
}

#[tokio::test]
async fn where_the_region_is_set_the_endpoint_still_tells_tables_apart() {
    let wire = Wire::default();
    let stamp = Stamp::builder().region(HERE).build().unwrap();
    let there = config(Some(HERE)).endpoint_url("http://127.0.0.1:8000");
    let there = there.http_client(wire.clone()).interceptor(stamp.clone());
    let there = Client::from_conf(there.build());
    let put = read_and_put(&there, &client_of(&wire, HERE, stamp), &wire).await;
    assert!(put[RESET].is_object());
}

#[tokio::test]
async fn what_is_remembered_can_be_handed_over() {
    let stamp = Stamp::new();
    let (client, wire) = offline(Some(stamp.clone()));
    read_and_put(&client, &client, &wire).await;
    let before = wire.sent().len();
    let which = |id: &str| {
        let call = client.get_item().table_name("orders");
        call.set_key(Some(key(id)))
    };
    let mut history = stamp.remembered(which("o-1")).await.unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(history[COUNT].as_n().unwrap(), "6");
    assert!(stamp.remembered(which("o-2")).await.unwrap().is_empty());
    assert_eq!(wire.sent().len(), before, "a request was made");

    let (other, wire) = offline(Some(Stamp::new()));
    history.extend(key("o-1"));
    let call = other.put_item().table_name("orders");
    call.set_item(Some(history)).send().await.unwrap();
    assert_eq!(wire.sent()[0]["Item"][COUNT]["N"], "7");
}

#[tokio::test]
async fn a_client_that_is_not_stamped_remembers_nothing_and_says_so() {
    let carts = Stamp::builder().tables(["carts"]).build().unwrap();
    for on_client in [None, Some(Stamp::new()), Some(carts.clone())] {
        let (client, wire) = offline(on_client);
        let which = client.get_item().table_name("orders");
        let error = carts.remembered(which.set_key(Some(key("o-1")))).await;
        let error = error.unwrap_err();
        assert!(matches!(error, SdkError::ConstructionFailure(_)));
        let shown = DisplayErrorContext(error).to_string();
        assert!(shown.contains(&NotStamped.to_string()), "{shown}");
        assert!(wire.sent().is_empty());
    }
}

#[tokio::test]
async fn a_write_that_its_caller_gave_up_may_have_been_made() {
    let (client, wire) = offline(Some(Stamp::new()));
    read_and_put(&client, &client, &wire).await;
    let call = client.put_item().table_name("orders");
    let call = call.set_item(Some(item(&put()["Item"])));
    wire.hang();
    let given_up = tokio::time::timeout(Duration::from_millis(20), call.send()).await;
    assert!(given_up.is_err());
    assert_eq!(wire.sent().last().unwrap()["Item"][COUNT]["N"], "7");
    send(&client, "PutItem", &put()).await.unwrap();
    let last = wire.sent().last().unwrap()["Item"].clone();
    assert!(last[RESET].is_object(), "{last}");
}

#[tokio::test]
async fn a_client_of_a_region_that_is_none_reads_all_the_same() {
    let wire = Wire::default();
    let strict = Stamp::builder().strict(true).build().unwrap();
    let client = client_of(&wire, "local", strict);
    wire.answer(200, json!({"Item": stored(5)}));
    send(&client, "GetItem", &get()).await.unwrap();
    assert_eq!(wire.sent(), [get()]);
}
