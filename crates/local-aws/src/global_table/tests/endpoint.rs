//! The endpoint as an SDK sees it.

use serde_json::{Value, json};

use super::support::*;

fn text(value: &Value) -> String {
    value.to_string()
}

#[tokio::test]
async fn the_table_has_its_keys_its_indexes_its_stream_and_its_ttl() {
    let world = World::start(config(&[EAST, WEST])).await;
    let table = world
        .ok(WEST, "DescribeTable", json!({"TableName": "App"}))
        .await;
    let table = &table["Table"];
    assert_eq!(
        table["KeySchema"],
        json!([
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"}
        ])
    );
    let indexes = table["GlobalSecondaryIndexes"].as_array().unwrap();
    let mut names: Vec<_> = indexes
        .iter()
        .map(|index| text(&index["IndexName"]))
        .collect();
    names.sort();
    assert_eq!(names, ["\"GSI1\"", "\"GSI2\""]);
    assert_eq!(
        table["StreamSpecification"],
        json!({"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    );
    let ttl = world
        .ok(WEST, "DescribeTimeToLive", json!({"TableName": "App"}))
        .await;
    let ttl = &ttl["TimeToLiveDescription"];
    assert_eq!(
        (&ttl["AttributeName"], &ttl["TimeToLiveStatus"]),
        (&json!("ttl"), &json!("ENABLED"))
    );
}

#[tokio::test]
async fn every_arn_names_the_region_and_the_account_and_can_be_given_back() {
    let world = World::start(config(&[EAST, WEST])).await;
    world.put(WEST, "a", "1").await;
    let table = world
        .ok(WEST, "DescribeTable", json!({"TableName": "App"}))
        .await;
    let stream = world.table.stream_arn(region(WEST)).unwrap();
    assert_eq!(table["Table"]["LatestStreamArn"], stream);
    assert_eq!(
        table["Table"]["TableArn"],
        "arn:aws:dynamodb:us-west-2:123456789012:table/App"
    );
    assert!(!text(&table).contains("dynoxide"), "{table}");

    let described = world
        .ok(WEST, "DescribeStream", json!({"StreamArn": stream}))
        .await;
    assert_eq!(described["StreamDescription"]["StreamArn"], stream);
    let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
    let ask = json!({"StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
    let iterator = world.ok(WEST, "GetShardIterator", ask).await;
    let read = json!({"ShardIterator": iterator["ShardIterator"]});
    let records = world.ok(WEST, "GetRecords", read).await;
    assert_eq!(records["Records"][0]["awsRegion"], WEST);
    assert_eq!(records["Records"][0]["dynamodb"]["NewImage"]["v"]["S"], "1");
}

#[tokio::test]
async fn a_refused_condition_is_answered_as_dynamodb_does_and_changes_nothing() {
    let world = World::start(config(&[EAST, WEST])).await;
    world.put(EAST, "a", "1").await;
    let put = json!({
        "TableName": "App",
        "Item": {"PK": {"S": "a"}, "SK": {"S": "x"}, "v": {"S": "2"}},
        "ConditionExpression": "attribute_not_exists(PK)",
    });
    let (status, answer) = world.call(EAST, "PutItem", put).await;
    assert_eq!(status, 400);
    assert!(text(&answer["__type"]).contains("ConditionalCheckFailedException"));
    world.table.wait_until_converged().await;
    assert_eq!(world.stream(EAST).len(), 1);
    assert_eq!(world.counts(EAST).local_writes, 1);
}

#[tokio::test]
async fn an_index_finds_what_was_written_in_another_region() {
    let world = World::start(config(&[EAST, WEST])).await;
    let item = json!({
        "PK": {"S": "user"}, "SK": {"S": "profile"},
        "GSI1PK": {"S": "mail"}, "GSI1SK": {"S": "a@example.com"}
    });
    world
        .ok(EAST, "PutItem", json!({"TableName": "App", "Item": item}))
        .await;
    world.table.wait_until_converged().await;
    let query = json!({
        "TableName": "App", "IndexName": "GSI1",
        "KeyConditionExpression": "GSI1PK = :m",
        "ExpressionAttributeValues": {":m": {"S": "mail"}},
    });
    let found = world.ok(WEST, "Query", query).await;
    assert_eq!(found["Count"], 1);
}

#[tokio::test]
async fn partiql_writes_replicate_too() {
    let world = World::start(config(&[EAST, WEST])).await;
    let insert = "INSERT INTO \"App\" VALUE {'PK': 'a', 'SK': 'x', 'v': '1'}";
    world
        .ok(EAST, "ExecuteStatement", json!({"Statement": insert}))
        .await;
    world.table.wait_until_converged().await;
    assert_eq!(world.v(WEST, "a").await, Some("1".into()));
}

#[tokio::test]
async fn a_request_without_a_signature_or_with_the_old_parameters_is_answered_as_dynamodb_does() {
    let world = World::start(config(&[EAST, WEST])).await;
    let (status, answer) = world.call_unsigned(EAST, "GetItem", json!({})).await;
    assert_eq!(status, 400);
    assert!(
        text(&answer["__type"]).contains("MissingAuthenticationToken"),
        "{answer}"
    );

    // The parameters from before there were expressions work, and replicate.
    let update = json!({
        "TableName": "App",
        "Key": {"PK": {"S": "a"}, "SK": {"S": "x"}},
        "AttributeUpdates": {"v": {"Action": "PUT", "Value": {"S": "old style"}}},
    });
    world.ok(EAST, "UpdateItem", update).await;
    world.table.wait_until_converged().await;
    assert_eq!(world.v(WEST, "a").await, Some("old style".into()));
    let wrong =
        json!({"TableName": "App", "Key": {"PK": {"S": "a"}, "SK": {"S": "x"}}, "Expected": 7});
    let (status, answer) = world.call(EAST, "DeleteItem", wrong).await;
    assert_eq!(status, 400, "{answer}");
    assert!(
        text(&answer["__type"]).contains("SerializationException"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_malformed_write_is_answered_with_dynamodbs_own_words_and_changes_nothing() {
    let world = World::start(config(&[EAST, WEST])).await;
    let no_sort_key = json!({"TableName": "App", "Item": {"PK": {"S": "a"}}});
    let (status, answer) = world.call(EAST, "PutItem", no_sort_key).await;
    assert_eq!(status, 400);
    assert!(
        text(&answer).contains("Missing the key SK in the item"),
        "{answer}"
    );
    assert!(world.stream(EAST).is_empty());
}
