//! Entries that lack something: a person is told what, and why.

use ledger::{Entry, EntryForm};

use super::super::show::EntryJson;
use super::*;

/// What a list and a page say of the one entry that a ledger has, and its JSON.
async fn told(setup: &Setup, id: &str) -> (String, String, Value) {
    let listing = list::list(&setup.table, &last(1), &Filter::default(), 10)
        .await
        .unwrap();
    assert!(listing.unreadable.is_empty());
    let query = EntryQuery {
        conflict_id: id.to_owned().into(),
        item: None,
        hours: 1,
    };
    let (entry, form) = show(&setup.table, &query, now()).await.unwrap();
    (
        list::render(&listing.entries, 10, Layout::PLAIN),
        versions::render(&entry, form, &StampNames::default(), false, Layout::PLAIN),
        serde_json::to_value(EntryJson::new(entry, form)).unwrap(),
    )
}

#[tokio::test]
async fn a_list_and_a_page_say_that_dynamodb_refused_the_images() {
    let setup = Setup::start().await;
    for item in entries_of(sample("update_update"), now()).await {
        let entry = Entry::read(item, &[]).unwrap();
        let stored = entry.into_items_in(EntryForm::WithoutImages);
        setup.put(stored.main).await;
    }
    let (list, page, json) = told(&setup, ID).await;
    assert_eq!(json["images_refused"], true);
    assert_eq!(json["loser"]["image"], Value::Null);
    insta::assert_snapshot!(format!("{list}\n{page}"));
}

#[tokio::test]
async fn what_cannot_be_decoded_is_named_and_shown_as_it_came() {
    let setup = Setup::start().await;
    // A type that came later is lost; what stays the same is no difference, whether it can be decoded or not.
    let mut record = conflict_with("vector", json!({"VEC": [1.5, 2]}), "later");
    for image in ["OldImage", "NewImage"] {
        record["dynamodb"][image]["photo"] = json!({"B": "raw bytes"});
    }
    setup.found(event_of(vec![record]), now()).await;
    let id = "2026-11-22T12:33:07.318000Z#later";
    let (list, page, json) = told(&setup, id).await;
    assert_eq!(json["undecoded_attributes"], json!(["photo", "vector"]));
    assert_eq!(
        json["loser"]["undecoded"],
        json!({"photo": "{\"B\":\"raw bytes\"}", "vector": "{\"VEC\":[1.5,2]}"})
    );
    assert_eq!(json["winner"]["undecoded"], json!({"photo": null}));
    insta::assert_snapshot!(format!("{list}\n{page}"));
}

#[tokio::test]
async fn a_quarantined_record_whose_text_was_refused_says_so() {
    let setup = Setup::start().await;
    for item in entries_of(event_of(vec![json!({"odd": 1})]), now()).await {
        let entry = Entry::read(item, &[]).unwrap();
        let stored = entry.into_items_in(EntryForm::WithoutImages);
        setup.put(stored.main).await;
    }
    let quarantine = Selection::Item(ItemKey::quarantine());
    let ids = setup.ids(&quarantine, Filter::default(), 10).await;
    let (list, page, json) = told(&setup, &ids[0]).await;
    assert!(list.contains("no images: DynamoDB refused them"), "{list}");
    assert!(page.contains("DynamoDB refused what came"), "{page}");
    assert_eq!(json["record"], Value::Null);
}
