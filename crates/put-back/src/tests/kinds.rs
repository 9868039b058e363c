//! Deletes and creations.

use serde_json::json;

use super::item::carried_out;
use super::*;
use crate::{LeftBecause, NothingToPlan, Step};

fn with_ttl() -> Request {
    Request {
        ttl_attribute: Some("ttl".to_owned()),
        now: 1_795_000_100,
        ..Request::default()
    }
}

fn recreating() -> Request {
    Request {
        recreate: true,
        ..with_ttl()
    }
}

fn marked(mut value: Value) -> Value {
    value["lw:deleted"] = json!(true);
    value["ttl"] = json!(1_795_604_800);
    value
}

fn update_delete() -> Entry {
    let entry = entry(
        EntryKind::UpdateDelete,
        json!({"a": 2}),
        marked(json!({"a": 1})),
    );
    knowing(entry, &["a"])
}

#[test]
fn a_revived_item_keeps_what_may_be_the_winners_own_change() {
    let mut entry = update_delete();
    entry.changed_attributes = None;
    entry.changed_attributes_complete = None;
    let plan = planned(&entry, &won(marked(json!({"a": 1}))), &with_ttl());
    assert_eq!(plan.written(), ["lw:deleted", "ttl"]);
    assert_eq!(plan.unsettled(), ["a"]);
}

#[test]
fn an_update_that_was_lost_to_a_delete_revives_the_item() {
    let (entry, item) = (update_delete(), won(marked(json!({"a": 1}))));
    let plan = planned(&entry, &item, &with_ttl());
    assert_eq!(
        told(&plan),
        [
            "lw:deleted: untouched, remove",
            "ttl: untouched, remove",
            r#"a: untouched, set {"N":"2"}"#,
        ]
    );
    assert_eq!(plan.step, Step::Revive);
    let after = carried_out(Some(&item), &plan).unwrap();
    assert!(!after.contains_key("lw:deleted") && !after.contains_key("ttl"));
    let again = planned(&entry, &after, &with_ttl());
    assert!(!again.writes() && again.settles(), "{:?}", told(&again));
}

#[test]
fn an_expiry_of_the_items_own_comes_back_with_it() {
    let entry = entry(
        EntryKind::UpdateDelete,
        json!({"a": 2, "ttl": 1_900_000_000}),
        marked(json!({"a": 1})),
    );
    let item = won(marked(json!({"a": 1})));
    let plan = planned(&entry, &item, &with_ttl());
    assert_eq!(told(&plan)[1], r#"ttl: untouched, set {"N":"1900000000"}"#);
}

#[test]
fn an_item_that_was_deleted_again_since_stays_deleted_unless_that_is_asked_for() {
    let entry = update_delete();
    let deleted_again = version(attributes(&marked(json!({"a": 1}))).into(), 1, 4);
    let plan = planned(&entry, &deleted_again, &with_ttl());
    assert_eq!(plan.step, Step::Nothing);
    assert!(
        plan.attributes
            .iter()
            .all(|attribute| attribute.action == Action::Leave(LeftBecause::ItemDeleted))
    );
    assert_eq!(
        planned(&entry, &deleted_again, &recreating()).step,
        Step::Revive
    );
    // So does one whose conflict had nothing to do with deletes.
    let entry = update_update(json!({"a": 1}), json!({"a": 2}), &["a"]);
    let item = version(marked(json!({"a": 2})), 1, 3);
    assert_eq!(planned(&entry, &item, &with_ttl()).step, Step::Nothing);
    let plan = planned(&entry, &item, &recreating());
    assert_eq!(plan.written(), ["lw:deleted", "ttl", "a"]);
}

#[test]
fn a_delete_that_was_lost_to_an_update_marks_the_item_again() {
    let entry = entry(
        EntryKind::DeleteUpdate,
        marked(json!({"a": 1})),
        json!({"a": 2}),
    );
    let item = won(json!({"a": 2}));
    let plan = planned(&entry, &item, &with_ttl());
    assert_eq!(
        told(&plan),
        [
            r#"lw:deleted: untouched, set {"BOOL":true}"#,
            // A week from now, not from when it was deleted first.
            r#"ttl: untouched, set {"N":"1795604900"}"#,
        ]
    );
    assert_eq!(plan.step, Step::Delete);
    let after = carried_out(Some(&item), &plan).unwrap();
    assert!(!planned(&entry, &after, &with_ttl()).writes());
    // Any write in between, of whatever attribute, keeps the item.
    let written = version(json!({"a": 2, "b": 1}), 1, 3);
    assert_eq!(carried_out(Some(&written), &plan), None);
}

#[test]
fn an_item_that_was_written_since_is_not_deleted_unless_the_mark_is_named() {
    let entry = entry(EntryKind::DeleteUpdate, marked(json!({})), json!({"a": 2}));
    let item = version(json!({"a": 3}), 1, 3);
    let plan = planned(&entry, &item, &with_ttl());
    assert_eq!(
        plan.attributes[0].action,
        Action::Leave(LeftBecause::ChangedSince)
    );
    assert!(!plan.settles());
    let mut request = with_ttl();
    request.named = ["lw:deleted".to_owned()].into();
    assert_eq!(planned(&entry, &item, &request).step, Step::Delete);
}

#[test]
fn a_lost_delete_of_an_item_that_is_gone_is_already_there() {
    let entry = entry(EntryKind::DeleteUpdate, marked(json!({})), json!({"a": 2}));
    let plan = plan(&entry, None, &recreating()).unwrap();
    assert!(!plan.writes() && plan.settles());
}

#[test]
fn two_deletes_have_nothing_to_put_back() {
    let entry = entry(
        EntryKind::DeleteDelete,
        marked(json!({"a": 1})),
        marked(json!({})),
    );
    let item = won(marked(json!({})));
    let refused = plan(&entry, Some(&item), &with_ttl()).unwrap_err();
    assert!(matches!(refused, NothingToPlan::BothDeleted(_)));
}

#[test]
fn two_creations_are_merged() {
    let entry = entry(
        EntryKind::InsertInsert,
        json!({"name": "Ada", "phone": "1"}),
        json!({"name": "Grace", "mail": "g@"}),
    );
    let item = won(json!({"name": "Grace", "mail": "g@"}));
    let plan = planned(&entry, &item, &Request::default());
    assert_eq!(
        told(&plan),
        [
            "mail: untouched, leave, the lost write did not change it",
            "name: untouched, leave, the winner changed it too, later; --attribute or --rule decides",
            r#"phone: untouched, set {"S":"1"}"#,
        ]
    );
    let after = carried_out(Some(&item), &plan).unwrap();
    assert_eq!(after["mail"], item["mail"]);
}

#[test]
fn the_kind_tells_of_a_delete_where_the_ledger_has_no_image_of_the_winner() {
    let without_winners = |mut entry: Entry| {
        entry.winner.as_mut().unwrap().image = None;
        entry
    };
    let item = won(marked(json!({"a": 1})));
    let revived = planned(&without_winners(update_delete()), &item, &with_ttl());
    assert_eq!(revived.step, Step::Revive);
    let both = entry(EntryKind::DeleteDelete, json!({"a": 1}), json!({}));
    let refused = plan(&without_winners(both), Some(&item), &with_ttl()).unwrap_err();
    assert!(matches!(refused, NothingToPlan::BothDeleted(_)));
}
