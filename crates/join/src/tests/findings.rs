//! Findings by example.

use super::{Shown, item, join};
use crate::{Class, Confidence, Finding};

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

#[test]
fn on_a_tie_the_contents_tell_where_a_version_was_made() {
    // Both Regions wrote in one second, and eu-west-1 again: it left "a" alone, as its own version before had it.
    let base = [("a", "a0"), ("b", "b0"), ("c", "c0")];
    let us = [("a", "a1"), ("b", "b0"), ("c", "c0")];
    let eu = [("a", "a0"), ("b", "b1"), ("c", "c0")];
    let last = [("a", "a0"), ("b", "b1"), ("c", "c1")];
    let records = [
        shown(US, 100, &base, &us),
        shown(EU, 100, &base, &eu),
        shown(EU, 101, &eu, &last),
        shown(US, 101, &us, &last),
    ];
    let (findings, _) = join(&[US, EU], &item("1", &records));
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}")
    };
    assert_eq!(
        (finding.lost_in.as_str(), finding.won_in.as_str()),
        (US, EU)
    );
    assert_eq!(finding.confidence, Confidence::Likely);
    assert_eq!(finding.differing_attributes, ["a", "b", "c"]);
}

#[test]
fn without_a_vote_of_the_contents_a_finding_is_possible_at_most() {
    let (base, us, eu, last) = ([("n", "a")], [("n", "b")], [("n", "c")], [("n", "d")]);
    let records = [
        shown(US, 100, &base, &us),
        shown(EU, 101, &base, &eu),
        shown(EU, 102, &eu, &last),
        shown(US, 102, &us, &last),
    ];
    let (findings, _) = join(&[US, EU], &item("1", &records));
    assert!(!findings.is_empty());
    let possible = |finding: &Finding| finding.confidence == Confidence::Possible;
    assert!(findings.iter().all(possible), "{findings:?}");
}

#[test]
fn what_is_set_back_and_set_again_is_no_loss() {
    let (off, on) = ([("flag", "off")], [("flag", "on")]);
    let records = [
        shown(US, 100, &off, &on),
        shown(EU, 101, &off, &on),
        shown(US, 103, &on, &off),
        shown(EU, 104, &on, &off),
        shown(US, 106, &off, &on),
        shown(EU, 107, &off, &on),
    ];
    let (findings, summary) = join(&[US, EU], &item("1", &records));
    assert_eq!(findings, []);
    assert_eq!(summary.unsettled, 0);
}

#[test]
fn an_item_that_time_to_live_removed_is_nobodys_loss() {
    let (old, new) = ([("n", "a")], [("n", "b")]);
    let gone = |region, second| Shown {
        region,
        second,
        old: Some(&old),
        new: None,
    };
    // us-east-1 expires the item while eu-west-1 updates it, and the update wins.
    let mut sightings = item(
        "1",
        &[
            gone(US, 100),
            shown(EU, 101, &old, &new),
            Shown {
                old: None,
                ..shown(US, 102, &old, &new)
            },
        ],
    );
    assert_eq!(join(&[US, EU], &sightings).0.len(), 1);
    sightings[0].by_time_to_live = true;
    assert_eq!(join(&[US, EU], &sightings).0, []);
}

#[test]
fn a_stamped_version_was_made_where_its_latest_stamp_says() {
    // On a tie without a vote, the stamp decides.
    let base = [("n", "a")];
    let us = [
        ("n", "b"),
        ("lw:n:us-east-1", "1"),
        ("lw:t:us-east-1", "1000"),
    ];
    let eu = [
        ("n", "c"),
        ("lw:n:eu-west-1", "1"),
        ("lw:t:eu-west-1", "2000"),
    ];
    let records = [
        shown(US, 100, &base, &us),
        shown(EU, 100, &base, &eu),
        shown(US, 100, &us, &eu),
    ];
    let (findings, _) = join(&[US, EU], &item("1", &records));
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}")
    };
    assert_eq!(
        (finding.lost_in.as_str(), finding.won_in.as_str()),
        (US, EU)
    );
    assert_eq!(
        (finding.confidence, finding.stamped),
        (Confidence::Certain, true)
    );
}
