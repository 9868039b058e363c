//! What a restart keeps.

use super::support::*;
use crate::global_table::*;

fn kept(folder: &tempfile::TempDir) -> GlobalTableConfig {
    GlobalTableConfig {
        persist: Some(folder.path().join("data")),
        ..config(&[EAST, WEST])
    }
}

#[tokio::test]
async fn items_versions_and_tombstones_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(kept(&folder)).await;
    world.put(EAST, "stays", "1").await;
    world.put(EAST, "goes", "1").await;
    world.delete(EAST, "goes").await;
    world.table.wait_until_converged().await;
    let before = world.versions(WEST).await;
    drop(world);

    let world = World::start(kept(&folder)).await;
    world.table.wait_until_converged().await;
    let one = Some("1".to_owned());
    assert_eq!(world.everywhere("stays").await, [one.clone(), one]);
    assert_eq!(world.versions(WEST).await, before);
    assert_eq!(before.len(), 2);
    // Nothing was taken for new: what was sent again was known already.
    assert_eq!(world.counts(EAST).local_writes, 0);
    assert!(world.stream(EAST).is_empty() && world.stream(WEST).is_empty());
}

#[tokio::test]
async fn what_had_not_arrived_before_the_stop_arrives_after_the_restart() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(kept(&folder)).await;
    world.put(EAST, "deleted", "1").await;
    world.table.wait_until_converged().await;
    world.table.cut(region(EAST)).await.unwrap();
    world.put(EAST, "a", "late").await;
    world.delete(EAST, "deleted").await;
    drop(world);

    let world = World::start(kept(&folder)).await;
    world.table.wait_until_converged().await;
    assert_eq!(world.v(WEST, "a").await, Some("late".into()));
    assert_eq!(world.everywhere("deleted").await, [None, None]);
    assert_eq!(world.counts(WEST).applied, 2);
}

#[tokio::test]
async fn a_change_that_was_stored_but_not_noted_before_a_crash_is_sent_after_the_restart() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(kept(&folder)).await;
    world.put(EAST, "a", "1").await;
    world.table.wait_until_converged().await;
    // Past the gateway, as when the machine stops between the write and its note.
    let database = world.table.database(region(EAST)).unwrap();
    let item = serde_json::from_value(serde_json::json!({
        "PK": {"S": "a"}, "SK": {"S": "x"}, "v": {"S": "2"}
    }));
    database
        .put_item(dynoxide::actions::put_item::PutItemRequest {
            table_name: "App".into(),
            item: item.unwrap(),
            ..Default::default()
        })
        .unwrap();
    drop((world, database));

    let world = World::start(kept(&folder)).await;
    world.table.wait_until_converged().await;
    assert_eq!(world.v(WEST, "a").await, Some("2".into()));
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data"), "a file").unwrap();
    let error = match GlobalTable::start(kept(&folder)).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    };
    assert!(
        error.contains("data") && error.contains("cannot be used"),
        "{error}"
    );
}
