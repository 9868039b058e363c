//! A stamped client against replicas of a global table, over HTTP.
//!
//! Each test ends with a look at every Region's stream: none may have a write without a stamp. That is this suite's form
//! of "`UnstampedWrites` is zero for instrumented clients".

use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use local_aws::global_table::Region;
use serde_json::{Value, json};

use super::inputs::{call, item, send, update};
use super::support::{COUNT, RESET, TIME};
use super::world::{EAST, SHAPES, WEST, World, before, connect, key, number, on, put, shape};
use crate::{Stamp, Tokens, stamps, without_stamps};

#[tokio::test]
async fn an_update_does_what_it_does_without_the_stamp() {
    let world = World::start().await;
    let legacy = json!({
        "AttributeUpdates": {"a": {"Action": "PUT", "Value": {"S": "new"}}, "b": {"Action": "DELETE"}},
        "Expected": {"clicks": {"Value": {"N": "3"}}},
    });
    let shapes = SHAPES.map(|(expression, names)| shape(expression, names));
    let none = [json!({}), legacy];
    for (number_of, more) in shapes.into_iter().chain(none).enumerate() {
        let (id, plain) = (format!("o-{number_of}"), format!("plain-{number_of}"));
        for (client, id) in [(&world.client, &id), (&world.plain, &plain)] {
            send(client, "PutItem", &put(id, before())).await.unwrap();
            let sent = send(client, "UpdateItem", &on(id, more.clone())).await;
            sent.unwrap_or_else(|error| panic!("{more}: {error:?}"));
        }
        let stamped = world.read(&id).await.unwrap();
        let mut unstamped = world.read(&plain).await.unwrap();
        unstamped.insert("PK".into(), AttributeValue::S(id));
        assert_eq!(number(&stamped, COUNT), 2, "{more}");
        assert!(number(&stamped, TIME) >= number(&stamped, RESET), "{more}");
        assert_eq!(without_stamps(stamped), unstamped, "{more}");
    }
    world.finish().await;
}

#[tokio::test]
async fn what_dynamodb_rejects_it_still_rejects() {
    let world = World::start().await;
    let mut rejected = 0;
    for broken in [
        "",
        "SET",
        "SET a = :s,",
        "SET a = :s SET b = :s",
        "nonsense",
        "REMOVE a, a",
    ] {
        let mut accepted = Vec::new();
        for (client, id) in [(&world.client, "broken"), (&world.plain, "plain-broken")] {
            let sent = send(client, "UpdateItem", &on(id, shape(broken, &[]))).await;
            accepted.push(sent.is_ok());
            if sent.is_err() {
                assert_eq!(world.read(id).await, None, "{broken}");
            }
            let gone = json!({"TableName": "App", "Key": key(id)});
            send(client, "DeleteItem", &gone).await.unwrap();
        }
        assert_eq!(accepted[0], accepted[1], "{broken}");
        rejected += usize::from(!accepted[0]);
    }
    assert!(rejected > 0, "the endpoint takes everything");
    world.finish().await;
}

#[tokio::test]
async fn a_condition_that_fails_fails_and_writes_nothing() {
    let world = World::start().await;
    let client = &world.client;
    send(client, "PutItem", &put("o", before())).await.unwrap();
    let first = world.read("o").await;
    let condition = json!({
        "ConditionExpression": "a = :no", "ExpressionAttributeValues": {":no": {"S": "no"}}
    });
    let which = update(client, &on("o", condition.clone()));
    let error = which.send().await.unwrap_err().into_service_error();
    assert!(matches!(
        error,
        UpdateItemError::ConditionalCheckFailedException(_)
    ));
    let mut again = put("o", json!({}));
    let fields = condition.as_object().unwrap().clone();
    again.as_object_mut().unwrap().extend(fields);
    assert!(send(client, "PutItem", &again).await.is_err());
    assert_eq!(world.read("o").await, first);
    world.finish().await;
}

#[tokio::test]
async fn a_create_has_no_reset_and_a_second_one_fails() {
    let world = World::start().await;
    let mut create = put("o", json!({}));
    create["ConditionExpression"] = json!("attribute_not_exists(PK)");
    send(&world.client, "PutItem", &create).await.unwrap();
    assert!(send(&world.client, "PutItem", &create).await.is_err());
    let created = world.read("o").await.unwrap();
    let mut names: Vec<&String> = created.keys().collect();
    names.sort();
    assert_eq!(names, ["PK", "SK", COUNT, TIME]);
    world.finish().await;
}

#[tokio::test]
async fn a_put_of_what_was_read_keeps_the_history_of_all_regions() {
    let world = World::start().await;
    let west = connect(&world.table, WEST, Some(Stamp::new()));
    send(&west, "UpdateItem", &on("o", json!({})))
        .await
        .unwrap();
    world.table.wait_until_converged().await;
    let mut read = world.read("o").await.unwrap();
    read.insert("a".into(), AttributeValue::S("new".into()));
    let call = world.client.put_item().table_name("App");
    call.set_item(Some(read.clone())).send().await.unwrap();
    let mut other = item(&key("o"));
    other.extend(stamps(&world.read("o").await.unwrap()));
    let call = world.client.put_item().table_name("App");
    call.set_item(Some(other)).send().await.unwrap();
    let last = world.read("o").await.unwrap();
    assert_eq!(
        (number(&last, COUNT), number(&last, "lw:n:eu-west-1")),
        (2, 1)
    );
    assert!(!last.contains_key(RESET) && !last.contains_key("a"));
    // And one that drops it says so.
    send(&world.client, "PutItem", &put("o", json!({})))
        .await
        .unwrap();
    let dropped = world.read("o").await.unwrap();
    assert_eq!(number(&dropped, COUNT), 1);
    assert_eq!(dropped[RESET], dropped[TIME]);
    world.finish().await;
}

#[tokio::test]
async fn an_item_that_is_read_and_saved_is_handed_over_between_regions() {
    let world = World::start().await;
    let connected = |region, hide| {
        let stamp = Stamp::builder().strict(true).hide(hide).build().unwrap();
        connect(&world.table, region, Some(stamp))
    };
    let set = on("o", shape("SET a = :s", &[]));
    send(&connected(WEST, true), "UpdateItem", &set)
        .await
        .unwrap();
    world.table.wait_until_converged().await;

    // One that sees no stamps puts the item back without them.
    let east = connected(EAST, true);
    let get = json!({"TableName": "App", "Key": key("o")});
    let mut read = call(&east, "GetItem", &get).await.unwrap()["Item"].clone();
    assert_eq!(read, put("o", json!({"a": {"S": "new"}}))["Item"]);
    read["b"] = json!({"S": "more"});
    let put_back = json!({"TableName": "App", "Item": read});
    send(&east, "PutItem", &put_back).await.unwrap();
    world.table.wait_until_converged().await;

    // One that sees them saves them with all the rest.
    let west = connected(WEST, false);
    let read = call(&west, "GetItem", &get).await.unwrap()["Item"].clone();
    let saved = read.as_object().unwrap().iter().zip(0..);
    let mut save = json!({"ExpressionAttributeNames": {}, "ExpressionAttributeValues": {}});
    let mut actions = Vec::new();
    for ((name, value), number) in
        saved.filter(|((name, _), _)| !["PK", "SK"].contains(&name.as_str()))
    {
        save["ExpressionAttributeNames"][format!("#{number}")] = json!(name);
        save["ExpressionAttributeValues"][format!(":{number}")] = value.clone();
        actions.push(format!("#{number} = :{number}"));
    }
    assert_eq!(actions.len(), 6, "{read}");
    save["UpdateExpression"] = json!(format!("SET {}", actions.join(", ")));
    send(&west, "UpdateItem", &on("o", save)).await.unwrap();
    world.table.wait_until_converged().await;

    let last = world.read("o").await.unwrap();
    assert_eq!(
        (number(&last, COUNT), number(&last, "lw:n:eu-west-1")),
        (1, 2)
    );
    assert!(!last.contains_key(RESET));
    for (region, wanted) in [
        (EAST, ["replicated", "local", "replicated"]),
        (WEST, ["local", "replicated", "local"]),
    ] {
        let verdicts = world.verdicts(region, |_| true);
        let verdicts: Vec<_> = verdicts.iter().map(|(name, _)| *name).collect();
        assert_eq!(verdicts, wanted);
    }
    world.finish().await;
}

#[tokio::test]
async fn transactions_are_stamped_and_stay_whole() {
    let world = World::start().await;
    let client = &world.client;
    send(client, "PutItem", &put("gone", json!({})))
        .await
        .unwrap();
    let change = json!({"Update": on("o-1", shape("SET a = :s", &[]))});
    let create = json!({"Put": put("o-2", json!({}))});
    let delete = json!({"Delete": on("gone", json!({}))});
    let whole = json!({"TransactItems": [change, create, delete]});
    send(client, "TransactWriteItems", &whole).await.unwrap();
    let first = world.read("o-1").await.unwrap();
    let second = world.read("o-2").await.unwrap();
    assert_eq!((number(&first, COUNT), number(&second, COUNT)), (1, 1));
    assert_eq!(first[TIME], second[TIME]);
    assert_eq!(world.read("gone").await, None);

    let exists = json!({"ConditionExpression": "attribute_exists(PK)"});
    let check = json!({"ConditionCheck": on("nowhere", exists)});
    let broken = json!({"TransactItems": [change, create, check]});
    assert!(send(client, "TransactWriteItems", &broken).await.is_err());
    assert_eq!(world.read("o-1").await, Some(first));
    assert_eq!(world.read("o-2").await, Some(second));
    world.finish().await;
}

#[tokio::test]
async fn a_transaction_sent_again_with_its_token_is_applied_once() {
    let world = World::start().await;
    let add = json!({"Update": on("o", shape("ADD clicks :one", &[]))});
    let request = json!({"TransactItems": [add], "ClientRequestToken": "live-applied-once"});
    for _ in 0..2 {
        let sent = send(&world.client, "TransactWriteItems", &request).await;
        sent.unwrap();
    }
    let written = world.read("o").await.unwrap();
    assert_eq!(
        (number(&written, "clicks"), number(&written, COUNT)),
        (1, 1)
    );

    // Stamped otherwise, the same token is refused: this is why every process adds the same.
    let leave = Stamp::builder().tokens(Tokens::Leave).build().unwrap();
    let elsewhere = connect(&world.table, EAST, Some(leave));
    let refused = send(&elsewhere, "TransactWriteItems", &request).await;
    let refused = refused.unwrap_err();
    let shown = DisplayErrorContext(refused.as_ref()).to_string();
    assert!(shown.contains("IdempotentParameterMismatch"), "{shown}");
    world.finish().await;
}

#[tokio::test]
async fn batches_are_stamped() {
    let world = World::start().await;
    let puts: Vec<Value> = (0..25)
        .map(|number| json!({"PutRequest": {"Item": key(&format!("o-{number}"))}}))
        .collect();
    let batch = json!({"RequestItems": {"App": puts}});
    send(&world.client, "BatchWriteItem", &batch).await.unwrap();
    let delete = json!({"RequestItems": {"App": [{"DeleteRequest": {"Key": key("o-24")}}]}});
    send(&world.client, "BatchWriteItem", &delete)
        .await
        .unwrap();
    for number_of in 0..24 {
        let written = world.read(&format!("o-{number_of}")).await.unwrap();
        assert_eq!(number(&written, COUNT), 1);
        assert_eq!(written[RESET], written[TIME]);
    }
    assert_eq!(world.read("o-24").await, None);
    world.finish().await;
}

#[tokio::test]
async fn each_regions_writer_stamps_its_own_region() {
    let world = World::start().await;
    let stamp = Stamp::builder().strict(true).build().unwrap();
    for region in [EAST, WEST] {
        let client = connect(&world.table, region, Some(stamp.clone()));
        let set = on("o", shape("SET a = :s", &[]));
        send(&client, "UpdateItem", &set).await.unwrap();
        world.table.wait_until_converged().await;
    }
    let written = world.read("o").await.unwrap();
    assert_eq!(
        (number(&written, COUNT), number(&written, "lw:n:eu-west-1")),
        (1, 1)
    );
    world.finish().await;
}

#[tokio::test]
async fn a_write_lost_between_two_regions_is_found_in_its_own() {
    let world = World::start().await;
    let west = connect(&world.table, WEST, Some(Stamp::new()));
    let set = on("o", shape("SET a = :s", &[]));
    send(&world.client, "UpdateItem", &set).await.unwrap();
    world.table.wait_until_converged().await;
    let east = Region::parse(EAST).unwrap();
    world.table.cut(east).await.unwrap();
    send(&world.client, "UpdateItem", &set).await.unwrap();
    send(&west, "UpdateItem", &set).await.unwrap();
    world.table.join(east).unwrap();
    world.table.wait_until_converged().await;

    let won = Some(WEST.to_owned());
    let in_east = [("local", None), ("local", None), ("conflict", won)];
    assert_eq!(world.verdicts(EAST, |_| true), in_east);
    let in_west = [("replicated", None), ("local", None)];
    assert_eq!(world.verdicts(WEST, |_| true), in_west);
    world.finish().await;
}

#[tokio::test]
async fn a_soft_delete_leaves_a_mark_until_it_is_revived() {
    let world = World::start().await;
    let stamp = Stamp::new();
    let client = connect(&world.table, EAST, Some(stamp.clone()));
    let which = || update(&client, &on("o", json!({})));
    let exists = || which().condition_expression("attribute_exists(PK)");
    assert!(stamp.soft_delete(exists(), "ttl").send().await.is_err());
    assert_eq!(world.read("o").await, None);

    send(&client, "PutItem", &put("o", json!({"a": {"S": "v"}})))
        .await
        .unwrap();
    stamp.soft_delete(exists(), "ttl").send().await.unwrap();
    let marked = world.read("o").await.unwrap();
    assert_eq!(marked["lw:deleted"], AttributeValue::Bool(true));
    // A week from a moment between the put and the mark's own stamp.
    let from = (number(&marked, "ttl") - 7 * 24 * 60 * 60) * 1_000_000;
    assert!(number(&marked, RESET) - 1_000_000 < from && from <= number(&marked, TIME));
    let mut create = put("o", json!({}));
    create["ConditionExpression"] = json!("attribute_not_exists(PK)");
    assert!(send(&client, "PutItem", &create).await.is_err());

    stamp.revive(which(), "ttl").send().await.unwrap();
    let revived = world.read("o").await.unwrap();
    let mut names: Vec<&String> = revived.keys().collect();
    names.sort();
    assert_eq!(names, ["PK", "SK", "a", COUNT, RESET, TIME]);
    assert_eq!(number(&revived, COUNT), 3);
    assert!(stamp.revive(which(), "ttl").send().await.is_err());
    world.finish().await;
}
