//! Ports, lines on standard input, what is printed, and the endpoints file.

use local_aws::global_table::Region;
use serde_json::json;

use super::conflicts;
use super::endpoints::{Endpoints, EndpointsFile};
use super::input::region_of;
use super::ports;
use crate::report::entry_from_json;
use crate::terminal::Layout;

fn regions() -> Vec<Region> {
    let parse = |name| Region::parse(name).unwrap();
    ["eu-west-1", "us-east-1"].map(parse).into()
}

#[test]
fn one_port_stands_for_consecutive_ones_and_several_for_themselves() {
    assert_eq!(ports("--ports", vec![8000], 3).unwrap(), [8000, 8001, 8002]);
    assert_eq!(ports("--ports", vec![9, 7], 2).unwrap(), [9, 7]);
    assert!(ports("--ports", vec![], 2).unwrap().is_empty());
}

#[test]
fn ports_beyond_the_last_one_are_refused() {
    let message = ports("--ports", vec![65_535], 2).unwrap_err().to_string();
    assert!(message.contains("--ports 65535"), "{message}");
    assert_eq!(ports("--ports", vec![65_534], 2).unwrap(), [65_534, 65_535]);
}

#[test]
fn another_number_of_ports_than_of_regions_is_refused_by_the_options_name() {
    let message = ports("--ledger-ports", vec![1, 2], 3)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("--ledger-ports: there are 2 ports for 3 Regions"),
        "{message}"
    );
}

#[test]
fn a_line_names_a_region_and_an_empty_one_means_the_usual() {
    let regions = regions();
    let of = |line, usual| region_of(line, usual, &regions);
    assert_eq!(of(" us-east-1 ", None), Ok(regions[1]));
    assert_eq!(of("", Some(regions[0])), Ok(regions[0]));
    let refused = |line, usual| of(line, usual).unwrap_err().to_string();
    assert!(refused("", None).contains("--cut REGION"));
    let unknown = refused("us-west-2", Some(regions[0]));
    assert!(unknown.contains("us-west-2") && unknown.contains("eu-west-1, us-east-1"));
}

#[test]
fn a_conflict_is_one_line_whatever_the_items_key_holds() {
    let entry = json!({
        "ItemKey": {"S": "{\"PK\":{\"S\":\"\u{1b}[2J\"}}"},
        "ConflictId": {"S": "2026-11-22T12:13:08.000000Z#e1"},
        "TableName": {"S": "App"},
        "Status": {"S": "open"},
        "DetectedAt": {"S": "2026-11-22T12:13:08.100Z"},
        "Kind": {"S": "update_update"},
        "Confidence": {"S": "certain"},
        "Loser": {"M": {"Region": {"S": "us-east-1"}}},
        "Winner": {"M": {"Region": {"S": "eu-west-1"}}},
        "LostWrites": {"N": "2"},
        "Identical": {"BOOL": false},
        "DifferingAttributes": {"L": [{"S": "address"}, {"S": "phone"}]},
    });
    let entry = entry_from_json(&entry).unwrap();
    let line = conflicts::line(regions()[1], &entry, Layout::PLAIN);
    insta::assert_snapshot!(line, @r#"12:13:08.100Z  2 writes of us-east-1 lost to eu-west-1 (update_update, certain), item {"PK":{"S":"\u{1b}[2J"}}; differing: address, phone"#);
}

#[test]
fn what_has_no_winner_is_told_by_its_kind() {
    let entry = json!({
        "ItemKey": {"S": "{}"},
        "ConflictId": {"S": "2026-11-22T12:13:08.000000Z#e1"},
        "TableName": {"S": "App"},
        "Status": {"S": "open"},
        "DetectedAt": {"S": "2026-11-22T12:13:08.100Z"},
        "Kind": {"S": "stale_overwrite"},
    });
    let entry = entry_from_json(&entry).unwrap();
    let line = conflicts::line(regions()[1], &entry, Layout::PLAIN);
    insta::assert_snapshot!(line, @"12:13:08.100Z  stale_overwrite in us-east-1, item {}");
}

fn endpoints() -> Endpoints {
    let of = |port: u16| {
        let url = |region: Region| (region.name().to_owned(), format!("http://127.0.0.1:{port}"));
        regions().into_iter().map(url).collect()
    };
    Endpoints {
        table: "App".to_owned(),
        tables: vec!["App".to_owned()],
        replicas: of(1),
        ledgers: of(2),
        ledger_table: "ledger".to_owned(),
        cloudwatch: of(3),
    }
}

#[test]
fn the_text_says_what_to_export_for_each_region() {
    insta::assert_snapshot!(endpoints().text(Layout::PLAIN));
}

#[test]
fn the_file_is_there_while_it_is_held_and_gone_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("endpoints.json");
    let held = EndpointsFile::write(path.clone(), &endpoints()).unwrap();
    let read: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(read["replicas"]["us-east-1"], "http://127.0.0.1:1");
    assert_eq!(read["ledgers"]["eu-west-1"], "http://127.0.0.1:2");
    assert_eq!(read["cloudwatch"]["eu-west-1"], "http://127.0.0.1:3");
    assert_eq!(
        (&read["table"], &read["ledger_table"]),
        (&json!("App"), &json!("ledger"))
    );
    drop(held);
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/endpoints.json");
    let message = EndpointsFile::write(path, &endpoints())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("none/endpoints.json cannot be written"),
        "{message}"
    );
}
