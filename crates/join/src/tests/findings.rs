//! Findings by example.

use super::{Shown, item, join};
use crate::{Class, Confidence};

const US: &str = "us-east-1";
const EU: &str = "eu-west-1";

fn shown<'a>(
    region: &'a str,
    second: u64,
    old: &'a [(&'a str, &'a str)],
    new: &'a [(&'a str, &'a str)],
) -> Shown<'a> {
    Shown {
        region,
        second,
        old: Some(old),
        new: Some(new),
    }
}

#[test]
fn a_write_that_reached_every_region_is_not_lost() {
    let (first, second) = ([("name", "Ada")], [("name", "Grace")]);
    let records = [
        shown(US, 100, &first, &second),
        shown(EU, 101, &first, &second),
    ];
    let (findings, summary) = join(&[US, EU], &item("1", &records));
    assert_eq!(findings, []);
    assert_eq!(
        (summary.settled, summary.gaps, summary.unsettled),
        (1, 0, 0)
    );
}

#[test]
fn the_region_of_the_strictly_smallest_second_made_a_version() {
    let (first, us, eu) = ([("name", "Ada")], [("name", "Grace")], [("name", "Edith")]);
    let records = [
        shown(US, 100, &first, &us),
        shown(EU, 101, &first, &eu),
        shown(US, 102, &us, &eu),
    ];
    let (findings, _) = join(&[US, EU], &item("1", &records));
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}")
    };
    assert_eq!(
        (finding.lost_in.as_str(), finding.won_in.as_str()),
        (US, EU)
    );
    assert_eq!(finding.confidence, Confidence::Certain);
    assert_eq!(finding.class, Class::LostWrite);
    assert_eq!(finding.kind.name(), "update_update");
    assert_eq!(finding.lost.sequence_number, "1");
    assert_eq!(finding.won.sequence_number, "3");
    assert_eq!(finding.differing_attributes, ["name"]);
}

#[test]
fn a_missing_record_is_noted_and_an_item_on_which_regions_differ_is_left_alone() {
    let (a, b, c, d) = ([("n", "a")], [("n", "b")], [("n", "c")], [("n", "d")]);
    let records = [
        shown(US, 100, &a, &b),
        shown(US, 101, &c, &d),
        shown(EU, 101, &a, &b),
    ];
    let (findings, summary) = join(&[US, EU], &item("1", &records));
    assert_eq!(findings, []);
    assert_eq!(
        (summary.gaps, summary.unsettled, summary.not_judged),
        (1, 1, 3)
    );
}

#[test]
fn a_finding_prints_as_one_object_with_its_key_in_dynamodb_json() {
    let (first, us, eu) = ([("name", "Ada")], [("name", "Grace")], [("name", "Edith")]);
    let records = [
        shown(US, 100, &first, &us),
        shown(EU, 101, &first, &eu),
        shown(US, 102, &us, &eu),
    ];
    let (findings, _) = join(&[US, EU], &item("x\"y", &records));
    assert_eq!(
        serde_json::to_value(&findings[0]).unwrap(),
        serde_json::json!({
            "table": "orders", "key": {"id": {"S": "x\"y"}}, "lost_in": US, "won_in": EU,
            "confidence": "certain", "kind": "update_update", "class": "lost_write",
            "second": 100, "stamped": false,
            "lost": {"region": US, "sequence_number": "1", "event_id": null},
            "won": {"region": US, "sequence_number": "3", "event_id": null},
            "differing_attributes": ["name"],
        })
    );
}
