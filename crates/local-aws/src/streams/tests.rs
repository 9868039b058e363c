//! The operations, on a stream whose records are made by hand.

use std::time::{Duration, SystemTime};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::shard::RETENTION;

const ARN: &str =
    "arn:aws:dynamodb:eu-west-1:123456789012:table/App/stream/2026-11-25T10:00:00.000";

fn stream() -> Stream {
    let description = StreamDescription {
        table_name: "App".to_owned(),
        label: "2026-11-25T10:00:00.000".to_owned(),
        key_schema: json!([{"AttributeName": "PK", "KeyType": "HASH"}]),
        view_type: StreamViewType::NewAndOldImages,
        created_at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_500),
    };
    Stream::new(description, Shard::new(new_shard_id(), ARN))
}

/// The sequence number of record `n`. Numbers have gaps: a write that changes nothing uses one up.
fn number(n: u64) -> String {
    format!("{}", 100_000_000_000_000_000_000_u128 + u128::from(n) * 10)
}

fn append(stream: &Stream, n: u64) {
    append_of(stream, n, &format!("item {}", n % 7), 0, SystemTime::now());
}

fn append_of(stream: &Stream, n: u64, pk: &str, padding: usize, at: SystemTime) {
    let record = json!({
        "eventID": n.to_string(),
        "eventName": "REMOVE",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "Keys": {"PK": {"S": pk}},
            "SequenceNumber": number(n),
            "Padding": "x".repeat(padding),
        },
        "eventSourceARN": ARN,
        "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
    });
    let json = RawValue::from_string(record.to_string()).unwrap();
    stream.log.append(number(n), at, json);
}

fn stream_of(count: u64) -> Stream {
    let stream = stream();
    (0..count).for_each(|n| append(&stream, n));
    stream
}

fn call(stream: &Stream, operation: StreamOperation, body: Value) -> Result<Value, String> {
    answer(&[stream], operation, body.to_string().as_bytes()).map_err(|refusal| refusal.code)
}

fn describe(stream: &Stream, more: Value) -> Value {
    let mut body = json!({"StreamArn": ARN});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let answer = call(stream, StreamOperation::DescribeStream, body).unwrap();
    answer["StreamDescription"].clone()
}

fn shards(stream: &Stream) -> Vec<Value> {
    describe(stream, json!({}))["Shards"]
        .as_array()
        .unwrap()
        .clone()
}

fn id(shard: &Value) -> &str {
    shard["ShardId"].as_str().unwrap()
}

fn iterator(
    stream: &Stream,
    shard: &Value,
    kind: &str,
    number: Option<String>,
) -> Result<String, String> {
    let mut body = json!({"StreamArn": ARN, "ShardId": id(shard), "ShardIteratorType": kind});
    if let Some(number) = number {
        body["SequenceNumber"] = number.into();
    }
    let answer = call(stream, StreamOperation::GetShardIterator, body)?;
    Ok(answer["ShardIterator"].as_str().unwrap().to_owned())
}

fn read(
    stream: &Stream,
    iterator: &str,
    limit: Option<usize>,
) -> Result<(Vec<u64>, Option<String>), String> {
    let mut body = json!({"ShardIterator": iterator});
    if let Some(limit) = limit {
        body["Limit"] = limit.into();
    }
    let answer = call(stream, StreamOperation::GetRecords, body)?;
    let records = answer["Records"].as_array().unwrap().iter();
    let ids = records.map(|record| record["eventID"].as_str().unwrap().parse().unwrap());
    Ok((
        ids.collect(),
        answer["NextShardIterator"].as_str().map(str::to_owned),
    ))
}

/// All of a shard from an iterator on, and whether it is closed.
fn drain(stream: &Stream, mut iterator: String) -> (Vec<u64>, bool) {
    let mut all = Vec::new();
    loop {
        let (ids, next) = read(stream, &iterator, Some(3)).unwrap();
        let caught_up = ids.is_empty();
        all.extend(ids);
        match next {
            None => return (all, true),
            Some(_) if caught_up => return (all, false),
            Some(next) => iterator = next,
        }
    }
}

fn drain_shard(stream: &Stream, shard: &Value) -> (Vec<u64>, bool) {
    drain(
        stream,
        iterator(stream, shard, "TRIM_HORIZON", None).unwrap(),
    )
}

#[test]
fn a_stream_is_listed_by_its_table_and_described_with_its_key_and_view_type() {
    let stream = stream();
    let list = |body| call(&stream, StreamOperation::ListStreams, body).unwrap();
    let listed = list(json!({"TableName": "App"}));
    assert_eq!(listed["Streams"][0]["StreamArn"], ARN);
    assert_eq!(listed["Streams"][0]["TableName"], "App");
    assert_eq!(list(json!({})), listed);
    assert_eq!(list(json!({"TableName": "Other"})), json!({"Streams": []}));
    assert_eq!(
        list(json!({"ExclusiveStartStreamArn": ARN})),
        json!({"Streams": []})
    );
    let described = describe(&stream, json!({}));
    assert_eq!(described["StreamStatus"], "ENABLED");
    assert_eq!(described["StreamViewType"], "NEW_AND_OLD_IMAGES");
    assert_eq!(described["KeySchema"][0]["AttributeName"], "PK");
    assert_eq!(described["CreationRequestDateTime"], 1.5);
}

#[test]
fn an_open_shard_has_a_long_id_and_no_end_and_can_be_read_for_ever() {
    let stream = stream_of(7);
    let shards = shards(&stream);
    assert_eq!(shards.len(), 1);
    assert!(id(&shards[0]).len() >= 28 && id(&shards[0]).starts_with("shardId-"));
    assert_eq!(shards[0].get("ParentShardId"), None);
    let range = &shards[0]["SequenceNumberRange"];
    assert_eq!(range.get("EndingSequenceNumber"), None);
    assert!(range["StartingSequenceNumber"].as_str().unwrap() <= number(0).as_str());
    assert_eq!(drain_shard(&stream, &shards[0]), ((0..7).collect(), false));
}

#[test]
fn records_are_the_apis_form_and_not_lambdas() {
    let stream = stream_of(1);
    let shard = &shards(&stream)[0];
    let body = json!({"ShardIterator": iterator(&stream, shard, "TRIM_HORIZON", None).unwrap()});
    let answer = call(&stream, StreamOperation::GetRecords, body).unwrap();
    let record = &answer["Records"][0];
    assert_eq!(record.get("eventSourceARN"), None);
    assert_eq!(record["awsRegion"], "eu-west-1");
    assert_eq!(
        record["userIdentity"],
        json!({"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"})
    );
}

#[test]
fn iterators_start_where_their_type_says() {
    let stream = stream_of(5);
    let shard = &shards(&stream)[0];
    let from = |kind: &str, number: Option<String>| {
        drain(&stream, iterator(&stream, shard, kind, number).unwrap()).0
    };
    assert_eq!(from("AT_SEQUENCE_NUMBER", Some(number(2))), [2, 3, 4]);
    assert_eq!(from("AFTER_SEQUENCE_NUMBER", Some(number(2))), [3, 4]);
    assert_eq!(from("LATEST", None), [0; 0]);
    let latest = iterator(&stream, shard, "LATEST", None).unwrap();
    append(&stream, 5);
    assert_eq!(drain(&stream, latest).0, [5]);
    for (kind, number) in [("SIDEWAYS", None), ("AT_SEQUENCE_NUMBER", None)] {
        let refused = iterator(&stream, shard, kind, number).unwrap_err();
        assert_eq!(refused, "ValidationException");
    }
}

#[test]
fn a_closed_shard_has_an_end_and_children_behind_it_and_ends_its_iterators() {
    let stream = stream_of(4);
    stream.split(1);
    append(&stream, 4);
    stream.split(2);
    (5..40).for_each(|n| append(&stream, n));
    let shards = shards(&stream);
    let parent = |at: usize| shards[at]["ParentShardId"].as_str();
    assert_eq!(
        [parent(0), parent(1), parent(2), parent(3)],
        [
            None,
            Some(id(&shards[0])),
            Some(id(&shards[1])),
            Some(id(&shards[1]))
        ]
    );
    assert!(shards.is_sorted_by_key(|shard| id(shard).to_owned()));
    let ending = |at: usize| shards[at]["SequenceNumberRange"]["EndingSequenceNumber"].as_str();
    let (first, second) = (number(3), number(4));
    assert_eq!(
        [ending(0), ending(1), ending(2), ending(3)],
        [Some(&*first), Some(&*second), None, None]
    );
    assert_eq!(drain_shard(&stream, &shards[0]), ((0..4).collect(), true));
    assert_eq!(drain_shard(&stream, &shards[1]), (vec![4], true));
    let (left, right) = (
        drain_shard(&stream, &shards[2]).0,
        drain_shard(&stream, &shards[3]).0,
    );
    assert!(!left.is_empty() && !right.is_empty(), "{left:?} {right:?}");
    let mut both = [left.clone(), right.clone()].concat();
    both.sort_unstable();
    assert_eq!(both, (5..40).collect::<Vec<_>>());
    // Each item's records are in one of the two.
    let items = |ids: &[u64]| {
        ids.iter()
            .map(|n| n % 7)
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert!(items(&left).is_disjoint(&items(&right)));
}

#[test]
fn an_iterator_of_a_shard_that_closes_meanwhile_reads_it_to_its_end() {
    let stream = stream_of(2);
    let held = iterator(&stream, &shards(&stream)[0], "TRIM_HORIZON", None).unwrap();
    append(&stream, 2);
    stream.split(1);
    append(&stream, 3);
    assert_eq!(drain(&stream, held), (vec![0, 1, 2], true));
}

#[test]
fn shards_are_described_page_by_page_and_children_can_be_asked_for() {
    let stream = stream();
    (0..4).for_each(|_| stream.split(1));
    let all = shards(&stream);
    let page = describe(&stream, json!({"Limit": 2}));
    assert_eq!(page["LastEvaluatedShardId"], id(&all[1]));
    let rest = describe(&stream, json!({"ExclusiveStartShardId": id(&all[1])}));
    assert_eq!(rest["Shards"].as_array().unwrap()[..], all[2..]);
    assert_eq!(rest.get("LastEvaluatedShardId"), None);
    let filter = json!({"ShardFilter": {"Type": "CHILD_SHARDS", "ShardId": id(&all[2])}});
    assert_eq!(
        describe(&stream, filter)["Shards"].as_array().unwrap()[..],
        all[3..4]
    );
}

#[test]
fn one_call_gives_at_most_1000_records_or_1_mb() {
    let stream = stream_of(1_200);
    let horizon =
        |stream: &Stream| iterator(stream, &shards(stream)[0], "TRIM_HORIZON", None).unwrap();
    let (first, next) = read(&stream, &horizon(&stream), None).unwrap();
    assert_eq!(first.len(), 1_000);
    assert_eq!(read(&stream, &next.unwrap(), None).unwrap().0.len(), 200);
    for limit in [0, 1_001] {
        let refused = read(&stream, &horizon(&stream), Some(limit)).unwrap_err();
        assert_eq!(refused, "ValidationException");
    }

    let large = super::tests::stream();
    for n in 0..3 {
        append_of(&large, n, "a", 600_000, SystemTime::now());
    }
    append_of(&large, 3, "a", 2_000_000, SystemTime::now());
    let mut iterator = horizon(&large);
    for n in 0..4 {
        let (ids, next) = read(&large, &iterator, None).unwrap();
        assert_eq!(ids, [n]);
        iterator = next.unwrap();
    }
}

#[test]
fn what_was_trimmed_cannot_be_read_and_its_shards_are_gone() {
    let stream = stream_of(3);
    let old = iterator(&stream, &shards(&stream)[0], "TRIM_HORIZON", None).unwrap();
    stream.split(1);
    append(&stream, 3);
    let before = shards(&stream);
    stream.trim_all();
    append(&stream, 4);
    assert_eq!(
        read(&stream, &old, None).unwrap_err(),
        "TrimmedDataAccessException"
    );
    let left = shards(&stream);
    assert_eq!(left[..], before[1..]);
    for (kind, n, refused) in [
        ("AT_SEQUENCE_NUMBER", 3, true),
        ("AFTER_SEQUENCE_NUMBER", 2, true),
        ("AFTER_SEQUENCE_NUMBER", 3, false),
        ("AT_SEQUENCE_NUMBER", 4, false),
    ] {
        let asked = iterator(&stream, &left[0], kind, Some(number(n)));
        match refused {
            true => assert_eq!(
                asked.unwrap_err(),
                "TrimmedDataAccessException",
                "{kind} {n}"
            ),
            false => assert_eq!(drain(&stream, asked.unwrap()).0, [4], "{kind} {n}"),
        }
    }
    assert_eq!(drain_shard(&stream, &left[0]).0, [4]);
    let gone = iterator(&stream, &before[0], "TRIM_HORIZON", None).unwrap_err();
    assert_eq!(gone, "ResourceNotFoundException");
}

#[test]
fn an_iterator_before_records_that_were_all_trimmed_is_refused_and_does_not_wait() {
    let stream = stream_of(3);
    let old = iterator(&stream, &shards(&stream)[0], "TRIM_HORIZON", None).unwrap();
    stream.trim_all();
    assert_eq!(
        read(&stream, &old, None).unwrap_err(),
        "TrimmedDataAccessException"
    );
}

#[test]
fn records_are_gone_after_24_hours() {
    let stream = stream();
    let now = SystemTime::now();
    append_of(&stream, 0, "a", 0, now - RETENTION - Duration::from_secs(1));
    append_of(&stream, 1, "a", 0, now);
    assert_eq!(drain_shard(&stream, &shards(&stream)[0]).0, [1]);
}

#[test]
fn an_iterator_expires_after_15_minutes_or_when_it_is_told_to() {
    let issuer = IteratorIssuer::default();
    let place = iterator::ShardIterator {
        shard_id: "shardId-1".to_owned(),
        position: 7,
    };
    let now = SystemTime::now();
    let text = issuer.issue(ARN, &place, now);
    let after = |seconds| issuer.accept(ARN, &text, now + Duration::from_secs(seconds));
    assert_eq!(after(900), Ok(place.clone()));
    assert_eq!(after(901).unwrap_err().code, "ExpiredIteratorException");

    let stream = stream_of(1);
    let old = iterator(&stream, &shards(&stream)[0], "TRIM_HORIZON", None).unwrap();
    stream.expire_iterators();
    assert_eq!(
        read(&stream, &old, None).unwrap_err(),
        "ExpiredIteratorException"
    );
    assert_eq!(drain_shard(&stream, &shards(&stream)[0]).0, [0]);
}

#[test]
fn what_is_not_there_and_what_is_no_iterator_is_refused() {
    let stream = stream();
    let other = json!({"StreamArn": "arn:aws:dynamodb:eu-west-1:1:table/No/stream/x"});
    let refused = call(&stream, StreamOperation::DescribeStream, other).unwrap_err();
    assert_eq!(refused, "ResourceNotFoundException");
    for text in ["nonsense", &format!("{ARN}|1|!!"), &format!("{ARN}|1|AAAA")] {
        assert_eq!(
            read(&stream, text, None).unwrap_err(),
            "ValidationException",
            "{text}"
        );
    }
    let refused = call(&stream, StreamOperation::GetShardIterator, json!({})).unwrap_err();
    assert_eq!(refused, "ValidationException");
}
