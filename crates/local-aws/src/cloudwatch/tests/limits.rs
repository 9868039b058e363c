//! Each limit, at its edge and past it.

use super::*;

#[tokio::test]
async fn one_thousand_metrics_are_accepted_and_one_more_is_not() {
    let cloudwatch = start().await;
    let one = metric(&[("Value", 1.0.into())]);
    assert_eq!(put(&cloudwatch, vec![one.clone(); 1_000]).await.status, 200);
    let answer = put(&cloudwatch, vec![one; 1_001]).await;
    assert_eq!(
        (answer.status, answer.code.as_str()),
        (400, "InvalidParameterValue")
    );
    assert_eq!(
        answer.message,
        "The collection MetricData must not have a size greater than 1000."
    );
    assert_eq!(cloudwatch.points().len(), 1_000);
}

#[tokio::test]
async fn a_request_over_1_mb_is_refused() {
    let cloudwatch = start().await;
    let filler =
        |bytes: usize| metric(&[("Value", 1.0.into()), ("Ignored", "x".repeat(bytes).into())]);
    let frame = encode(&request(vec![filler(70_000)])).len() - 70_000;
    let largest = MAX_REQUEST_BYTES - frame;
    assert_eq!(put(&cloudwatch, vec![filler(largest)]).await.status, 200);
    let answer = put(&cloudwatch, vec![filler(largest + 1)]).await;
    assert_eq!(
        (answer.status, answer.code.as_str()),
        (413, "RequestEntityTooLarge")
    );
    // The limit is on what is sent: compressed, the same body fits.
    let body = encode(&request(vec![filler(largest + 1)]));
    let packed = send(&cloudwatch, gzip(&body), Some("gzip")).await.unwrap();
    assert_eq!(packed.status, 200);
}

#[tokio::test]
async fn a_metric_has_at_most_150_values_and_as_many_counts() {
    assert_eq!(
        accepted(&[("Values", floats(150))]).await.samples.count(),
        150.0
    );
    let answer = refused(&[("Values", floats(151))]).await;
    assert_eq!(
        answer.message,
        "The collection MetricData.member.1.Values must not have a size greater than 150."
    );
    let unequal = refused(&[("Values", floats(3)), ("Counts", floats(2))]).await;
    assert_eq!(unequal.code, "InvalidParameterValue");
    refused(&[("Values", floats(0))]).await;
    refused(&[("Counts", floats(2))]).await;
    let negative = cbor!([1.0]).unwrap();
    refused(&[("Values", negative), ("Counts", cbor!([-1.0]).unwrap())]).await;
}

#[tokio::test]
async fn a_metric_has_at_most_30_dimensions_each_once() {
    let many = |count: usize| {
        Value::Array(
            (0..count)
                .map(|n| dimension(&format!("d{n}"), "v"))
                .collect(),
        )
    };
    let value = ("Value", Value::Float(1.0));
    let point = accepted(&[value.clone(), ("Dimensions", many(30))]).await;
    assert_eq!(point.dimensions.len(), 30);
    refused(&[value.clone(), ("Dimensions", many(31))]).await;
    let twice = Value::Array(vec![dimension("d", "1"), dimension("d", "2")]);
    let answer = refused(&[value, ("Dimensions", twice)]).await;
    assert_eq!(
        answer.message,
        "No Metric may specify the same dimension name twice."
    );
}

#[tokio::test]
async fn values_that_are_no_finite_numbers_or_out_of_range_are_refused() {
    let edge = 2f64.powi(360);
    for value in [0.0, edge, -edge] {
        accepted(&[("Value", value.into())]).await;
    }
    for value in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        edge * 1.000_001,
        -edge * 1.000_001,
    ] {
        let answer = refused(&[("Value", value.into())]).await;
        assert_eq!(answer.code, "InvalidParameterValue");
        refused(&[("Values", Value::Array(vec![1.0.into(), value.into()]))]).await;
        let counts = Value::Array(vec![value.into()]);
        refused(&[("Values", floats(1)), ("Counts", counts)]).await;
    }
    let answer = refused(&[("Value", f64::NAN.into())]).await;
    assert_eq!(
        answer.message,
        "The value NaN for parameter MetricData.member.1.Value is invalid."
    );
}

#[tokio::test]
async fn names_and_dimension_values_are_checked() {
    let name = |name: &str| [("MetricName", name.into()), ("Value", Value::Float(1.0))];
    accepted(&name(&"n".repeat(255))).await;
    for bad in ["", "   ", &"n".repeat(256), "Größe", "tab\there", ":colon"] {
        refused(&name(bad)).await;
    }
    let with = |dimension: Value| {
        [
            ("Value", Value::Float(1.0)),
            ("Dimensions", Value::Array(vec![dimension])),
        ]
    };
    accepted(&with(dimension(&"n".repeat(255), &"v".repeat(1_024)))).await;
    accepted(&with(dimension("n", ":a value may start with a colon"))).await;
    for bad in ["", " ", &"v".repeat(1_025), "Zoë", "line\nend"] {
        refused(&with(dimension("n", bad))).await;
    }
    for bad in ["", &"n".repeat(256), "Tabellenname-ß", ":n"] {
        refused(&with(dimension(bad, "v"))).await;
    }
}

#[tokio::test]
async fn namespaces_of_aws_are_refused() {
    let cloudwatch = start().await;
    for (namespace, status) in [
        ("LastWriter", 200),
        ("AWSome", 200),
        ("AWS/DynamoDB", 400),
        (":colon", 400),
        ("", 400),
    ] {
        let metrics = vec![metric(&[("Value", 1.0.into())])];
        let body = cbor!({ "Namespace" => namespace, "MetricData" => metrics }).unwrap();
        let answer = send(&cloudwatch, encode(&body), None).await.unwrap();
        assert_eq!(answer.status, status, "{namespace}: {}", answer.message);
    }
}

#[tokio::test]
async fn what_is_missing_or_contradictory_has_its_own_code() {
    let missing = refused(&[]).await;
    assert_eq!(missing.code, "MissingParameter");
    let both = refused(&[("Value", 1.0.into()), ("Values", floats(1))]).await;
    assert_eq!(both.code, "InvalidParameterCombination");
    let cloudwatch = start().await;
    assert_eq!(put(&cloudwatch, vec![]).await.code, "MissingParameter");
    refused(&[("Value", 1.0.into()), ("Unit", "Parsecs".into())]).await;
    refused(&[("Value", 1.0.into()), ("StorageResolution", 30.into())]).await;
    let upside_down =
        cbor!({ "SampleCount" => 1.0, "Sum" => 1.0, "Minimum" => 2.0, "Maximum" => 1.0 });
    refused(&[("StatisticValues", upside_down.unwrap())]).await;
}

#[tokio::test]
async fn timestamps_must_lie_within_two_weeks_back_and_two_hours_ahead() {
    let at = |seconds: i64| {
        let now = chrono::Utc::now().timestamp();
        [
            ("Value", Value::Float(1.0)),
            ("Timestamp", Value::Tag(1, Box::new((now + seconds).into()))),
        ]
    };
    let (hour, day) = (3_600, 86_400);
    accepted(&at(-13 * day)).await;
    accepted(&at(hour)).await;
    refused(&at(-15 * day)).await;
    refused(&at(3 * hour)).await;
}

#[tokio::test]
async fn one_bad_metric_refuses_the_whole_request() {
    let cloudwatch = start().await;
    let good = metric(&[("Value", 1.0.into())]);
    let bad = metric(&[("Value", f64::NAN.into())]);
    let answer = put(&cloudwatch, vec![good, bad]).await;
    assert!(answer.message.contains("MetricData.member.2.Value"));
    assert!(cloudwatch.points().is_empty());
}
