//! What is sent is kept, in every form in which it can be sent.

use super::*;

#[tokio::test]
async fn data_points_are_kept_with_all_their_parts() {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let point = accepted(&[
        ("Value", Value::Float(2.5)),
        ("Unit", "Milliseconds".into()),
        ("StorageResolution", 1.into()),
        (
            "Timestamp",
            Value::Tag(1, Box::new(Value::Float(now.as_secs() as f64))),
        ),
        (
            "Dimensions",
            Value::Array(vec![dimension("TableName", "app")]),
        ),
    ])
    .await;
    let expected = DataPoint {
        namespace: "LastWriter".into(),
        metric: "Conflicts".into(),
        dimensions: dimensions([("TableName", "app")]),
        unit: Some("Milliseconds".into()),
        timestamp: SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs()),
        storage_resolution: Some(1),
        samples: Samples::Values(vec![(2.5, 1.0)]),
    };
    assert_eq!(point, expected);
}

#[tokio::test]
async fn values_with_counts_and_statistic_sets_are_kept() {
    let counted = accepted(&[
        ("Values", cbor!([1.0, 10.0]).unwrap()),
        ("Counts", cbor!([3.0, 2.0]).unwrap()),
    ])
    .await;
    assert_eq!(
        (counted.samples.sum(), counted.samples.count()),
        (23.0, 5.0)
    );
    let uncounted = accepted(&[("Values", cbor!([1.0, 10.0]).unwrap())]).await;
    assert_eq!(
        (uncounted.samples.sum(), uncounted.samples.count()),
        (11.0, 2.0)
    );
    let set = cbor!({ "SampleCount" => 4.0, "Sum" => 10.0, "Minimum" => 1.0, "Maximum" => 4.0 });
    let set = accepted(&[("StatisticValues", set.unwrap())]).await;
    assert_eq!((set.samples.sum(), set.samples.count()), (10.0, 4.0));
}

#[tokio::test]
async fn a_sum_covers_exactly_the_dimensions_asked_for() {
    let cloudwatch = start().await;
    let of = |dimensions: Vec<Value>, value: f64| {
        metric(&[
            ("Dimensions", Value::Array(dimensions)),
            ("Value", value.into()),
        ])
    };
    let table = || dimension("TableName", "app");
    let metrics = vec![
        of(vec![table()], 1.0),
        of(vec![table(), dimension("Kind", "overwrite")], 10.0),
        of(vec![table()], 2.0),
    ];
    assert_eq!(put(&cloudwatch, metrics).await.status, 200);
    let sum = |pairs: &[(&'static str, &'static str)]| {
        cloudwatch.sum("Conflicts", &dimensions(pairs.iter().copied()))
    };
    assert_eq!(sum(&[("TableName", "app")]), Some(3.0));
    assert_eq!(
        sum(&[("Kind", "overwrite"), ("TableName", "app")]),
        Some(10.0)
    );
    assert_eq!(sum(&[]), None);
    assert_eq!(
        cloudwatch.sum("Records", &dimensions([("TableName", "app")])),
        None
    );
    cloudwatch.clear();
    assert_eq!(
        (sum(&[("TableName", "app")]), cloudwatch.requests()),
        (None, 0)
    );
}

#[tokio::test]
async fn a_gzip_body_is_unpacked() {
    let cloudwatch = start().await;
    let body = encode(&request(vec![metric(&[("Value", 7.0.into())])]));
    let answer = send(&cloudwatch, gzip(&body), Some("gzip")).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.message);
    assert_eq!(cloudwatch.sum("Conflicts", &Dimensions::new()), Some(7.0));
    let damaged = send(&cloudwatch, body, Some("gzip")).await.unwrap();
    assert_eq!(damaged.code, "SerializationException");
}

#[tokio::test]
async fn a_map_of_indefinite_length_is_read() {
    // What the SDK's encoder writes: 0xbf, the members, 0xff.
    let mut body = vec![0xbf];
    body.extend(encode(&"Namespace".into()));
    body.extend(encode(&"LastWriter".into()));
    body.extend(encode(&"MetricData".into()));
    body.extend(encode(&Value::Array(vec![metric(&[(
        "Value",
        1.0.into(),
    )])])));
    body.push(0xff);
    let cloudwatch = start().await;
    let answer = send(&cloudwatch, body, None).await.unwrap();
    assert_eq!(
        (answer.status, answer.protocol.as_str()),
        (200, "rpc-v2-cbor")
    );
    assert_eq!(cloudwatch.points().len(), 1);
}

#[tokio::test]
async fn bodies_that_are_no_request_are_refused() {
    let cloudwatch = start().await;
    for body in [vec![], vec![0xff], encode(&"text".into()), b"{}".to_vec()] {
        let answer = send(&cloudwatch, body, None).await.unwrap();
        assert_eq!(answer.status, 400);
    }
    let wrong_type = cbor!({ "Namespace" => 5, "MetricData" => [] }).unwrap();
    let answer = send(&cloudwatch, encode(&wrong_type), None).await.unwrap();
    assert_eq!(answer.code, "SerializationException");
}

#[tokio::test]
async fn faults_are_as_they_are_set() {
    let cloudwatch = start().await;
    let one = || vec![metric(&[("Value", 1.0.into())])];
    cloudwatch.set_fault(Fault::Refuse(Refusal::new(
        400,
        "Throttling",
        "Rate exceeded",
    )));
    let answer = put(&cloudwatch, one()).await;
    assert_eq!((answer.status, answer.code.as_str()), (400, "Throttling"));
    cloudwatch.set_fault(Fault::DropConnection);
    assert!(
        send(&cloudwatch, encode(&request(one())), None)
            .await
            .is_none()
    );
    assert!(cloudwatch.points().is_empty());
    cloudwatch.set_fault(Fault::None);
    assert_eq!(put(&cloudwatch, one()).await.status, 200);
    assert_eq!(cloudwatch.points().len(), 1);
    assert!(cloudwatch.requests() >= 3);
}
