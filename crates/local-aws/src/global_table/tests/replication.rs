//! Who wins, what arrives, and in which order.

use std::time::Duration;

use serde_json::json;

use super::support::*;
use crate::global_table::*;

#[tokio::test]
async fn a_write_reaches_every_other_region() {
    let world = World::start(config(&[EAST, WEST, EU])).await;
    world.put(WEST, "a", "1").await;
    world.table.wait_until_converged().await;
    assert_eq!(
        world.everywhere("a").await,
        [Some("1".into()), Some("1".into()), Some("1".into())]
    );
    assert_eq!(world.counts(WEST).local_writes, 1);
    for other in [EAST, EU] {
        let counts = world.counts(other);
        assert_eq!((counts.applied, counts.local_writes), (1, 0), "{other}");
        assert_eq!(counts.lag.count, 1);
    }
}

#[tokio::test]
async fn the_later_private_timestamp_wins_whatever_arrives_last() {
    let clock = ManualClock::at(1_000);
    clock.set(region(EAST), 2_000);
    let world = World::start(GlobalTableConfig {
        clock: std::sync::Arc::new(clock),
        ..config(&[EAST, WEST])
    })
    .await;
    world.table.cut(region(EAST)).await.unwrap();
    // The one with the earlier clock writes later, and loses all the same.
    world.put(EAST, "a", "later clock").await;
    world.put(WEST, "a", "earlier clock").await;
    world.table.join(region(EAST)).unwrap();
    world.table.wait_until_converged().await;
    let winner = Some("later clock".to_owned());
    assert_eq!(world.everywhere("a").await, [winner.clone(), winner]);
    assert_eq!(world.counts(EAST).rejected, 1);
    assert_eq!(world.counts(WEST).applied, 1);
}

#[tokio::test]
async fn a_tie_is_settled_by_region_and_alike_everywhere() {
    let world = World::start(GlobalTableConfig {
        clock: std::sync::Arc::new(ManualClock::at(1_000)),
        ..config(&[EAST, WEST, EU])
    })
    .await;
    for at in [EAST, WEST, EU] {
        world.table.cut(region(at)).await.unwrap();
    }
    for at in [WEST, EU, EAST] {
        world.put(at, "a", at).await;
    }
    let mut times = Vec::new();
    for at in [EAST, WEST, EU] {
        let version = world.versions(at).await[&key("a")];
        times.push((version.micros, version.counter));
    }
    assert_eq!(times, [(1_000, 0); 3], "not a tie");
    for at in [EAST, WEST, EU] {
        world.table.join(region(at)).unwrap();
    }
    world.table.wait_until_converged().await;
    let winner = Some(WEST.to_owned());
    assert_eq!(
        world.everywhere("a").await,
        [winner.clone(), winner.clone(), winner]
    );
}

#[tokio::test]
async fn a_write_on_top_of_a_replicated_version_wins_although_the_clock_there_is_behind() {
    let clock = ManualClock::at(1_000);
    clock.set(region(EAST), 9_000_000);
    let world = World::start(GlobalTableConfig {
        clock: std::sync::Arc::new(clock),
        ..config(&[EAST, WEST])
    })
    .await;
    world.put(EAST, "a", "first").await;
    world.table.wait_until_converged().await;
    world.put(WEST, "a", "second").await;
    world.table.wait_until_converged().await;
    let second = Some("second".to_owned());
    assert_eq!(world.everywhere("a").await, [second.clone(), second]);
}

#[tokio::test]
async fn changes_of_one_item_arrive_in_the_order_in_which_they_were_made() {
    let world = World::start(GlobalTableConfig {
        lag: Lag::LogNormal {
            median: Duration::from_millis(10),
            sigma: 1.5,
        },
        seed: 4,
        ..config(&[EAST, WEST])
    })
    .await;
    for n in 0..30 {
        world.put(EAST, "a", &n.to_string()).await;
    }
    world.table.wait_until_converged().await;
    let records = world.stream(WEST);
    let arrived: Vec<u32> = changes(&records)
        .iter()
        .map(|(_, _, new)| new.unwrap().parse().unwrap())
        .collect();
    assert_eq!(arrived, (0..30).collect::<Vec<_>>());
    assert_eq!(world.counts(WEST).rejected, 0);
}

#[tokio::test]
async fn only_the_latest_of_several_waiting_changes_goes_when_changes_are_combined() {
    let world = World::start(GlobalTableConfig {
        combine: 1.0,
        ..config(&[EAST, WEST])
    })
    .await;
    world.table.cut(region(WEST)).await.unwrap();
    for n in 0..5 {
        world.put(EAST, "a", &n.to_string()).await;
    }
    assert_eq!(world.counts(EAST).waiting, 1);
    assert_eq!(world.counts(EAST).combined, 4);
    world.table.join(region(WEST)).unwrap();
    world.table.wait_until_converged().await;
    let records = world.stream(WEST);
    assert_eq!(changes(&records), [("INSERT".into(), None, Some("4"))]);
    assert_eq!(world.stream(EAST).len(), 5);
}

#[tokio::test]
async fn a_tombstone_keeps_an_older_put_from_bringing_the_item_back() {
    let world = World::start(config(&[EAST, WEST])).await;
    world.put(EAST, "a", "1").await;
    world.table.wait_until_converged().await;
    world.table.cut(region(EAST)).await.unwrap();
    world.put(EAST, "a", "older").await;
    world.delete(WEST, "a").await;
    world.table.join(region(EAST)).unwrap();
    world.table.wait_until_converged().await;
    assert_eq!(world.everywhere("a").await, [None, None]);
    assert_eq!(world.counts(WEST).rejected, 1);
    // The Region that wrote sees its write go.
    let records = world.stream(EAST);
    assert_eq!(
        changes(&records).last(),
        Some(&("REMOVE".into(), Some("older"), None))
    );
}

#[tokio::test]
async fn a_put_that_is_later_than_a_delete_stays() {
    let world = World::start(config(&[EAST, WEST])).await;
    world.put(EAST, "a", "1").await;
    world.table.wait_until_converged().await;
    world.table.cut(region(EAST)).await.unwrap();
    world.delete(WEST, "a").await;
    world.put(EAST, "a", "later").await;
    world.table.join(region(EAST)).unwrap();
    world.table.wait_until_converged().await;
    let later = Some("later".to_owned());
    assert_eq!(world.everywhere("a").await, [later.clone(), later]);
    assert_eq!(world.counts(EAST).rejected, 1);
}

#[tokio::test]
async fn a_region_that_is_cut_off_neither_sends_nor_receives_until_it_joins_again() {
    let world = World::start(config(&[EAST, WEST, EU])).await;
    world.table.cut(region(EU)).await.unwrap();
    assert!(world.table.is_cut(region(EU)));
    world.put(EAST, "from-east", "1").await;
    world.put(EU, "from-eu", "1").await;
    // The others still hear each other. Once West has its change, East's change for EU was due as well.
    while world.v(WEST, "from-east").await.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.v(EU, "from-east").await, None);
    assert_eq!(world.v(WEST, "from-eu").await, None);
    assert_eq!(world.counts(EU).waiting, 2);
    assert_eq!(world.counts(EAST).waiting, 1);

    world.table.join(region(EU)).unwrap();
    world.table.wait_until_converged().await;
    for pk in ["from-east", "from-eu"] {
        let one = Some("1".to_owned());
        assert_eq!(world.everywhere(pk).await, [one.clone(), one.clone(), one]);
    }
}

#[tokio::test]
async fn a_transaction_is_split_into_items_and_each_one_wins_or_loses_on_its_own() {
    let world = World::start(config(&[EAST, WEST])).await;
    world.table.cut(region(EAST)).await.unwrap();
    let put = |pk: &str| {
        let item = json!({"PK": {"S": pk}, "SK": {"S": "x"}, "v": {"S": "transaction"}});
        json!({"Put": {"TableName": "App", "Item": item}})
    };
    let items = json!({"TransactItems": [put("a"), put("b")]});
    world.ok(EAST, "TransactWriteItems", items).await;
    world.put(WEST, "b", "later").await;
    world.table.join(region(EAST)).unwrap();
    world.table.wait_until_converged().await;
    let (transaction, later) = (Some("transaction".to_owned()), Some("later".to_owned()));
    assert_eq!(
        world.everywhere("a").await,
        [transaction.clone(), transaction]
    );
    assert_eq!(world.everywhere("b").await, [later.clone(), later]);
}

#[tokio::test]
async fn the_observer_learns_each_version_with_the_one_it_replaced_and_the_requests_tag() {
    let (config, seen) = observed(config(&[EAST, WEST]));
    let world = World::start(config).await;
    let item = json!({"PK": {"S": "a"}, "SK": {"S": "x"}, "v": {"S": "1"}});
    let body = json!({"TableName": "App", "Item": item});
    let (status, _) = world
        .call_tagged(EAST, "PutItem", body, Some("write 7"))
        .await;
    assert_eq!(status, 200);
    world.table.wait_until_converged().await;
    world.delete(WEST, "a").await;
    world.table.wait_until_converged().await;

    let seen = seen.lock().unwrap();
    let told: Vec<_> = seen
        .iter()
        .map(|c| (c.region.name(), c.kind, c.tag.as_deref(), c.image.is_some()))
        .collect();
    assert_eq!(
        told,
        [
            (EAST, CommitKind::Local, Some("write 7"), true),
            (WEST, CommitKind::Replicated, None, true),
            (WEST, CommitKind::Local, None, false),
            (EAST, CommitKind::Replicated, None, false),
        ]
    );
    assert_eq!(seen[0].version, seen[1].version);
    assert_eq!(seen[0].replaced, None);
    assert_eq!(seen[2].replaced, Some(seen[0].version));
    assert_eq!(seen[3].replaced, Some(seen[0].version));
    let image = seen[1].image.as_ref().unwrap();
    assert_eq!(
        image.len(),
        3,
        "something was stored in the item: {image:?}"
    );
}
