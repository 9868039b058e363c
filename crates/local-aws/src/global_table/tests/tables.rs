//! Tables of any key, made, changed and deleted through one Region's endpoint, in all Regions.

use serde_json::{Value, json};

use super::support::*;
use crate::global_table::*;

/// A table with a number and a binary key, and no stream asked for.
fn orders() -> Value {
    json!({
        "TableName": "Orders", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [
            {"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "id", "AttributeType": "N"}, {"AttributeName": "at", "AttributeType": "B"},
        ],
    })
}

fn key(id: u32) -> Value {
    json!({"id": {"N": id.to_string()}, "at": {"B": "AQI="}})
}

async fn put(world: &World, at: &str, id: u32, more: Value) {
    let mut item = key(id);
    let members = item.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    let body = json!({"TableName": "Orders", "Item": item});
    world.ok(at, "PutItem", body).await;
    world.table.wait_until_converged().await;
}

async fn get(world: &World, at: &str, id: u32) -> Value {
    let body = json!({"TableName": "Orders", "Key": key(id), "ConsistentRead": true});
    world.ok(at, "GetItem", body).await["Item"].clone()
}

async fn created() -> World {
    let world = World::start(config(&[EAST, WEST])).await;
    world.ok(EAST, "CreateTable", orders()).await;
    world
}

#[tokio::test]
async fn a_table_created_in_one_region_replicates_between_all_whatever_its_key() {
    let world = created().await;
    assert_eq!(world.table.table_names(), ["App", "Orders"]);
    put(&world, WEST, 7, json!({"v": {"S": "1"}})).await;
    assert_eq!(get(&world, EAST, 7).await["v"]["S"], "1");
    put(&world, EAST, 7, json!({"v": {"S": "2"}})).await;
    assert_eq!(get(&world, WEST, 7).await["v"]["S"], "2");
    for at in [EAST, WEST] {
        let shard = world.table.shard_of(region(at), "Orders").unwrap();
        assert_eq!(shard.read_from(0, 9).len(), 2, "{at}");
        let record: Value = serde_json::from_str(shard.read_from(0, 1)[0].json.get()).unwrap();
        assert_eq!(record["dynamodb"]["Keys"], key(7));
        assert!(
            world.stream(at).is_empty(),
            "the other table's stream has it, too"
        );
    }
    let told = world.table.take_notices().join("\n");
    assert!(
        told.contains("Orders is a global table now, in us-east-1, us-west-2"),
        "{told}"
    );
}

#[tokio::test]
async fn each_region_describes_and_streams_the_table_under_its_own_names() {
    let world = created().await;
    put(&world, EAST, 1, json!({})).await;
    for (at, other) in [(EAST, WEST), (WEST, EAST)] {
        let described = world
            .ok(at, "DescribeTable", json!({"TableName": "Orders"}))
            .await;
        let table = &described["Table"];
        assert_eq!(
            table["Replicas"],
            json!([{"RegionName": other, "ReplicaStatus": "ACTIVE"}])
        );
        assert_eq!(table["GlobalTableVersion"], "2019.11.21");
        let arn = table["LatestStreamArn"].as_str().unwrap();
        assert!(
            arn.starts_with(&format!("arn:aws:dynamodb:{at}:123456789012:table/Orders/")),
            "{arn}"
        );
        let listed = world
            .ok(at, "ListStreams", json!({"TableName": "Orders"}))
            .await;
        assert_eq!(listed["Streams"][0]["StreamArn"], arn);
        let both = world.ok(at, "ListStreams", json!({})).await;
        assert_eq!(both["Streams"].as_array().unwrap().len(), 2);
        let stream = world
            .ok(at, "DescribeStream", json!({"StreamArn": arn}))
            .await;
        assert_eq!(
            stream["StreamDescription"]["KeySchema"],
            orders()["KeySchema"]
        );
    }
}

#[tokio::test]
async fn an_index_that_is_added_in_one_region_is_there_in_the_others() {
    let world = created().await;
    put(&world, EAST, 1, json!({"mail": {"S": "a"}})).await;
    let update = json!({
        "TableName": "Orders",
        "AttributeDefinitions": [{"AttributeName": "mail", "AttributeType": "S"}],
        "GlobalSecondaryIndexUpdates": [{"Create": {
            "IndexName": "ByMail",
            "KeySchema": [{"AttributeName": "mail", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }}],
    });
    world.ok(EAST, "UpdateTable", update).await;
    let query = json!({
        "TableName": "Orders", "IndexName": "ByMail", "KeyConditionExpression": "mail = :m",
        "ExpressionAttributeValues": {":m": {"S": "a"}},
    });
    assert_eq!(world.ok(WEST, "Query", query).await["Count"], 1);
}

#[tokio::test]
async fn a_replica_that_is_there_can_be_asked_for_and_another_cannot() {
    let world = created().await;
    let update = |change: Value| json!({"TableName": "Orders", "ReplicaUpdates": [change]});
    let same = update(json!({"Create": {"RegionName": WEST}}));
    let answer = world.ok(EAST, "UpdateTable", same).await;
    assert_eq!(
        answer["TableDescription"]["Replicas"][0]["RegionName"],
        WEST
    );
    for (change, part) in [
        (
            json!({"Create": {"RegionName": EU}}),
            "no replica in eu-west-1",
        ),
        (json!({"Delete": {"RegionName": WEST}}), "only create"),
    ] {
        let (status, answer) = world.call(EAST, "UpdateTable", update(change)).await;
        assert_eq!(status, 400);
        assert!(answer.to_string().contains(part), "{answer}");
    }
    let silent = json!({"TableName": "Orders", "StreamSpecification": {"StreamEnabled": false}});
    let (status, answer) = world.call(EAST, "UpdateTable", silent).await;
    assert_eq!(status, 400, "{answer}");
}

#[tokio::test]
async fn a_table_deleted_in_one_region_is_gone_in_all_and_can_be_made_anew() {
    let world = created().await;
    put(&world, EAST, 1, json!({"v": {"S": "old"}})).await;
    world
        .ok(WEST, "DeleteTable", json!({"TableName": "Orders"}))
        .await;
    for at in [EAST, WEST] {
        let (status, _) = world
            .call(at, "DescribeTable", json!({"TableName": "Orders"}))
            .await;
        assert_eq!(status, 400, "{at}");
    }
    assert_eq!(world.table.table_names(), ["App"]);
    world.ok(WEST, "CreateTable", orders()).await;
    assert_eq!(get(&world, EAST, 1).await, Value::Null);
    put(&world, EAST, 1, json!({"v": {"S": "new"}})).await;
    assert_eq!(get(&world, WEST, 1).await["v"]["S"], "new");
}

#[tokio::test]
async fn time_to_live_is_set_in_every_region_and_holds_for_what_is_there() {
    let world = created().await;
    put(&world, EAST, 1, json!({"gone": {"N": "1600000000"}})).await;
    assert_eq!(world.table.replica(region(WEST)).sweep().await.unwrap(), 0);
    let ttl = json!({
        "TableName": "Orders",
        "TimeToLiveSpecification": {"AttributeName": "gone", "Enabled": true},
    });
    world.ok(EAST, "UpdateTimeToLive", ttl).await;
    let described = world
        .ok(WEST, "DescribeTimeToLive", json!({"TableName": "Orders"}))
        .await;
    assert_eq!(described["TimeToLiveDescription"]["AttributeName"], "gone");
    assert_eq!(
        world.table.replica(region(WEST)).sweep().await.unwrap(),
        0,
        "five years are over"
    );
    let soon = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    let past = soon.unwrap().as_secs() - 10;
    put(&world, EAST, 2, json!({"gone": {"N": past.to_string()}})).await;
    assert_eq!(world.table.replica(region(WEST)).sweep().await.unwrap(), 1);
    world.table.wait_until_converged().await;
    assert_eq!(get(&world, EAST, 2).await, Value::Null);
}

#[tokio::test]
async fn backups_are_described_for_a_table_and_refused_for_none() {
    let world = created().await;
    let ask = |name: &str| json!({ "TableName": name });
    let answer = world
        .ok(WEST, "DescribeContinuousBackups", ask("Orders"))
        .await;
    assert_eq!(
        answer["ContinuousBackupsDescription"]["ContinuousBackupsStatus"],
        "ENABLED"
    );
    let (status, answer) = world
        .call(WEST, "DescribeContinuousBackups", ask("None"))
        .await;
    assert_eq!(status, 400);
    assert!(
        answer.to_string().contains("TableNotFoundException"),
        "{answer}"
    );
}

#[tokio::test]
async fn what_dynamodb_refuses_to_make_is_made_nowhere() {
    let world = created().await;
    for body in [orders(), json!({"TableName": "Other"})] {
        let (status, answer) = world.call(WEST, "CreateTable", body).await;
        assert_eq!(status, 400, "{answer}");
    }
    assert_eq!(world.table.table_names(), ["App", "Orders"]);
}

#[tokio::test]
async fn tables_of_the_configuration_have_the_keys_that_it_says_and_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let keys = [
        ("id".to_owned(), "N".to_owned()),
        ("at".to_owned(), "B".to_owned()),
    ];
    let both = || GlobalTableConfig {
        tables: vec![
            TableDefinition::with_keys("Orders", &keys),
            TableDefinition::usual("App"),
        ],
        persist: Some(folder.path().to_owned()),
        ..config(&[EAST, WEST])
    };
    let world = World::start(both()).await;
    assert_eq!(world.table.table_name(), "Orders");
    put(&world, EAST, 3, json!({"v": {"S": "1"}})).await;
    drop(world);
    let world = World::start(both()).await;
    put(&world, WEST, 3, json!({"v": {"S": "2"}})).await;
    assert_eq!(get(&world, EAST, 3).await["v"]["S"], "2");
}

#[tokio::test]
async fn a_client_that_signs_for_another_region_is_told_of_once() {
    let world = World::start(config(&[EAST, WEST])).await;
    world.put(WEST, "a", "1").await;
    world.put(WEST, "b", "1").await;
    let told = world.table.take_notices();
    assert!(
        matches!(&told[..], [one] if one.contains("talks to us-west-2 and signs for us-east-1")),
        "{told:?}"
    );
}
