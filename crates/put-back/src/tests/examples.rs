//! Updates that were lost to updates: the usual conflict.

use serde_dynamo::AttributeValue;
use serde_json::json;

use super::item::carried_out;
use super::*;
use crate::{ItemState, LeftBecause, NothingToPlan, State, Step};

#[test]
fn what_the_lost_write_changed_comes_back_and_the_winners_own_change_stays() {
    let entry = update_update(
        json!({"address": "Harbor St", "status": "PLACED"}),
        json!({"address": "Marlowe Rd", "status": "PACKED", "carrier": "DHL"}),
        &["address"],
    );
    let item = won(json!({"address": "Marlowe Rd", "status": "PACKED", "carrier": "DHL"}));
    let plan = planned(&entry, &item, &Request::default());
    assert_eq!(
        told(&plan),
        [
            r#"address: untouched, set {"S":"Harbor St"}"#,
            "carrier: untouched, leave, the lost write did not change it",
            "status: untouched, leave, the lost write did not change it",
        ]
    );
    assert_eq!((plan.step, plan.item), (Step::Update, ItemState::Present));
    assert_eq!(
        (plan.table.as_str(), plan.region.as_str()),
        ("orders", LOSER)
    );
    assert!(plan.settles());
    let after = carried_out(Some(&item), &plan).unwrap();
    let mut expected = version(
        json!({"address": "Harbor St", "status": "PACKED", "carrier": "DHL"}),
        2,
        2,
    );
    expected.insert(
        "lw:t:us-east-1".to_owned(),
        image(json!({"t": {"N": "1795000001000000"}}))["t"].clone(),
    );
    assert_eq!(after, expected);
    // Run again, it does nothing.
    let again = planned(&entry, &after, &Request::default());
    assert!(!again.writes() && again.settles());
    assert_eq!(again.attributes[0].state, State::AlreadyThere);
}

#[test]
fn an_attribute_that_the_lost_write_removed_is_removed_again() {
    let entry = update_update(json!({}), json!({"coupon": "X"}), &["coupon"]);
    let item = won(json!({"coupon": "X"}));
    let plan = planned(&entry, &item, &Request::default());
    assert_eq!(told(&plan), ["coupon: untouched, remove"]);
    assert!(
        !carried_out(Some(&item), &plan)
            .unwrap()
            .contains_key("coupon")
    );
}

#[test]
fn what_was_written_since_is_put_back_only_when_named() {
    let entry = update_update(
        json!({"a": 1, "b": 1}),
        json!({"a": 2, "b": 2}),
        &["a", "b"],
    );
    let item = version(json!({"a": 3, "b": 2}), 1, 3);
    let plan = planned(&entry, &item, &Request::default());
    assert_eq!(
        told(&plan),
        [
            "a: changed_since, leave, changed since; --attribute or --rule decides",
            r#"b: untouched, set {"N":"1"}"#,
        ]
    );
    assert_eq!(plan.unsettled(), ["a"]);
    let plan = planned(&entry, &item, &named(&["a"]));
    assert_eq!(
        told(&plan),
        [
            r#"a: changed_since, set {"N":"1"}"#,
            "b: untouched, leave, not named"
        ]
    );
    assert!(plan.settles());
}

#[test]
fn what_is_put_back_over_a_later_write_says_nothing_about_the_others() {
    let entry = update_update(
        json!({"a": 1, "b": 1, "c": 1}),
        json!({"a": 2, "b": 2, "c": 2}),
        &["a", "b", "c"],
    );
    let item = version(json!({"a": 3, "b": 2, "c": 3}), 1, 3);
    let request = Request {
        forced: ["a".to_owned()].into(),
        ..Request::default()
    };
    let plan = planned(&entry, &item, &request);
    assert_eq!(
        told(&plan),
        [
            r#"a: changed_since, set {"N":"1"}"#,
            r#"b: untouched, set {"N":"1"}"#,
            "c: changed_since, leave, changed since; --attribute or --rule decides",
        ]
    );
    assert_eq!(plan.unsettled(), ["c"]);
}

#[test]
fn an_attribute_that_the_winner_changed_too_is_not_taken_from_it_unasked() {
    let mut entry = update_update(json!({"a": 1}), json!({"a": 2}), &["a"]);
    entry.changed_by_both = Some(vec!["a".to_owned()]);
    let item = won(json!({"a": 2}));
    let plan = planned(&entry, &item, &Request::default());
    assert_eq!(
        plan.attributes[0].action,
        Action::Leave(LeftBecause::WinnerChangedItToo)
    );
    assert!(!plan.settles());
    assert_eq!(planned(&entry, &item, &named(&["a"])).written(), ["a"]);
}

#[test]
fn where_the_entry_does_not_know_who_changed_what_nothing_is_put_back_unasked() {
    let entry = entry(
        EntryKind::UpdateUpdate,
        json!({"a": 1}),
        json!({"a": 2, "b": 2}),
    );
    let item = won(json!({"a": 2, "b": 2}));
    let plan = planned(&entry, &item, &Request::default());
    assert_eq!(
        told(&plan),
        [
            "a: untouched, leave, may be the winner's own change; --attribute puts it back",
            "b: untouched, leave, only the winner has it; --attribute removes it",
        ]
    );
    assert_eq!(plan.step, Step::Nothing);
    assert_eq!(plan.unsettled(), ["a"]);
    let untouched = Request {
        untouched: true,
        ..Request::default()
    };
    let plan = planned(&entry, &item, &untouched);
    assert_eq!(plan.written(), ["a"]);
    assert_eq!(planned(&entry, &item, &named(&["b"])).written(), ["b"]);
}

#[test]
fn names_that_are_known_in_part_say_what_changed_and_not_what_did_not() {
    let mut entry = update_update(json!({"a": 1, "b": 1}), json!({"a": 2, "b": 2}), &["a"]);
    entry.changed_attributes_complete = Some(false);
    let plan = planned(&entry, &won(json!({"a": 2, "b": 2})), &Request::default());
    assert_eq!(plan.written(), ["a"]);
    assert_eq!(plan.unsettled(), ["b"]);
}

#[test]
fn values_are_equal_as_they_are_to_dynamodb() {
    let entry = update_update(json!({"a": 1}), json!({"a": 2}), &["a"]);
    let item = won(json!({"a": {"N": "1.0"}}));
    let plan = planned(&entry, &item, &Request::default());
    assert_eq!(plan.attributes[0].state, State::AlreadyThere);
}

#[test]
fn an_item_that_is_gone_is_created_again_only_if_that_is_asked_for() {
    let entry = update_update(
        json!({"a": 1, "same": "x"}),
        json!({"a": 2, "same": "x"}),
        &["a"],
    );
    let plan = |request: &Request| plan(&entry, None, request).unwrap();
    let left = plan(&Request::default());
    assert_eq!((left.step, left.item), (Step::Nothing, ItemState::Gone));
    assert_eq!(left.unsettled(), ["a", "same"]);
    let recreate = Request {
        recreate: true,
        ..Request::default()
    };
    let created = plan(&recreate);
    assert_eq!(created.step, Step::Create);
    let after = carried_out(None, &created).unwrap();
    let mut expected = version(json!({"a": 1, "same": "x"}), 1, 0);
    expected.insert(
        "lw:t:us-east-1".to_owned(),
        image(json!({"t": {"N": "1795000001000000"}}))["t"].clone(),
    );
    assert_eq!(after, expected);
    // Somebody else was quicker.
    assert_eq!(carried_out(Some(&after), &created), None);
    // Run again, it is there.
    assert!(!planned(&entry, &after, &recreate).writes());
}

#[test]
fn a_part_of_an_image_makes_no_item() {
    let mut entry = update_update(json!({"a": 1}), json!({"a": 2}), &["a"]);
    entry.winner_only_attributes = Some(Vec::new());
    let recreate = Request {
        recreate: true,
        ..Request::default()
    };
    let refused = plan(&entry, None, &recreate).unwrap_err();
    assert!(
        matches!(refused, NothingToPlan::PartOfImage(_)),
        "{refused}"
    );
}

#[test]
fn of_images_that_hold_only_what_differs_nothing_else_is_touched() {
    let mut entry = update_update(json!({"a": 1}), json!({"a": 2}), &["a", "same"]);
    entry.winner_only_attributes = Some(Vec::new());
    let item = won(json!({"a": 2, "same": 5}));
    for request in [Request::default(), named(&["a", "same"])] {
        assert_eq!(planned(&entry, &item, &request).written(), ["a"]);
    }
}

#[test]
fn what_the_ledger_left_out_of_the_winner_counts_as_changed_since() {
    let mut entry = update_update(json!({"a": 1}), json!({"a": 2}), &["a"]);
    let note = json!({"a": {"M": {"Omitted": {"BOOL": true}, "Bytes": {"N": "7"}}}});
    entry.winner.as_mut().unwrap().image = Some(image(note));
    let item = won(json!({"a": 2}));
    let plan = planned(&entry, &item, &Request::default());
    assert_eq!(plan.attributes[0].state, State::ChangedSince);
    assert_eq!(plan.attributes[0].won, None);
    assert!(!plan.writes());
    assert!(planned(&entry, &item, &named(&["a"])).writes());
}

#[test]
fn what_could_not_be_decoded_is_never_put_back() {
    let mut entry = update_update(json!({"a": 1}), json!({"a": 2, "z": 1}), &["a", "z"]);
    let loser = entry.loser.as_mut().unwrap();
    loser
        .undecoded
        .insert("z".to_owned(), Some("{\"X\":1}".to_owned()));
    let item = won(json!({"a": 2, "z": 1}));
    let plan = planned(&entry, &item, &named(&["z", "a"]));
    assert_eq!(plan.written(), ["a"]);
    assert_eq!(plan.unsettled(), ["z"]);
}

#[test]
fn keys_and_stamps_cannot_be_named() {
    let entry = update_update(json!({"a": 1}), json!({"a": 2}), &["a"]);
    for name in ["PK", "lw:n:us-east-1"] {
        let refused = plan(&entry, Some(&won(json!({"a": 2}))), &named(&[name])).unwrap_err();
        assert_eq!(refused, NothingToPlan::NotAnAttribute(name.to_owned()));
    }
}

#[test]
fn an_entry_without_a_lost_write_or_without_images_has_no_plan() {
    let item = won(json!({}));
    let mut sample = entry(EntryKind::UnstampedSample, json!({}), json!({}));
    sample.loser = None;
    let refused = |entry: &Entry| plan(entry, Some(&item), &Request::default()).unwrap_err();
    assert!(matches!(
        refused(&sample),
        NothingToPlan::NoLostWrite { .. }
    ));
    let mut none = update_update(json!({"a": 1}), json!({"a": 2}), &["a"]);
    none.loser.as_mut().unwrap().image = None;
    assert!(matches!(refused(&none), NothingToPlan::NoImage(_)));
    let mut nowhere = update_update(json!({"a": 1}), json!({"a": 2}), &["a"]);
    nowhere.loser.as_mut().unwrap().region = None;
    assert!(matches!(refused(&nowhere), NothingToPlan::NoRegion(_)));
    let equal = entry(EntryKind::UpdateUpdate, json!({"a": 1}), json!({"a": 1}));
    assert!(matches!(refused(&equal), NothingToPlan::Identical(_)));
}

#[test]
fn a_winner_that_has_not_arrived_yet_is_told_by_its_stamps() {
    let entry = update_update(json!({"a": 1}), json!({"a": 2}), &["a"]);
    let names = StampNames::default();
    assert!(crate::saw_winner(&entry, &won(json!({})), &names));
    assert!(crate::saw_winner(&entry, &version(json!({}), 4, 3), &names));
    assert!(!crate::saw_winner(&entry, &lost(json!({})), &names));
    assert!(!crate::saw_winner(&entry, &image(json!({})), &names));
}

#[test]
fn of_images_that_hold_only_what_differs_each_says_what_it_has() {
    let mut entry = entry(
        EntryKind::UpdateUpdate,
        json!({"lost": 1}),
        json!({"won": 2, "neither": 3}),
    );
    entry.winner_only_attributes = Some(vec!["won".to_owned()]);
    let item = won(json!({"won": 2, "neither": 3}));
    let plan = planned(&entry, &item, &Request::default());
    let names: Vec<&str> = plan.attributes.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["lost", "won"]);
}

#[test]
fn what_the_ledger_does_not_know_of_the_winner_is_not_taken_for_absent() {
    let entry = update_update(json!({"a": 1}), json!({}), &["a"]);
    let item = won(json!({}));
    let state = |change: &dyn Fn(&mut Side)| {
        let mut entry = entry.clone();
        change(entry.winner.as_mut().unwrap());
        planned(&entry, &item, &Request::default()).attributes[0].state
    };
    assert_eq!(state(&|_| ()), State::Untouched);
    let omitted = json!({"Omitted": {"BOOL": true}, "Bytes": {"N": "7"}});
    let left_out = state(&|winner| winner.image = Some(image(omitted.clone())));
    assert_eq!(left_out, State::ChangedSince);
    let undecoded = state(&|winner| winner.undecoded = [("a".to_owned(), None)].into());
    assert_eq!(undecoded, State::ChangedSince);
}

#[test]
fn a_plan_tells_how_the_item_looks_afterwards() {
    let names = StampNames::default();
    let entry = update_update(
        json!({"a": 1, "c": 1}),
        json!({"a": 2, "b": 2, "c": 1}),
        &["a", "b"],
    );
    let item = won(json!({"a": 2, "b": 2, "c": 1}));
    let plan = planned(&entry, &item, &Request::default());
    assert_eq!(plan.written(), ["a", "b"]);
    let after = plan.after(Some(&item), &names).unwrap();
    let mut expected = carried_out(Some(&item), &plan).unwrap();
    // But for its stamp: nobody has counted yet, and nobody knows the time.
    let count = names.count(LOSER);
    expected.insert(count.clone(), item[&count].clone());
    expected.insert(names.time(LOSER), AttributeValue::N("0".to_owned()));
    assert_eq!(after, expected);
    let nothing = planned(&entry, &expected, &Request::default());
    assert!(!nothing.writes());
    assert_eq!(nothing.after(Some(&item), &names), Some(item));
    assert_eq!(nothing.after(None, &names), None);
}

#[test]
fn each_step_says_what_happens() {
    let steps = [
        Step::Nothing,
        Step::Update,
        Step::Revive,
        Step::Delete,
        Step::Create,
    ];
    assert_eq!(
        steps.map(Step::describe),
        [
            "nothing is written",
            "attributes are put back",
            "the item is revived: its delete mark is removed",
            "the item is marked as deleted again",
            "the item is created again",
        ]
    );
}
