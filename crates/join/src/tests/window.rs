//! The window: what is held, for how long, and that the order of reading does not matter.

use proptest::prelude::*;

use super::{Shown, WHOLE, item, join, regions, sighting};
use crate::{Join, JoinError, Options, Sighting};

const NAMES: [&str; 3] = ["us-east-1", "eu-west-1", "sa-east-1"];

/// Chains of versions, one for each Region, that begin and end alike.
fn table() -> impl Strategy<Value = Vec<Sighting>> {
    let version = 0u8..4;
    let chains = prop::array::uniform3(prop::collection::vec((version, 100u64..130), 0..5));
    prop::collection::vec(chains, 1..4).prop_map(|items| {
        let mut sightings = Vec::new();
        for (number, chains) in items.into_iter().enumerate() {
            for (region, mut chain) in chains.into_iter().enumerate() {
                chain.sort_by_key(|(_, second)| *second);
                chain.push((9, 131));
                let mut held = "v8".to_owned();
                for (at, (version, second)) in chains_seconds(&chain) {
                    let next = format!("v{version}");
                    let (old, new) = ([("v", held.as_str())], [("v", next.as_str())]);
                    let shown = Shown {
                        region: NAMES[region],
                        second,
                        old: Some(&old),
                        new: Some(&new),
                    };
                    sightings.push(sighting(&format!("item {number}"), at + 1, shown));
                    held = next;
                }
            }
        }
        sightings
    })
}

fn chains_seconds(chain: &[(u8, u64)]) -> impl Iterator<Item = (usize, (u8, u64))> + '_ {
    chain.iter().copied().enumerate()
}

/// The same sightings, Regions and items mixed in another way: what is of one item and Region stays in order.
fn mixed(sightings: &[Sighting], picks: &[usize]) -> Vec<Sighting> {
    let mut streams: Vec<Vec<Sighting>> = Vec::new();
    for sighting in sightings {
        let same = |stream: &Vec<Sighting>| {
            (&stream[0].region, &stream[0].key) == (&sighting.region, &sighting.key)
        };
        match streams.iter_mut().find(|stream| same(stream)) {
            Some(stream) => stream.push(sighting.clone()),
            None => streams.push(vec![sighting.clone()]),
        }
    }
    let mut mixed = Vec::new();
    let mut picks = picks.iter().cycle();
    while !streams.is_empty() {
        let at = picks.next().copied().unwrap_or(0) % streams.len();
        mixed.push(streams[at].remove(0));
        streams.retain(|stream| !stream.is_empty());
    }
    mixed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_order_in_which_regions_and_items_are_read_does_not_matter(
        sightings in table(),
        picks in prop::collection::vec(0usize..9, 1..40),
    ) {
        let (mut findings, summary) = join(&NAMES, &sightings);
        let (mut others, other) = join(&NAMES, &mixed(&sightings, &picks));
        findings.sort_by(|a, b| (&a.key, &a.lost.sequence_number, &a.lost_in).cmp(&(&b.key, &b.lost.sequence_number, &b.lost_in)));
        others.sort_by(|a, b| (&a.key, &a.lost.sequence_number, &a.lost_in).cmp(&(&b.key, &b.lost.sequence_number, &b.lost_in)));
        prop_assert_eq!(findings, others);
        prop_assert_eq!(summary, other);
    }

    #[test]
    fn a_record_that_comes_twice_counts_once(sightings in table()) {
        let twice: Vec<Sighting> = sightings.iter().flat_map(|one| [one.clone(), one.clone()]).collect();
        let (findings, summary) = join(&NAMES, &sightings);
        let (again, summary_again) = join(&NAMES, &twice);
        prop_assert_eq!(findings, again);
        prop_assert_eq!(summary.settled, summary_again.settled);
    }
}

/// The writes of one item: its Regions show each of them in this second or the next.
fn write(key: &str, number: usize, second: u64) -> Vec<Sighting> {
    let value = |number: usize| format!("value {number}");
    let (old, new) = (value(number), value(number + 1));
    let (old, new) = ([("v", old.as_str())], [("v", new.as_str())]);
    let records = NAMES.map(|region| Shown {
        region,
        second: second + u64::from(region != NAMES[number % 3]),
        old: Some(&old),
        new: Some(&new),
    });
    let mut sightings = item(key, &records);
    for sighting in &mut sightings {
        sighting.sequence_number = (number + 1).to_string();
    }
    sightings
}

fn advance(join: &mut Join, second: u64) {
    for region in NAMES {
        join.advance(region, second).unwrap();
    }
}

#[test]
fn items_that_are_written_once_are_dropped_after_the_window() {
    let mut join = Join::new("orders", regions(&NAMES), WHOLE).unwrap();
    for number in 0..1_000 {
        let second = 1_000 + number as u64;
        for sighting in write(&format!("item {number}"), 0, second) {
            join.add(&sighting).unwrap();
        }
        advance(&mut join, second);
        assert!(join.records_held() <= 3 * 24, "{}", join.records_held());
        assert!(
            join.oldest_held()
                .is_none_or(|oldest| oldest + 22 >= second)
        );
    }
    assert_eq!(join.finish().1.settled, 1_000);
}

#[test]
fn an_item_that_is_written_all_the_time_is_decided_up_to_a_version_that_all_regions_show() {
    let mut join = Join::new("orders", regions(&NAMES), WHOLE).unwrap();
    for number in 0..1_000 {
        let second = 1_000 + number as u64;
        for sighting in write("hot", number, second) {
            join.add(&sighting).unwrap();
        }
        advance(&mut join, second);
        // The window, and a quarter of it until the item is looked at again.
        assert!(join.records_held() <= 3 * 30, "{}", join.records_held());
    }
    let (findings, summary) = join.finish();
    assert_eq!(findings, []);
    let writes: f64 = summary.regions.iter().map(|region| region.writes).sum();
    assert!((writes - 1_000.0).abs() < 0.001, "{writes}");
}

#[test]
fn nothing_is_judged_before_every_region_was_read() {
    let mut join = Join::new("orders", regions(&NAMES), WHOLE).unwrap();
    for sighting in write("one", 0, 1_000) {
        join.add(&sighting).unwrap();
    }
    join.advance(NAMES[0], 5_000).unwrap();
    join.advance(NAMES[1], 5_000).unwrap();
    assert_eq!(join.summary().settled, 0);
    assert_eq!(join.furthest_behind(), (NAMES[2], 0));
    join.advance(NAMES[2], 5_000).unwrap();
    assert_eq!(join.summary().settled, 1);
    assert_eq!(join.records_held(), 0);
}

#[test]
fn a_whole_join_that_was_advanced_beyond_its_last_record_judges_that_too() {
    let mut join = Join::new("orders", regions(&NAMES), WHOLE).unwrap();
    for sighting in write("one", 0, 1_000) {
        join.add(&sighting).unwrap();
    }
    advance(&mut join, 1_005);
    assert_eq!(join.summary().settled, 0);
    let (_, summary) = join.finish();
    assert_eq!((summary.settled, summary.not_judged), (1, 0));
}

#[test]
fn the_first_and_the_last_window_are_not_judged_unless_the_streams_are_whole() {
    let judged = |whole| {
        let options = Options { whole, ..WHOLE };
        let mut join = Join::new("orders", regions(&NAMES), options).unwrap();
        for number in 0..100 {
            for sighting in write(&format!("item {number}"), 0, 1_000 + number as u64) {
                join.add(&sighting).unwrap();
            }
        }
        let (_, summary) = join.finish();
        let writes: f64 = summary.regions.iter().map(|region| region.writes).sum();
        (writes.round(), summary.not_judged)
    };
    assert_eq!(judged(true), (100.0, 0));
    // Of 100 seconds the first 20 and the last 20 or so.
    let (writes, not_judged) = judged(false);
    assert!((58.0..=60.0).contains(&writes), "{writes}");
    assert!(not_judged >= 60, "{not_judged}");
}

#[test]
fn what_is_not_of_the_join_is_refused_by_name() {
    let refused = |names: &[&str]| Join::new("orders", regions(names), WHOLE).is_err();
    assert!(refused(&["us-east-1"]));
    assert!(refused(&["us-east-1", "us-east-1"]));
    let mut join = Join::new("orders", regions(&NAMES[..2]), WHOLE).unwrap();
    let mut foreign = write("one", 0, 1_000).remove(2);
    assert_eq!(
        join.add(&foreign),
        Err(JoinError::UnknownRegion("sa-east-1".to_owned()))
    );
    foreign.table = "users".to_owned();
    assert_eq!(
        join.add(&foreign),
        Err(JoinError::UnknownTable("users".to_owned()))
    );
}
