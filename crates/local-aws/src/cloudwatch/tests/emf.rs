//! Log lines in embedded metric format.

use super::*;

#[test]
fn an_embedded_metric_document_gives_the_points_that_put_metric_data_would_have_given() {
    let line = r#"{"_aws":{"Timestamp":1795349587051,"CloudWatchMetrics":[{"Namespace":"LastWriter",
        "Dimensions":[["TableName"],["TableName","Kind"]],
        "Metrics":[{"Name":"Conflicts","Unit":"Count"},{"Name":"Delay","Unit":"Milliseconds"}]}]},
        "TableName":"app","Kind":"overwrite","Conflicts":3,"Delay":[1.5,2.5],"other":{"x":1}}"#;
    let points = parse_emf(line).unwrap().unwrap();
    assert_eq!(points.len(), 4);
    let table = dimensions([("TableName", "app")]);
    let kind = dimensions([("TableName", "app"), ("Kind", "overwrite")]);
    for dimensions in [&table, &kind] {
        assert_eq!(sum_of(&points, "Conflicts", dimensions), Some(3.0));
        assert_eq!(sum_of(&points, "Delay", dimensions), Some(4.0));
    }
    assert_eq!(points[0].unit.as_deref(), Some("Count"));
    let sent = points[0]
        .timestamp
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(sent.as_millis(), 1_795_349_587_051);
}

#[test]
fn a_distribution_in_embedded_metric_format_keeps_its_counts() {
    let line = r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[[]],
        "Metrics":[{"Name":"Delay"}]}]},"Delay":{"Values":[1,10],"Counts":[3,2]}}"#;
    let points = parse_emf(line).unwrap().unwrap();
    assert_eq!(
        points[0].samples,
        Samples::Values(vec![(1.0, 3.0), (10.0, 2.0)])
    );
}

#[test]
fn lines_that_are_no_embedded_metrics_are_told_apart() {
    for line in [
        "",
        "START RequestId: 1",
        "{broken",
        r#"{"level":"INFO"}"#,
        "{}",
    ] {
        assert_eq!(parse_emf(line), Ok(None), "{line}");
    }
    let document = r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]}}"#;
    let prefixed = format!("2026-11-22T12:00:00Z\tid\tINFO\t{document}\n");
    assert_eq!(parse_emf(&prefixed), Ok(Some(vec![])));
}

#[test]
fn embedded_metrics_that_cloudwatch_would_drop_are_errors() {
    let line = |dimensions: &str, metrics: &str, members: &str| {
        format!(
            r#"{{"_aws":{{"Timestamp":1,"CloudWatchMetrics":[{{"Namespace":"N","Dimensions":[[{dimensions}]],
            "Metrics":[{metrics}]}}]}}{members}}}"#
        )
    };
    let one = r#"{"Name":"M"}"#;
    assert!(parse_emf(&line("", one, r#","M":1"#)).is_ok());
    let hundred_and_one = vec!["1"; 101].join(",");
    for (what, bad) in [
        ("no such metric", line("", one, "")),
        ("a metric that is text", line("", one, r#","M":"1""#)),
        (
            "a dimension that is missing",
            line(r#""D""#, one, r#","M":1"#),
        ),
        (
            "a dimension that is a number",
            line(r#""D""#, one, r#","M":1,"D":2"#),
        ),
        (
            "101 values",
            line("", one, &format!(r#","M":[{hundred_and_one}]"#)),
        ),
        (
            "101 metrics",
            line("", &vec![one; 101].join(","), r#","M":1"#),
        ),
        (
            "31 dimensions",
            line(&vec![r#""D""#; 31].join(","), one, r#","M":1,"D":"d""#),
        ),
        ("no values", line("", one, r#","M":[]"#)),
        (
            "counts of another length",
            line("", one, r#","M":{"Values":[1],"Counts":[]}"#),
        ),
        ("no metadata", r#"{"_aws":{}}"#.to_owned()),
        (
            "a long line",
            line(
                "",
                one,
                &format!(r#","M":1,"x":"{}""#, "x".repeat(MAX_EMF_BYTES)),
            ),
        ),
    ] {
        assert!(parse_emf(&bad).is_err(), "{what}");
    }
}
