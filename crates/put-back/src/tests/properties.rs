//! What holds for every entry, item and request.

use std::collections::BTreeSet;

use conflict::StampNames;
use ledger::Image;
use proptest::prelude::*;
use serde_json::json;

use super::item::{carried_out, written};
use super::*;
use crate::evidence::equal;
use crate::{ItemWrite, LeftBecause, Rule, State};

const NAMES: [&str; 4] = ["a", "b", "c", "ttl"];

/// Those that are asked for by name: an expiry goes with its delete mark, whatever is asked for.
const ASKED_FOR: &[&str] = &["a", "b", "c"];

/// Few values, so that equal ones are common.
fn any_value() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        Just(None),
        (0..3u8).prop_map(|number| Some(json!(number))),
        (0..2u8).prop_map(|text| Some(json!(format!("t{text}")))),
        prop::collection::btree_set("[xyz]", 1..3).prop_map(|set| Some(json!({ "SS": set }))),
    ]
}

fn any_attributes() -> impl Strategy<Value = Value> {
    let attribute = || any_value();
    (attribute(), attribute(), attribute(), attribute()).prop_map(|(a, b, c, ttl)| {
        let pairs = NAMES.into_iter().zip([a, b, c, ttl]);
        let set = pairs.filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::from(set.collect::<Map<String, Value>>())
    })
}

fn any_names() -> impl Strategy<Value = BTreeSet<String>> {
    let name = prop::sample::select(ASKED_FOR).prop_map(str::to_owned);
    prop::collection::btree_set(name, 0..4)
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let kinds = [
        EntryKind::UpdateUpdate,
        EntryKind::UpdateDelete,
        EntryKind::DeleteUpdate,
        EntryKind::InsertInsert,
        EntryKind::Overwrite,
        EntryKind::StaleOverwrite,
    ];
    let kind = prop::sample::select(kinds.to_vec());
    let changed = prop::option::of((any_names(), any::<bool>(), any_names()));
    (kind, any_attributes(), any_attributes(), changed).prop_map(
        |(kind, mut lost, mut won, changed)| {
            match kind {
                EntryKind::UpdateDelete => won["lw:deleted"] = json!(true),
                EntryKind::DeleteUpdate => lost["lw:deleted"] = json!(true),
                _ => {}
            }
            let mut entry = entry(kind, lost, won);
            if let Some((names, complete, both)) = changed {
                entry.changed_attributes = Some(names.into_iter().collect());
                entry.changed_attributes_complete = Some(complete);
                entry.changed_by_both = Some(both.into_iter().collect());
            }
            entry
        },
    )
}

/// The item: as the winner left it, written since, deleted since, or gone.
fn any_item() -> impl Strategy<Value = Option<(Option<Value>, bool)>> {
    prop::option::of((prop::option::of(any_attributes()), any::<bool>()))
}

fn item_of(entry: &Entry, item: Option<(Option<Value>, bool)>) -> Option<Image> {
    let winner = || entry.winner.clone().unwrap().image.unwrap();
    let (written, deleted) = item?;
    let mut image = match written {
        None => winner(),
        Some(since) => version(since, 1, 3),
    };
    if deleted {
        image.insert(
            "lw:deleted".to_owned(),
            serde_dynamo::AttributeValue::Bool(true),
        );
    }
    Some(image)
}

fn any_request() -> impl Strategy<Value = Request> {
    let rules = [
        Rule::Lost,
        Rule::Won,
        Rule::Union,
        Rule::Max,
        Rule::Min,
        Rule::Keep,
    ];
    let rule = prop::sample::select(rules.to_vec());
    let rules = prop::collection::btree_map(prop::sample::select(ASKED_FOR), rule, 0..3);
    (
        rules,
        any_names(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(rules, named, untouched, recreate, ttl)| {
            let mut request = Request {
                named,
                untouched,
                recreate,
                ttl_attribute: ttl.then(|| "ttl".to_owned()),
                now: 1_795_000_100,
                ..Request::default()
            };
            for (name, rule) in rules {
                request.rules.set(name, rule);
            }
            request
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_plan_does_what_it_says_once_and_only_on_what_was_read(
        entry in any_entry(), item in any_item(), request in any_request(), other in any_attributes(),
    ) {
        let item = item_of(&entry, item);
        let Ok(plan) = plan(&entry, item.as_ref(), &request) else { return Ok(()) };
        let Some(write) = ItemWrite::new(&plan, &StampNames::default()).unwrap() else {
            prop_assert!(plan.written().is_empty());
            return Ok(());
        };
        let after = written(item.as_ref(), &write, 1).expect("nothing came in between");
        for attribute in &plan.attributes {
            prop_assert!(equal(after.get(&attribute.name), attribute.after()), "{attribute:?}");
        }
        // What the plan does not name is as it was, but for the stamp.
        for (name, value) in item.iter().flatten() {
            let planned = plan.attributes.iter().any(|attribute| attribute.name == *name);
            prop_assert!(planned || name.starts_with("lw:") || after.get(name) == Some(value), "{name}");
        }
        // Carried out again, it does nothing: neither as it is nor made anew.
        prop_assert_eq!(written(Some(&after), &write, 2), None);
        if let Ok(again) = super::super::plan(&entry, Some(&after), &request) {
            prop_assert!(!again.writes(), "{:?} then {:?}", plan, again);
        }
        // Somebody wrote one of its attributes in between: nothing happens.
        let changed = version(other, 1, 9);
        let touched = plan.attributes.iter().filter(|attribute| attribute.is_written());
        let differs = touched.clone().any(|attribute| !equal(changed.get(&attribute.name), attribute.now.as_ref()));
        if differs || item.is_none() {
            prop_assert_eq!(carried_out(Some(&changed), &plan), None);
        }
    }

    #[test]
    fn nothing_that_was_written_since_is_lost_unasked(
        entry in any_entry(), item in any_item(), untouched in any::<bool>(),
    ) {
        let item = item_of(&entry, item);
        let request = Request { untouched, ..Request::default() };
        let Ok(plan) = plan(&entry, item.as_ref(), &request) else { return Ok(()) };
        for attribute in plan.attributes.iter().filter(|attribute| attribute.is_written()) {
            prop_assert_eq!(attribute.state, State::Untouched, "{:?}", attribute);
            let known = entry.changed_attributes_complete == Some(true);
            let changed = entry.changed_attributes.iter().flatten().any(|name| *name == attribute.name);
            prop_assert!(!known || changed || attribute.name.starts_with("lw:"), "{:?}", attribute);
        }
    }

    #[test]
    fn what_is_named_is_all_that_is_written(
        entry in any_entry(), item in any_item(), names in any_names(),
    ) {
        let item = item_of(&entry, item);
        // Nothing named is another request.
        if names.is_empty() {
            return Ok(());
        }
        let request = Request { named: names.clone(), ..Request::default() };
        let Ok(plan) = plan(&entry, item.as_ref(), &request) else { return Ok(()) };
        for attribute in &plan.attributes {
            let is_mark = ["lw:deleted", "ttl"].contains(&attribute.name.as_str());
            prop_assert!(!attribute.is_written() || is_mark || names.contains(&attribute.name));
            let not_named = attribute.action == Action::Leave(LeftBecause::NotNamed);
            prop_assert!(!not_named || !names.contains(&attribute.name));
        }
    }
}
