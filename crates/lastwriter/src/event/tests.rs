//! Each form that is read, and what is told of each other one.

use super::*;

fn refused(payload: &str) -> String {
    let stream = Stream::default();
    read_text("event.json", payload.as_bytes(), &stream)
        .unwrap_err()
        .to_string()
}

#[test]
fn what_is_no_event_is_told_with_file_and_position() {
    insta::assert_snapshot!(refused("{\"Records\": [\n  {},\n  oops\n]}"), @r#"event.json, line 3, column 3: invalid JSON: this is not expected here; a Lambda event of a DynamoDB stream is {"Records": [...]}"#);
    insta::assert_snapshot!(refused("{\"Records\": [\n"), @r#"event.json, line 2, column 0: invalid JSON: it ends too early; a Lambda event of a DynamoDB stream is {"Records": [...]}"#);
    insta::assert_snapshot!(refused("{\n  \"records\": []\n}"), @r#"event.json, line 3, column 1: valid JSON, but it has no list of Records; a Lambda event of a DynamoDB stream is {"Records": [...]}"#);
}

#[test]
fn the_text_of_a_refused_file_stays_out_of_the_message() {
    for payload in ["secret", "\"secret\"", "{\"Records\": \"secret\"}"] {
        assert!(!refused(payload).contains("secret"));
    }
}

#[test]
fn a_folder_gives_its_json_files_by_name_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.json", "a.json", "notes.txt"] {
        std::fs::write(folder.path().join(name), "{\"Records\":[]}").unwrap();
    }
    std::fs::create_dir(folder.path().join("expected.json")).unwrap();
    let events = read_all(&[folder.path().to_owned()], &Stream::default()).unwrap();
    let names: Vec<&str> = events
        .iter()
        .filter_map(|event| event.name.rsplit('/').next())
        .collect();
    assert_eq!(names, ["a.json", "b.json"]);
}

#[test]
fn a_folder_without_events_and_a_missing_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = read_all(&[folder.path().to_owned()], &Stream::default()).unwrap_err();
    assert!(matches!(empty, EventError::EmptyFolder(_)), "{empty}");
    let missing = read_all(&[folder.path().join("none.json")], &Stream::default()).unwrap_err();
    assert!(
        missing.to_string().contains("none.json cannot be read"),
        "{missing}"
    );
}

fn testdata(name: &str) -> PathBuf {
    format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR")).into()
}

fn stream(table: Option<&str>, region: Option<&str>) -> Stream {
    Stream {
        table: table.map(str::to_owned),
        region: region.map(str::to_owned),
    }
}

fn records(events: &[Event]) -> Vec<serde_json::Value> {
    let records = |event: &Event| {
        let event: serde_json::Value = serde_json::from_slice(&event.payload).unwrap();
        event["Records"].as_array().unwrap().clone()
    };
    events.iter().flat_map(records).collect()
}

#[test]
fn an_event_goes_on_byte_for_byte() {
    let text = br#"{"a": 1,  "Records": [ {"x":  "\ud800"}, 5 ]}"#;
    let events = read_text("a.json", text, &Stream::default()).unwrap();
    assert_eq!((events.len(), &*events[0].name), (1, "a.json"));
    assert_eq!(events[0].payload, text);
}

#[test]
fn each_form_holds_the_same_records() {
    let plain = records(&read_all(&[testdata("pipes_array.json")], &Stream::default()).unwrap());
    assert_eq!(plain.len(), 2);
    for name in [
        "s3_failure.json",
        "s3_failure_payload_object.json",
        "event_lines.jsonl",
        "record_lines.jsonl",
    ] {
        let events = read_all(&[testdata(name)], &Stream::default()).unwrap();
        assert_eq!(records(&events), plain, "{name}");
    }
}

#[test]
fn events_that_follow_one_another_are_apart_and_bare_records_together() {
    let names = |name: &str| -> Vec<String> {
        let events = read_all(&[testdata(name)], &Stream::default()).unwrap();
        let name = |event: Event| event.name.rsplit('/').next().unwrap().to_owned();
        events.into_iter().map(name).collect()
    };
    assert_eq!(
        names("event_lines.jsonl"),
        ["event_lines.jsonl:1", "event_lines.jsonl:2"]
    );
    assert_eq!(names("record_lines.jsonl"), ["record_lines.jsonl"]);
}

#[test]
fn a_single_record_a_byte_order_mark_and_an_ended_window_are_read() {
    for (name, count) in [
        ("single_record.json", 1),
        ("byte_order_mark.json", 1),
        ("tumbling_window_final_null.json", 0),
    ] {
        let events = read_all(&[testdata(name)], &Stream::default()).unwrap();
        assert_eq!((events.len(), events[0].records()), (1, count), "{name}");
    }
}

#[test]
fn what_get_records_prints_takes_its_stream_from_the_options() {
    let read = |stream: &Stream| read_all(&[testdata("get_records.json")], stream);
    let missing = |stream: &Stream| read(stream).unwrap_err().to_string();
    let (table, region) = (Some("parcels"), Some("us-east-1"));
    assert!(missing(&stream(None, None)).ends_with(
        "record 0 names no Region: give --region REGION, the one whose stream it is of"
    ));
    assert!(missing(&stream(None, region)).ends_with("record 0 names no table: give --table NAME"));
    let records = records(&read(&stream(table, region)).unwrap());
    assert_eq!(records.len(), 2);
    for record in &records {
        assert_eq!(record["awsRegion"], "us-east-1");
        let arn = record["eventSourceARN"].as_str().unwrap();
        assert!(
            arn.starts_with("arn:aws:dynamodb:us-east-1:") && arn.contains(":table/parcels/"),
            "{arn}"
        );
        // 2026-11-25T10:46:50Z.
        let time = &record["dynamodb"]["ApproximateCreationDateTime"];
        assert_eq!(time, 1_795_603_610);
    }
}

#[test]
fn a_region_that_aws_does_not_have_can_be_replaced() {
    let stream = stream(None, Some("us-east-1"));
    let events = read_all(&[testdata("dynamodb_local_region.json")], &stream).unwrap();
    for record in records(&events) {
        assert_eq!(record["awsRegion"], "us-east-1");
    }
}

#[test]
fn what_comes_from_elsewhere_is_told_by_its_name_with_what_to_do() {
    for (name, what, remedy) in [
        (
            "kinesis_event.json",
            "a Kinesis data stream",
            "NEW_AND_OLD_IMAGES",
        ),
        ("sqs_wrapped.json", "SQS messages", "fromjson"),
        ("sns_event.json", "SNS messages", ".Sns.Message"),
        ("s3_notification.json", "an S3 notification", "aws s3 cp"),
        (
            "eventbridge_envelope.json",
            "an EventBridge event",
            "jq -c .detail",
        ),
        ("scan.json", "items of a table", "get-records"),
        (
            "sqs_failure_no_payload.json",
            "failure document",
            "--shard-id shardId-00000001795600000000-0a1b2c3d --shard-iterator-type AT_SEQUENCE_NUMBER \
             --sequence-number 4700000000012345678901",
        ),
    ] {
        let error = read_all(&[testdata(name)], &Stream::default()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(name), "{message}");
        assert!(
            message.contains(what) && message.contains(remedy),
            "{message}"
        );
        assert!(!message.contains("PARCEL"), "{message}");
    }
}

#[test]
fn a_text_in_another_encoding_is_told() {
    let stream = Stream::default();
    let message = |bytes: &[u8]| read_text("a.json", bytes, &stream).unwrap_err().to_string();
    assert!(message(b"\xff\xfe{\0}\0").contains("a.json is UTF-16"));
    assert!(
        message(b"{\n\"a\": \"\xe9\"}").contains("line 2, column 7: invalid JSON: it is not UTF-8")
    );
    assert!(message(b" \n").contains("it is empty"));
}

#[test]
fn a_table_and_a_region_have_to_be_names() {
    use clap::Parser;
    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        input: Input,
    }
    let parse = |option: &str, value: &str| Cli::try_parse_from(["x", "-", option, value]);
    assert_eq!(
        parse("--table", "a.b-C_1")
            .unwrap()
            .input
            .stream
            .table
            .as_deref(),
        Some("a.b-C_1")
    );
    assert!(parse("--table", "ab").is_err() && parse("--table", "a/b/c").is_err());
    assert!(parse("--region", "us-gov-west-1").is_ok());
    assert!(parse("--region", "EU-WEST-1").is_err() && parse("--region", "ddblocal").is_err());
}
