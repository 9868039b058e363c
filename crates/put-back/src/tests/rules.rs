//! Rules in a plan.

use serde_json::json;

use super::item::carried_out;
use super::*;
use crate::{LeftBecause, Misfit, Rule, Rules};

fn ruled(rules: &[(&str, Rule)]) -> Request {
    let mut request = Request::default();
    for (name, rule) in rules {
        request.rules.set(*name, *rule);
    }
    request
}

#[test]
fn a_union_keeps_what_was_written_since() {
    let entry = update_update(
        json!({"tags": {"SS": ["gift", "rush"]}}),
        json!({"tags": {"SS": ["gift"]}}),
        &["tags"],
    );
    let item = version(json!({"tags": {"SS": ["gift", "paid"]}}), 1, 3);
    let request = ruled(&[("tags", Rule::Union)]);
    let plan = planned(&entry, &item, &request);
    assert_eq!(
        told(&plan),
        [r#"tags: changed_since, set {"SS":["gift","paid","rush"]}"#]
    );
    let after = carried_out(Some(&item), &plan).unwrap();
    assert!(!planned(&entry, &after, &request).writes());
}

#[test]
fn an_intersection_without_an_element_removes_the_attribute() {
    let entry = update_update(
        json!({"tags": {"SS": ["a"]}}),
        json!({"tags": {"SS": ["b"]}}),
        &["tags"],
    );
    let item = won(json!({"tags": {"SS": ["b"]}}));
    let plan = planned(&entry, &item, &ruled(&[("tags", Rule::Intersection)]));
    assert_eq!(told(&plan), ["tags: untouched, remove"]);
}

#[test]
fn the_larger_and_the_smaller_are_of_the_lost_value_and_the_one_of_now() {
    let entry = update_update(
        json!({"a": 5, "b": 5}),
        json!({"a": 1, "b": 1}),
        &["a", "b"],
    );
    let item = version(json!({"a": 7, "b": 7}), 1, 3);
    let plan = planned(&entry, &item, &ruled(&[("a", Rule::Max), ("b", Rule::Min)]));
    assert_eq!(
        told(&plan),
        [
            "a: changed_since, leave, already there",
            r#"b: changed_since, set {"N":"5"}"#
        ]
    );
}

#[test]
fn keep_does_nothing_and_settles_it() {
    let entry = update_update(json!({"a": 1}), json!({"a": 2}), &["a"]);
    let plan = planned(
        &entry,
        &version(json!({"a": 3}), 1, 3),
        &ruled(&[("a", Rule::Keep)]),
    );
    assert!(!plan.writes() && plan.settles());
}

#[test]
fn won_takes_a_put_back_away_again() {
    let entry = update_update(json!({"a": 1}), json!({"a": 2}), &["a"]);
    let request = ruled(&[("a", Rule::Won)]);
    let plan = planned(&entry, &version(json!({"a": 1}), 3, 2), &request);
    assert_eq!(told(&plan), [r#"a: already_there, set {"N":"2"}"#]);
    assert!(!planned(&entry, &won(json!({"a": 2})), &request).writes());
    let since = planned(&entry, &version(json!({"a": 3}), 3, 3), &request);
    assert_eq!(since.unsettled(), ["a"]);
}

#[test]
fn lost_puts_back_what_may_be_the_winners_own_change_and_nothing_that_was_written_since() {
    let entry = entry(
        EntryKind::UpdateUpdate,
        json!({"a": 1, "b": 1}),
        json!({"a": 2, "b": 2}),
    );
    let item = version(json!({"a": 2, "b": 3}), 1, 3);
    let plan = planned(&entry, &item, &ruled(&[("*", Rule::Lost)]));
    assert_eq!(plan.written(), ["a"]);
    assert_eq!(plan.unsettled(), ["b"]);
}

#[test]
fn no_rule_touches_what_the_lost_write_did_not_change() {
    let entry = update_update(json!({"a": 9, "b": 9}), json!({"a": 2, "b": 2}), &["b"]);
    let item = won(json!({"a": 2, "b": 2}));
    for rule in [Rule::Lost, Rule::Max, Rule::Sum] {
        let plan = planned(&entry, &item, &ruled(&[("a", rule), ("b", Rule::Keep)]));
        assert!(!plan.writes(), "{rule:?}");
    }
}

fn counter(ancestor: Option<&str>) -> Entry {
    let mut entry = update_update(json!({"stock": 7}), json!({"stock": 9}), &["stock"]);
    let known = ancestor.map(|number| [("stock".to_owned(), number.to_owned())].into());
    entry.ancestor_numbers = known;
    entry
}

#[test]
fn a_lost_decrement_is_done_again_on_what_there_is_now() {
    let entry = counter(Some("10"));
    let plan = planned(
        &entry,
        &version(json!({"stock": 4}), 1, 5),
        &ruled(&[("stock", Rule::Sum)]),
    );
    assert_eq!(told(&plan), [r#"stock: changed_since, set {"N":"1"}"#]);
    let sums = plan.sums();
    assert_eq!(
        (sums[0].before.as_deref(), sums[0].after.as_str()),
        (Some("4"), "1")
    );
}

#[test]
fn a_sum_needs_the_number_before_the_lost_write() {
    let plan = planned(
        &counter(None),
        &won(json!({"stock": 9})),
        &ruled(&[("stock", Rule::Sum)]),
    );
    let misfit = LeftBecause::RuleDoesNotFit(Misfit::NoAncestor);
    assert_eq!(plan.attributes[0].action, Action::Leave(misfit));
    assert!(!plan.settles());
}

#[test]
fn of_two_equal_decrements_the_lost_one_is_done_again() {
    let mut entry = update_update(json!({"stock": 9}), json!({"stock": 9}), &["stock"]);
    entry.ancestor_numbers = Some([("stock".to_owned(), "10".to_owned())].into());
    let plan = planned(
        &entry,
        &won(json!({"stock": 9})),
        &ruled(&[("stock", Rule::Sum)]),
    );
    assert_eq!(told(&plan), [r#"stock: already_there, set {"N":"8"}"#]);
}

#[test]
fn a_sum_that_was_begun_is_not_added_twice() {
    let request = ruled(&[("stock", Rule::Sum)]);
    let mut entry = counter(Some("10"));
    let before = version(json!({"stock": 9}), 1, 2);
    let first = planned(&entry, &before, &request);
    entry.pending_sums = Some(first.sums());
    let after = carried_out(Some(&before), &first).unwrap();
    assert!(!planned(&entry, &after, &request).writes());
    assert!(planned(&entry, &after, &request).settles());
    // It had not taken effect: the same again.
    assert_eq!(
        planned(&entry, &before, &request).attributes,
        first.attributes
    );
    // Somebody wrote it since: nobody can tell.
    let since = planned(&entry, &version(json!({"stock": 3}), 1, 4), &request);
    assert_eq!(
        since.attributes[0].action,
        Action::Leave(LeftBecause::SumMayHaveTakenEffect)
    );
    assert!(!since.settles());
}

#[test]
fn a_rule_that_does_not_fit_leaves_the_attribute_and_the_others_go_on() {
    let entry = update_update(
        json!({"a": "x", "b": 1}),
        json!({"a": "y", "b": 2}),
        &["a", "b"],
    );
    let plan = planned(
        &entry,
        &won(json!({"a": "y", "b": 2})),
        &ruled(&[("a", Rule::Union)]),
    );
    assert_eq!(plan.written(), ["b"]);
    assert_eq!(plan.unsettled(), ["a"]);
}

#[test]
fn rules_that_name_what_does_not_differ_say_nothing() {
    let entry = update_update(json!({"a": 1}), json!({"a": 2}), &["a"]);
    let request = Request {
        rules: Rules::of_table(r#"{"*": {"other": "lost"}}"#, "orders").unwrap(),
        ..Request::default()
    };
    let plan = planned(&entry, &won(json!({"a": 2})), &request);
    assert_eq!(plan.attributes.len(), 1);
}

#[test]
fn the_larger_may_be_the_lost_value_and_the_smaller_the_one_of_now() {
    let entry = update_update(
        json!({"a": 5, "b": 5, "c": "e", "d": "e"}),
        json!({"a": 1, "b": 1, "c": "a", "d": "a"}),
        &["a", "b", "c", "d"],
    );
    let item = version(json!({"a": 3, "b": 3, "c": "c", "d": "c"}), 1, 3);
    let rules = [
        ("a", Rule::Max),
        ("b", Rule::Min),
        ("c", Rule::Max),
        ("d", Rule::Min),
    ];
    assert_eq!(
        told(&planned(&entry, &item, &ruled(&rules))),
        [
            r#"a: changed_since, set {"N":"5"}"#,
            "b: changed_since, leave, already there",
            r#"c: changed_since, set {"S":"e"}"#,
            "d: changed_since, leave, already there"
        ]
    );
}

#[test]
fn a_number_that_was_not_there_before_the_lost_write_is_added_from_nothing_where_that_is_known() {
    let mut entry = counter(Some("10"));
    entry.ancestor_numbers = Some(Default::default());
    let item = version(json!({"stock": 4}), 1, 5);
    let told = |entry: &Entry| {
        let plan = planned(entry, &item, &ruled(&[("stock", Rule::Sum)]));
        told(&plan).remove(0)
    };
    assert_eq!(told(&entry), r#"stock: changed_since, set {"N":"11"}"#);
    entry.changed_attributes_complete = Some(false);
    let unknown = LeftBecause::RuleDoesNotFit(Misfit::NoAncestor).reason();
    assert_eq!(
        told(&entry),
        format!("stock: changed_since, leave, {unknown}")
    );
}

#[test]
fn the_rules_of_named_attributes_are_listed_without_the_one_of_all_others() {
    let rules = ruled(&[("tags", Rule::Union), ("*", Rule::Keep), ("a", Rule::Max)]).rules;
    let named: Vec<_> = rules.named().collect();
    assert_eq!(named, [("a", Rule::Max), ("tags", Rule::Union)]);
    assert_eq!(rules.get("other"), Some(Rule::Keep));
}
