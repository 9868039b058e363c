use super::*;

#[test]
fn an_expiry_is_told_by_both_parts_of_the_identity() {
    let is_ttl = |text| serde_json::from_str::<Identity<'_>>(text).unwrap().is_ttl();
    assert!(is_ttl(
        r#"{"principalId":"dynamodb.amazonaws.com","type":"Service"}"#
    ));
    assert!(is_ttl(
        r#"{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}"#
    ));
    for other in [
        r#"{"principalId":"dynamodb.amazonaws.com","type":"User"}"#,
        r#"{"principalId":"replication.dynamodb.amazonaws.com","type":"Service"}"#,
        r#"{"type":"Service"}"#,
        "{}",
    ] {
        assert!(!is_ttl(other), "{other}");
    }
}

#[test]
fn what_is_of_another_kind_is_told_with_what_was_expected() {
    let told = |error: Option<serde_json::Error>| error.unwrap().to_string();
    let value = |text| told(serde_json::from_str::<Value<'_>>(text).err());
    let expected = "a value in DynamoDB JSON, such as {\"S\": \"text\"}";
    assert!(value("7").contains(expected), "{}", value("7"));
    assert!(value(r#"{"S":7}"#).contains("expected text"));
    assert!(value(r#"{"L":7}"#).contains("a list of values in DynamoDB JSON"));
    assert!(value(r#"{"M":7}"#).contains("a map of values in DynamoDB JSON"));
    let image = told(serde_json::from_str::<Image<'_>>("7").err());
    assert!(image.contains("an image in DynamoDB JSON"), "{image}");
}
