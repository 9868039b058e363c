//! What TTL deletes, and how its deletions look.

use serde_json::json;

use super::support::*;
use crate::global_table::*;

async fn put_expiring(world: &World, at: &str, pk: &str, second: u64) {
    let item = json!({
        "PK": {"S": pk}, "SK": {"S": "x"}, "v": {"S": "1"}, "ttl": {"N": second.to_string()}
    });
    world
        .ok(at, "PutItem", json!({"TableName": "App", "Item": item}))
        .await;
}

fn clock_at(second: u64) -> (ManualClock, GlobalTableConfig) {
    let clock = ManualClock::at(second * 1_000_000);
    let config = GlobalTableConfig {
        clock: std::sync::Arc::new(clock.clone()),
        ..config(&[EAST, WEST])
    };
    (clock, config)
}

#[tokio::test]
async fn a_deletion_by_ttl_names_its_service_in_its_own_region_only() {
    let (_, config) = clock_at(2_000_000_000);
    let world = World::start(config).await;
    put_expiring(&world, EAST, "old", 1_999_999_999).await;
    put_expiring(&world, EAST, "fresh", 2_000_000_001).await;
    world.table.wait_until_converged().await;
    assert_eq!(world.table.replica(region(WEST)).sweep().await.unwrap(), 1);
    world.table.wait_until_converged().await;

    assert_eq!(world.everywhere("old").await, [None, None]);
    assert_eq!(world.v(WEST, "fresh").await, Some("1".into()));
    let (east, west) = (world.stream(EAST), world.stream(WEST));
    for records in [&east, &west] {
        assert_eq!(changes(records)[2], ("REMOVE".into(), Some("1"), None));
    }
    assert_eq!(
        west[2]["userIdentity"],
        json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"})
    );
    assert_eq!(east[2].get("userIdentity"), None);
    assert_eq!(world.counts(WEST).expired, 1);
    assert_eq!(world.counts(WEST).local_writes, 0);
    assert_eq!(world.counts(EAST).expired, 0);
}

#[tokio::test]
async fn an_applications_delete_names_no_service() {
    let (_, config) = clock_at(2_000_000_000);
    let world = World::start(config).await;
    put_expiring(&world, EAST, "old", 1).await;
    world.delete(EAST, "old").await;
    assert_eq!(world.stream(EAST)[1].get("userIdentity"), None);
}

#[tokio::test]
async fn a_write_that_takes_the_ttl_away_saves_the_item() {
    let (clock, config) = clock_at(1_000);
    let world = World::start(config).await;
    put_expiring(&world, EAST, "a", 1_001).await;
    world.put(EAST, "a", "kept").await;
    clock.set(region(EAST), 2_000_000_000);
    assert_eq!(world.table.replica(region(EAST)).sweep().await.unwrap(), 0);
    assert_eq!(world.v(EAST, "a").await, Some("kept".into()));
}

#[tokio::test]
async fn the_sweep_runs_by_itself_when_it_is_told_how_often() {
    let (_, config) = clock_at(2_000_000_000);
    let world = World::start(GlobalTableConfig {
        ttl_sweep: Some(std::time::Duration::from_millis(1)),
        ..config
    })
    .await;
    put_expiring(&world, EAST, "old", 1_999_999_999).await;
    while world.v(EAST, "old").await.is_some() || world.v(WEST, "old").await.is_some() {
        tokio::task::yield_now().await;
    }
    world.table.wait_until_converged().await;
    assert!(world.counts(EAST).expired + world.counts(WEST).expired >= 1);
}
