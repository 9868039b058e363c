//! What every record may look like.

use conflict::Stamp;
use serde_json::json;

use super::*;

fn raw(record: &serde_json::Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(record).unwrap()
}

fn modify() -> serde_json::Value {
    json!({
        "eventID": "0f",
        "eventName": "MODIFY",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-22T00:00:00.000",
        "dynamodb": {
            "Keys": {"PK": {"S": "USER#1"}},
            "SequenceNumber": "100",
            "OldImage": {"PK": {"S": "USER#1"}, "lw:n:us-east-1": {"N": "1"}, "lw:t:us-east-1": {"N": "5"}},
            "NewImage": {"PK": {"S": "USER#1"}, "lw:n:us-east-1": {"N": "2"}, "lw:t:us-east-1": {"N": "7"}},
        },
    })
}

fn with(change: impl FnOnce(&mut serde_json::Value)) -> Box<RawValue> {
    let mut record = modify();
    change(&mut record);
    raw(&record)
}

fn reason(raw: &RawValue) -> String {
    match Record::read(raw, &Attributes::default()) {
        Err(RejectedRecord {
            error: RecordError::Malformed(reason),
            ..
        }) => reason,
        other => panic!("not malformed but {other:?}"),
    }
}

#[test]
fn a_record_is_read_without_its_optional_members() {
    let raw = with(|record| {
        record.as_object_mut().unwrap().remove("eventID");
    });
    let record = Record::read(&raw, &Attributes::default()).unwrap();
    assert_eq!(record.event_id, None);
    assert_eq!(record.table, "orders");
    assert_eq!(
        record.new.unwrap().stamps.get("us-east-1"),
        Some(Stamp::new(2, 7))
    );
}

#[test]
fn text_is_borrowed_from_the_payload() {
    let raw = raw(&modify());
    let record = Record::read(&raw, &Attributes::default()).unwrap();
    for text in [
        &record.region,
        &record.table,
        &record.stream_arn,
        &record.sequence_number,
    ] {
        assert!(matches!(text, Cow::Borrowed(_)), "{text}");
    }
}

#[test]
fn what_is_optional_may_be_of_any_type() {
    for odd in [
        json!(1),
        json!(-1),
        json!(1.5),
        json!(true),
        json!(null),
        json!([1]),
        json!({"a": 1}),
        json!("x"),
    ] {
        for name in ["eventID", "userIdentity", "eventVersion", "another"] {
            let raw = with(|record| record[name] = odd.clone());
            assert!(
                Record::read(&raw, &Attributes::default()).is_ok(),
                "{name}: {odd}"
            );
        }
        for name in [
            "ApproximateCreationDateTime",
            "SizeBytes",
            "StreamViewType",
            "another",
        ] {
            let raw = with(|record| record["dynamodb"][name] = odd.clone());
            assert!(
                Record::read(&raw, &Attributes::default()).is_ok(),
                "{name}: {odd}"
            );
        }
        let raw = with(|record| record["dynamodb"]["NewImage"]["lw:n:us-east-1"] = odd.clone());
        let record = Record::read(&raw, &Attributes::default()).unwrap();
        assert_eq!(
            record.new.unwrap().stamps.get("us-east-1"),
            Some(Stamp {
                n: None,
                t: Some(7)
            }),
            "{odd}"
        );
    }
}

#[test]
fn what_is_required_is_named_when_it_is_missing_or_odd() {
    for odd in [
        None,
        Some(json!(1)),
        Some(json!(null)),
        Some(json!([])),
        Some(json!({"a": 1})),
    ] {
        for name in ["eventName", "awsRegion", "eventSourceARN"] {
            let raw = with(|record| match odd.clone() {
                Some(odd) => record[name] = odd,
                None => drop(record.as_object_mut().unwrap().remove(name)),
            });
            assert!(reason(&raw).contains(name), "{name}: {odd:?}");
        }
        let raw =
            with(|record| record["dynamodb"]["SequenceNumber"] = odd.clone().unwrap_or_default());
        assert!(reason(&raw).contains("SequenceNumber"), "{odd:?}");
    }
    for odd in [json!(1), json!(null), json!("x"), json!([])] {
        assert!(reason(&with(|record| record["dynamodb"] = odd.clone())).contains("dynamodb"));
        assert!(reason(&with(|record| record["dynamodb"]["Keys"] = odd.clone())).contains("Keys"));
        assert!(reason(&raw(&odd)).contains("not an object"));
    }
    assert!(reason(&with(|record| record["eventName"] = json!("UPSERT"))).contains("eventName"));
    assert!(
        reason(&with(|record| record["awsRegion"] = json!("Mars: east"))).contains("awsRegion")
    );
    assert!(
        reason(&with(
            |record| record["eventSourceARN"] = json!("arn:aws:sqs:x:1:q")
        ))
        .contains("eventSourceARN")
    );
    assert!(
        reason(&with(|record| record["dynamodb"]["OldImage"] = json!([]))).contains("OldImage")
    );
}

#[test]
fn a_record_without_the_images_it_needs_is_unusable() {
    for name in ["OldImage", "NewImage"] {
        let raw = with(|record| record["dynamodb"][name] = json!(null));
        assert_eq!(
            Record::read(&raw, &Attributes::default())
                .unwrap_err()
                .error,
            RecordError::Unusable
        );
    }
    // A new image is all that an INSERT needs, an old one all that a REMOVE does.
    for (event, image) in [("INSERT", "OldImage"), ("REMOVE", "NewImage")] {
        let raw = with(|record| {
            record["eventName"] = json!(event);
            record["dynamodb"][image] = json!(null);
        });
        assert!(
            Record::read(&raw, &Attributes::default()).is_ok(),
            "{event}"
        );
    }
}

#[test]
fn escaped_names_are_stamps_all_the_same() {
    let text = raw(&modify())
        .get()
        .replace("\"lw:n:us-east-1\"", "\"l\\u0077:n:us\\u002deast-1\"");
    let raw = RawValue::from_string(text).unwrap();
    let record = Record::read(&raw, &Attributes::default()).unwrap();
    assert_eq!(
        record.new.unwrap().stamps.get("us-east-1"),
        Some(Stamp::new(2, 7))
    );
}

#[test]
fn expiry_is_known_by_identity_or_by_time() {
    let ttl = Attributes {
        ttl: Some("ttl".into()),
        ..Attributes::default()
    };
    let expired = |change: &dyn Fn(&mut serde_json::Value), attributes: &Attributes| {
        let raw = with(|record| {
            record["eventName"] = json!("REMOVE");
            change(record);
        });
        let record = Record::read(&raw, attributes).unwrap();
        matches!(
            record.change(1_000),
            Some(Change::Remove { expired: true, .. })
        )
    };
    let service = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    let user = json!({"type": "User", "principalId": "dynamodb.amazonaws.com"});
    assert!(expired(
        &|record| record["userIdentity"] = service.clone(),
        &Attributes::default()
    ));
    assert!(!expired(
        &|record| record["userIdentity"] = user.clone(),
        &Attributes::default()
    ));
    let with_time = |time: &'static str| {
        move |record: &mut serde_json::Value| {
            record["dynamodb"]["OldImage"]["ttl"] = json!({"N": time})
        }
    };
    assert!(expired(&with_time("999"), &ttl));
    assert!(!expired(&with_time("1000"), &ttl));
    assert!(!expired(&with_time("999"), &Attributes::default()));
}

#[test]
fn expiry_is_told_by_the_records_own_time_and_within_five_years() {
    const REMOVED: u64 = 1_795_600_000;
    let ttl = Attributes {
        ttl: Some("ttl".into()),
        ..Attributes::default()
    };
    let five_years = (5 * 365 + 1) * 86_400;
    for (created_at, expires_at, expired) in [
        (json!(REMOVED), (REMOVED - 1).to_string(), true),
        (json!(REMOVED), REMOVED.to_string(), false),
        (json!(REMOVED as f64 + 0.5), (REMOVED - 1).to_string(), true),
        (json!(REMOVED * 1_000), REMOVED.to_string(), false),
        (json!(REMOVED), (REMOVED - five_years).to_string(), true),
        (
            json!(REMOVED),
            (REMOVED - five_years - 1).to_string(),
            false,
        ),
        (json!(REMOVED), format!("{}.5", REMOVED - 10), false),
        (json!("odd"), "999".to_owned(), true),
        (json!(null), "1000".to_owned(), false),
    ] {
        let raw = with(|record| {
            record["eventName"] = json!("REMOVE");
            record["dynamodb"]["ApproximateCreationDateTime"] = created_at.clone();
            record["dynamodb"]["OldImage"]["ttl"] = json!({"N": expires_at.clone()});
        });
        let record = Record::read(&raw, &ttl).unwrap();
        let change = record.change(1_000);
        let Some(Change::Remove { expired: found, .. }) = change else {
            panic!("{change:?}")
        };
        assert_eq!(found, expired, "{created_at} {expires_at}");
    }
}

#[test]
fn the_ttl_service_is_known_in_either_casing() {
    for (identity, expired) in [
        (
            json!({"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}),
            true,
        ),
        (json!({"type": "Service"}), false),
        (json!({"PrincipalId": "dynamodb.amazonaws.com"}), false),
    ] {
        let raw = with(|record| record["userIdentity"] = identity.clone());
        let record = Record::read(&raw, &Attributes::default()).unwrap();
        assert_eq!(record.removed_by_ttl, expired, "{identity}");
    }
}

#[test]
fn an_item_is_older_than_its_stream_by_the_streams_label() {
    let raw = with(|record| {
        record["eventSourceARN"] =
            json!("arn:aws:dynamodb:us-east-1:1:table/orders/stream/2026-11-25T08:00:00.500");
    });
    let record = Record::read(&raw, &Attributes::default()).unwrap();
    assert!(record.is_older_than_stream(1_795_593_600_499_999));
    assert!(!record.is_older_than_stream(1_795_593_600_500_000));
    let raw = with(|record| {
        record["eventSourceARN"] = json!("arn:aws:dynamodb:us-east-1:1:table/orders/stream/x");
    });
    let record = Record::read(&raw, &Attributes::default()).unwrap();
    assert!(!record.is_older_than_stream(0));
}

#[test]
fn what_cannot_be_decoded_is_kept_as_text() {
    for bad in [
        json!({"X": "1"}),
        json!({"B": "!!!"}),
        json!({"S": 5}),
        json!({"S": "a", "N": "1"}),
        json!({}),
        json!(7),
    ] {
        let raw = with(|record| {
            record["dynamodb"]["NewImage"]["bad"] = bad.clone();
            record["dynamodb"]["NewImage"]["good"] = json!({"S": "x"});
        });
        assert!(Record::read(&raw, &Attributes::default()).is_ok(), "{bad}");
        let DecodedRecord { new, .. } = DecodedRecord::read(&raw).unwrap();
        assert_eq!(new.undecoded["bad"], bad.to_string());
        assert!(new.contains("good") && new.contains("bad") && !new.contains("other"));
        assert!(!new.attributes.contains_key("bad"));
    }
    let raw = with(|record| record["dynamodb"]["Keys"]["PK"] = json!({"X": "1"}));
    let error = DecodedRecord::read(&raw).unwrap_err();
    assert!(matches!(error, RecordError::Malformed(_)), "{error}");
}

#[test]
fn deep_nesting_is_kept_as_text_and_no_overflow() {
    let nested = format!(
        "{}{{\"S\":\"x\"}}{}",
        "{\"L\":[".repeat(100_000),
        "]}".repeat(100_000)
    );
    let text = raw(&modify()).get().replace(
        "\"NewImage\":{",
        &format!("\"NewImage\":{{\"deep\":{nested},"),
    );
    let raw = RawValue::from_string(text).unwrap();
    assert!(Record::read(&raw, &Attributes::default()).is_ok());
    assert_eq!(
        DecodedRecord::read(&raw).unwrap().new.undecoded["deep"],
        nested
    );
}

#[test]
fn what_dynamodb_notes_after_a_write_of_this_region_is_no_write_in_a_legacy_table() {
    let differ = |old: serde_json::Value, new: serde_json::Value| {
        let record = raw(&json!({ "dynamodb": { "OldImage": old, "NewImage": new } }));
        differ_in_legacy_attributes_alone(&record, "us-east-1")
    };
    let image = |status: &str, region: &str| {
        json!({
            "status": { "S": status },
            "aws:rep:updateregion": { "S": region },
            "aws:rep:updatetime": { "N": "1795350440.1" },
        })
    };
    let before = image("PAID", "eu-west-1");
    assert!(differ(before.clone(), image("PAID", "us-east-1")));
    // Another attribute changed, too.
    assert!(!differ(before.clone(), image("SENT", "us-east-1")));
    // A write of another Region has its note with it.
    assert!(!differ(before.clone(), image("PAID", "ap-northeast-1")));
    // Without the note nothing is known.
    assert!(!differ(
        before.clone(),
        json!({ "status": { "S": "PAID" } })
    ));
    let mut odd = image("PAID", "us-east-1");
    odd["aws:rep:updateregion"] = json!({ "N": "1" });
    assert!(!differ(before, odd));
}
