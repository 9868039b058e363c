use super::*;
use crate::tests::assert_near;

/// One attribute of a table with so many updates, whose statistics are as given.
fn one(modifies: u64, set: impl FnOnce(&mut Statistics)) -> (Attributes, Name) {
    let mut attributes = Attributes::default();
    let name = attributes.number("a").unwrap();
    attributes.modifies = modifies;
    set(&mut attributes.known[0]);
    (attributes, name)
}

/// A record that Region 1 shows, of an item before and after.
fn record(old: u64, new: u64, change: Change) -> Entry {
    Entry {
        region: 1,
        changes: Box::new([change]),
        ..Entry::example(old, new)
    }
}

fn change(shape: Shape, step: i8, new: u32) -> Change {
    Change {
        name: Name(0),
        step,
        shape,
        old: 1,
        new,
    }
}

#[test]
fn an_update_is_counted_by_what_it_changed() {
    let (mut attributes, _) = one(0, |_| {});
    attributes.learn(&record(0, 5, change(Shape::Opaque, NO_STEP, 9)));
    attributes.learn(&record(5, 0, change(Shape::Opaque, NO_STEP, 9)));
    assert_eq!(attributes.modifies, 0);
    assert_eq!(attributes.known[0].changes, 0);
    for change in [
        change(Shape::Opaque, NO_STEP, 9),
        change(Shape::Opaque, NO_STEP, NO_VALUE),
        change(Shape::Opaque, 1, 9),
        change(Shape::Integer, NO_STEP, 8),
        change(Shape::Integer, -2, 9),
        change(Shape::Time, NO_STEP, 7),
        change(Shape::Region(0), NO_STEP, 6),
    ] {
        attributes.learn(&record(5, 6, change));
    }
    assert_eq!(attributes.modifies, 7);
    let known = &attributes.known[0];
    assert_eq!((known.changes, known.integers, known.by_one), (7, 3, 1));
    assert_eq!((known.times, known.regions), (1, 1));
    // 9, 9, 8, 9, 7 and 6, each with those before it.
    assert_eq!((known.compared, known.equal), (15, 3));
    assert_eq!(known.recent.len(), 2);
}

#[test]
fn the_latest_values_are_kept() {
    let mut recent = Recent::default();
    for token in 1..=64 {
        assert_eq!(recent.take(token), (u64::from(token) - 1, 0));
    }
    // Two more take the places of the oldest two.
    assert_eq!(recent.take(65), (64, 0));
    assert_eq!(recent.take(66), (64, 0));
    assert_eq!(recent.take(65), (64, 1));
    assert_eq!(recent.take(2), (64, 0));
    assert_eq!(recent.take(66), (64, 1));
}

#[test]
fn writes_and_origins_are_counted() {
    let (mut attributes, name) = one(0, |_| {});
    let change = change(Shape::Opaque, NO_STEP, 9);
    attributes.learn_write([(&change, true), (&change, false), (&change, true)].into_iter());
    attributes.learn_origin(name, 1, 1);
    attributes.learn_origin(name, 1, 2);
    attributes.learn_origin(name, 2, 2);
    let known = &attributes.known[0];
    assert_eq!((known.writes, known.returns), (3, 2));
    assert_eq!((known.known_regions, known.right_regions), (3, 2));
}

#[test]
fn the_share_of_updates_is_never_quite_0_or_1() {
    let share = |modifies, changes| {
        let (attributes, name) = one(modifies, |known| known.changes = changes);
        attributes.change_share(name)
    };
    assert_near(share(10, 4), 4.5 / 12.0);
    assert_near(share(100_000, 0), 0.001);
    assert_near(share(100_000, 100_000), 0.98);
}

#[test]
fn a_coincidence_is_the_likelier_of_two() {
    let coincidence = |equal, compared, returns, writes| {
        let (attributes, name) = one(0, |known| {
            (known.equal, known.compared) = (equal, compared);
            (known.returns, known.writes) = (returns, writes);
        });
        attributes.coincidence(name)
    };
    assert_near(coincidence(8, 800, 1, 800), 8.2 / 1_000.0);
    assert_near(coincidence(1, 800, 8, 800), 8.2 / 1_000.0);
    assert_near(coincidence(0, 1_000_000_000, 0, 1_000_000_000), 1e-6);
}

#[test]
fn a_value_tells_if_it_is_rare_and_no_next_number() {
    let telling = |equal, compared, by_one, new| {
        let (attributes, _) = one(0, |known| {
            (known.equal, known.compared) = (equal, compared);
            (known.changes, known.integers, known.by_one) = (20, 20, by_one);
        });
        attributes.is_telling(&change(Shape::Opaque, NO_STEP, new))
    };
    assert!(telling(0, 1_000, 0, 9));
    assert!(!telling(0, 1_000, 0, NO_VALUE));
    assert!(!telling(0, 1_000, 20, 9));
    assert!(!telling(500, 1_000, 0, 9));
    // Exactly as common as common values are.
    assert!(!telling(2, 20, 0, 9));
    assert!(telling(2 - 1, 20, 0, 9));
}

#[test]
fn a_counter_changes_by_one_often_enough() {
    let share = |changes, integers, by_one| {
        let (attributes, name) = one(0, |known| {
            (known.changes, known.integers, known.by_one) = (changes, integers, by_one);
        });
        attributes.by_one_share(name)
    };
    assert_near(share(100, 90, 27).unwrap(), 0.3);
    assert_near(share(20, 20, 20).unwrap(), 1.0);
    assert_eq!(share(19, 19, 19), None);
    assert_eq!(share(100, 89, 89), None);
    assert_eq!(share(100, 90, 26), None);
}

#[test]
fn an_origin_names_the_right_region_as_a_rule() {
    let share = |known_regions, right_regions, regions, changes| {
        let (attributes, name) = one(0, |known| {
            (known.known_regions, known.right_regions) = (known_regions, right_regions);
            (known.regions, known.changes) = (regions, changes);
        });
        attributes.wrong_origin_share(name)
    };
    assert_near(share(100, 98, 90, 100).unwrap(), 2.5 / 101.0);
    assert_near(share(20, 20, 20, 20).unwrap(), 0.5 / 21.0);
    assert_eq!(share(19, 19, 90, 100), None);
    assert_eq!(share(100, 97, 90, 100), None);
    assert_eq!(share(100, 98, 89, 100), None);
}

#[test]
fn attributes_that_changed_are_reported_most_changes_first() {
    let mut attributes = Attributes::default();
    for (name, changes) in [("b", 3), ("never", 0), ("a", 3), ("c", 30)] {
        let number = attributes.number(name).unwrap();
        attributes.known[usize::from(number.0)].changes = changes;
    }
    let report = attributes.report();
    let shown: Vec<_> = report.iter().map(|one| (&*one.name, one.changes)).collect();
    assert_eq!(shown, [("c", 30), ("a", 3), ("b", 3)]);
}

#[test]
fn an_attribute_is_classed_by_its_changes() {
    let class = |changes, by_one, equal, compared| {
        let (attributes, _) = one(1_000, |known| {
            (known.changes, known.integers, known.by_one) = (changes, changes, by_one);
            (known.equal, known.compared) = (equal, compared);
        });
        attributes.report()[0].class
    };
    assert_eq!(class(19, 19, 0, 0), AttributeClass::Unclassed);
    assert_eq!(class(20, 20, 0, 0), AttributeClass::Counter);
    assert_eq!(class(20, 0, 0, 1_000), AttributeClass::HighEntropy);
    assert_eq!(class(20, 0, 500, 1_000), AttributeClass::LowEntropy);
    assert_eq!(class(20, 0, 2, 20), AttributeClass::LowEntropy);
}

#[test]
fn a_candidate_serves_in_most_updates() {
    let candidate = |modifies, set: fn(&mut Statistics)| {
        let (attributes, _) = one(modifies, set);
        attributes.report()[0].candidate
    };
    let version: fn(&mut Statistics) = |known| {
        (known.changes, known.integers, known.by_one) = (100, 95, 75);
    };
    assert_eq!(candidate(117, version), Some(Candidate::Version));
    assert_eq!(candidate(118, version), None);
    let other_numbers = |known: &mut Statistics| {
        (known.changes, known.integers, known.by_one) = (100, 94, 75);
    };
    assert_eq!(candidate(100, other_numbers), None);
    let other_steps = |known: &mut Statistics| {
        (known.changes, known.integers, known.by_one) = (100, 95, 74);
    };
    assert_eq!(candidate(100, other_steps), None);

    let time: fn(&mut Statistics) = |known| (known.changes, known.times) = (100, 95);
    assert_eq!(candidate(117, time), Some(Candidate::TimeOfWriting));
    assert_eq!(candidate(118, time), None);
    assert_eq!(
        candidate(100, |known| (known.changes, known.times) = (100, 94)),
        None
    );
    assert_eq!(
        candidate(100, |known| (known.changes, known.times) = (85, 85)),
        Some(Candidate::TimeOfWriting)
    );
    assert_eq!(
        candidate(19, |known| (known.changes, known.times) = (19, 19)),
        None
    );
    assert_eq!(
        candidate(20, |known| (known.changes, known.times) = (20, 20)),
        Some(Candidate::TimeOfWriting)
    );

    let origin: fn(&mut Statistics) = |known| {
        (known.changes, known.regions) = (100, 100);
        (known.known_regions, known.right_regions) = (100, 100);
    };
    assert_eq!(candidate(1_000, origin), Some(Candidate::Origin));
}
