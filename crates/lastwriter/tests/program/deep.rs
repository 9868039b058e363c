//! The deepest item that DynamoDB stores: written, lost, found, kept and shown, each by the built program that does it.

use serde_json::{Value, json};

use crate::local::Local;
use crate::{lastwriter, stderr};

/// How deep an attribute may nest, its innermost value being a level.
/// Source: Amazon DynamoDB Developer Guide, "Quotas in Amazon DynamoDB".
const MAX_LEVELS: usize = 32;

/// A value of so many levels, maps and lists in turn.
fn nested(levels: usize) -> Value {
    (1..levels).fold(json!({ "S": "the innermost" }), |value, level| {
        if level % 2 == 0 {
            json!({ "L": [value] })
        } else {
            json!({ "M": { "a": value } })
        }
    })
}

#[test]
fn a_lost_item_of_32_levels_is_shown_whole() {
    let regions = "us-east-1,eu-west-1";
    let mut local = Local::start(&["--regions", regions, "--cut", "eu-west-1"]);
    let item = json!({
        "TableName": local.endpoints["table"],
        "Key": { "PK": { "S": "USER#1" }, "SK": { "S": "TREE" } },
    });
    let tree = nested(MAX_LEVELS);
    let lost = ("tree", tree.clone());
    local.set(item.clone(), "us-east-1", lost, 1_795_000_000_000_000);
    let won = ("phone", json!({ "S": "555 0100" }));
    local.set(item, "eu-west-1", won, 1_795_000_000_200_000);
    local.type_line("");
    local.line_with("a write of us-east-1 lost to eu-west-1");

    let ledger = |arguments: &[&str]| {
        let endpoint = local.endpoints["ledgers"]["us-east-1"].as_str().unwrap();
        let table = local.endpoints["ledger_table"].as_str().unwrap();
        let connection = ["--endpoint-url", endpoint, "--ledger", table];
        let arguments = [&["ledger"], arguments, &connection].concat();
        let output = lastwriter(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let listed: Value = serde_json::from_str(&ledger(&["list", "--json"])).unwrap();
    let id = listed[0]["conflict_id"].as_str().unwrap();
    assert_eq!(listed[0]["differing_attributes"], json!(["phone", "tree"]));
    let shown: Value = serde_json::from_str(&ledger(&["show", "--json", id])).unwrap();
    // Two levels more would be too deep for DynamoDB, and so it was not kept as it was.
    assert_eq!(shown["image_kept"], "compressed");
    assert_eq!(shown["loser"]["image"]["tree"], tree);
    let page = ledger(&["show", id]);
    assert!(page.contains(r#"{"a": [{"a": ["#), "{page}");
    assert!(page.contains(r#""the innermost""#), "{page}");
    local.end();
}
