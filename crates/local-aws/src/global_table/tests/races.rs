//! The gate under load: local writes and replicated ones that arrive at the same moment on the same item.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::*;
use crate::global_table::*;

fn update(pk: &str, value: &str) -> Value {
    json!({
        "TableName": "App",
        "Key": {"PK": {"S": pk}, "SK": {"S": "x"}},
        "UpdateExpression": "SET v = :v ADD n :one",
        "ExpressionAttributeValues": {":v": {"S": value}, ":one": {"N": "1"}},
    })
}

/// Checks that each record's old image is the new image of the item's record before it, and gives the last image of
/// each item.
fn follow_chain(records: &[Value]) -> HashMap<String, Value> {
    let mut last: HashMap<String, Value> = HashMap::new();
    for record in records {
        let change = &record["dynamodb"];
        let pk = change["Keys"]["PK"]["S"].as_str().unwrap().to_owned();
        let old = change.get("OldImage").cloned().unwrap_or(Value::Null);
        let before = last.get(&pk).cloned().unwrap_or(Value::Null);
        assert_eq!(old, before, "the chain of {pk} broke");
        let new = change.get("NewImage").cloned().unwrap_or(Value::Null);
        last.insert(pk, new);
    }
    last
}

async fn hammer(world: &World, at: &str, writer: usize, writes: usize) {
    for n in 0..writes {
        let pk = if n % 4 == 3 { "warm" } else { "hot" };
        world
            .ok(at, "UpdateItem", update(pk, &format!("{at} {writer} {n}")))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_local_and_replicated_writes_of_one_item_leave_every_stream_a_chain_and_all_regions_equal()
 {
    const WRITERS: usize = 4;
    const WRITES: usize = 40;
    let world = World::start(GlobalTableConfig {
        lag: Lag::LogNormal {
            median: Duration::from_millis(2),
            sigma: 1.0,
        },
        combine: 0.3,
        ..config(&[EAST, WEST, EU])
    })
    .await;
    let world = &world;
    let writers = [EAST, WEST, EU]
        .into_iter()
        .flat_map(|at| (0..WRITERS).map(move |writer| hammer(world, at, writer, WRITES)));
    futures::future::join_all(writers).await;
    world.table.wait_until_converged().await;

    let mut rejected = 0;
    let mut finals = Vec::new();
    for at in [EAST, WEST, EU] {
        let last = follow_chain(&world.stream(at));
        let counts = world.counts(at);
        assert_eq!(counts.local_writes as usize, WRITERS * WRITES, "{at}");
        assert_eq!(counts.failed, 0);
        rejected += counts.rejected;
        let items = world.items(at).await;
        for (key, item) in &items {
            let AttributeValue::S(pk) = &key.attributes()["PK"] else {
                panic!("{key:?}");
            };
            assert_eq!(item, &last[pk], "{at}");
        }
        finals.push((items, world.versions(at).await));
    }
    assert!(
        rejected > 0,
        "nothing arrived late, so the gate was not tried"
    );
    assert_eq!(finals[0], finals[1]);
    assert_eq!(finals[0], finals[2]);
}

#[tokio::test]
async fn a_replicated_write_waits_while_a_local_write_is_between_its_check_and_its_end() {
    let world = World::start(config(&[EAST, WEST])).await;
    world.put(WEST, "a", "here").await;
    world.table.wait_until_converged().await;

    let replica = world.table.replica(region(WEST));
    let (entered, has_entered) = tokio::sync::oneshot::channel();
    let (leave, may_leave) = tokio::sync::oneshot::channel();
    let held = {
        let replica = std::sync::Arc::clone(&replica);
        tokio::spawn(async move {
            let held = async {
                entered.send(()).unwrap();
                may_leave.await.unwrap();
            };
            replica.write(None, held).await;
        })
    };
    has_entered.await.unwrap();
    world.put(EAST, "a", "arriving").await;
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    // Reads do not wait for the gate, so this is what is there while it is held.
    assert_eq!(world.v(WEST, "a").await, Some("here".into()));
    leave.send(()).unwrap();
    held.await.unwrap();
    world.table.wait_until_converged().await;
    assert_eq!(world.v(WEST, "a").await, Some("arriving".into()));
}

#[test]
#[should_panic(expected = "the chain of hot broke")]
fn a_broken_chain_is_noticed() {
    let record = |old: Value, new: &str| {
        json!({"dynamodb": {
            "Keys": {"PK": {"S": "hot"}}, "OldImage": old, "NewImage": {"v": {"S": new}}
        }})
    };
    follow_chain(&[
        record(Value::Null, "1"),
        record(json!({"v": {"S": "not 1"}}), "2"),
    ]);
}
