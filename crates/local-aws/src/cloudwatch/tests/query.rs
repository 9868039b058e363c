//! What was sent can be read back, in either protocol.

use serde_json::{Value as Json, json};

use super::*;
use crate::amz_json::AMZ_JSON;
use crate::http::http_client;

/// Sends an operation in AWS JSON 1.0.
async fn call(cloudwatch: &CloudWatch, operation: &str, body: Json) -> (u16, Json) {
    let request = Request::post(cloudwatch.endpoint())
        .header("content-type", AMZ_JSON)
        .header(
            "x-amz-target",
            format!("GraniteServiceVersion20100801.{operation}"),
        )
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = http_client().request(request).await.unwrap();
    let status = response.status().as_u16();
    let ReadBody::Whole(body) = read_body(Body::new(response.into_body()), usize::MAX).await else {
        panic!("the connection broke");
    };
    (status, serde_json::from_slice(&body).unwrap())
}

fn table(name: &str) -> Json {
    json!([{"Name": "TableName", "Value": name}])
}

/// Three data points of one metric in two minutes, and one of another table.
async fn filled() -> (CloudWatch, u64) {
    let cloudwatch = start().await;
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let minute = now.as_secs() / 60 * 60 - 120;
    let datum = |name: &str, table_name: &str, at: u64, values: Json| {
        json!({
            "MetricName": name, "Dimensions": table(table_name), "Timestamp": at,
            "Values": values, "Counts": [1, 1],
        })
    };
    let metrics = json!({"Namespace": "LastWriter", "MetricData": [
        datum("Conflicts", "App", minute + 1, json!([1, 2])),
        datum("Conflicts", "App", minute + 59, json!([3, 4])),
        datum("Conflicts", "App", minute + 60, json!([50, 60])),
        datum("Records", "Other", minute, json!([7, 8])),
    ]});
    let (status, answer) = call(&cloudwatch, "PutMetricData", metrics).await;
    assert_eq!((status, answer), (200, json!({})));
    (cloudwatch, minute)
}

fn query(statistic: &str, from: u64, to: u64) -> Json {
    json!({
        "StartTime": from, "EndTime": to, "ScanBy": "TimestampAscending",
        "MetricDataQueries": [{"Id": "q", "MetricStat": {
            "Metric": {"Namespace": "LastWriter", "MetricName": "Conflicts", "Dimensions": table("App")},
            "Period": 60, "Stat": statistic,
        }}],
    })
}

#[tokio::test]
async fn metrics_are_listed_by_what_is_asked_for() {
    let (cloudwatch, _) = filled().await;
    let names = async |body: Json| {
        let (status, answer) = call(&cloudwatch, "ListMetrics", body).await;
        assert_eq!(status, 200, "{answer}");
        let metrics = answer["Metrics"].as_array().unwrap().clone();
        metrics
            .iter()
            .map(|metric| metric["MetricName"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(json!({})).await, ["Conflicts", "Records"]);
    assert_eq!(names(json!({"MetricName": "Records"})).await, ["Records"]);
    assert_eq!(
        names(json!({"Dimensions": table("App")})).await,
        ["Conflicts"]
    );
    let any_table = json!({"Dimensions": [{"Name": "TableName"}]});
    assert_eq!(names(any_table).await, ["Conflicts", "Records"]);
    assert_eq!(names(json!({"Namespace": "Other"})).await, [""; 0]);
}

#[tokio::test]
async fn a_statistic_is_that_of_each_period() {
    let (cloudwatch, minute) = filled().await;
    for (statistic, first, second) in [
        ("Sum", 10.0, 110.0),
        ("SampleCount", 4.0, 2.0),
        ("Average", 2.5, 55.0),
        ("Minimum", 1.0, 50.0),
        ("Maximum", 4.0, 60.0),
        ("p50", 2.0, 50.0),
    ] {
        let asked = query(statistic, minute, minute + 180);
        let (status, answer) = call(&cloudwatch, "GetMetricData", asked).await;
        assert_eq!(status, 200, "{answer}");
        let result = &answer["MetricDataResults"][0];
        assert_eq!(result["Id"], "q");
        assert_eq!(result["Values"], json!([first, second]), "{statistic}");
        assert_eq!(
            result["Timestamps"],
            json!([minute as f64, (minute + 60) as f64])
        );
    }
    // The end is not part of what is asked for, and the newest comes first where nothing is said.
    let (_, answer) = call(
        &cloudwatch,
        "GetMetricData",
        query("Sum", minute, minute + 60),
    )
    .await;
    assert_eq!(answer["MetricDataResults"][0]["Values"], json!([10.0]));
    let mut newest_first = query("Sum", minute, minute + 180);
    newest_first.as_object_mut().unwrap().remove("ScanBy");
    let (_, answer) = call(&cloudwatch, "GetMetricData", newest_first).await;
    assert_eq!(
        answer["MetricDataResults"][0]["Values"],
        json!([110.0, 10.0])
    );
}

#[tokio::test]
async fn what_is_not_known_here_is_refused_by_name() {
    let (cloudwatch, minute) = filled().await;
    let mut math = query("Sum", minute, minute + 60);
    math["MetricDataQueries"][0] = json!({"Id": "e", "Expression": "q * 2"});
    for (operation, body, part) in [
        ("GetMetricData", math, "metric math"),
        ("GetMetricData", query("tm90", minute, minute + 60), "tm90"),
        ("GetMetricData", json!({}), "StartTime"),
        ("PutDashboard", json!({}), "ListMetrics"),
    ] {
        let (status, answer) = call(&cloudwatch, operation, body).await;
        assert!((400..500).contains(&status), "{answer}");
        assert!(
            answer["message"].as_str().unwrap().contains(part),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn cbor_reads_back_what_json_wrote() {
    let (cloudwatch, _) = filled().await;
    let request =
        Request::post(cloudwatch.endpoint() + &PATH.replace("PutMetricData", "ListMetrics"))
            .header("smithy-protocol", "rpc-v2-cbor")
            .body(Body::from(encode(
                &cbor!({ "MetricName" => "Conflicts" }).unwrap(),
            )))
            .unwrap();
    let response = http_client().request(request).await.unwrap();
    let ReadBody::Whole(body) = read_body(Body::new(response.into_body()), usize::MAX).await else {
        panic!("the connection broke");
    };
    let answer: Value = ciborium::from_reader(&body[..]).unwrap();
    let (name, metrics) = &answer.as_map().unwrap()[0];
    assert_eq!(
        (name.as_text(), metrics.as_array().unwrap().len()),
        (Some("Metrics"), 1)
    );
}
