//! What the streams hold.

use serde_json::json;

use super::support::*;

#[tokio::test]
async fn each_region_has_its_own_stream_with_its_own_name_in_it() {
    let world = World::start(config(&[EAST, WEST])).await;
    world.put(EAST, "a", "1").await;
    world.table.wait_until_converged().await;
    for at in [EAST, WEST] {
        let records = world.stream(at);
        assert_eq!(changes(&records), [("INSERT".into(), None, Some("1"))]);
        let record = &records[0];
        assert_eq!(record["awsRegion"], at);
        assert_eq!(record["eventSource"], "aws:dynamodb");
        assert_eq!(record["eventVersion"], "1.1");
        let arn = record["eventSourceARN"].as_str().unwrap();
        let prefix = format!("arn:aws:dynamodb:{at}:123456789012:table/App/stream/");
        assert!(arn.starts_with(&prefix), "{arn}");
        assert_eq!(world.table.stream_arn(region(at)).unwrap(), arn);
        assert_eq!(record.get("userIdentity"), None);
        let change = &record["dynamodb"];
        assert_eq!(change["StreamViewType"], "NEW_AND_OLD_IMAGES");
        assert_eq!(change["Keys"], json!({"PK": {"S": "a"}, "SK": {"S": "x"}}));
        // PK, a, SK and x are six bytes, and they are in the keys and in the image; v and 1 are two more.
        assert_eq!(change["SizeBytes"], 14);
        assert!(change["ApproximateCreationDateTime"].is_i64());
    }
}

#[tokio::test]
async fn event_ids_are_unique_and_sequence_numbers_rise() {
    let world = World::start(config(&[EAST, WEST])).await;
    for n in 0..20 {
        world.put(EAST, &format!("{}", n % 3), &n.to_string()).await;
    }
    world.table.wait_until_converged().await;
    let mut ids = std::collections::BTreeSet::new();
    for at in [EAST, WEST] {
        let records = world.stream(at);
        let numbers: Vec<_> = records
            .iter()
            .map(|record| record["dynamodb"]["SequenceNumber"].as_str().unwrap())
            .collect();
        assert!(
            numbers
                .iter()
                .all(|n| n.bytes().all(|b| b.is_ascii_digit()))
        );
        let values: Vec<u128> = numbers.iter().map(|n| n.parse().unwrap()).collect();
        assert!(
            values.windows(2).all(|pair| pair[0] < pair[1]),
            "{values:?}"
        );
        for record in &records {
            let id = record["eventID"].as_str().unwrap();
            assert!(
                id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()),
                "{id}"
            );
            assert!(ids.insert(id.to_owned()), "{id} twice");
        }
    }
}

#[tokio::test]
async fn a_write_that_changes_nothing_gives_no_record_no_version_and_nothing_to_replicate() {
    let (config, seen) = observed(config(&[EAST, WEST]));
    let world = World::start(config).await;
    let put = |n: &str, set: [&str; 2]| {
        let item = json!({"PK": {"S": "a"}, "SK": {"S": "x"}, "n": {"N": n}, "s": {"SS": set}});
        json!({"TableName": "App", "Item": item})
    };
    world.ok(EAST, "PutItem", put("1", ["p", "q"])).await;
    world.ok(EAST, "PutItem", put("1.0", ["q", "p"])).await;
    world.delete(EAST, "was never there").await;
    world.table.wait_until_converged().await;
    assert_eq!(world.stream(EAST).len(), 1);
    assert_eq!(world.stream(WEST).len(), 1);
    assert_eq!(seen.lock().unwrap().len(), 2);
    let counts = world.counts(EAST);
    assert_eq!((counts.local_writes, counts.unchanged), (1, 1));

    world.ok(EAST, "PutItem", put("2", ["p", "q"])).await;
    world.table.wait_until_converged().await;
    assert_eq!(world.stream(WEST).len(), 2);
}

#[tokio::test]
async fn a_replicated_version_equal_to_what_is_there_gives_no_record_but_is_the_version_from_then_on()
 {
    let world = World::start(config(&[EAST, WEST])).await;
    world.table.cut(region(EAST)).await.unwrap();
    world.put(EAST, "a", "same").await;
    world.put(WEST, "a", "same").await;
    world.table.join(region(EAST)).unwrap();
    world.table.wait_until_converged().await;
    let mut versions = Vec::new();
    for at in [EAST, WEST] {
        assert_eq!(world.stream(at).len(), 1, "{at}");
        versions.push(world.versions(at).await[&key("a")]);
    }
    assert_eq!(versions[0], versions[1]);
    assert_eq!(world.counts(EAST).applied, 1);
}

#[tokio::test]
async fn a_batch_gives_a_record_for_each_item_that_it_changed() {
    let world = World::start(config(&[EAST, WEST])).await;
    world.put(EAST, "gone", "1").await;
    let put = |pk: &str| {
        let item = json!({"PK": {"S": pk}, "SK": {"S": "x"}, "v": {"S": "new"}});
        json!({"PutRequest": {"Item": item}})
    };
    let delete = json!({"DeleteRequest": {"Key": {"PK": {"S": "gone"}, "SK": {"S": "x"}}}});
    let batch = json!({"RequestItems": {"App": [put("a"), put("b"), delete]}});
    world.ok(EAST, "BatchWriteItem", batch).await;
    world.table.wait_until_converged().await;
    for at in [EAST, WEST] {
        let records = world.stream(at);
        let mut names: Vec<_> = changes(&records)
            .into_iter()
            .map(|(name, ..)| name)
            .collect();
        names.sort();
        assert_eq!(names, ["INSERT", "INSERT", "INSERT", "REMOVE"], "{at}");
    }
}
