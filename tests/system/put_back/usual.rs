//! What an operator does on a usual day: look, put back, look again, change one's mind.

use serde_json::{Value, json};

use super::{Tables, count, entry, history, won};

#[tokio::test]
async fn a_lost_write_comes_back_in_one_stamped_write_and_its_entry_says_so() {
    let (tables, id) = Tables::usual().await;
    let run = tables
        .put_back(&[&id, "--why", "the customer called"])
        .await;
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.outcome()["outcome"], "restored");
    assert_eq!(run.outcome()["written"], json!(["address"]));
    let item = tables.item("o-1").await;
    assert_eq!(item["address"], json!({ "S": "Harbor St" }));
    assert_eq!(count(&item), "2");
    assert_eq!(item["lw:n:eu-west-1"], json!({ "N": "2" }));
    let entry = tables.entry_with(&id).await;
    assert_eq!(entry["Status"], json!({ "S": "restored" }));
    let event = &history(&entry)[0]["M"];
    assert_eq!(event["Action"], json!({ "S": "put_back" }));
    assert_eq!(event["By"], json!({ "S": "local" }));
    assert_eq!(event["Why"], json!({ "S": "the customer called" }));
    assert_eq!(event["Attributes"], json!({ "L": [{ "S": "address" }] }));
    assert_eq!(event["Region"], json!({ "S": "us-east-1" }));

    // Run twice, it does nothing twice.
    let again = tables.put_back(&[&id]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(again.outcome()["outcome"], "closed");
    assert_eq!(tables.item("o-1").await, item);
    assert_eq!(tables.entry_with(&id).await, entry);
}

#[tokio::test]
async fn without_a_terminal_nothing_is_written_unless_told() {
    let (tables, id) = Tables::usual().await;
    let before = tables.item("o-1").await;
    let run = tables.run("put-back", &[&id]).await;
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(
        run.stderr.contains("--yes") && run.stderr.contains("--plan"),
        "{run:?}"
    );
    assert!(run.stdout.contains("Harbor St"), "{run:?}");
    for shown in [
        &[id.as_str(), "--dry-run"][..],
        &["--hours", "1", "--dry-run", "--json"],
    ] {
        let run = tables.run("put-back", shown).await;
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stdout.contains("Marlowe Rd"), "{run:?}");
    }
    assert_eq!(tables.item("o-1").await, before);
    assert_eq!(
        tables.entry_with(&id).await["Status"],
        json!({ "S": "open" })
    );
}

#[tokio::test]
async fn a_plan_that_was_written_for_review_is_carried_out_as_it_stands() {
    let (tables, first) = Tables::usual().await;
    let second = tables.lose("o-2").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    let file = path.to_str().unwrap();
    let planned = tables
        .run("put-back", &["--hours", "1", "--plan", file])
        .await;
    assert_eq!(planned.code, Some(0), "{planned:?}");
    let plan: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(plan["plans"].as_array().unwrap().len(), 2);
    // One of the two is written by somebody else before the plan is carried out.
    tables
        .put_item(won("o-2", json!({ "address": { "S": "Elm St" } })))
        .await;
    let run = tables.run("put-back", &["--apply", file, "--json"]).await;
    assert_eq!(run.code, Some(1), "{run:?}");
    let outcomes = run.outcomes();
    let of = |id: &str| {
        outcomes
            .iter()
            .find(|outcome| outcome["conflict_id"] == *id)
            .unwrap()
    };
    assert_eq!(of(&first)["outcome"], "restored");
    assert_eq!(of(&second)["outcome"], "changed_meanwhile");
    let change = &of(&second)["changes"][0];
    assert_eq!(change["was"], json!({ "S": "Marlowe Rd" }));
    assert_eq!(change["is"], json!({ "S": "Elm St" }));
    assert_eq!(
        tables.item("o-2").await["address"],
        json!({ "S": "Elm St" })
    );
    assert_eq!(
        tables.entry_with(&second).await["Status"],
        json!({ "S": "open" })
    );
}

#[tokio::test]
async fn a_plan_of_another_ledger_or_of_no_ledger_is_refused() {
    let (tables, id) = Tables::usual().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    let file = path.to_str().unwrap();
    tables.run("put-back", &[&id, "--plan", file]).await;
    let text = std::fs::read_to_string(&path).unwrap();
    for (changed, told) in [
        (
            text.replace("\"conflicts\"", "\"others\""),
            "--ledger others",
        ),
        (
            text.replace("\"put_back_plan\": 1", "\"put_back_plan\": 9"),
            "has form 9",
        ),
        (text.replace("\"address\"", "\"id\""), "part of the key"),
        ("{}".to_owned(), "is no plan"),
    ] {
        std::fs::write(&path, changed).unwrap();
        let run = tables.run("put-back", &["--apply", file]).await;
        assert_ne!(run.code, Some(0), "{run:?}");
        assert!(
            (run.stderr.clone() + &run.stdout).contains(told),
            "{told}: {run:?}"
        );
    }
    assert_eq!(
        tables.item("o-1").await["address"],
        json!({ "S": "Marlowe Rd" })
    );
}

#[tokio::test]
async fn of_many_entries_those_that_fail_do_not_hold_up_the_others() {
    let tables = Tables::start().await;
    let mut ids = Vec::new();
    for number in 0..30 {
        ids.push(tables.lose(&format!("o-{number:02}")).await);
    }
    // One was written since, one is gone, one has no image, one is dismissed.
    tables
        .put_item(won("o-03", json!({ "address": { "S": "Elm St" } })))
        .await;
    let mut no_image = entry("o-98", json!({}), json!({}), &[]);
    no_image.loser.as_mut().unwrap().image = None;
    tables.put_entry(no_image).await;
    let value = || json!({ "address": { "S": "x" } });
    tables
        .put_entry(entry("o-99", value(), json!({}), &["address"]))
        .await;
    let dismissed = tables
        .run("resolve", &[&ids[7], "--why", "test data"])
        .await;
    assert_eq!(dismissed.code, Some(0), "{dismissed:?}");
    let run = tables.put_back(&["--hours", "1"]).await;
    assert_eq!(run.code, Some(1), "{run:?}");
    let outcomes = run.outcomes();
    let with = |word: &str| {
        outcomes
            .iter()
            .filter(|outcome| outcome["outcome"] == word)
            .count()
    };
    assert_eq!(
        (with("restored"), with("left"), with("impossible")),
        (28, 2, 1),
        "{outcomes:?}"
    );
    assert_eq!(outcomes.len(), 31);
    // Run again, it goes on with what is left: the gone one is brought back.
    let again = tables.put_back(&["--hours", "1", "--recreate"]).await;
    let outcomes = again.outcomes();
    assert_eq!(outcomes.len(), 3, "{outcomes:?}");
    let item = tables.item("o-99").await;
    assert_eq!(
        (&item["address"], count(&item)),
        (&json!({ "S": "x" }), "1")
    );
    let text = tables.run("put-back", &["--hours", "1", "--yes"]).await;
    assert!(
        text.stdout.contains("1 left open") || text.stdout.contains("left open"),
        "{text:?}"
    );
}

#[tokio::test]
async fn what_may_be_the_winners_own_change_is_put_back_only_when_named_or_asked_for() {
    let tables = Tables::start().await;
    let mut unknown = entry(
        "o-1",
        json!({ "address": { "S": "Harbor St" } }),
        json!({ "address": { "S": "Marlowe Rd" } }),
        &["address"],
    );
    unknown.changed_attributes = None;
    unknown.changed_attributes_complete = None;
    let id = tables.put_entry(unknown).await;
    tables
        .put_item(won("o-1", json!({ "address": { "S": "Marlowe Rd" } })))
        .await;
    let run = tables.put_back(&[&id]).await;
    assert_eq!(
        (run.code, run.outcome()["undecided"].clone()),
        (Some(1), json!(["address"]))
    );
    assert_eq!(history(&tables.entry_with(&id).await).len(), 0);
    let run = tables.put_back(&[&id, "--attribute", "address"]).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(
        tables.item("o-1").await["address"],
        json!({ "S": "Harbor St" })
    );
}

#[tokio::test]
async fn rules_come_from_a_file_and_the_command_line_goes_before_it() {
    let tables = Tables::start().await;
    let id = tables
        .put_entry(entry(
            "o-1",
            json!({ "tags": { "SS": ["a", "b"] }, "seen": { "N": "9" } }),
            json!({ "tags": { "SS": ["a"] }, "seen": { "N": "5" } }),
            &["seen", "tags"],
        ))
        .await;
    let now = json!({ "tags": { "SS": ["a", "c"] }, "seen": { "N": "12" } });
    tables.put_item(won("o-1", now)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.json");
    std::fs::write(&path, r#"{"orders": {"tags": "union", "seen": "keep"}}"#).unwrap();
    let file = path.to_str().unwrap();
    let run = tables
        .put_back(&[&id, "--rules", file, "--rule", "seen=min"])
        .await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let item = tables.item("o-1").await;
    assert_eq!(item["seen"], json!({ "N": "9" }));
    let mut tags: Vec<&str> = item["tags"]["SS"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag.as_str().unwrap())
        .collect();
    tags.sort_unstable();
    assert_eq!(tags, ["a", "b", "c"]);
    std::fs::write(&path, r#"{"orders": {"tags": "newest"}}"#).unwrap();
    let run = tables.put_back(&[&id, "--rules", file]).await;
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(
        run.stderr.contains("rules.json") && run.stderr.contains("newest"),
        "{run:?}"
    );
}

#[tokio::test]
async fn an_entry_is_resolved_with_a_reason_and_opened_again() {
    let (tables, id) = Tables::usual().await;
    let empty = tables.run("resolve", &[&id, "--why", " "]).await;
    assert_eq!(empty.code, Some(2), "{empty:?}");
    let run = tables
        .run("resolve", &[&id, "--why", "ordered again"])
        .await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let entry = tables.entry_with(&id).await;
    assert_eq!(entry["Status"], json!({ "S": "dismissed" }));
    assert_eq!(
        history(&entry)[0]["M"]["Why"],
        json!({ "S": "ordered again" })
    );
    let again = tables.run("resolve", &[&id, "--why", "x"]).await;
    assert!(
        again.code == Some(0) && again.stdout.contains("dismissed already (by local at"),
        "{again:?}"
    );
    let closed = tables.put_back(&[&id]).await;
    assert_eq!(
        (closed.code, closed.outcome()["status"].clone()),
        (Some(1), json!("dismissed"))
    );
    let reopened = tables.run("reopen", &[&id]).await;
    assert_eq!(reopened.code, Some(0), "{reopened:?}");
    assert_eq!(tables.put_back(&[&id]).await.code, Some(0));
    let refused = tables.run("resolve", &[&id, "--why", "x"]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("ledger reopen"), "{refused:?}");
    let actions: Vec<Value> = history(&tables.entry_with(&id).await)
        .iter()
        .map(|event| event["M"]["Action"]["S"].clone())
        .collect();
    assert_eq!(actions, ["resolve", "reopen", "put_back"]);
}

#[tokio::test]
async fn top_counts_what_loses_most_and_what_is_resolved() {
    let tables = Tables::start().await;
    for id in ["o-1", "o-2", "o-3"] {
        tables.lose(id).await;
    }
    let mut second = entry("o-1", json!({ "a": { "S": "x" } }), json!({}), &["a"]);
    second.conflict_id = ledger::ConflictId::new(Some(1_795_000_000_000_009), "again");
    let id = tables.put_entry(second).await;
    tables.run("resolve", &[&id, "--why", "test data"]).await;
    let run = tables.run("top", &["--json"]).await;
    let top: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&top["conflicts"], &top["resolved_share"]),
        (&json!(4), &json!(0.25))
    );
    assert_eq!(
        top["items"][0],
        json!({ "name": "orders id=o-1", "conflicts": 2, "open": 1 })
    );
    assert_eq!(top["attributes"][0]["name"], "address");
    assert_eq!(top["regions"][0]["name"], "us-east-1 to eu-west-1");
    let text = tables.run("top", &[]).await.stdout;
    assert!(
        text.contains("4 conflicts") && text.contains("1 are resolved (25 %)"),
        "{text}"
    );
}
