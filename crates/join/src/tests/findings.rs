//! Findings by example.

use super::{Content, Shown, item, join};
use crate::{Class, Confidence, Finding, Sighting};

const US: &str = "us-east-1";
const EU: &str = "eu-west-1";

const fn shown<'a>(region: &'a str, second: u64, old: Content<'a>, new: Content<'a>) -> Shown<'a> {
    Shown {
        region,
        second,
        old: Some(old),
        new: Some(new),
    }
}

/// us-east-1 changes Ada's name, eu-west-1 a second later as well, and wins.
const MEETING: [Shown<'static>; 3] = [
    shown(US, 100, &[("name", "Ada")], &[("name", "Grace")]),
    shown(EU, 101, &[("name", "Ada")], &[("name", "Edith")]),
    shown(US, 102, &[("name", "Grace")], &[("name", "Edith")]),
];

/// What a join of both Regions finds.
fn found(sightings: &[Sighting]) -> Vec<Finding> {
    join(&[US, EU], sightings).0
}

/// The one finding: a write of us-east-1 that lost to one of eu-west-1.
fn lost_to_eu(records: &[Shown<'_>]) -> Finding {
    let findings = found(&item("1", records));
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}")
    };
    assert_eq!(
        (finding.lost_in.as_str(), finding.won_in.as_str()),
        (US, EU)
    );
    finding.clone()
}

fn is_possible(finding: &Finding) -> bool {
    finding.confidence == Confidence::Possible
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
    let finding = lost_to_eu(&MEETING);
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
    assert_eq!(
        serde_json::to_value(&found(&item("x\"y", &MEETING))[0]).unwrap(),
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
    let finding = lost_to_eu(&records);
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
    let findings = found(&item("1", &records));
    assert!(!findings.is_empty());
    assert!(findings.iter().all(is_possible), "{findings:?}");
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
    assert_eq!(found(&sightings).len(), 1);
    sightings[0].by_time_to_live = true;
    assert_eq!(found(&sightings), []);
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
    let finding = lost_to_eu(&records);
    assert_eq!(
        (finding.confidence, finding.stamped),
        (Confidence::Certain, true)
    );
}

#[test]
fn a_write_on_what_came_back_is_no_write_on_what_there_was_before() {
    // us-east-1 creates the item and deletes it. Neither leaves a record in eu-west-1, where both arrive at once; four
    // seconds later eu-west-1 creates it, too.
    let (us, eu) = ([("n", "a")], [("n", "b")]);
    let created = |region, second, new| Shown {
        old: None,
        ..shown(region, second, new, new)
    };
    let deleted = Shown {
        new: None,
        ..shown(US, 100, &us, &us)
    };
    let records = |second| {
        [
            created(US, 100, &us),
            deleted,
            created(EU, second, &eu),
            created(US, second + 1, &eu),
        ]
    };
    assert_eq!(found(&item("1", &records(104))), []);
    // In the very second nobody can tell.
    let findings = found(&item("1", &records(100)));
    assert!(findings.iter().all(is_possible), "{findings:?}");
}

#[test]
fn versions_that_could_be_paired_in_another_way_make_no_sure_finding() {
    // Both Regions count from 5. us-east-1 goes on to 7, and eu-west-1's 6 wins; later eu-west-1 counts on.
    let [five, six, seven] = ["5", "6", "7"].map(|count| [("count", count)]);
    let records = [
        shown(US, 152, &five, &six),
        shown(US, 152, &six, &seven),
        shown(EU, 152, &five, &six),
        shown(US, 154, &seven, &six),
        shown(EU, 162, &six, &seven),
        shown(US, 164, &six, &seven),
    ];
    let findings = found(&item("1", &records));
    assert!(findings.iter().all(is_possible), "{findings:?}");
}

/// Items of four attributes, each of which is written a few times without a rival: they tell what its values are worth.
fn experience() -> Vec<Sighting> {
    let mut sightings = Vec::new();
    for number in 0..200 {
        let value = |attribute: &str, version: usize| format!("{attribute} {number} {version}");
        let mut held = ["a", "b", "c", "d"].map(|name| (name, value(name, 0)));
        let mut versions = vec![held.clone()];
        for at in 0..4 {
            held[at].1 = value(held[at].0, 1);
            versions.push(held.clone());
        }
        let contents: Vec<Vec<(&str, &str)>> = versions
            .iter()
            .map(|held| {
                held.iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect()
            })
            .collect();
        let records: Vec<Shown<'_>> = contents
            .windows(2)
            .enumerate()
            .flat_map(|(at, pair)| {
                let second = 10 + 2 * at as u64;
                [US, EU].map(|region| {
                    shown(region, second + u64::from(region == EU), &pair[0], &pair[1])
                })
            })
            .collect();
        sightings.extend(item(&format!("of experience {number}"), &records));
    }
    sightings
}

#[test]
fn a_put_of_an_earlier_read_is_a_stale_put() {
    // Read at version 1; then somebody sets "b" and "c" in the same Region; then all is put, with "a" changed.
    let first = [("a", "a0"), ("b", "b0"), ("c", "c0"), ("d", "d0")];
    let lost = [("a", "a0"), ("b", "b1"), ("c", "c1"), ("d", "d0")];
    let put = [("a", "a1"), ("b", "b0"), ("c", "c0"), ("d", "d0")];
    let records = [
        shown(US, 100, &first, &lost),
        shown(EU, 101, &first, &lost),
        shown(US, 103, &lost, &put),
        shown(EU, 104, &lost, &put),
    ];
    let mut sightings = experience();
    assert_eq!(found(&sightings), []);
    sightings.extend(item("1", &records));
    let findings = found(&sightings);
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}")
    };
    assert_eq!(
        (finding.class, finding.confidence),
        (Class::StalePut, Confidence::Likely)
    );
    assert_eq!(
        (finding.lost_in.as_str(), finding.won_in.as_str()),
        (US, US)
    );
    assert_eq!(finding.lost.sequence_number, "1");
    assert_eq!(finding.differing_attributes, ["a", "b", "c"]);
}
