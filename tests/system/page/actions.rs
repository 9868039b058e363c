//! What the page does: put back what was shown and nothing else, resolve, reopen; or, without `--write`, nothing.

use serde_json::json;

use super::{Answer, Page};
use crate::put_back::{Tables, entry, history, version, won};

/// An entry's page, and the plan that it shows.
async fn planned(page: &Page) -> (String, Answer, String) {
    let path = page.first_entry().await;
    let answer = page.get(&path).await;
    let plan = answer.field("plan");
    (path, answer, plan)
}

#[tokio::test]
async fn both_versions_and_the_item_as_it_is_now_stand_side_by_side() {
    let (tables, _) = Tables::usual().await;
    tables
        .put_item(version(
            "o-1",
            1,
            3,
            json!({ "address": { "S": "Third St" } }),
        ))
        .await;
    let page = Page::start(&tables, &[]).await;
    let (_, answer, _) = planned(&page).await;
    let row = answer
        .body
        .split("<tr")
        .find(|row| row.contains(">address<"))
        .unwrap();
    let at = |text: &str| row.find(text).unwrap_or_else(|| panic!("{text}: {row}"));
    assert!(at("Harbor St") < at("Marlowe Rd") && at("Marlowe Rd") < at("Third St"));
    assert!(answer.has("somebody wrote it since"), "{answer:?}");
    assert!(answer.has("lost, us-east-1") && answer.has("won, eu-west-1"));
}

#[tokio::test]
async fn without_write_the_plan_is_shown_and_nothing_can_be_done() {
    let (tables, id) = Tables::usual().await;
    let before = (tables.item("o-1").await, tables.entry_with(&id).await);
    let page = Page::start(&tables, &[]).await;
    let (path, answer, plan) = planned(&page).await;
    assert!(
        answer.has("Read-only") && answer.has("put-back makes it"),
        "{answer:?}"
    );
    assert!(
        !answer.has("value=\"put-back\"") && !answer.has("/resolve\""),
        "{answer:?}"
    );
    let put_back = page
        .submit(&path, &[("plan", &plan), ("do", "put-back")])
        .await;
    let resolve = page
        .submit(&format!("{path}/resolve"), &[("why", "x")])
        .await;
    let reopen = page
        .submit(&format!("{path}/reopen"), &[("why", "x")])
        .await;
    assert_eq!([put_back.status, resolve.status, reopen.status], [403; 3]);
    assert!(put_back.has("--write"), "{put_back:?}");
    assert_eq!(
        (tables.item("o-1").await, tables.entry_with(&id).await),
        before
    );
}

#[tokio::test]
async fn a_lost_write_is_put_back_as_the_plan_shows_it() {
    let (tables, id) = Tables::usual().await;
    let page = Page::start(&tables, &["--write"]).await;
    let (path, answer, plan) = planned(&page).await;
    assert!(answer.has(">Put back address</button>"), "{answer:?}");
    let fields = [
        ("plan", plan.as_str()),
        ("do", "put-back"),
        ("why", " a customer called "),
    ];
    let done = page.post(&path, &fields).await;
    assert!(
        done.has("Put back: <bdi>address</bdi>. The entry is restored."),
        "{done:?}"
    );
    assert_eq!(
        tables.item("o-1").await["address"],
        json!({ "S": "Harbor St" })
    );
    let entry = tables.entry_with(&id).await;
    assert_eq!(entry["Status"], json!({ "S": "restored" }));
    let [event] = history(&entry) else {
        panic!("{entry}")
    };
    assert_eq!(event["M"]["Why"], json!({ "S": "a customer called" }));
    assert_eq!(event["M"]["By"], json!({ "S": "local" }));
    // The button pressed twice, or in another tab: nothing is done twice.
    let before = tables.item("o-1").await;
    let again = page.post(&path, &fields).await;
    assert!(again.has("the entry was not open any more"), "{again:?}");
    assert_eq!(tables.item("o-1").await, before);
    assert_eq!(history(&tables.entry_with(&id).await).len(), 1);
}

#[tokio::test]
async fn what_has_changed_since_the_plan_was_shown_is_refused_and_shown() {
    let (tables, id) = Tables::usual().await;
    let page = Page::start(&tables, &["--write"]).await;
    let (path, _, plan) = planned(&page).await;
    let newer = version("o-1", 1, 3, json!({ "address": { "S": "Third St" } }));
    tables.put_item(newer).await;
    let before = tables.item("o-1").await;
    let refused = page
        .post(&path, &[("plan", &plan), ("do", "put-back")])
        .await;
    assert!(
        refused.has("the item has changed since the plan was shown"),
        "{refused:?}"
    );
    let notice = refused
        .body
        .split("id=\"notice\"")
        .nth(1)
        .unwrap()
        .split("</table>")
        .next()
        .unwrap();
    assert!(
        notice.contains("Marlowe Rd") && notice.contains("Third St"),
        "{notice}"
    );
    assert_eq!(tables.item("o-1").await, before);
    assert_eq!(
        tables.entry_with(&id).await["Status"],
        json!({ "S": "open" })
    );
    // The new plan puts it back over the later write when that is chosen, seen, and pressed.
    let plan = refused.field("plan");
    let chosen = page
        .post(&path, &[("plan", &plan), ("choice-0", "lost-value")])
        .await;
    assert!(chosen.has(">Put back address</button>"), "{chosen:?}");
    assert_eq!(tables.item("o-1").await, before);
    let fields = [
        ("plan", &*chosen.field("plan")),
        ("choice-0", "lost-value"),
        ("do", "put-back"),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    page.post(&path, &fields).await;
    assert_eq!(
        tables.item("o-1").await["address"],
        json!({ "S": "Harbor St" })
    );
}

#[tokio::test]
async fn choices_that_the_plan_does_not_show_are_shown_first() {
    let tables = Tables::start().await;
    let tags = |tags: &[&str]| json!({ "tags": { "SS": tags } });
    tables.put_item(won("o-1", tags(&["b"]))).await;
    let id = tables
        .put_entry(entry("o-1", tags(&["a"]), tags(&["b"]), &["tags"]))
        .await;
    let page = Page::start(&tables, &["--write"]).await;
    let (path, _, plan) = planned(&page).await;
    let before = tables.item("o-1").await;
    let fields = |plan: &str| {
        [
            ("plan", plan.to_owned()),
            ("choice-0", "union".to_owned()),
            ("do", "put-back".to_owned()),
        ]
    };
    let post = async |plan: &str| {
        let fields = fields(plan);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        page.post(&path, &fields).await
    };
    let shown = post(&plan).await;
    assert!(
        shown.has("Nothing was written: you have chosen something else"),
        "{shown:?}"
    );
    assert_eq!(tables.item("o-1").await, before);
    // Now the plan shows the union, and it is carried out.
    assert!(shown.has("value=\"union\" selected"), "{shown:?}");
    let done = post(&shown.field("plan")).await;
    assert!(done.has("The entry is restored"), "{done:?}");
    let mut tags: Vec<String> =
        serde_json::from_value(tables.item("o-1").await["tags"]["SS"].clone()).unwrap();
    tags.sort();
    assert_eq!(tags, ["a", "b"]);
    assert_eq!(
        tables.entry_with(&id).await["Status"],
        json!({ "S": "restored" })
    );
}

#[tokio::test]
async fn a_plan_of_another_entry_or_of_none_writes_nothing() {
    let (tables, _) = Tables::usual().await;
    tables.lose("o-2").await;
    let page = Page::start(&tables, &["--write"]).await;
    let list = page.get("").await;
    let entries = list.attributes("href").into_iter();
    let entries: Vec<String> = entries
        .filter_map(|href| {
            Some(href.strip_prefix(&page.root)?.to_owned())
                .filter(|path| path.starts_with("entry/"))
        })
        .collect();
    let plan = page.get(&entries[0]).await.field("plan");
    for (path, plan) in [
        (&entries[1], plan.as_str()),
        (&entries[0], "0123"),
        (&entries[0], ""),
    ] {
        let refused = page.post(path, &[("plan", plan), ("do", "put-back")]).await;
        assert!(
            refused.has("that plan was made too long ago"),
            "{refused:?}"
        );
    }
    for id in ["o-1", "o-2"] {
        assert_eq!(
            tables.item(id).await["address"],
            json!({ "S": "Marlowe Rd" })
        );
    }
    assert_eq!(page.submit("entry/zz%0D%0A", &[]).await.status, 404);
}

#[tokio::test]
async fn an_entry_is_resolved_with_a_reason_and_opened_again() {
    let (tables, id) = Tables::usual().await;
    let page = Page::start(&tables, &["--write"]).await;
    let path = page.first_entry().await;
    let status = async || tables.entry_with(&id).await["Status"]["S"].clone();
    let unsaid = page
        .post(&format!("{path}/resolve"), &[("why", "  ")])
        .await;
    assert!(unsaid.has("say why in a few words"), "{unsaid:?}");
    assert_eq!(status().await, "open");
    let why = "the customer ordered <b>again</b>";
    let done = page.post(&format!("{path}/resolve"), &[("why", why)]).await;
    assert!(
        done.has("is dismissed now") && done.has("ordered &lt;b&gt;again"),
        "{done:?}"
    );
    assert!(!done.has("name=\"plan\""), "{done:?}");
    assert_eq!(status().await, "dismissed");
    // Whoever still sees it open is told.
    let late = page.post(&format!("{path}/resolve"), &[("why", "x")]).await;
    assert!(late.has("is dismissed already"), "{late:?}");
    let reopened = page.post(&format!("{path}/reopen"), &[]).await;
    assert!(
        reopened.has("is open now") && reopened.has("name=\"plan\""),
        "{reopened:?}"
    );
    let entry = tables.entry_with(&id).await;
    let actions: Vec<_> = history(&entry)
        .iter()
        .map(|event| event["M"]["Action"]["S"].clone())
        .collect();
    assert_eq!(actions, ["resolve", "reopen"]);
    assert_eq!(history(&entry)[0]["M"]["Why"], json!({ "S": why }));
}

#[tokio::test]
async fn an_item_that_is_gone_is_created_again_only_when_that_is_chosen() {
    let tables = Tables::start().await;
    let address = |text: &str| json!({ "address": { "S": text } });
    tables
        .put_entry(entry(
            "o-1",
            address("Harbor St"),
            address("Marlowe Rd"),
            &["address"],
        ))
        .await;
    let page = Page::start(&tables, &["--write"]).await;
    let (path, answer, plan) = planned(&page).await;
    assert!(
        answer.has("The item is gone") && answer.has("Create the item again: it is gone"),
        "{answer:?}"
    );
    let chosen = page
        .post(&path, &[("plan", &plan), ("recreate", "on")])
        .await;
    assert!(
        chosen.has("Create the item again in us-east-1</button>"),
        "{chosen:?}"
    );
    assert_eq!(tables.item("o-1").await, json!(null));
    let done = page
        .post(
            &path,
            &[
                ("plan", &chosen.field("plan")),
                ("recreate", "on"),
                ("do", "put-back"),
            ],
        )
        .await;
    assert!(done.has("The entry is restored"), "{done:?}");
    assert_eq!(
        tables.item("o-1").await["address"],
        json!({ "S": "Harbor St" })
    );
}

#[tokio::test]
async fn a_counter_that_looks_identical_can_be_added() {
    let tables = Tables::start().await;
    let stock = json!({ "stock": { "N": "9" } });
    let mut both = entry("o-1", stock.clone(), stock.clone(), &["stock"]);
    both.differing_attributes = Some(Vec::new());
    both.identical = Some(true);
    both.changed_by_both = Some(vec!["stock".to_owned()]);
    both.ancestor_numbers = Some([("stock".to_owned(), "10".to_owned())].into());
    tables.put_item(won("o-1", stock)).await;
    tables.put_entry(both).await;
    let page = Page::start(&tables, &["--write"]).await;
    let (path, answer, plan) = planned(&page).await;
    assert!(answer.has("Both versions are identical"), "{answer:?}");
    let chosen = page
        .post(&path, &[("plan", &plan), ("choice-0", "sum")])
        .await;
    let done = page
        .post(
            &path,
            &[
                ("plan", &chosen.field("plan")),
                ("choice-0", "sum"),
                ("do", "put-back"),
            ],
        )
        .await;
    assert!(done.has("The entry is restored"), "{done:?}");
    assert_eq!(tables.item("o-1").await["stock"], json!({ "N": "8" }));
}

#[tokio::test]
async fn the_commands_that_a_page_shows_do_the_same() {
    let (tables, _) = Tables::usual().await;
    let page = Page::start(&tables, &[]).await;
    let (_, answer, _) = planned(&page).await;
    let command = answer
        .body
        .split("lastwriter ledger put-back ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let command = command.replace("&quot;", "\"");
    let shell = format!(
        "exec {} ledger put-back {command} --yes",
        system_tests::bootstrap::tool().display()
    );
    let output = tokio::process::Command::new("sh")
        .args(["-c", &shell])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        tables.item("o-1").await["address"],
        json!({ "S": "Harbor St" })
    );
}

#[tokio::test]
async fn an_entry_without_images_and_a_quarantined_record_are_shown() {
    let tables = Tables::start().await;
    let mut bare = entry("o-1", json!({}), json!({}), &["address"]);
    for side in [&mut bare.loser, &mut bare.winner] {
        side.as_mut().unwrap().image = None;
    }
    tables.put_entry(bare).await;
    let page = Page::start(&tables, &["--write"]).await;
    let answer = page.get(&page.first_entry().await).await;
    assert!(
        answer.has("the ledger has no image") && answer.has("keeps no images"),
        "{answer:?}"
    );
}
